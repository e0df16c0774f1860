"""One stream for several readers, who may fall behind one another by so much and no more.

One task reads the stream. It puts every chunk into the queue of every reader that has not left. Before that it sees to
readers whose queue is full: it waits for them, drops their oldest chunk, or ends them with an error.

- A reader is *open*, *ended* (nothing more will come; it still gets what waits for it, then the failure, once) or
  *closed* (its reader has left; its queue is empty, and nobody waits for it).
- The stream ends for all: by its last chunk, by its error, when nobody is left, or with the block.

What always holds: each reader sees the chunks in order, without a gap unless it was told to drop. No queue is longer
than `lag`. The stream is closed before the block is left.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Generic, Literal, Self, TypeAlias, TypeVar, get_args

from .._engine.nursery import BareNursery, FirstError
from .._engine.stream import Stream
from .._runtime import trio
from .._types.amounts import checked_count
from .._types.errors import LLMError, SlowReaderError
from .merging import close_stream

ChunkT = TypeVar("ChunkT")
OnSlow: TypeAlias = Literal["wait", "drop", "raise"]


class TeeReader(Generic[ChunkT]):
    """One reader's view of a shared stream. Close it, or use it as `async with`, if you leave it early.

    Example:
        async with trio_llm.tee(stream, 2) as (first, second):
            print([chunk async for chunk in first])
    """

    def __init__(self, shared: _Shared[ChunkT]) -> None:
        self._shared = shared
        self._waiting: deque[ChunkT] = deque()
        self._arrived = trio.Event()
        self._ended = False
        self._failure = FirstError()
        self.closed: bool = False
        """Whether its reader has left."""
        self.dropped: int = 0
        """Chunks that it has missed; only under `on_slow="drop"`."""

    @property
    def lag(self) -> int:
        """Chunks that wait for it."""
        return len(self._waiting)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ChunkT:
        await trio.lowlevel.checkpoint()
        while not self._waiting:
            if self.closed:
                raise StopAsyncIteration
            if self._ended:
                self._failure.raise_once()
                raise StopAsyncIteration
            self._arrived = trio.Event()
            await self._arrived.wait()
        chunk = self._waiting.popleft()
        self._shared.room.set()
        return chunk

    def put(self, chunk: ChunkT) -> None:
        """A chunk has come for it."""
        if not self._ended:
            self._waiting.append(chunk)
            self._arrived.set()

    def drop_oldest(self) -> None:
        """Make room."""
        self._waiting.popleft()
        self.dropped += 1

    def finish(self, failure: Exception | None) -> None:
        """Nothing more will come; it gets the failure after what waits for it. The first end counts."""
        if failure is not None and not self._ended:
            self._failure.note(failure)
        self._ended = True
        self._arrived.set()

    @property
    def has_failure(self) -> bool:
        """Whether an error waits for it."""
        return self._failure.waiting is not None

    async def aclose(self) -> None:
        """Leave: the others no longer wait for this reader. Idempotent."""
        self._leave()
        await trio.lowlevel.checkpoint()

    def _leave(self) -> None:
        self.closed = True
        self._waiting.clear()
        self._arrived.set()
        self._shared.room.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._leave()
        if error is None:  # a checkpoint could put `Cancelled` in its place
            await trio.lowlevel.checkpoint()  # noqa: ASYNC102 - there is no error in flight


class _Shared(Generic[ChunkT]):
    """A stream and its readers."""

    def __init__(self, copies: int, lag: int, on_slow: OnSlow) -> None:
        self.room: trio.Event = trio.Event()
        self.readers: tuple[TeeReader[ChunkT], ...] = tuple(TeeReader(self) for _ in range(copies))
        self.failure: Exception | None = None
        """What broke the stream."""
        self._lag = lag
        self._on_slow = on_slow

    async def distribute(self, stream: AsyncIterable[ChunkT]) -> None:
        """Hand every chunk to every reader, until the stream ends or nobody is left."""
        end: Exception | None = None
        try:
            async for chunk in stream:
                await self._make_room(stream.deadline if isinstance(stream, Stream) else math.inf)
                for reader in self._open():
                    reader.put(chunk)
                if not self._open():
                    break
        except Exception as error:  # noqa: BLE001 - every reader gets it, after what came before
            end = self.failure = error
        for reader in self.readers:
            reader.finish(end)
        await close_stream(stream)

    async def _make_room(self, deadline: float) -> None:
        slow = self._slow()
        if self._on_slow != "wait":
            for reader in slow:
                self._overrun(reader)
        elif slow:
            # Readers that do nothing must not keep slot and connection for ever. Past the deadline they are not waited
            # for, and the next read of the network raises the timeout.
            with trio.CancelScope(deadline=deadline):
                while True:
                    self.room = trio.Event()
                    await self.room.wait()
                    if not self._slow():
                        break

    def _slow(self) -> list[TeeReader[ChunkT]]:
        return [reader for reader in self._open() if reader.lag >= self._lag]

    def _overrun(self, reader: TeeReader[ChunkT]) -> None:
        if self._on_slow == "drop":
            reader.drop_oldest()
        else:
            reader.finish(SlowReaderError(f"this reader fell more than {self._lag} chunks behind the stream"))

    @property
    def was_told(self) -> bool:
        """Whether any reader got the failure."""
        return any(not reader.has_failure for reader in self.readers)

    def _open(self) -> list[TeeReader[ChunkT]]:
        return [reader for reader in self.readers if not reader.closed]


@asynccontextmanager
async def tee(
    stream: AsyncIterable[ChunkT], copies: int = 2, *, lag: int = 64, on_slow: OnSlow = "wait"
) -> AsyncIterator[tuple[TeeReader[ChunkT], ...]]:
    """Let several tasks read one stream, each from its beginning. Leaving the block ends the stream.

    Example:
        async with tee(stream, 2) as (screen, log), trio.open_nursery() as nursery:
            nursery.start_soon(show, screen)
            nursery.start_soon(write_down, log)

    Args:
        stream: any stream or async iterator; nobody else may read it.
        copies: how many readers.
        lag: chunks that may wait for each reader.
        on_slow: what happens when so many wait for one: `wait` lets the others wait for it; `drop` throws away the
            oldest that wait for it, and counts them in its `dropped`; `raise` ends it with `SlowReaderError`, after
            what waits for it. A reader that was closed is not waited for.

    Each reader gets the stream's own error, if it breaks, after what came before.
    """
    checked_count(copies, "copies")
    checked_count(lag, "lag")
    given: object = stream
    if not isinstance(given, AsyncIterable):
        raise TypeError(f"tee reads a stream, not {type(given).__name__}")
    if on_slow not in get_args(OnSlow):
        raise ValueError(f"on_slow is one of {', '.join(get_args(OnSlow))}, not {on_slow!r}")
    shared: _Shared[ChunkT] = _Shared(copies, lag, on_slow)
    try:
        async with BareNursery() as nursery:
            nursery.start_soon(shared.distribute, stream)
            yield shared.readers
            nursery.cancel_scope.cancel(reason="the block of tee was left")
    finally:
        await close_stream(stream)  # noqa: ASYNC102 - shielded in there
    if shared.failure is not None and not isinstance(shared.failure, LLMError) and not shared.was_told:
        raise shared.failure
