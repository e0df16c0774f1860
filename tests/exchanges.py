"""What tests of the native transport share: an open one, an exchange, a body of blocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import attrs

from trio_llm._http import HTTPRequest, Origin
from trio_llm._runtime import trio
from trio_llm._transport.native import NativeTransport

POST = HTTPRequest("POST", "/v1/chat", (("content-type", "application/json"),), b'{"a": 1}')
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[NativeTransport]:
    """A transport, for a block that may take ten seconds at most."""
    transport = NativeTransport(**options)
    with trio.fail_after(10):
        try:
            yield transport
        finally:
            await transport.aclose()


async def exchange(transport: NativeTransport, origin: Origin, request: HTTPRequest = POST) -> bytes:
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
