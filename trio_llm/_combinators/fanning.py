"""Many calls at once, of which no result is lost."""

from __future__ import annotations

import math
from contextlib import aclosing

from .._engine.engine import Engine
from .._engine.nursery import BareNursery
from .._runtime import trio
from .jobs import Feed, Jobs, Outcome, check_limit, run_job


async def fan_out(engine: Engine, jobs: Jobs, *, limit: int | None, deadline: float | None) -> list[Outcome]:
    """One outcome for each job, in their order; see `Client.fan_out`."""
    check_limit(limit)
    began = trio.current_time()
    end = math.inf if deadline is None else began + deadline
    async with aclosing(Feed(jobs, end)) as feed:
        with trio.CancelScope(deadline=end):
            async with BareNursery() as nursery:
                for _ in range(feed.workers(limit)):
                    nursery.start_soon(_work, engine, feed, began, nursery.cancel_scope)
    feed.failure.raise_once()
    await trio.lowlevel.checkpoint()
    return feed.outcomes


async def _work(engine: Engine, feed: Feed, began: float, rest: trio.CancelScope) -> None:
    while (outcome := await feed.next()) is not None:
        await run_job(engine, outcome, began)
    if feed.failure.noted:
        rest.cancel(reason="the source of the jobs failed")
