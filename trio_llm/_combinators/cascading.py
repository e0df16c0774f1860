"""The cheap model first, the strong one as its backup, and both at once for as long as it takes."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .._engine.engine import Engine
from .._runtime import trio
from .._types.amounts import checked_seconds
from .jobs import Job, Outcome
from .racing import Accept, Contest


async def cascade(engine: Engine, jobs: Iterable[Job], *, accept: Accept | None, after: float | None) -> Outcome:
    """The outcome of the first job that is accepted, where each starts when the one before disappoints.

    See `Client.cascade`.
    """
    delay = math.inf if after is None else checked_seconds(after, "after")

    async def disappointment(ended: trio.Event) -> bool:
        with trio.CancelScope(deadline=trio.current_time() + delay):
            await ended.wait()
        return True

    return await Contest(engine, jobs, accept).run("cascade", disappointment)
