"""A port before a provider: what comes is sent on, what is answered is sent back, and both are recorded."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from trio import TASK_STATUS_IGNORED  # noqa: ASYNC106  # needed at import, where no loop runs

from ..._runtime import trio
from ..._transport import Reply, Transport
from ..._types.http import HTTPRequest, Origin, ReplyHead, split_url
from .._http import ReceivedRequest, head_bytes
from .._server import listen
from ._recording import Recorder

if TYPE_CHECKING:
    from anyio.abc import ByteStream

_OF_THE_WAY: Final = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "transfer-encoding"}
)
_OF_THE_CODING: Final = frozenset(
    {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}
)


async def serve_recording(  # noqa: ASYNC114, ASYNC128 - as of `serve`
    recorder: Recorder,
    upstream: str,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    task_status: trio.TaskStatus[str] = TASK_STATUS_IGNORED,
) -> None:
    """Record what any client, of whatever language, says to a provider: it is told this port as its base URL.

        base_url = await nursery.start(serve_recording, record("chat.jsonl"), "https://api.openai.com")

    Runs until cancelled, on Trio and on asyncio; the base URL is `task_status`'s value. Requests go on to `upstream`
    with the credentials that they bring, which are not recorded. Every body is passed on as it arrives.

    Raises:
        ValueError: if `upstream` is no absolute http or https URL.

    Args:
        recorder: what `record` gives; closed in the end.
        upstream: scheme, host and port of the provider.
    """
    origin, prefix = split_url(upstream)
    try:
        await listen(partial(_pass_on, _Upstream(recorder, origin, prefix)), host, port, task_status.started)
    finally:
        with trio.CancelScope(shield=True):
            await recorder.aclose()


class _Upstream:
    """Where requests go on to."""

    def __init__(self, transport: Transport, origin: Origin, prefix: str) -> None:
        self._transport = transport
        self._origin = origin
        self._prefix = prefix

    async def send(self, request: HTTPRequest) -> Reply:
        """Send a request on as this process's own."""
        headers = tuple((name, value) for name, value in request.headers if name not in _OF_THE_WAY)
        onward = HTTPRequest(request.method, self._prefix + request.path, headers, request.body)
        return await self._transport.send(self._origin, onward)


async def _pass_on(upstream: _Upstream, stream: ByteStream, received: ReceivedRequest) -> bool:
    """Pass one request on, and its reply back: an `AnswerOne`.

    Raises:
        TransportError: what broke there. The client's connection breaks as well, so that it sees the same failure.
    """
    await trio.lowlevel.checkpoint()
    reply = await upstream.send(received.request)
    try:
        await _pass_back(reply, stream)
    finally:
        await reply.aclose()  # it waits for nothing
    return True


async def _pass_back(reply: Reply, stream: ByteStream) -> None:
    whole = reply.finish_nowait()
    await stream.send(_head(reply.head, whole))
    if whole is not None:
        await stream.send(whole)
        return
    while data := await _next_piece(reply):
        await stream.send(b"%x\r\n%b\r\n" % (len(data), data))
    await stream.send(b"0\r\n\r\n")


async def _next_piece(reply: Reply) -> bytes:
    await trio.lowlevel.checkpoint()
    return await reply.read()


def _head(head: ReplyHead, whole: bytes | None) -> bytes:
    headers = {name: value for name, value in head.headers.items() if name not in _OF_THE_CODING}
    framing = {"transfer-encoding": "chunked"} if whole is None else {"content-length": str(len(whole))}
    return head_bytes(head.status, headers | framing)
