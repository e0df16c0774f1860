"""A transport over an `httpx.AsyncClient`, or over one of `httpx2`, its maintained continuation with the same API.

For what the native transport does not do: proxies, HTTP/2, client certificates, `MockTransport`. The only
module that imports either library, and only when a client of it exists or has to be made.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import attrs

from .._runtime import trio
from .._types.errors import BadRequestError
from .._types.headers import check_field
from .._types.http import HTTPRequest, Origin, ReplyHead, RequestBody
from . import ReplyError, TransportError, TransportStatistics
from .content import ACCEPTED, Body
from .h1 import Limits, measured_blocks
from .proxies import Proxy
from .tls import default_context

_LIBRARIES = ("httpx2", "httpx")
_DEFAULT_LIMITS = Limits()
_CLOSE_SECONDS = 2
_MOST_BUFFERED = 1_000


class HttpxTransport:
    """Sends requests with a client that the caller configured. Implements `Transport`.

    The client's own time limits do not apply, as the deadlines are the engine's, nor does it follow redirects.

    Args:
        client: an `httpx.AsyncClient` or `httpx2.AsyncClient`, open.
        limits: what a reply may measure; only the length of its body is checked here.
        owned: whether `aclose` closes the client as well; otherwise whoever made it does.

    Raises:
        TypeError: if it is neither.
    """

    def __init__(self, client: object, *, owned: bool = False, limits: Limits = _DEFAULT_LIMITS) -> None:
        self._library = _library_of(client)
        self._client: Any = client
        self._owned = owned
        self._limits = limits
        self._body_class: Any = type("Body", (_Body, self._library.AsyncByteStream), {})
        self._replies: set[HttpxReply] = set()
        self._sending = 0

    async def send(self, origin: Origin, request: HTTPRequest) -> HttpxReply:
        """See `Transport.send`.

        Raises:
            ValueError: if HTTP cannot carry a header; it names the header and shows no value.
        """
        headers = _headers(request)
        if origin.unix is not None:
            raise TransportError("an httpx client reaches a Unix socket only by its own transport's `uds`")
        self._sending += 1
        try:
            response = await self._send(f"{origin}{request.path}", request, headers)
        except self._library.LocalProtocolError:
            # What the library did not like may be a header of the client's own, and it quotes the value: a key.
            raise ValueError("the httpx client refuses to send this: HTTP does not allow one of its headers") from None
        except (self._library.HTTPError, self._library.InvalidURL, self._library.StreamError, UnicodeError) as exc:
            raise TransportError(f"no reply from {origin}: {_reason(exc)}") from exc
        finally:
            self._sending -= 1
        return HttpxReply(response, (self._library.HTTPError, self._library.StreamError), self._replies, self._limits)

    async def _send(self, url: str, request: HTTPRequest, headers: list[tuple[bytes, bytes]]) -> Any:
        http_request = self._client.build_request(
            request.method, url, headers=headers, content=_held(request), timeout=None
        )
        http_request.stream = self._body_class(request.body)
        return await self._client.send(http_request, stream=True, follow_redirects=False)

    async def aclose(self) -> None:
        """See `Transport.aclose`. The client stays open if it is the caller's."""
        for reply in [*self._replies]:
            await reply.aclose()
        if self._owned:
            with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                await self._client.aclose()

    def statistics(self) -> TransportStatistics:
        """See `Transport.statistics`. How many connections the client keeps idle is not known; it counts as none."""
        return TransportStatistics(active=self._sending + len(self._replies), idle=0)


