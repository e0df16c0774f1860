"""Cancelling on Trio: an instrument counts steps and pauses, and cancels a scope at one of them.

Moments count from when the scenario's scope is opened until it is closed. Steps are those of its own tasks: tasks that
were there before, and their children, are not its own. A pause is one of the whole run. At the wanted moment the scope
is cancelled, once. What is left when the scenario has ended, of its own tasks or of the system's, is a stray.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import trio
import trio.testing

from ._trial import Canceller, Trial, TrialEnd, Undisturbed, run_trial


class _Counter(trio.abc.Instrument):
    """Counts moments of the scenario, and cancels its scope at one of them."""

    def __init__(self, step: int | None) -> None:
        self._step = step
        self._count = 0
        self._scope: trio.CancelScope | None = None
        self._root: trio.lowlevel.Task | None = None
        self._known: set[trio.lowlevel.Task] = set()
        self._runnable: set[trio.lowlevel.Task] = set()
        self.cancelled = False

    async def disturb(self, scenario: Undisturbed) -> TrialEnd:
        """Run the scenario in a scope of its own."""
        error: Exception | None = None
        self._known = set(_running_tasks())
        self._root = trio.lowlevel.current_task()
        try:
            with trio.CancelScope() as self._scope:
                await scenario()
        except Exception as raised:  # noqa: BLE001  # handed on in the result
            error = raised
        finally:
            self._scope = None
        await trio.lowlevel.checkpoint()
        return TrialEnd(self.cancelled, error=error)

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        self._runnable.add(task)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._runnable.discard(task)

    def strays(self) -> set[trio.lowlevel.Task]:
        """New tasks of the scenario's and of the system's; a server in the context may have new ones too."""
        system = trio.lowlevel.current_root_task()
        return {task for task in _running_tasks() if self._guardian(task) in (self._root, system)} - self._known

    def _guardian(self, task: trio.lowlevel.Task) -> trio.lowlevel.Task:
        """The nearest ancestor that was there before the scenario."""
        while task not in self._known and task.parent_nursery is not None:
            task = task.parent_nursery.parent_task
        return task

    def is_ours(self, task: trio.lowlevel.Task) -> bool:
        """Whether a task belongs to the scenario."""
        while task is not self._root:
            if task.parent_nursery is None:
                return False
            task = task.parent_nursery.parent_task
        return True

    def pass_moment(self, cancel: Callable[[trio.CancelScope], object]) -> None:
        """One more moment at which the scenario may be cancelled."""
        if self._scope is None:
            return
        self._count += 1
        if self._count == self._step:
            self.cancelled = True
            cancel(self._scope)


class _StepCounter(_Counter):
    """Every step of every task of the scenario."""

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        super().before_task_step(task)
        if self.is_ours(task):
            self.pass_moment(lambda scope: scope.cancel(reason="cancel_at_every_step"))


class _PauseCounter(_Counter):
    """Every pause in which all tasks wait for something from outside, or for time to pass."""

    def before_io_wait(self, timeout: float) -> None:
        del timeout  # it is 0 in virtual time
        if not self._runnable:
            # From within, the wait that is about to begin would not notice.
            token = trio.lowlevel.current_trio_token()
            self.pass_moment(lambda scope: token.run_sync_soon(scope.cancel))


def _run(counter_class: type[_Counter], trial: Trial, step: int | None) -> TrialEnd:
    counter = counter_class(step)
    threshold = trial.autojump_threshold
    clock = None if threshold is None else trio.testing.MockClock(autojump_threshold=threshold)
    return trio.run(run_trial, trial, counter.disturb, counter.strays, clock=clock, instruments=[counter])


def _running_tasks() -> Iterator[trio.lowlevel.Task]:
    root = trio.lowlevel.current_root_task()
    assert root is not None
    unseen = [root]
    while unseen:
        task = unseen.pop()
        yield task
        unseen += [child for nursery in task.child_nurseries for child in nursery.child_tasks]


TRIO_CANCELLERS: Final = (
    Canceller("trio, at a step", partial(_run, _StepCounter)),
    Canceller("trio, in a pause", partial(_run, _PauseCounter)),
)
