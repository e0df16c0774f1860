"""Several streams read as one.

    source ──> its pump (a task) ──┐
    source ──> its pump (a task) ──┼──> bounded channel ──> whoever reads
    source ──> its pump (a task) ──┘

- A pump opens its source when the block begins, and reads no further than the channel has room.
- Under `on_failure="raise"` the first failure is noted, and the other pumps are cancelled. The reader gets what is in
  the channel, then the failure. Under `"drop"` the failure is kept by its name, and the others go on.
- The channel ends when the last pump has. Leaving the block cancels them.

What always holds: a pump closes its stream however it ends, shielded for a moment. When the block has been left there
is no pump, and no stream of its own is open.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import attrs

from .._engine.engine import Engine
from .._engine.groups import group_of, place_calls
from .._engine.nursery import BareNursery, FirstError
from .._engine.stream import Stream
from .._runtime import trio
from .._types.amounts import checked_count
from .._types.chat import ChatRequest
from .._types.errors import LLMError
from .._types.request import changed
from .jobs import CLOSING_TIME, Job, checked_job, is_request

if TYPE_CHECKING:
    from .._engine.events import Activity


OnFailure: TypeAlias = Literal["raise", "drop"]
_Event: TypeAlias = tuple[str, Any]


class MergedStream:
    """Chunks of several sources as `(name, chunk)`, each source's in its order. Several tasks may read.

    Example:
        async with client.merge({"gpt": first_request, "claude": second_request}) as events:
            async for name, chunk in events:
                print(name, chunk)
    """

    def __init__(self, receiver: trio.MemoryReceiveChannel[_Event]) -> None:
        self._receiver = receiver
        self.failure: FirstError = FirstError()
        """What ended all sources, under `on_failure="raise"`."""
        self.failures: dict[str, Exception] = {}
        """The sources that failed, under `on_failure="drop"`, and why."""
        self._streams: dict[str, Stream[Any, Any]] = {}

    @property
    def responses(self) -> dict[str, Any]:
        """What has been read of each stream so far, folded; whole for those that have ended."""
        return {name: stream.response for name, stream in self._streams.items()}

    def __aiter__(self) -> MergedStream:
        return self

    async def __anext__(self) -> _Event:
        with suppress(trio.EndOfChannel):
            return await self._receiver.receive()
        self.failure.raise_once()
        raise StopAsyncIteration

    def follow(self, name: str, stream: Stream[Any, Any]) -> None:
        """A source is a stream of a call's."""
        self._streams[name] = stream


@asynccontextmanager
async def merge(
    engine: Engine, jobs: Mapping[str, Job | AsyncIterable[Any]], *, buffer: int, on_failure: OnFailure
) -> AsyncIterator[MergedStream]:
    """Read several streams as one; see `Client.merge`."""
    checked_count(buffer, "buffer", least=0)
    given: object = jobs
    if not isinstance(given, Mapping):
        raise TypeError(f"what is merged must be a mapping of names to requests or streams, not {type(given).__name__}")
    if on_failure not in get_args(OnFailure):
        raise ValueError(f"on_failure is one of {', '.join(get_args(OnFailure))}, not {on_failure!r}")
    sources = {name: source if _is_stream(source) else checked_job(source) for name, source in jobs.items()}
    sender, receiver = trio.open_memory_channel[_Event](buffer)
    merged = MergedStream(receiver)
    with receiver, group_of(engine.watch, "merge") as group:
        async with BareNursery() as nursery:
            nursery.start_soon(_Pumps(engine, merged, sender, on_failure, group).run, sources)
            yield merged
            nursery.cancel_scope.cancel(reason="the block of merge was left")
    if not isinstance(merged.failure.waiting, LLMError):
        merged.failure.raise_once()


def _is_stream(source: object) -> bool:
    return isinstance(source, AsyncIterable)


@attrs.frozen
class _Pumps:
    """A task for each source, that reads no further than the channel has room."""

    engine: Engine
    merged: MergedStream
    sender: trio.MemorySendChannel[_Event]
    on_failure: OnFailure
    group: Activity | None

    async def run(self, sources: Mapping[str, Any]) -> None:
        with self.sender:  # closed without a checkpoint: by then a failure has been noted
            async with BareNursery() as nursery:
                for name, source in sources.items():
                    nursery.start_soon(self._pump, name, source, nursery.cancel_scope)

    async def _pump(self, name: str, source: Any, pumps: trio.CancelScope) -> None:
        if self.group is not None:
            place_calls(self.group)
        try:
            await self._send_all(name, await self._opened(name, source))
        except Exception as error:  # noqa: BLE001 - the reader gets it, after what had arrived
            # Whatever a function or a foreign stream raises is its failure, as an LLMError is a call's.
            if self.on_failure == "drop" and (isinstance(error, LLMError) or not is_request(source)):
                self.merged.failures[name] = error
            else:
                self.merged.failure.note(error)
                pumps.cancel(reason="another source failed")

    async def _opened(self, name: str, source: Any) -> Any:
        """A stream; or, of a call that has none, its response."""
        if isinstance(source, ChatRequest):
            source = changed(source, stream=True)
        if is_request(source):
            if not getattr(source, "stream", False):
                return await self.engine.receive(source)
            opened: Any = Stream(*await self.engine.open_stream(source))
        elif _is_stream(source):
            opened = source
        else:
            opened = await source()
        if isinstance(opened, Stream):
            self.merged.follow(name, opened)
        return opened

    async def _send_all(self, name: str, opened: Any) -> None:
        if not _is_stream(opened):
            await self.sender.send((name, opened))
            return
        # A reader that does nothing must not keep slot and connection for ever. Past the deadline a chunk is not sent:
        # it stays part of the response, and the next read of the network raises the timeout.
        deadline = opened.deadline if isinstance(opened, Stream) else math.inf
        try:
            async for chunk in opened:
                with trio.CancelScope(deadline=deadline):
                    await self.sender.send((name, chunk))
        finally:
            await close_stream(opened)  # noqa: ASYNC102 - shielded in there


async def close_stream(stream: object) -> None:
    """End a stream, of whatever kind, that its reader leaves.

    Shielded for a while: `Cancelled` would take the place of an error in flight.
    """
    close = getattr(stream, "aclose", None)
    if close is not None:
        with trio.CancelScope(deadline=trio.current_time() + CLOSING_TIME, shield=True):
            await close()
