"""One run of a scenario under a canceller, and the examination after it; the same on both event loops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeAlias

import attrs

from .._runtime import trio
from ._leaks import held

Scenario: TypeAlias = Callable[..., Awaitable[object]]
Undisturbed: TypeAlias = Callable[[], Awaitable[object]]

_PATIENCE: Final = 20
"""Turns of the event loop that finalisers and closing sockets get."""
_NEXT_CALL_LIMIT: Final = 5.0


@attrs.frozen
class Trial:
    """What is run."""

    scenario: Scenario
    open_context: Callable[[], AbstractAsyncContextManager[Any]]
    after: Scenario
    autojump_threshold: float | None


@attrs.frozen
class TrialEnd:
    """What came of a run."""

    cancelled: bool = False
    """Whether the step was reached."""
    problems: tuple[str, ...] = ()
    error: BaseException | None = None
    """What the scenario raised, other than its cancellation."""


@attrs.frozen
class Canceller:
    """One way of cancelling, on one event loop."""

    name: str
    run: Callable[[Trial, int | None], TrialEnd]
    """Runs a trial, cancelled at the given step, counted from 1, or never."""


async def run_trial(
    trial: Trial,
    disturb: Callable[[Undisturbed], Awaitable[TrialEnd]],
    strays: Callable[[], set[Any]],
) -> TrialEnd:
    """Open a context, let `disturb` run the scenario in it, and examine what is left.

    `strays` are the tasks that the scenario started and that still run.
    """
    async with trial.open_context() as context:
        end = await disturb(lambda: trial.scenario(context))
        left = await _left_after_a_while(context, strays)
        # A task that spins would keep virtual time, and so the limit of the next call, from passing.
        failed = [] if left or end.error else await _next_call(trial, context)
    return attrs.evolve(end, problems=(*end.problems, *left, *failed))


async def _left_after_a_while(context: object, strays: Callable[[], set[Any]]) -> list[str]:
    await trio.lowlevel.checkpoint()
    for _ in range(_PATIENCE):
        if not strays() and not [*held(context)]:
            return []
        await trio.lowlevel.checkpoint()
    return [*held(context), *(f"a task still runs: {task!r}" for task in strays())]


async def _next_call(trial: Trial, context: object) -> list[str]:
    await trio.lowlevel.checkpoint()
    try:
        with trio.fail_after(_NEXT_CALL_LIMIT):
            await trial.after(context)
    except trio.TooSlowError:
        return [f"the next call did not end within {_NEXT_CALL_LIMIT:g} s"]
    except Exception as error:  # noqa: BLE001  # whatever it is, the report names it
        return [f"the next call failed: {error!r}"]
    return []
