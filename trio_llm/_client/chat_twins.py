"""LiteLLM's synchronous functions: the same engine in a Trio thread, with a default client of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar, Unpack, overload

from .._catalog.provider import Provider
from .._engine.stream import Stream
from .._types.chat import ChatParams, MessageLike, ModelResponse, ModelResponseStream
from .chat_functions import acompletion
from .completion_batches import (
    Answer,
    Conversation,
    abatch_completion,
    abatch_completion_models,
    abatch_completion_models_all_responses,
)
from .default import default_client, register_row
from .portal import SYNC_THREAD

ChunkT = TypeVar("ChunkT")
ResponseT = TypeVar("ResponseT")


class SyncStream(Generic[ChunkT, ResponseT]):
    """A streamed reply for synchronous code. Close it, or use it as a context manager, if you leave it early."""

    def __init__(self, stream: Stream[ChunkT, ResponseT]) -> None:
        self._stream = stream
        self._ready: list[ChunkT] = []

    def __iter__(self) -> Iterator[ChunkT]:
        return self

    def __next__(self) -> ChunkT:
        if not self._ready:
            # One hop between the threads for all that one network read brought.
            self._ready = SYNC_THREAD.call(self._stream.next_batch)
            self._ready.reverse()
        if not self._ready:
            raise StopIteration
        return self._ready.pop()

    @property
    def response(self) -> ResponseT:
        """What has arrived, folded into a whole response."""
        return self._stream.response

    def close(self) -> None:
        """End the stream: the connection is closed, the provider stops. Idempotent."""
        self._ready = []
        SYNC_THREAD.call(self._stream.aclose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@overload
def completion(
    model: str,
    messages: Iterable[MessageLike],
    *,
    stream: Literal[False] | None = None,
    **params: Unpack[ChatParams],
) -> ModelResponse: ...
@overload
def completion(
    model: str, messages: Iterable[MessageLike], *, stream: Literal[True], **params: Unpack[ChatParams]
) -> SyncStream[ModelResponseStream, ModelResponse]: ...
@overload
def completion(
    model: str, messages: Iterable[MessageLike], *, stream: bool | None, **params: Unpack[ChatParams]
) -> ModelResponse | SyncStream[ModelResponseStream, ModelResponse]: ...
def completion(
    model: str, messages: Iterable[MessageLike], *, stream: bool | None = None, **params: Unpack[ChatParams]
) -> ModelResponse | SyncStream[ModelResponseStream, ModelResponse]:
    """`acompletion` for synchronous code."""
    result = SYNC_THREAD.call(partial(acompletion, model, messages, stream=stream, **params))
    return SyncStream(result) if isinstance(result, Stream) else result


def batch_completion(
    model: str, messages: Sequence[Conversation], *, max_workers: int | None = None, **params: Unpack[ChatParams]
) -> list[Answer]:
    """Ask one model about many conversations at the same time: a response or an error for each, in their order."""
    return SYNC_THREAD.call(partial(abatch_completion, model, messages, max_workers=max_workers, **params))


def batch_completion_models(
    models: str | Sequence[str], messages: Conversation, **params: Unpack[ChatParams]
) -> ModelResponse:
    """`abatch_completion_models` for synchronous code."""
    return SYNC_THREAD.call(partial(abatch_completion_models, models, messages, **params))


def batch_completion_models_all_responses(
    models: str | Sequence[str], messages: Conversation, **params: Unpack[ChatParams]
) -> list[ModelResponse]:
    """`abatch_completion_models_all_responses` for synchronous code."""
    return SYNC_THREAD.call(partial(abatch_completion_models_all_responses, models, messages, **params))


def register_provider(row: Provider) -> None:
    """Let the module functions know a provider of your own, or another row for one that they know.

    Called in a run of Trio or asyncio, it holds for that run, whose default client is told; elsewhere it holds for the
    synchronous functions. A `Client` takes such rows as `providers`.
    """
    try:
        register_row(row)
    except RuntimeError:  # there is no run here
        SYNC_THREAD.call(partial(_register, row))


async def _register(row: Provider) -> None:
    await default_client()
    register_row(row)
