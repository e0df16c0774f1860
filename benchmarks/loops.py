"""The few things that the two event loops spell differently, without a layer that would be measured as well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Loop(Protocol):
    """An event loop as the harness needs it."""

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a program."""

    async def all(self, worker: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
        """Run so many workers at the same time, to the end."""

    async def cancel_after(self, seconds: float, act: Callable[[], Awaitable[object]]) -> bool:
        """Act, and cancel it after some seconds. Returns whether that was necessary."""


class TrioLoop:
    """Trio."""

    def __init__(self) -> None:
        import trio

        self._trio = trio

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """See `Loop.run`."""
        return self._trio.run(main)

    async def all(self, worker: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
        """See `Loop.all`."""
        async with self._trio.open_nursery() as nursery:
            for _ in range(count):
                nursery.start_soon(worker)

    async def cancel_after(self, seconds: float, act: Callable[[], Awaitable[object]]) -> bool:
        """See `Loop.cancel_after`."""
        with self._trio.move_on_after(seconds) as scope:
            await act()
        return scope.cancelled_caught


class AsyncioLoop:
    """asyncio, on its own loop or on uvloop's."""

    def __init__(self, *, uvloop: bool = False) -> None:
        self._uvloop = uvloop

    def run(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """See `Loop.run`."""
        factory = None
        if self._uvloop:
            import uvloop

            factory = uvloop.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(main())

    async def all(self, worker: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
        """See `Loop.all`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                group.create_task(worker())

    async def cancel_after(self, seconds: float, act: Callable[[], Awaitable[object]]) -> bool:
        """See `Loop.cancel_after`."""
        scope = asyncio.timeout(seconds)
        try:
            async with scope:
                await act()
        except TimeoutError:
            if not scope.expired():
                raise
        return scope.expired()


def make_loop(name: str) -> Loop:
    """The loop of that name: trio, asyncio or uvloop."""
    return TrioLoop() if name == "trio" else AsyncioLoop(uvloop=name == "uvloop")
