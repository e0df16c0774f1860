"""A variable with one value per run of an event loop, on Trio and on asyncio.

Imports neither anyio nor asyncio, because modules make such variables when they are imported, for programs on Trio too.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Generic, TypeVar, overload

import trio

from .current import runs_on_trio

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

T = TypeVar("T")
D = TypeVar("D")
_REQUIRED: Final = object()


class RunVar(Generic[T]):
    """Trio's `RunVar`, also usable in a run of asyncio."""

    __slots__ = ("_by_loop", "_lock", "_name", "_on_trio")

    def __init__(self, name: str) -> None:
        self._name = name
        self._on_trio: trio.lowlevel.RunVar[object] = trio.lowlevel.RunVar(name)
        self._by_loop: dict[AbstractEventLoop, T] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<RunVar name={self._name!r}>"

    @overload
    def get(self) -> T: ...
    @overload
    def get(self, default: D) -> T | D: ...
    def get(self, default: object = _REQUIRED) -> object:
        """The value in the current run, or the default.

        Raises:
            LookupError: if it has no value in this run and no default was given.
        """
        if runs_on_trio():
            value: object = self._on_trio.get(default)
        else:
            import asyncio

            value = self._by_loop.get(asyncio.get_running_loop(), default)
        if value is _REQUIRED:
            raise LookupError(self)
        return value

    def set(self, value: T) -> None:
        """Give it a value in the current run."""
        if runs_on_trio():
            self._on_trio.set(value)
            return
        import asyncio

        # A weak dictionary would not do: values hold sockets, and sockets hold their loop.
        # Every thread may have a loop of its own, and all of them write here.
        with self._lock:
            for loop in [loop for loop in self._by_loop if loop.is_closed()]:
                del self._by_loop[loop]
            self._by_loop[asyncio.get_running_loop()] = value
