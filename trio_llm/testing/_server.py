"""The simulator on loopback HTTP/1.1: real sockets, real pieces, real resets."""

from __future__ import annotations

import math
import socket
import struct
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeAlias

from trio import TASK_STATUS_IGNORED  # noqa: ASYNC106  # needed at import, where no loop runs

from .._runtime import trio
from .._transport import TransportError
from .._types.http import HTTPRequest, ReplyHead
from ._http import ReceivedRequest, head_bytes, read_requests, refusal_bytes
from ._ledger import RecordedRequest
from ._script import ScriptExhaustedError
from ._simulator import PlayedReply
from ._timeline import Ending, ScriptedReply

if TYPE_CHECKING:
    from anyio.abc import ByteStream

Log: TypeAlias = Callable[[RecordedRequest], None]
AnswerOne: TypeAlias = "Callable[[ByteStream, ReceivedRequest], Awaitable[bool]]"
"""Sends the reply to one request, and says whether the connection is still good for another.

What it raises ends the connection: with a reset for a `TransportError`, in silence if the client is gone.
"""


class Servable(Protocol):
    """What can be served: whatever decides a reply to a request. A `Simulator` does, and what `replay` gives.

    Example:
        provider: Servable = replay("chat.jsonl")
    """

    def respond(self, request: HTTPRequest, *, now: float = 0.0) -> ScriptedReply:
        """Everything that will happen to this request."""
        ...

    def open_exchange(self, reply: ScriptedReply) -> PlayedReply:
        """Begin to play a reply."""
        ...


async def serve(  # noqa: ASYNC128 - `listen` does
    simulator: Servable,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    log: Log | None = None,
    task_status: trio.TaskStatus[str] = TASK_STATUS_IGNORED,
) -> None:
    """Answer HTTP/1.1 on a local port until cancelled; runs on Trio and on asyncio.

        base_url = await nursery.start(serve, simulator)      # http://127.0.0.1:54321

    The base URL is `task_status`'s value. Connections are kept alive; streams are sent in chunks, one for each
    piece of the script; a scripted cut resets the connection. Waits are those of the running clock. `log` is told of
    every request when its connection is free again.
    """
    await listen(partial(_answer, simulator, log), host, port, task_status.started)


@contextmanager
def running_server(simulator: Servable, host: str = "127.0.0.1", port: int = 0) -> Generator[str, None, None]:
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


async def listen(answer: AnswerOne, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve connections to a port until cancelled; `started` is told the base URL."""
    import anyio  # the simulator in memory works without its start-up time
    from anyio.abc import SocketAttribute

    listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    async with listener:
        shown = f"[{host}]" if ":" in host else host
        started(f"http://{shown}:{listener.extra(SocketAttribute.local_port)}")
        await listener.serve(partial(_serve_connection, answer))


async def _serve_connection(answer: AnswerOne, stream: ByteStream) -> None:
    """One connection. A task reads ahead, as only a read notices that the client is gone."""
    await trio.lowlevel.checkpoint()
    send, receive = trio.open_memory_channel[ReceivedRequest](math.inf)
    async with stream, send, receive, trio.open_nursery() as nursery:
        nursery.start_soon(read_requests, stream, send, nursery.cancel_scope)
        while await _serve_request(answer, stream, await receive.receive()):
            pass
        nursery.cancel_scope.cancel()


async def _serve_request(answer: AnswerOne, stream: ByteStream, received: ReceivedRequest) -> bool:
    """Returns whether the connection is kept for another."""
    import anyio

    await trio.lowlevel.checkpoint()
    if received.refusal is not None:
        await stream.send(refusal_bytes(*received.refusal))
        return False
    try:
        return await answer(stream, received) and received.keep
    except TransportError:
        await reset_connection(stream)
    except anyio.BrokenResourceError:
        pass  # the client is gone
    return False


async def _answer(simulator: Servable, log: Log | None, stream: ByteStream, received: ReceivedRequest) -> bool:
    """Play the reply: an `AnswerOne`."""
    await trio.lowlevel.checkpoint()
    try:
        reply = simulator.respond(received.request, now=trio.current_time())
    except ScriptExhaustedError as error:
        await stream.send(refusal_bytes(501, str(error), "script_exhausted"))
        return False
    exchange = simulator.open_exchange(reply)
    try:
        return await _play(exchange, stream, received)
    finally:
        exchange.release()
        if log is not None:
            log(reply.request)


async def _play(exchange: PlayedReply, stream: ByteStream, received: ReceivedRequest) -> bool:
    reply = exchange.reply
    await trio.sleep(reply.latency)
    head = exchange.send_head()
    framing = _framing(head, received)
    await stream.send(head_bytes(head.status, {**head.headers, **framing}))
    chunked = framing.get("transfer-encoding") == "chunked" and received.request.method != "HEAD"
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
    return framing.get("connection") != "close"


def _framing(head: ReplyHead, received: ReceivedRequest) -> dict[str, str]:
    """How the end of the reply is told, and whether the connection goes on."""
    length_known = "content-length" in head.headers
    framing = {} if length_known else {"transfer-encoding": "chunked"}
    if received.chunks:
        return framing if received.keep else {**framing, "connection": "close"}
    return {"connection": "keep-alive" if length_known and received.keep else "close"}


async def reset_connection(stream: ByteStream) -> None:
    """Close in a way that the client's next read fails, in place of ending."""
    import anyio
    from anyio.abc import SocketAttribute

    # Linger for no time at all: the kernel then answers with RST (SO_LINGER in socket(7)).
    raw = stream.extra(SocketAttribute.raw_socket)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await anyio.aclose_forcefully(stream)
