"""A run in virtual time of which somebody sees every step.

A step is what happens between two moments at which another task may run: on Trio a task goes on until it next gives
way, told by an instrument; on asyncio the loop calls one callback, which is a step of a task or the end of a wait, told
by a loop that passes on every callback that it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from functools import partial
from typing import Any, TypeVar, TypeVarTuple

import trio
import trio.testing

from ._virtual_time import Backend, VirtualTimeLoop

ArgsT = TypeVarTuple("ArgsT")
T = TypeVar("T")


def run_step_by_step(
    main: Callable[[], Coroutine[Any, Any, T]], backend: Backend, after_step: Callable[[], object]
) -> T:
    """What `run_in_virtual_time` does; `after_step` is called after every step, and must not raise."""
    if backend == "trio":
        return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0), instruments=[_AfterSteps(after_step)])
    with asyncio.Runner(loop_factory=partial(_StepwiseLoop, after_step)) as runner:
        return runner.run(main())


class _AfterSteps(trio.abc.Instrument):
    def __init__(self, after_step: Callable[[], object]) -> None:
        self._after_step = after_step

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self._after_step()


class _StepwiseLoop(VirtualTimeLoop):
    def __init__(self, after_step: Callable[[], object]) -> None:
        super().__init__()
        self._after_step = after_step

    def call_soon(
        self, callback: Callable[[*ArgsT], object], *args: *ArgsT, context: Context | None = None
    ) -> asyncio.Handle:
        """Every step of a task comes this way."""
        return super().call_soon(self._step, callback, args, context=context)

    def _step(self, callback: Callable[..., object], args: tuple[Any, ...]) -> None:
        callback(*args)
        self._after_step()
