"""HTTP/1.1 as a server reads it, and the heads that it writes.

What is no request is answered with 400, and its connection closed. A client that waits for leave to send its body gets
it (`Expect: 100-continue`). One that speaks HTTP/1.0 gets no chunks: the end of the connection ends its reply, unless
the length is known. A wish to upgrade is passed over, as a server may.

Source: RFC 9110, 7.2 (Host), 7.8 (Upgrade), 9.3.2 (HEAD), 10.1.1 (Expect); RFC 9112, 6.3 and 9.3, 2022-06.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import responses
from typing import TYPE_CHECKING, Any, Final

import attrs
import httptools

from .._runtime import trio
from .._types.http import HTTPRequest

if TYPE_CHECKING:
    from anyio.abc import ByteStream

_READ_SIZE: Final = 65_536
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_BROKEN: Final = HTTPRequest("GET", "/", ())


@attrs.frozen
class ReceivedRequest:
    """A request that has come whole, or bytes that are none."""

    request: HTTPRequest
    keep: bool
    """Whether its connection may be kept for another."""
    chunks: bool = True
    """Whether its client understands a reply in chunks: one that speaks HTTP/1.0 does not."""
    refusal: tuple[int, str] | None = None
    """Status and words for what is no request, or not one that can be met."""


@attrs.define
class Incoming:
    """A request while it arrives, and what the parser makes of it; the parser calls the methods."""

    waits: bool = False
    """Whether the client waits for leave to send the body."""
    _complete: list[ReceivedRequest] = attrs.Factory(list[ReceivedRequest])
    _parser: Any = attrs.field(init=False)
    _target: bytes = b""
    _headers: list[tuple[str, str]] = attrs.Factory(list[tuple[str, str]])
    _body: bytearray = attrs.Factory(bytearray)

    def __attrs_post_init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self._target, self._headers, self._body = b"", [], bytearray()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        expected = dict(self._headers).get("expect", "").lower()
        self.waits = expected == "100-continue" and self._parser.get_http_version() == "1.1"

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode("latin-1")
        request = HTTPRequest(method, self._target.decode("latin-1"), tuple(self._headers), bytes(self._body))
        modern = self._parser.get_http_version() == "1.1"
        refusal = _refused(dict(self._headers), modern=modern)
        self.waits = False
        self._complete.append(ReceivedRequest(request, self._parser.should_keep_alive(), modern, refusal))

    def feed(self, data: bytes) -> list[ReceivedRequest]:
        """What this piece completes. The last of a connection is not to be kept."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._complete[-1] = attrs.evolve(self._complete[-1], keep=False)
        except httptools.HttpParserError as error:
            refusal = (400, f"this is no HTTP request: {error}")
            self._complete.append(ReceivedRequest(_BROKEN, keep=False, refusal=refusal))
        complete, self._complete = self._complete, []
        return complete


def _refused(headers: Mapping[str, str], *, modern: bool) -> tuple[int, str] | None:
    if modern and "host" not in headers:
        return 400, "a request of HTTP/1.1 has a Host"
    if headers.get("expect", "100-continue").lower() != "100-continue":
        return 417, f"this expectation cannot be met: {headers['expect']}"
    return None


async def read_requests(
    stream: ByteStream, send: trio.MemorySendChannel[ReceivedRequest], connection: trio.CancelScope
) -> None:
    """Hand on every request; cancel the connection when its client is gone."""
    import anyio

    await trio.lowlevel.checkpoint()
    incoming = Incoming()
    try:
        while True:
            for received in incoming.feed(await stream.receive(_READ_SIZE)):
                send.send_nowait(received)
                if not received.keep:
                    incoming = Incoming()  # what else comes is not read as more of the same
            if incoming.waits:
                incoming.waits = False
                await stream.send(_CONTINUE)
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        connection.cancel()


def head_bytes(status: int, headers: Mapping[str, str]) -> bytes:
    """The head of a reply as it goes over the wire."""
    phrase = responses.get(status, "")
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def refusal_bytes(status: int, message: str, code: str | None = None) -> bytes:
    """A whole reply that refuses and closes; no retry would change it."""
    body = json.dumps({"error": {"message": message, "code": code}}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), "x-should-retry": "false"}
    return head_bytes(status, {**headers, "connection": "close"}) + body
