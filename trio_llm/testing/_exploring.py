"""The same scenario under many schedules, and the shortest that makes it fail.

A schedule is a list of choices, 0 for the plain one; past its end all are plain. Schedules are drawn until one fails.
Then stretches of it are made plain: halves, then quarters, and so on down to single choices. One that still fails in
the same way takes its place. The search is given so many runs. Every run begins the scenario anew, in its own loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Final

import attrs
import trio
import trio.testing

from ._scheduling import Choice, Chooser, hold_back, trio_order
from ._virtual_time import Backend, VirtualTimeLoop

_RATES: Final = (0.1, 0.5, 1.0)
"""Shares of choices that are not plain: a few surprises are found by the first, a mess by the last."""
_MOST_TRIES: Final = 400
"""Runs that the search for the shortest schedule may take."""

Scenario = Callable[[], Awaitable[object]]


@attrs.frozen
class ScheduleReport:
    """How a scenario was run.

    Example:
        report = explore_schedules(scenario)
        assert report.different["trio"] > 20
    """

    runs: int
    different: Mapping[str, int]
    """Schedules that differed, by event loop."""


class ScheduleError(AssertionError):
    """A scenario fails under some order of its tasks. What it raised is the cause.

    Example:
        with pytest.raises(ScheduleError) as caught:
            explore_schedules(lost_update)
        explore_schedules(lost_update, schedules=[caught.value.schedule])  # the same again
    """

    def __init__(self, backend: Backend, schedule: Sequence[int], told: Sequence[str], error: BaseException) -> None:
        super().__init__(backend, schedule, told, error)
        self.backend = backend
        """The event loop."""
        self.schedule: tuple[int, ...] = tuple(schedule)
        """The choices, to be given to `explore_schedules` again; 0 is the plain order."""
        self.told: tuple[str, ...] = tuple(told)
        """What those that are not plain meant, in order."""
        self.error = error

    def __str__(self) -> str:
        when = "; then ".join(self.told) if self.told else "every task went in its plain order"
        return f"{self.error!r} on {self.backend}, where {when} (schedule {list(self.schedule)})"


def explore_schedules(
    scenario: Scenario,
    *,
    runs: int = 100,
    seed: int = 0,
    backends: Sequence[Backend] = ("trio", "asyncio"),
    schedules: Sequence[Sequence[int]] = (),
) -> ScheduleReport:
    """Run a scenario under many orders of its tasks, in virtual time; of those that fail, tell the shortest.

        async def scenario() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(deposit, account)
                nursery.start_soon(deposit, account)
            assert account.balance == 2

        def test_deposits_add_up() -> None:
            explore_schedules(scenario)

    On Trio any task that could go on may go first. On asyncio a task that was woken may be held back for some turns.

    Args:
        scenario: an async function without arguments, which begins anew each time.
        runs: schedules to try on each loop, the plain one first.
        seed: the same seed tries the same schedules.
        backends: the event loops.
        schedules: schedules to try before, such as that of a `ScheduleError`.

    Raises:
        ScheduleError: with the schedule that has the fewest surprises of those with which it fails in the same way.
    """
    different: dict[str, int] = {}
    for backend in backends:
        seen: set[tuple[int, ...]] = set()
        for chooser in _choosers(runs, seed, schedules):
            error = _error_of(scenario, backend, chooser)
            if error is not None:
                raise _shortest(scenario, backend, chooser, error) from error
            seen.add(tuple(choice.taken for choice in chooser.made))
        different[backend] = len(seen)
    return ScheduleReport(len(backends) * (runs + len(schedules)), different)


def _choosers(runs: int, seed: int, schedules: Sequence[Sequence[int]]) -> Iterator[Chooser]:
    for schedule in schedules:
        yield Chooser(schedule)
    yield Chooser()
    for number in range(1, runs):
        yield Chooser((), Random(f"{seed}:{number}"), _RATES[number % len(_RATES)])


def _error_of(scenario: Scenario, backend: Backend, chooser: Chooser) -> Exception | None:
    try:
        _run(scenario, backend, chooser)
    except Exception as error:  # noqa: BLE001  # the report names it
        return error
    return None


def _run(scenario: Scenario, backend: Backend, chooser: Chooser) -> None:
    if backend == "trio":
        with trio_order(chooser.order):
            trio.run(scenario, clock=trio.testing.MockClock(autojump_threshold=0))
        return
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        hold_back(runner.get_loop(), chooser)
        runner.run(_awaited(scenario))


async def _awaited(scenario: Scenario) -> None:
    await scenario()


def _shortest(scenario: Scenario, backend: Backend, chooser: Chooser, error: Exception) -> ScheduleError:
    """Leave out surprises, many at a time and then one by one, while it fails in the same way."""
    search = _Search(scenario, backend, _kind(error))
    best, made = _stripped([choice.taken for choice in chooser.made]), chooser.made
    size = max(1, len(best) // 2)
    while size:
        for start in range(0, len(best), size):
            trial = [*best[:start], *[0] * len(best[start : start + size]), *best[start + size :]]
            if trial != best and (found := search.fails(trial)) is not None:
                best, made, error = trial, *found
        size = size // 2
    return ScheduleError(backend, _stripped(best), [choice.told for choice in made if choice.taken], error)


def _stripped(schedule: Sequence[int]) -> list[int]:
    end = max((place + 1 for place, taken in enumerate(schedule) if taken), default=0)
    return list(schedule[:end])


def _kind(error: BaseException) -> object:
    """What makes two failures the same: the classes of the errors inside."""
    if isinstance(error, BaseExceptionGroup):
        return frozenset(_kind(inner) for inner in error.exceptions)
    return type(error)


class _Search:
    """Tries of schedules, of which there may be so many."""

    def __init__(self, scenario: Scenario, backend: Backend, kind: object) -> None:
        self._scenario = scenario
        self._backend: Backend = backend
        self._kind = kind
        self._tries = _MOST_TRIES

    def fails(self, schedule: Sequence[int]) -> tuple[list[Choice], Exception] | None:
        """The choices and the error, if it fails in the same way."""
        if self._tries == 0:
            return None
        self._tries -= 1
        chooser = Chooser(schedule)
        error = _error_of(self._scenario, self._backend, chooser)
        return (chooser.made, error) if error is not None and _kind(error) == self._kind else None
