"""The first good answer of several calls; the rest are gone before it is returned.

A contest starts its calls one after the other, at a pace: all at once for a race, one whenever the last has been slow
or has ended for a hedge. A call that ends well is judged. The first that is accepted is the winner, and cancels the
others, those that are being judged among them. A judge that raises ends the contest.

What always holds: there is one winner at most, also where two are accepted in the same turn of the loop. `run` returns
after every call has come to its end, so that none is left when the winner is seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, TypeAlias

from .._engine.engine import Engine
from .._engine.groups import group_of
from .._engine.nursery import BareNursery, FirstError
from .._runtime import trio
from .._types.errors import AllFailedError
from .jobs import Job, Outcome, check_jobs, checked_job, run_job

if TYPE_CHECKING:
    from .._engine.events import Activity, Kind


Accept: TypeAlias = Callable[[Any], bool | Awaitable[bool]]
"""Whether a response will do. What it raises ends the whole."""
Cadence: TypeAlias = "Callable[[trio.Event], Awaitable[bool]]"
"""Waits until the next call may start, and says whether there is to be one. The event: the last call has ended."""


async def race(engine: Engine, jobs: Iterable[Job], *, accept: Accept | None) -> Outcome:
    """The outcome of the first job whose response is accepted; see `Client.race`."""
    return await Contest(engine, jobs, accept).run("race", _at_once)


async def _at_once(_ended: trio.Event) -> bool:
    await trio.lowlevel.checkpoint()
    return True


class Contest:
    """Calls of which one wins. Who runs it says at what pace they start."""

    def __init__(self, engine: Engine, jobs: Iterable[Job], accept: Accept | None) -> None:
        check_jobs(jobs)
        judge: object = accept
        if judge is not None and not callable(judge):
            raise TypeError(f"accept must be a function of the response, not {type(judge).__name__}")
        self.outcomes = [Outcome(index, checked_job(job)) for index, job in enumerate(jobs)]
        if not self.outcomes:
            raise ValueError("there is nothing to choose from: no jobs")
        self._engine = engine
        self._accept = accept
        self._winner: Outcome | None = None
        self._failure = FirstError()
        self._began = trio.current_time()
        self._group: Activity | None = None

    async def run(self, kind: Kind, pace: Cadence) -> Outcome:
        """The winner's outcome, once all others have ended. `kind` is what observers know the contest as.

        Raises:
            AllFailedError: if there is no winner.
        """
        await trio.lowlevel.checkpoint()  # before anything is sent: none comes between the winner and who waits for it
        with group_of(self._engine.watch, kind) as self._group:
            async with BareNursery() as nursery:
                for outcome in self.outcomes:
                    ended = trio.Event()
                    nursery.start_soon(self._enter, outcome, ended, nursery.cancel_scope)
                    if not await pace(ended):
                        break
        self._failure.raise_once()
        if self._winner is None:
            raise self._nobody()
        self._winner.others = tuple(outcome for outcome in self.outcomes if outcome is not self._winner)
        return self._winner

    async def _enter(self, outcome: Outcome, ended: trio.Event, contest: trio.CancelScope) -> None:
        await run_job(self._engine, outcome, self._began, group=self._group)
        if outcome.status == "ok" and await self._accepts(outcome, contest) and self._winner is None:
            self._winner = outcome
            if self._group is not None and self._engine.watch is not None:
                self._engine.watch.won(self._group, outcome.index)
            contest.cancel(reason="another call has won")
        ended.set()

    async def _accepts(self, outcome: Outcome, contest: trio.CancelScope) -> bool:
        await trio.lowlevel.checkpoint_if_cancelled()
        if self._accept is None:
            outcome.accepted = True
            return True
        try:
            answer = self._accept(outcome.response)
            outcome.accepted = bool(await answer if isawaitable(answer) else answer)
        except Exception as error:  # noqa: BLE001 - raised once all have ended
            self._failure.note(error)
            contest.cancel(reason="the judge failed")
            return False
        return outcome.accepted

    def _nobody(self) -> AllFailedError:
        entered = tuple(outcome for outcome in self.outcomes if outcome.timings.ended is not None)
        reasons = "; ".join(_reason(outcome) for outcome in entered)
        error = AllFailedError(f"none of {len(entered)} calls won: {reasons}", entered)
        error.__cause__ = next((outcome.error for outcome in entered if outcome.error is not None), None)
        return error


def _reason(outcome: Outcome) -> str:
    if outcome.error is None:
        return "response not accepted"
    return str(outcome.error) or type(outcome.error).__name__
