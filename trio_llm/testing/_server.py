"""The simulator on loopback HTTP/1.1: real sockets, real pieces, real resets."""

from __future__ import annotations

import json
import math
import socket
import struct
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.client import responses
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs
import httptools
from trio import TASK_STATUS_IGNORED  # noqa: ASYNC106  # needed at import, where no loop runs

from .._runtime import trio
from .._transport import TransportError
from .._types.http import HTTPRequest
from ._script import ScriptExhaustedError
from ._simulator import Exchange
from ._timeline import Ending, ScriptedReply

if TYPE_CHECKING:
    from anyio.abc import ByteStream

_READ_SIZE: Final = 65_536
_NO_REQUEST: Final = (httptools.HttpParserError, httptools.HttpParserUpgrade)


class Provider(Protocol):
    """What can be served: whatever decides a reply to a request. A `Simulator` does, and what `replay` gives.

    Example:
        provider: Provider = replay("chat.jsonl")
    """

    def respond(self, request: HTTPRequest, *, now: float = 0.0) -> ScriptedReply:
        """Everything that will happen to this request."""
        ...

    def open_exchange(self, reply: ScriptedReply) -> Exchange:
        """Begin to play a reply."""
        ...


async def serve(
    simulator: Provider,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    task_status: trio.TaskStatus[str] = TASK_STATUS_IGNORED,
) -> None:
    """Answer HTTP/1.1 on a local port until cancelled; runs on Trio and on asyncio.

        base_url = await nursery.start(serve, simulator)      # http://127.0.0.1:54321

    The base URL is `task_status`'s value. Connections are kept alive; streams are sent in chunks, one for each
    piece of the script; a scripted cut resets the connection. Waits are those of the running clock.
    """
    import anyio  # the simulator in memory works without its start-up time
    from anyio.abc import SocketAttribute

    listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    async with listener:
        shown = f"[{host}]" if ":" in host else host
        task_status.started(f"http://{shown}:{listener.extra(SocketAttribute.local_port)}")
        await listener.serve(partial(_serve_connection, simulator))


@contextmanager
def running_server(simulator: Provider, host: str = "127.0.0.1", port: int = 0) -> Generator[str, None, None]:
    """Serve from a thread of its own for the length of a `with` block; the value is the base URL.

        with running_server(Simulator()) as base_url:
            response = trio_llm.completion("mine", messages, api_base=f"{base_url}/v1")

    Raises:
        RuntimeError: inside a Trio run, which cannot wait for another one without blocking.
    """
    from anyio.from_thread import start_blocking_portal
    from trio.lowlevel import in_trio_run

    if in_trio_run():
        raise RuntimeError("inside Trio use `base_url = await nursery.start(serve, simulator)`")

    with start_blocking_portal("trio") as portal:
        future, base_url = portal.start_task(partial(serve, simulator, host, port))
        try:
            yield base_url
        finally:
            future.cancel()


@attrs.define
class _Incoming:
    """A request while it arrives, and what the parser makes of it; the parser calls the methods."""

    requests: list[tuple[HTTPRequest, bool]] = attrs.Factory(list[tuple[HTTPRequest, bool]])
    """Complete requests, each with whether its connection may be kept."""
    parser: Any = attrs.field(init=False)
    target: bytes = b""
    headers: list[tuple[str, str]] = attrs.Factory(list[tuple[str, str]])
    body: bytearray = attrs.Factory(bytearray)

    def __attrs_post_init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)

    def on_message_begin(self) -> None:
        self.target, self.headers, self.body = b"", [], bytearray()

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        method = self.parser.get_method().decode("latin-1")
        request = HTTPRequest(method, self.target.decode("latin-1"), tuple(self.headers), bytes(self.body))
        self.requests.append((request, self.parser.should_keep_alive()))

    def feed(self, data: bytes) -> list[tuple[HTTPRequest, bool]]:
        """The requests that this piece completes."""
        self.parser.feed_data(data)
        complete, self.requests = self.requests, []
        return complete


async def _serve_connection(simulator: Provider, stream: ByteStream) -> None:
    """One connection. A task reads ahead, as only a read notices that the client is gone."""
    await trio.lowlevel.checkpoint()
    send, receive = trio.open_memory_channel[tuple[HTTPRequest, bool]](math.inf)
    async with stream, send, receive, trio.open_nursery() as nursery:
        nursery.start_soon(read_requests, stream, send, nursery.cancel_scope)
        keep = True
        while keep:
            request, keep = await receive.receive()
            keep = await _answer(simulator, stream, request) and keep
        nursery.cancel_scope.cancel()


async def read_requests(
    stream: ByteStream,
    send: trio.MemorySendChannel[tuple[HTTPRequest, bool]],
    connection: trio.CancelScope,
) -> None:
    """Hand on every request with whether its connection may be kept; cancel the connection when its client is gone."""
    import anyio

    await trio.lowlevel.checkpoint()
    incoming = _Incoming()
    try:
        while True:
            for request in incoming.feed(await stream.receive(_READ_SIZE)):
                send.send_nowait(request)
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, *_NO_REQUEST):
        connection.cancel()


async def _answer(simulator: Provider, stream: ByteStream, request: HTTPRequest) -> bool:
    """Play the reply. Returns whether the connection is still good for another."""
    import anyio

    await trio.lowlevel.checkpoint()
    try:
        reply = simulator.respond(request, now=trio.current_time())
    except ScriptExhaustedError as error:
        await stream.send(_refusal(str(error)))
        return False
    exchange = simulator.open_exchange(reply)
    try:
        await _play(exchange, stream)
    except TransportError:
        await reset_connection(stream)
        return False
    except anyio.BrokenResourceError:
        return False
    finally:
        exchange.release()
    return True


def _refusal(message: str) -> bytes:
    """What a client is told for which nothing is scripted: no retry would change it."""
    body = json.dumps({"error": {"message": message, "code": "script_exhausted"}}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), "x-should-retry": "false"}
    return head_bytes(501, {**headers, "connection": "close"}) + body


async def _play(exchange: Exchange, stream: ByteStream) -> None:
    reply = exchange.reply
    await trio.sleep(reply.latency)
    head = exchange.send_head()
    chunked = "content-length" not in head.headers
    await stream.send(head_bytes(head.status, {**head.headers, **_CHUNKED} if chunked else dict(head.headers)))
    due = trio.current_time()
    for number, piece in enumerate(reply.timeline):
        due += piece.delay
        await trio.sleep_until(due)
        await stream.send(b"%x\r\n%b\r\n" % (len(piece.data), piece.data) if chunked else piece.data)
        exchange.sent(number)
    if reply.ending is Ending.STALL:
        await trio.sleep_forever()
    if reply.ending is Ending.CUT:
        exchange.break_off()
        raise TransportError("cut, as scripted")
    if chunked:
        await stream.send(b"0\r\n\r\n")


_CHUNKED: Final = {"transfer-encoding": "chunked"}


def head_bytes(status: int, headers: dict[str, str]) -> bytes:
    """The head of a reply as it goes over the wire."""
    phrase = responses.get(status, "")
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def reset_connection(stream: ByteStream) -> None:
    """Close in a way that the client's next read fails, in place of ending."""
    import anyio
    from anyio.abc import SocketAttribute

    # Linger for no time at all: the kernel then answers with RST (SO_LINGER in socket(7)).
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await anyio.aclose_forcefully(stream)
