"""A stream for synchronous code.

The stream lives in the thread of the synchronous functions. All that one network read brought is fetched at once and
waits here, last first; the next hop is made when it is used up. Closing forgets it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from .._types.receipt import Receipt, Received
from .stream import Stream

T = TypeVar("T")
ChunkT = TypeVar("ChunkT")
ResponseT = TypeVar("ResponseT")


class RunThere(Protocol):
    """Runs an async function where the stream lives, and waits for what it returns."""

    def __call__(self, function: Callable[[], Awaitable[T]], /) -> T: ...


class SyncStream(Received, Generic[ChunkT, ResponseT]):
    """A streamed reply for synchronous code. Close it, or use it as a context manager, if you leave it early.

    Example:
        with trio_llm.completion(model, messages, stream=True) as stream:
            for chunk in stream:
                print(chunk.choices[0].delta.content or "", end="")
    """

    def __init__(self, stream: Stream[ChunkT, ResponseT], run: RunThere) -> None:
        """Takes the stream, and what runs its methods."""
        self._stream = stream
        self._run = run
        self._ready: list[ChunkT] = []

    def __iter__(self) -> Iterator[ChunkT]:
        return self

    def __next__(self) -> ChunkT:
        if not self._ready:
            # One hop between the threads for all that one network read brought.
            self._ready = self._run(self._stream.next_batch)
            self._ready.reverse()
        if not self._ready:
            raise StopIteration
        return self._ready.pop()

    @property
    def response(self) -> ResponseT:
        """What has arrived, folded into a whole response."""
        return self._stream.response

    @property
    def receipt(self) -> Receipt | None:
        """What is known of the reply that it came in."""
        return self._stream.receipt

    def close(self) -> None:
        """End the stream: the connection is closed, the provider stops. Idempotent."""
        self._ready = []
        self._run(self._stream.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
