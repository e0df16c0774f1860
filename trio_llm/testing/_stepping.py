"""An event loop that is driven from outside, one function after the other, in virtual time and on this thread.

`run` hands a function to a task of the loop and turns the loop until it has returned and every other task waits. Then
the loop stands still, and its clock with it: what was started stays as it is until the next `run`. On Trio that is its
guest mode, whose host is `run` itself; on asyncio it is `run_until_complete`, time and again. So synchronous tests, and
state machines above all, can keep a client and its streams from one step to the next.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from queue import SimpleQueue
from typing import Any, Final, Protocol, TypeVar, TypeVarTuple

import outcome
import trio as real_trio  # noqa: ASYNC106  # the loops themselves are driven here
import trio.testing as trio_testing

from .._runtime import trio
from ._virtual_time import Backend, VirtualTimeLoop

ArgsT = TypeVarTuple("ArgsT")
T = TypeVar("T")

_PATIENCE: Final = 10 * 365 * 86_400.0
"""Virtual seconds after which what still waits waits for ever."""
_TURNS: Final = 10
"""Turns of asyncio's loop in which tasks come to rest; Trio says so itself."""


class DeadlockError(AssertionError):
    """A function that was run in virtual time waits for what will never happen.

    Example:
        with pytest.raises(DeadlockError):
            loop.run(trio.sleep_forever)
    """


class _Host(Protocol):
    """What turns the loop."""

    def run(self, job: _Job) -> None:
        """Turn it until the job is done."""

    async def begin(self) -> None:
        """In the loop: from now on time may pass."""

    async def settle(self) -> None:
        """In the loop: from now on it stands still. Let the other tasks get on until they wait."""

    def close(self) -> None:
        """Turn it to its end."""


