"""The pumped form of a stream: a task of its block reads ahead into a bounded channel.

The pump goes one way: it reads until the stream ends, breaks, or is closed, and then closes the channel. An error is
noted before that, so a reader that finds the end finds the error as well; see `nursery`. Leaving the block cancels the
pump and waits for it. A batch that a reader did not come for before the deadline stays part of the response, and the
next pull raises the timeout: a reader that does nothing keeps neither slot nor connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Generic

from .._runtime import trio
from .._types.errors import APIError
from .._types.receipt import Receipt, Received
from .nursery import BareNursery, FirstError
from .stream import ChunkSource, ChunkT, Ready, ResponseT

BUFFERED_BATCHES = 16
"""Network reads that the producer of a pumped stream may be ahead of its reader."""


class PumpedStream(Received, Generic[ChunkT, ResponseT]):
    """A streamed reply that a task of its block reads ahead: a read that is cancelled loses nothing.

    Example:
        async with client.stream(model, messages) as stream:
            async for chunk in stream:
                print(chunk.choices[0].delta.content or "", end="")
        print(stream.response.usage)
    """

    def __init__(
        self,
        source: ChunkSource[ChunkT, ResponseT],
        opening: list[ChunkT],
        batches: trio.MemoryReceiveChannel[list[ChunkT]],
        pump: _Pump[ChunkT],
    ) -> None:
        self._source = source
        self._ready = deque(opening)
        self._batches = batches
        self._pump = pump

    def __aiter__(self) -> PumpedStream[ChunkT, ResponseT]:
        return self

    def __anext__(self) -> Awaitable[ChunkT]:
        if self._ready:
            return Ready(self._ready.popleft())
        return self._next()

    async def _next(self) -> ChunkT:
        batch: list[ChunkT] = []  # stays empty when the pump has ended; none that it sends is
        with suppress(trio.EndOfChannel):
            batch = await self._batches.receive()
        if self._pump.scope.cancel_called:  # somebody closed the stream: what was read ahead is not handed out
            raise StopAsyncIteration
        if not batch:
            self._pump.failure.raise_once()
            raise StopAsyncIteration
        self._ready.extend(batch)
        return self._ready.popleft()

    @property
    def response(self) -> ResponseT:
        """What has arrived, folded into a whole response; complete, usage included, once the stream has ended."""
        return self._source.response

    @property
    def receipt(self) -> Receipt | None:
        """What is known of the reply that it came in."""
        return self._source.receipt

    async def aclose(self) -> None:
        """End the stream before its block is left: the connection is closed, the provider stops. Idempotent."""
        self._ready.clear()
        self._pump.scope.cancel(reason="the stream was closed")
        await self._pump.ended.wait()


class _Pump(Generic[ChunkT]):
    """The task that reads a stream ahead, and what became of it."""

    def __init__(self, source: ChunkSource[ChunkT, Any], sender: trio.MemorySendChannel[list[ChunkT]]) -> None:
        self._source = source
        self._sender = sender
        self.scope: trio.CancelScope = trio.CancelScope()
        self.ended: trio.Event = trio.Event()
        self.failure: FirstError = FirstError()

    async def run(self) -> None:
        """Read until the stream ends, breaks, or is closed. An error is noted for the reader, and that in time."""
        try:
            with self._sender:  # the last thing to be closed: what the reader finds at the end has been noted by then
                try:
                    with self.scope:
                        async with aclosing(self._source):
                            await self._send_all()
                except Exception as error:  # noqa: BLE001 - the reader gets it, after what had arrived
                    self.failure.note(error)
        finally:
            self.ended.set()

    async def _send_all(self) -> None:
        while (batch := await self._source.next_batch()) is not None:
            try:
                self._sender.send_nowait(batch)
            except trio.WouldBlock:
                await self._send_late(batch)
            else:
                await trio.lowlevel.checkpoint()  # the reader's turn, before more is decoded

    async def _send_late(self, batch: list[ChunkT]) -> None:
        """Wait for the reader, who is far behind.

        A reader that does nothing must not keep slot and connection for ever. Past the deadline the batch is not sent:
        it stays part of the response, and the next pull raises the timeout.
        """
        with trio.CancelScope(deadline=self._source.deadline):
            await self._sender.send(batch)


@asynccontextmanager
async def pumped(
    source: ChunkSource[ChunkT, ResponseT], opening: list[ChunkT]
) -> AsyncIterator[PumpedStream[ChunkT, ResponseT]]:
    """Read a source ahead for the duration of a block. One error leaves it, never a group.

    An error of the provider's that the reader did not stay for ends with the block. Any other is raised from it.
    """
    sender, receiver = trio.open_memory_channel[list[ChunkT]](BUFFERED_BATCHES)
    pump = _Pump(source, sender)
    with receiver:
        async with BareNursery() as nursery:
            nursery.start_soon(pump.run)
            yield PumpedStream(source, opening, receiver, pump)
            nursery.cancel_scope.cancel(reason="the stream's block was left")
    if not isinstance(pump.failure.waiting, APIError):
        pump.failure.raise_once()
