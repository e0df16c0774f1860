"""Cancelling on asyncio: coroutines driven through a wrapper that counts their steps.

The scenario is wrapped, and so is every task that it makes, and that those make. When one of them has done a step and
waits, that is one more moment. At the wanted one the scenario is cancelled, in the way that this canceller stands for.
What is left when the scenario has ended is a stray.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Final, TypeAlias
from weakref import WeakSet

import anyio

from ._trial import Canceller, Trial, TrialEnd, Undisturbed, run_trial
from ._virtual_time import VirtualTimeLoop

Awaited: TypeAlias = asyncio.Future[Any] | None
"""What a step that ended waits for; None if it only lets others run."""
Cancel: TypeAlias = Callable[["_Watch", Awaited], None]
"""Arranges the cancellation, at the end of a step."""


class _CountedCoroutine(Coroutine[Any, Any, Any]):
    """A coroutine that reports the end of each of its steps; else it looks like the one inside."""

    def __init__(self, inner: Coroutine[Any, Any, Any], watch: _Watch) -> None:
        self._inner = inner
        self._watch = watch

    def send(self, value: Any, /) -> Any:
        waits_for = self._inner.send(value)
        self._watch.pass_step(waits_for)
        return waits_for

    def throw(self, *error: Any) -> Any:
        waits_for = self._inner.throw(*error)
        self._watch.pass_step(waits_for)
        return waits_for

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._inner.__await__()

    def __getattr__(self, name: str) -> Any:  # anyio asks for cr_running and its like
        return getattr(self._inner, name)


class _Watch:
    """Counts the steps of the scenario's tasks, and cancels it after one of them."""

    def __init__(self, cancel: Cancel, step: int | None) -> None:
        self._cancel = cancel
        self._step = step
        self._count = 0
        # Weak, or errors that nobody retrieves would never be told of.
        self._tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._problems: list[str] = []
        self._root: asyncio.Task[Any] | None = None
        self._scope: anyio.CancelScope | None = None
        self.reached = False
        self.delivered = False

    async def run(self, trial: Trial) -> TrialEnd:
        """Run a trial in the running loop."""
        loop = asyncio.get_running_loop()
        loop.set_task_factory(self._make_task)
        loop.set_exception_handler(self._note_stray_error)
        end = await run_trial(trial, self._disturb, self._strays)
        return TrialEnd(end.cancelled, (*end.problems, *self._problems), end.error)

    async def _disturb(self, scenario: Undisturbed) -> TrialEnd:
        loop = asyncio.get_running_loop()
        self._root = asyncio.Task(_CountedCoroutine(self._scoped(scenario), self), loop=loop)
        self._tasks.add(self._root)
        await asyncio.wait([self._root])
        if self._root.cancelled():
            return TrialEnd(self.reached)
        error = self._root.exception()
        swallowed = self.delivered and error is None
        problems = ("the cancellation was swallowed: the scenario went on to its end",) if swallowed else ()
        return TrialEnd(self.reached, problems, error)

    def _strays(self) -> set[asyncio.Task[Any]]:
        return {task for task in self._tasks if not task.done()}

    async def _scoped(self, scenario: Undisturbed) -> None:
        with anyio.CancelScope() as self._scope:
            await scenario()

    def _make_task(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> asyncio.Task[Any]:
        creator = asyncio.current_task(loop)
        task = asyncio.Task(_CountedCoroutine(coro, self) if creator in self._tasks else coro, loop=loop, **options)
        # Nobody's tasks are those that finalise the scenario's generators.
        if creator is None or creator in self._tasks:
            self._tasks.add(task)
        return task

    def _note_stray_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._problems.append(f"{context['message']}: {context.get('exception')!r}")

    def pass_step(self, waits_for: Awaited) -> None:
        """A step of one of the tasks ended, and the task waits."""
        if self._root is None or self._root.done():
            return
        self._count += 1
        if self._count == self._step:
            self.reached = True
            self._cancel(self, waits_for)

    def cancel_scope(self) -> None:
        """The anyio scope around the scenario."""
        assert self._scope is not None
        self._scope.cancel(reason="cancel_at_every_step")

    def cancel_root(self) -> None:
        """`task.cancel()`, as from outside."""
        assert self._root is not None
        self.delivered = self._root.cancel() or self.delivered


def _cancel_scope(watch: _Watch, _waits_for: Awaited) -> None:
    asyncio.get_running_loop().call_soon(watch.cancel_scope)


def _cancel_waiting(watch: _Watch, _waits_for: Awaited) -> None:
    asyncio.get_running_loop().call_soon(watch.cancel_root)


def _cancel_served(watch: _Watch, waits_for: Awaited) -> None:
    """Just before the task gets what it waited for: asyncio then drops it and throws in its place."""
    if waits_for is not None:
        waits_for.add_done_callback(lambda _: watch.cancel_root())
    else:
        watch.cancel_root()


def _cancel_twice(watch: _Watch, _waits_for: Awaited) -> None:
    loop = asyncio.get_running_loop()

    def cancel_and_again() -> None:
        watch.cancel_root()
        loop.call_soon(watch.cancel_root)

    loop.call_soon(cancel_and_again)


def _run(cancel: Cancel, trial: Trial, step: int | None) -> TrialEnd:
    threshold = trial.autojump_threshold
    make_loop = asyncio.SelectorEventLoop if threshold is None else partial(VirtualTimeLoop, threshold)
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(_Watch(cancel, step).run(trial))


ASYNCIO_CANCELLERS: Final = (
    Canceller("asyncio, anyio scope", partial(_run, _cancel_scope)),
    Canceller("asyncio, task.cancel() while waiting", partial(_run, _cancel_waiting)),
    Canceller("asyncio, task.cancel() as the wait ends", partial(_run, _cancel_served)),
    Canceller("asyncio, two task.cancel()", partial(_run, _cancel_twice)),
)