class _Job:
    """One function on its way through the loop."""

    def __init__(self, function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> None:
        self.function = function
        self.args = args
        self.result: outcome.Outcome[Any] | None = None
        self.on_end: Callable[[], object] = int


class SteppedLoop:
    """A run of Trio or asyncio in virtual time that lives from one `run` to the next. Use it as a `with` block.

    with SteppedLoop() as loop:
        client = Client(transport=Simulator())
        stream = loop.run(open_stream, client)
        loop.sleep(60)
        loop.run(stream.aclose)
    """

    def __init__(self, backend: Backend = "trio") -> None:
        self._host: _Host = _TrioHost(self._main) if backend == "trio" else _AsyncioHost(self._main)
        self._nursery: trio.Nursery | None = None
        self._waiting: _Job | None = None
        self._failed: list[Exception] = []
        self._is_closed = False

    def run(self, function: Callable[[*ArgsT], Awaitable[T]], *args: *ArgsT) -> T:
        """What an async function returns, or raises. Time passes only while it waits.

        Raises:
            DeadlockError: if it waits for ever.
        """
        job = self._waiting = _Job(function, args)
        self._host.run(job)
        assert job.result is not None
        result: T = job.result.unwrap()
        return result

    def start(self, function: Callable[[*ArgsT], Awaitable[object]], *args: *ArgsT) -> StartedTask:
        """Let an async function run beside what comes; it gets on whenever the loop turns.

        Its errors are raised by `close`.
        """
        return StartedTask(self, self.run(self._begin, function, args))

    async def _begin(self, function: Callable[..., Awaitable[object]], args: tuple[Any, ...]) -> trio.CancelScope:
        assert self._nursery is not None
        scope = trio.CancelScope()
        self._nursery.start_soon(self._within, scope, function, args)
        await trio.lowlevel.checkpoint()
        return scope

    async def _within(  # noqa: ASYNC910  # the function has it
        self, scope: trio.CancelScope, function: Callable[..., Awaitable[object]], args: tuple[Any, ...]
    ) -> None:
        try:
            with scope:
                await function(*args)
        except Exception as error:  # noqa: BLE001  # `close` raises it
            self._failed.append(error)

    def sleep(self, seconds: float) -> None:
        """Let time pass; what waits for it happens."""
        self.run(_sleep, seconds)

    @property
    def now(self) -> float:
        """The loop's clock, in seconds."""
        return self.run(_now)

    async def _main(self) -> None:
        async with trio.open_nursery() as self._nursery:
            while not self._is_closed:
                # No event is waited for: a loop with nothing to do would wait for the network, on Trio in a thread.
                await trio.lowlevel.checkpoint()
                job, self._waiting = self._waiting, None
                if job is not None:
                    await self._host.begin()
                    result = await _finished(job)
                    await self._host.settle()
                    job.result = result
                    job.on_end()
            self._nursery.cancel_scope.cancel()

    def close(self) -> None:
        """End every task. Idempotent.

        Raises:
            ExceptionGroup: what tasks raised that were started.
        """
        if not self._is_closed:
            self._is_closed = True
            self._host.close()
        if self._failed:
            failed, self._failed = self._failed, []
            raise ExceptionGroup("tasks that were started have failed", failed)

    def __enter__(self) -> SteppedLoop:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class StartedTask:
    """A task of a `SteppedLoop`.

    Example:
        task = loop.start(my_worker)
        loop.sleep(60)
        task.cancel()
    """

    def __init__(self, loop: SteppedLoop, scope: trio.CancelScope) -> None:
        self._loop = loop
        self._scope = scope

    def cancel(self) -> None:
        """Cancel it, and let it end."""
        self._loop.run(_cancel, self._scope)


async def _cancel(scope: trio.CancelScope) -> None:
    scope.cancel()
    await trio.lowlevel.checkpoint()


async def _sleep(seconds: float) -> None:
    await trio.sleep(seconds)


async def _now() -> float:
    await trio.lowlevel.checkpoint()
    return trio.current_time()


async def _finished(job: _Job) -> outcome.Outcome[Any]:
    result: outcome.Outcome[Any]
    try:
        with trio.fail_after(_PATIENCE) as scope:
            result = outcome.Value(await job.function(*job.args))
    except trio.TooSlowError as error:
        result = outcome.Error(DeadlockError("it waits for what never happens") if scope.cancelled_caught else error)
    except Exception as error:  # noqa: BLE001  # whoever runs it gets it
        result = outcome.Error(error)
    await trio.lowlevel.checkpoint()
    return result


class _TrioHost:
    def __init__(self, main: Callable[[], Awaitable[None]]) -> None:
        self._callbacks: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        self._clock = trio_testing.MockClock()
        self._ended: outcome.Outcome[Any] | None = None
        real_trio.lowlevel.start_guest_run(
            main,
            run_sync_soon_threadsafe=self._callbacks.put,
            run_sync_soon_not_threadsafe=self._callbacks.put,
            done_callback=self._note_end,
            clock=self._clock,
        )

    def _note_end(self, ended: outcome.Outcome[Any]) -> None:
        self._ended = ended

    def run(self, job: _Job) -> None:
        self._turn_until(lambda: job.result is not None)

    async def begin(self) -> None:
        self._clock.autojump_threshold = 0.0
        await real_trio.lowlevel.checkpoint()

    async def settle(self) -> None:
        self._clock.autojump_threshold = math.inf
        await trio_testing.wait_all_tasks_blocked()

    def _turn_until(self, done: Callable[[], bool]) -> None:
        while self._ended is None and not done():
            self._callbacks.get()()

    def close(self) -> None:
        self._turn_until(lambda: False)
        assert self._ended is not None
        self._ended.unwrap()


class _AsyncioHost:
    def __init__(self, main: Callable[[], Awaitable[None]]) -> None:
        self._runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self._main = self._runner.get_loop().create_task(_awaited(main))

    def run(self, job: _Job) -> None:
        loop = self._runner.get_loop()
        done = loop.create_future()
        job.on_end = lambda: done.set_result(None)
        loop.run_until_complete(done)

    async def begin(self) -> None:
        await asyncio.sleep(0)

    async def settle(self) -> None:  # noqa: ASYNC910
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    def close(self) -> None:
        try:
            self._runner.get_loop().run_until_complete(self._main)
        finally:
            self._runner.close()


async def _awaited(main: Callable[[], Awaitable[None]]) -> None:
    await main()
