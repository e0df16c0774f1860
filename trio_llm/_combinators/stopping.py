"""A stream that ends as soon as there is enough of it.

Every chunk is folded before the condition is asked. When it holds, the stream is closed first, and then the chunk is
handed over: `stopped` is set only after the connection is gone. A stream that ends by itself stays unstopped.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from types import TracebackType
from typing import Protocol, Self

from .._types.chat import ModelResponse, ModelResponseStream
from .._types.folding import ChatFolding


class ChatChunks(Protocol):
    """A chat stream, pulled or pumped."""

    def __anext__(self) -> Awaitable[ModelResponseStream]:
        """The next chunk."""
        ...

    async def aclose(self) -> None:
        """End it."""

    @property
    def response(self) -> ModelResponse:
        """What has arrived."""
        ...


class StoppedStream:
    """The chunks of a stream up to the one with which a condition holds.

    Example:
        print([chunk async for chunk in stopped])
    """

    def __init__(self, stream: ChatChunks, predicate: Callable[[ModelResponse], bool | Awaitable[bool]]) -> None:
        self._stream = stream
        self._predicate = predicate
        self._folding = ChatFolding()
        self.stopped: bool = False
        """Whether the condition ended it, rather than the model."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ModelResponseStream:
        if self.stopped:
            raise StopAsyncIteration
        chunk = await self._stream.__anext__()
        self._folding.add(chunk)
        try:
            answer = self._predicate(self._folding.response())
            enough = bool(await answer if isawaitable(answer) else answer)
        except BaseException:  # who reads on has no stream to close
            await self.aclose()  # noqa: ASYNC102 - the socket is closed before the first checkpoint
            raise
        if enough:
            await self.aclose()
            self.stopped = True
        return chunk

    @property
    def response(self) -> ModelResponse:
        """The chunks that were handed over, folded; once the model has ended by itself, complete with usage."""
        return self._folding.response() if self.stopped else self._stream.response

    async def aclose(self) -> None:
        """End the stream: the connection is closed, the provider stops. Idempotent."""
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


def stop_when(stream: ChatChunks, predicate: Callable[[ModelResponse], bool | Awaitable[bool]]) -> StoppedStream:
    """A chat stream that ends with the chunk that makes `predicate` true of the response so far.

        async for chunk in stop_when(stream, lambda response: "END" in response.choices[0].message.content):
            print(chunk.choices[0].delta.content)

    By the time the reader gets that chunk the connection is closed and the model writes no more. The response that the
    predicate gets has no `choices` before the first content. It may be async; what it raises ends the stream as well.

    Raises:
        TypeError: for a predicate that is no function.
    """
    given: object = predicate
    if not callable(given):
        raise TypeError(f"predicate must be a function of the response so far, not {type(given).__name__}")
    return StoppedStream(stream, predicate)
