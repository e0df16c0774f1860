"""What tests of transports share: each kind of them, an exchange, a body of blocks, a coroutine in steps."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import attrs
import httpx
import httpx2
import trustme

from trio_llm._runtime import trio
from trio_llm._transport import Transport
from trio_llm._transport.httpx_adapter import HttpxTransport
from trio_llm._transport.native import NativeTransport
from trio_llm._types.http import HTTPRequest, Origin

POST = HTTPRequest("POST", "/v1/chat", (("content-type", "application/json"),), b'{"a": 1}')
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
OPENERS: dict[str, Callable[[ssl.SSLContext], Transport]] = {
    "native": lambda context: NativeTransport(ssl_context=context),
    "httpx": lambda context: HttpxTransport(httpx.AsyncClient(trust_env=False, verify=context), owned=True),
    "httpx2": lambda context: HttpxTransport(httpx2.AsyncClient(trust_env=False, verify=context), owned=True),
}
"""Every kind of transport, by what verifies its peers."""


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[NativeTransport]:
    """A transport, for a block that may take ten seconds at most."""
    transport = NativeTransport(**options)
    with trio.fail_after(10):
        try:
            yield transport
        finally:
            await transport.aclose()


async def exchange(transport: Transport, origin: Origin, request: HTTPRequest = POST) -> bytes:
    """One request, its reply read to the end."""
    received = await transport.send(origin, request)
    try:
        body = b""
        while piece := await received.read():
            body += piece
        return body
    finally:
        await received.aclose()


@attrs.frozen
class Blocks:
    """A body of equal blocks that says it is of another size, if told so."""

    count: int
    size_said: int | None = None

    @property
    def size(self) -> int:
        """Bytes in all, it says."""
        return self.count * 65_536 if self.size_said is None else self.size_said

    def blocks(self) -> Iterator[bytes]:
        """The blocks."""
        return (b"x" * 65_536 for _ in range(self.count))


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's context with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


class Stepper:
    """Runs a coroutine in the current task, and calls back just before it suspends for the n-th time."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], step: int, callback: Callable[[], object]) -> None:
        self._coroutine = coroutine
        self._step = step
        self._callback = callback
        self.reached = False

    def __await__(self) -> Generator[Any, Any, None]:
        advance, value = self._coroutine.send, None
        for number in count():
            try:
                trap = advance(value)
            except StopIteration:
                return
            if number == self._step:
                self.reached = True
                self._callback()
            try:
                advance, value = self._coroutine.send, (yield trap)
            except BaseException as exc:  # noqa: ASYNC103, BLE001  # whatever it is, it goes on into the coroutine
                advance, value = self._coroutine.throw, exc