class HttpxReply:
    """Implements `Reply`. The one place where a response is closed."""

    __slots__ = ("_body", "_errors", "_open", "_pieces", "_response", "head")

    def __init__(
        self, response: Any, errors: tuple[type[Exception], ...], still_open: set[HttpxReply], limits: Limits
    ) -> None:
        self.head = ReplyHead(response.status_code, dict(response.headers))
        self._response = response
        self._errors = errors
        # A response that was made in memory, as `MockTransport` does, has been decoded already. The others are
        # decoded here: an error inside the library's own decoder drops its generators half-way.
        in_memory = response.is_stream_consumed
        self._pieces: AsyncGenerator[bytes] = response.aiter_bytes() if in_memory else response.aiter_raw()
        self._body = Body("" if in_memory else self.head.headers.get("content-encoding", ""), limits.body)
        self._open = still_open
        still_open.add(self)

    def finish_nowait(self) -> bytes | None:
        """See `Reply.finish_nowait`. Nothing: whether the end is here is known to the library only."""
        return None

    async def read(self) -> bytes:
        """See `Reply.read`. A cancelled read ends the reply: the library closes its connection."""
        while not (piece := self._body.read()):
            data = await self._receive()
            if not data:
                self._body.end()
                return b""
            self._body.feed(data)
        return piece

    async def _receive(self) -> bytes:
        if self not in self._open:
            raise ReplyError("the reply is closed")
        try:
            return await anext(self._pieces, b"")
        except self._errors as exc:
            raise ReplyError(f"the reply broke off: {_reason(exc)}") from exc

    async def aclose(self) -> None:
        """See `Reply.aclose`; waits for nothing longer than two seconds."""
        if self not in self._open:
            return
        self._open.remove(self)
        with trio.move_on_after(_CLOSE_SECONDS, shield=True):
            await self._response.aclose()
            await self._end_generators()

    async def _end_generators(self) -> None:
        """Run the library's nested generators to their end, which is at hand now that the connection is closed.

        `aclose` of the outer one would leave the inner ones to the garbage collector, and on Trio to a warning.
        """
        with suppress(*self._errors):
            for _ in range(_MOST_BUFFERED):
                if not await anext(self._pieces, b""):
                    return
            await self._pieces.aclose()


def proxied_transport(proxy: Proxy) -> HttpxTransport:
    """A transport through a proxy.

    Raises:
        BadRequestError: if the proxy cannot be used; it names the variable, as the URL may hold a password.
    """
    library = _newest_library()
    limits = library.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=50)
    try:
        way = library.AsyncHTTPTransport(verify=default_context(), limits=limits, proxy=proxy.url)
    except ImportError as exc:
        raise BadRequestError(f"{proxy.variable}: {exc}") from exc
    except (ValueError, library.InvalidURL):
        raise BadRequestError(f"{proxy.variable} is not the URL of an http, https or socks5 proxy") from None
    return HttpxTransport(library.AsyncClient(transport=way, trust_env=False), owned=True)


def _library_of(client: object) -> ModuleType:
    for cls in type(client).__mro__:
        library = cls.__module__.partition(".")[0]
        if cls.__name__ == "AsyncClient" and library in _LIBRARIES:
            return sys.modules[library]
    raise TypeError(f"expected an httpx.AsyncClient or httpx2.AsyncClient, got {type(client).__name__}")


def _newest_library() -> ModuleType:
    for name in _LIBRARIES:
        if importlib.util.find_spec(name) is not None:
            return importlib.import_module(name)
    raise BadRequestError("the environment asks for a proxy, which needs httpx2 or httpx; neither is installed")


def _reason(exc: Exception) -> str:
    """What an error of the library says, or what the error behind it does: on Trio its own are often empty."""
    error: BaseException | None = exc
    while error is not None:
        if str(error):
            # What Trio makes of a failed handshake points to what TLS says.
            return str(error.__cause__ or "") or str(error)
        error = error.__cause__ or error.__context__
    return type(exc).__name__


def _headers(request: HTTPRequest) -> list[tuple[bytes, bytes]]:
    for name, value in request.headers:
        check_field(name, value)
    headers = [*request.headers, ("accept-encoding", ACCEPTED)]
    if not isinstance(request.body, bytes):
        headers.append(("content-length", str(request.body.size)))
    # As bytes: text would have to be ASCII for the library.
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _held(request: HTTPRequest) -> bytes | None:
    """What of the body is in memory, for `MockTransport` and event hooks that look at it."""
    return request.body if isinstance(request.body, bytes) else None


class _Body:
    """A request body for httpx, iterated again every time it is sent.

    It is no generator, as httpx's own are: one that is dropped half-way, because the peer closed, makes Trio warn.
    """

    def __init__(self, body: bytes | RequestBody) -> None:
        self._body = body

    def __aiter__(self) -> _Blocks:
        body = self._body
        return _Blocks(iter([body] if isinstance(body, bytes) else measured_blocks(body.blocks(), body.size)))


@attrs.frozen
class _Blocks:
    blocks: Iterator[bytes]

    def __aiter__(self) -> _Blocks:
        return self

    async def __anext__(self) -> bytes:
        try:
            return next(self.blocks)
        except StopIteration:
            raise StopAsyncIteration from None
