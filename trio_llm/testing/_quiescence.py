"""A block that leaves nothing behind: no task, no descriptor, no slot, no connection.

Tasks are noted as they are made, with the line that makes them, if the task that makes them belongs to the block: on
Trio by an instrument, on asyncio by a task factory around the one that there is. A server beside the block may start as
many as it likes.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Protocol

import trio as real_trio  # noqa: ASYNC106  # its tasks are looked at from outside

from .._runtime import trio
from .._runtime.current import runs_on_trio
from ._leaks import LeakError, SourceLine, calling_place, held

_PATIENCE: Final = 20
"""Turns of the event loop that finalisers and closing sockets get."""
_DESCRIPTORS: Final = "/proc/self/fd"


class _Family(Protocol):
    """The tasks of a block, which are those that its task starts, and those that these start."""

    def left(self) -> list[str]:
        """Those that still run, with the lines that made them."""


@asynccontextmanager
async def quiescent(*watched: object, descriptors: bool = True) -> AsyncIterator[None]:
    """Demand that a block leaves nothing behind: no task that it started, and no open file or socket.

        async def test_my_agent_cleans_up(client: Client) -> None:
            async with quiescent(client):
                await my_agent(client, "Hi")

    What is left gets a few turns of the event loop to end. An error that leaves the block goes before. It is for any
    code, on Trio and on asyncio; of clients, transports and simulators that are named it also demands that they hold
    no slot and no connection.

    Args:
        watched: whatever has `statistics()` as a client or a transport does.
        descriptors: whether file descriptors are counted, where the system tells them (Linux). Where other threads or
            tasks open and close some meanwhile, say no.

    Raises:
        LeakError: with the line that made it, for each task that is left.
    """
    before = _descriptors() if descriptors else {}
    with _trio_family() if runs_on_trio() else _asyncio_family() as family:
        yield
        await trio.lowlevel.checkpoint()
        for _ in range(_PATIENCE):
            if not (left := [*_left(family, watched, before if descriptors else None)]):
                return
            await trio.lowlevel.checkpoint()
        raise LeakError("", 0, left)


def _left(family: _Family, watched: tuple[object, ...], before: dict[int, str] | None) -> Iterator[str]:
    yield from family.left()
    for one in watched:
        yield from held(one)
    if before is None:
        return
    now = _descriptors()
    if (more := len(now) - len(before)) > 0:
        new = [_told(number, target) for number, target in now.items() if before.get(number) != target]
        yield f"{more} more file descriptors are open than before: {', '.join(new)}"


def _descriptors() -> dict[int, str]:
    """What is open, by its number."""
    found: dict[int, str] = {}
    with suppress(OSError):
        for name in os.listdir(_DESCRIPTORS):
            with suppress(FileNotFoundError):  # that of the listing itself
                found[int(name)] = os.readlink(f"{_DESCRIPTORS}/{name}")
    return found


def _told(number: int, target: str) -> str:
    if not target.startswith("socket:"):
        return target
    try:
        with socket.socket(fileno=os.dup(number)) as one:
            ends = f"from {one.getsockname()}"
            with suppress(OSError):
                ends += f" to {one.getpeername()}"
    except OSError:
        return target
    return f"a socket {ends}"


class _TrioFamily(real_trio.abc.Instrument):
    def __init__(self) -> None:
        self._root = real_trio.lowlevel.current_task()
        self._places: dict[real_trio.lowlevel.Task, SourceLine | None] = {}

    def task_spawned(self, task: real_trio.lowlevel.Task) -> None:
        try:
            maker = real_trio.lowlevel.current_task()
        except RuntimeError:  # a callback from outside
            return
        if maker is self._root or maker in self._places:
            self._places[task] = calling_place()

    def task_exited(self, task: real_trio.lowlevel.Task) -> None:
        self._places.pop(task, None)

    def left(self) -> list[str]:
        return [f"the task {task.name}{_made(place)} still runs" for task, place in self._places.items()]


@contextmanager
def _trio_family() -> Iterator[_Family]:
    family = _TrioFamily()
    real_trio.lowlevel.add_instrument(family)
    try:
        yield family
    finally:
        real_trio.lowlevel.remove_instrument(family)


class _AsyncioFamily:
    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._root = asyncio.current_task()
        self._places: dict[asyncio.Task[Any], SourceLine | None] = {}

    def make(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        task = self._inner(loop, coroutine, **options) if self._inner else asyncio.Task(coroutine, loop=loop, **options)
        maker = asyncio.current_task(loop)
        if maker is self._root or maker in self._places:
            self._places[task] = calling_place()
        return task

    def left(self) -> list[str]:
        return [
            f"the task {task.get_name()} ({getattr(task.get_coro(), '__qualname__', '')}){_made(place)} still runs"
            for task, place in self._places.items()
            if not task.done()
        ]


@contextmanager
def _asyncio_family() -> Iterator[_Family]:
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    family = _AsyncioFamily(before)
    loop.set_task_factory(family.make)
    try:
        yield family
    finally:
        loop.set_task_factory(before)


def _made(place: SourceLine | None) -> str:
    return f", made at {place}," if place is not None else ""
