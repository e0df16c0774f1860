"""A call that is made again if it takes long; whichever copy answers first counts."""

from __future__ import annotations

from .._engine.engine import Engine
from .._engine.latencies import Quantile
from .._runtime import trio
from .jobs import Job, Outcome
from .racing import Contest


async def hedge(engine: Engine, job: Job, *, after: float | Quantile, copies: int, budget: float | None) -> Outcome:
    """The outcome of the first copy of a job to succeed; see `Client.hedge`."""
    _check(after, copies, budget)
    contest = Contest(engine, [job] * copies, None)
    delay = _delay(engine, job, after)
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
        return after
    if callable(job):
        raise TypeError("a quantile is learnt from the calls of a model: say seconds for a function")
    return engine.latencies.quantile(job.model, after)


def _check(after: float | Quantile, copies: int, budget: float | None) -> None:
    if copies < 1:
        raise ValueError(f"copies must be at least 1, not {copies}")
    if not isinstance(after, Quantile) and not after >= 0:
        raise ValueError(f"after must be a number of seconds, not {after!r}")
    if budget is not None and not 0 <= budget <= 1:
        raise ValueError(f"budget is a share of the hedged calls, 0 to 1, not {budget!r}")
