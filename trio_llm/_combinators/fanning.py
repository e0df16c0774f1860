"""Many calls at once, of which no result is lost."""

from __future__ import annotations

import math
from contextlib import aclosing
from typing import TYPE_CHECKING

import attrs

from .._engine.engine import Engine
from .._engine.groups import group_of
from .._engine.nursery import BareNursery
from .._limits.ticket import Crowd
from .._runtime import trio
from .._types.amounts import checked_time_left
from .jobs import Feed, Jobs, Outcome, check_limit, run_job

if TYPE_CHECKING:
    from .._engine.events import Activity


async def fan_out(engine: Engine, jobs: Jobs, *, limit: int | None, deadline: float | None) -> list[Outcome]:
    """One outcome for each job, in their order; see `Client.fan_out`."""
    check_limit(limit)
    began = trio.current_time()
    end = math.inf if deadline is None else began + checked_time_left(deadline, "deadline")
    crowd = Crowd()
    async with aclosing(Feed(jobs, end)) as feed:
        with group_of(engine.watch, "fan_out") as group, trio.CancelScope(deadline=end):
            async with BareNursery() as nursery:
                run = _Run(began, crowd, nursery.cancel_scope, group)
                for _ in range(feed.workers(limit)):
                    nursery.start_soon(_work, engine, feed, run)
    feed.failure.raise_once()
    await trio.lowlevel.checkpoint()
    return feed.outcomes


@attrs.frozen
class _Run:
    """What the workers of one fan-out share."""

    began: float
    crowd: Crowd
    scope: trio.CancelScope
    group: Activity | None


async def _work(engine: Engine, feed: Feed, run: _Run) -> None:
    while (outcome := await feed.next()) is not None:
        await run_job(engine, outcome, run.began, run.crowd, run.group)
    if feed.failure.noted:
        run.scope.cancel(reason="the source of the jobs failed")
