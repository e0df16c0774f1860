"""Who runs first: the order in which tasks that could all go on are stepped, chosen in place of left to chance.

Trio shuffles each batch of runnable tasks; while `trio_order` is in force, the order is chosen. asyncio steps tasks in
the order in which they were woken; there a woken task may be held back for some turns of the loop, which is what a
little more work elsewhere would do. A `Chooser` makes the choices: 0 is always the plain order, so that a list of
choices with many zeros is a schedule with few surprises, and one without an end goes on plainly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, Final

import attrs
import trio

_MOST_TURNS: Final = 3
"""Turns for which a task of asyncio's is held back at most."""


@attrs.frozen
class Choice:
    """One choice that was made."""

    taken: int
    """0 is the plain order."""
    told: str
    """What it meant."""


class Chooser:
    """Makes choices: those it was given, then by chance, or else plain ones. Remembers them."""

    def __init__(self, given: Sequence[int] = (), random: Random | None = None, rate: float = 0.0) -> None:
        """`rate` is the share of choices by chance that are not plain."""
        self._given = given
        self._random = random
        self._rate = rate
        self.made: list[Choice] = []

    def choose(self, options: int, tell: Callable[[int], str]) -> int:
        """One of the numbers below `options`."""
        place = len(self.made)
        if place < len(self._given):
            taken = min(self._given[place], options - 1)
        elif self._random is not None and self._random.random() < self._rate:
            taken = self._random.randrange(options)
        else:
            taken = 0
        self.made.append(Choice(taken, tell(taken) if taken else ""))
        return taken

    def order(self, tasks: list[trio.lowlevel.Task]) -> None:
        """Put a batch of Trio's in order; Trio steps it from its end."""
        waiting, chosen = list(tasks), list[trio.lowlevel.Task]()
        while len(waiting) > 1:
            names = [_short(task.name) for task in waiting]
            taken = self.choose(len(waiting), lambda one, names=names: f"{names[one]} went before {names[0]}")  # type: ignore[misc]
            chosen.append(waiting.pop(taken))
        tasks[:] = [*waiting, *reversed(chosen)]


def _short(name: str) -> str:
    return name.rpartition(".")[2]


class _Order:
    """What Trio takes for its random numbers."""

    def __init__(self, shuffle: Callable[[list[trio.lowlevel.Task]], None]) -> None:
        self.shuffle = shuffle
        self.uniform = Random(0).uniform


@contextmanager
def trio_order(shuffle: Callable[[list[trio.lowlevel.Task]], None]) -> Iterator[None]:
    """Runs of Trio that begin in the block step their tasks in the order that `shuffle` puts each batch in.

    It gets the batch in the order in which the tasks were made. Source: `trio._core._run`, which has these two names
    for pytest-trio and Hypothesis; as of Trio 0.35.
    """
    import trio._core._run as core

    before = core._ALLOW_DETERMINISTIC_SCHEDULING, core._r
    core._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc]
    core._r = _Order(shuffle)  # type: ignore[assignment]
    try:
        yield
    finally:
        core._ALLOW_DETERMINISTIC_SCHEDULING, core._r = before  # type: ignore[misc]


def oldest_first(tasks: list[trio.lowlevel.Task]) -> None:
    """The plain order: always the same for the same program."""
    tasks.reverse()


class HeldBack(Coroutine[Any, Any, Any]):
    """A coroutine that may go on some turns later than it could."""

    def __init__(self, inner: Coroutine[Any, Any, Any], chooser: Chooser) -> None:
        self._inner = inner
        self._chooser = chooser
        self._turns = 0
        self._value: Any = None

    def send(self, value: Any, /) -> Any:
        if self._turns == 0:
            self._value = value
            name = _short(getattr(self._inner, "__qualname__", "a task"))
            self._turns = 1 + self._chooser.choose(_MOST_TURNS, lambda turns: f"{name} went on {turns} turns later")
        self._turns -= 1
        return self._inner.send(self._value) if self._turns == 0 else None

    def throw(self, *error: Any) -> Any:
        self._turns = 0
        return self._inner.throw(*error)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()

    def __getattr__(self, name: str) -> Any:  # anyio asks for cr_running and its like
        return getattr(self._inner, name)


def hold_back(loop: asyncio.AbstractEventLoop, chooser: Chooser) -> None:
    """From now on, tasks of a loop are held back where the chooser says so."""

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        wrapped = HeldBack(coroutine, chooser) if asyncio.iscoroutine(coroutine) else coroutine
        return asyncio.Task(wrapped, loop=loop, **options)

    loop.set_task_factory(make)
