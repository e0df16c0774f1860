"""Trio's vocabulary for the engine, on Trio and on asyncio.

Engine modules write `from .._runtime import trio` and then plain Trio. For type checkers the name *is*
Trio. At run time every look-up goes to Trio itself where the running code is Trio's, else to the same names built on
anyio in `asyncio_loop.py`. Nothing else in the package knows which event loop runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["run_clock", "run_identity", "trio"]

if TYPE_CHECKING:
    import trio as trio
else:
    import trio as _trio

    from .current import runs_on_trio as _runs_on_trio

    @cache
    def _on_asyncio():
        # anyio's half for asyncio takes a while to import; programs on Trio do without.
        return import_module(".asyncio_loop", __name__)

    class _Vocabulary:
        """Each name of Trio's, as the running event loop has it."""

        __slots__ = ()

        def __getattr__(self, name):
            return getattr(_trio if _runs_on_trio() else _on_asyncio(), name)

    trio = _Vocabulary()


def run_identity() -> Callable[[], object]:
    """What gives an object that tells this run of an event loop from others: sockets, clocks and scopes do not cross.

    Called where there is no such run, it raises `RuntimeError`.
    """
    return trio.lowlevel.current_trio_token


def run_clock() -> Callable[[], float]:
    """The clock of this run, for what belongs to it: finding `trio.current_time` anew takes longer than asking it."""
    return trio.lowlevel.current_clock().current_time
