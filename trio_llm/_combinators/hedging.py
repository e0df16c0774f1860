"""A call that is made again if it takes long; whichever copy answers first counts."""

from __future__ import annotations

from .._engine.engine import Engine
from .._engine.latencies import Quantile
from .._runtime import trio
from .._types.amounts import checked_amount, checked_count, checked_seconds
from .jobs import Job, Outcome, checked_job
from .racing import Contest


async def hedge(engine: Engine, job: Job, *, after: float | Quantile, copies: int, budget: float | None) -> Outcome:
    """The outcome of the first copy of a job to succeed; see `Client.hedge`."""
    _check(copies, budget)
    delay = _delay(engine, checked_job(job), after)
    contest = Contest(engine, [job] * copies, None)
    hedges = engine.hedges
    hedges.calls += 1
    started = 1

    async def impatience(ended: trio.Event) -> bool:
        """Whether another copy starts now."""
        nonlocal started
        # A copy that failed has been tried as often as its policy says: another one would not fare better.
        with trio.CancelScope(deadline=trio.current_time() + delay):
            await ended.wait()
        if ended.is_set() or started == copies or not hedges.allows(budget):
            return False
        hedges.duplicates += 1
        started += 1
        return True

    return await contest.run("hedge", impatience)


def _delay(engine: Engine, job: Job, after: float | Quantile) -> float:
    if not isinstance(after, Quantile):
        return checked_seconds(after, "after")
    if callable(job):
        raise TypeError("a quantile is learnt from the calls of a model: say seconds for a function")
    return engine.latencies.quantile(job.model, after)


def _check(copies: int, budget: float | None) -> None:
    checked_count(copies, "copies")
    if budget is not None and checked_amount(budget, "budget", "a share of the hedged calls") > 1:
        raise ValueError(f"budget must be a share of the hedged calls, 0 to 1, not {budget!r}")
