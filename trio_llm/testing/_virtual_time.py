"""Time that passes only where everything waits, on Trio and on asyncio.

On Trio that is its `MockClock`. On asyncio the loop's clock stands still while any task can go on. When the loop would
sleep until its next timer, the selector looks for events, and jumps to the timer if there is none.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, Literal, TypeAlias, TypeVar, TypeVarTuple

import trio
import trio.testing

ArgsT = TypeVarTuple("ArgsT")
T = TypeVar("T")
Backend: TypeAlias = Literal["trio", "asyncio"]
_RESOLUTION: Final = time.get_clock_info("monotonic").resolution
"""Seconds by which asyncio takes a timer for due before its time. After some virtual months they are nothing."""


def run_in_virtual_time(
    async_fn: Callable[[*ArgsT], Coroutine[Any, Any, T]], *args: *ArgsT, backend: Backend = "trio"
) -> T:
    """Run an async function with a clock that jumps to the next timeout when every task waits.

    Hours of waiting take milliseconds, and the same program gives the same times on every run. Meant for a
    `Simulator` in memory: with real sockets or threads the clock would jump while their work is under way.

        async def main() -> float:
            async with Client(transport=Simulator(Reply(latency=3600))) as client:
                await client.completion(model="openai/any", messages=[{"role": "user", "content": "Hi"}])
            return trio.current_time()

        run_in_virtual_time(main)
    """
    if backend == "trio":
        return trio.run(async_fn, *args, clock=trio.testing.MockClock(autojump_threshold=0))
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(async_fn(*args))


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """asyncio's counterpart of Trio's `MockClock`: time stands still, and jumps when nothing else can happen."""

    def __init__(self, autojump_threshold: float = 0.0) -> None:
        """Jump after so many real seconds in which nothing happened."""
        self._jumping = _JumpingSelector(autojump_threshold)
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._jumping.now


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.now = 0.0
        self._threshold = threshold

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(self._threshold)
        if not events:
            self.now += timeout
            if self.now + _RESOLUTION == self.now:  # the loop would find the timer due, and not yet due
                self.now = math.nextafter(self.now, math.inf)
        return events
