"""Outcomes in the order in which calls end, at their reader's pace."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Generic, Self

from .._engine.engine import Engine
from .._engine.groups import group_of
from .._engine.nursery import BareNursery
from .._limits.ticket import Crowd
from .._runtime import trio
from .jobs import DEFAULT_LIMIT, Feed, Jobs, Outcome, ResponseT, check_limit, run_job

if TYPE_CHECKING:
    from .._engine.events import Activity


class Outcomes(Generic[ResponseT]):
    """Outcomes as they come. Several tasks may read; each outcome goes to one of them.

    Example:
        async with client.as_completed(requests) as outcomes:
            async for outcome in outcomes:
                print(outcome.index, outcome.status)
    """

    def __init__(self, receiver: trio.MemoryReceiveChannel[Outcome[ResponseT]], feed: Feed) -> None:
        self._receiver = receiver
        self._feed = feed

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Outcome[ResponseT]:
        with suppress(trio.EndOfChannel):
            return await self._receiver.receive()
        self._feed.failure.raise_once()
        raise StopAsyncIteration


@asynccontextmanager
async def as_completed(engine: Engine, jobs: Jobs, *, limit: int | None) -> AsyncIterator[Outcomes]:
    """Outcomes as the jobs end; see `Client.as_completed`."""
    check_limit(limit)
    crowd = Crowd()
    async with aclosing(Feed(jobs, math.inf)) as feed:
        # Nothing is buffered: a worker that has an outcome waits for the reader before it starts another job.
        sender, receiver = trio.open_memory_channel[Outcome](0)
        with receiver, group_of(engine.watch, "as_completed") as group:
            async with BareNursery() as nursery:
                with sender:
                    for _ in range(feed.workers(limit or DEFAULT_LIMIT)):
                        nursery.start_soon(_work, engine, feed, sender.clone(), (crowd, group))
                yield Outcomes(receiver, feed)
                nursery.cancel_scope.cancel(reason="the block of as_completed was left")
    feed.failure.raise_once()


async def _work(
    engine: Engine, feed: Feed, sender: trio.MemorySendChannel[Outcome], among: tuple[Crowd, Activity | None]
) -> None:
    began = trio.current_time()
    with sender:
        while (outcome := await feed.next()) is not None:
            await run_job(engine, outcome, began, *among)
            await sender.send(outcome)
