"""Trio's names in a run of asyncio, built on anyio. The engine's vocabulary and no more.

Differences from Trio that code under both loops has to know:

- `move_on_after` and `fail_after` count from their call, not from their `with`.
- Free locks, semaphores and limiters are taken without giving way to other tasks.
- A memory channel that is dropped unclosed warns.
- Nothing shields against a second `task.cancel()` from outside.
"""

from __future__ import annotations

import asyncio
import math
from asyncio import CancelledError as Cancelled
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import SimpleNamespace, TracebackType
from typing import NoReturn

import anyio
import anyio.abc
import anyio.lowlevel
from anyio import (
    BrokenResourceError,
    CancelScope,
    ClosedResourceError,
    Condition,
    EndOfStream as EndOfChannel,
    Event,
    WouldBlock,
    create_memory_object_stream as open_memory_channel,
    create_task_group,
    current_effective_deadline,
    to_thread,
)
from trio import TASK_STATUS_IGNORED, BusyResourceError, TaskStatus, TooSlowError, abc

from .run_var import RunVar

__all__ = [
    "TASK_STATUS_IGNORED",
    "BrokenResourceError",
    "BusyResourceError",
    "CancelScope",
    "Cancelled",
    "CapacityLimiter",
    "ClosedResourceError",
    "Condition",
    "EndOfChannel",
    "Event",
    "Lock",
    "Semaphore",
    "TaskStatus",
    "TooSlowError",
    "WouldBlock",
    "abc",
    "current_effective_deadline",
    "current_time",
    "fail_after",
    "fail_at",
    "lowlevel",
    "move_on_after",
    "move_on_at",
    "open_memory_channel",
    "open_nursery",
    "sleep",
    "sleep_forever",
    "sleep_until",
    "to_thread",
]

Lock = partial(anyio.Lock, fast_acquire=True)
Semaphore = partial(anyio.Semaphore, fast_acquire=True)

lowlevel = SimpleNamespace(
    RunVar=RunVar,
    cancel_shielded_checkpoint=anyio.lowlevel.cancel_shielded_checkpoint,
    checkpoint=anyio.lowlevel.checkpoint,
    checkpoint_if_cancelled=anyio.lowlevel.checkpoint_if_cancelled,
    current_clock=lambda: SimpleNamespace(current_time=asyncio.get_running_loop().time),
    current_trio_token=asyncio.get_running_loop,  # one for each run, as Trio's is
)


class open_nursery:
    """A task group that loses no `task.cancel()` of the task that waits for its end.

    Where a child has failed meanwhile, anyio raises that error alone, and a cancellation from outside is forgotten: a
    program that catches the error would run on, as if `asyncio.timeout` or whoever cancelled it had said nothing. So
    the task is cancelled anew, which it notices when it waits next. A scope that was cancelled needs no such help.
    """

    def __init__(self) -> None:
        self._group = create_task_group()

    async def __aenter__(self) -> anyio.abc.TaskGroup:
        return await self._group.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        task = asyncio.current_task()
        assert task is not None
        requests = task.cancelling()
        try:
            return await self._group.__aexit__(kind, error, traceback)  # noqa: ASYNC102 - it waits for its tasks
        except Cancelled:
            raise
        except BaseException:
            if task.cancelling() > requests and current_effective_deadline() != -math.inf:
                task.uncancel()
                task.cancel()
            raise


def current_time() -> float:
    """The clock of the running loop, in seconds."""
    return asyncio.get_running_loop().time()


def move_on_at(deadline: float, *, shield: bool = False) -> CancelScope:
    """A scope that is cancelled at `deadline`."""
    return CancelScope(deadline=deadline, shield=shield)


def move_on_after(seconds: float, *, shield: bool = False) -> CancelScope:
    """A scope that is cancelled `seconds` from now."""
    return CancelScope(deadline=current_time() + _duration(seconds), shield=shield)


@contextmanager
def fail_at(deadline: float, *, shield: bool = False) -> Generator[CancelScope]:
    """Like `move_on_at`, and raises `TooSlowError` where that moves on."""
    with move_on_at(deadline, shield=shield) as scope:
        yield scope
    if scope.cancelled_caught:
        raise TooSlowError


def fail_after(seconds: float, *, shield: bool = False) -> AbstractContextManager[CancelScope]:
    """Like `move_on_after`, and raises `TooSlowError` where that moves on."""
    return fail_at(current_time() + _duration(seconds), shield=shield)


async def sleep(seconds: float) -> None:
    """Pause this task; with 0 just give way to others."""
    if _duration(seconds) == math.inf:
        await sleep_forever()
    await asyncio.sleep(seconds)


async def sleep_until(deadline: float) -> None:
    """Pause this task until the clock shows `deadline`."""
    await sleep(max(0, deadline - current_time()))


async def sleep_forever() -> NoReturn:
    """Pause this task until it is cancelled."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nothing completes that future")


def _duration(seconds: float) -> float:
    if not seconds >= 0:
        raise ValueError("`seconds` must be non-negative and not NaN")
    return seconds


class CapacityLimiter:
    """anyio's limiter, without its checkpoint where a token is free (8 µs down to 2)."""

    __slots__ = (
        "_limiter",
        "acquire_nowait",
        "acquire_on_behalf_of_nowait",
        "release",
        "release_on_behalf_of",
        "statistics",
    )

    def __init__(self, total_tokens: float) -> None:
        limiter = self._limiter = anyio.CapacityLimiter(total_tokens)
        self.acquire_nowait = limiter.acquire_nowait
        self.acquire_on_behalf_of_nowait = limiter.acquire_on_behalf_of_nowait
        self.release = limiter.release
        self.release_on_behalf_of = limiter.release_on_behalf_of
        self.statistics = limiter.statistics

    @property
    def total_tokens(self) -> float:
        """How many tokens there are; may be changed while they are lent."""
        return self._limiter.total_tokens

    @total_tokens.setter
    def total_tokens(self, value: float) -> None:
        self._limiter.total_tokens = value

    @property
    def borrowed_tokens(self) -> int:
        """How many tokens are lent."""
        return self._limiter.borrowed_tokens

    @property
    def available_tokens(self) -> float:
        """How many tokens are free; negative after `total_tokens` was lowered below what is lent."""
        return self._limiter.available_tokens

    async def acquire(self) -> None:
        """Borrow a token for this task, waiting in line for it."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        try:
            self.acquire_nowait()
        except WouldBlock:
            await self._limiter.acquire()

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        """Borrow a token for any hashable object, waiting in line for it."""
        await anyio.lowlevel.checkpoint_if_cancelled()
        try:
            self.acquire_on_behalf_of_nowait(borrower)
        except WouldBlock:
            await self._limiter.acquire_on_behalf_of(borrower)

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, *_exc_info: object) -> None:
        self.release()
