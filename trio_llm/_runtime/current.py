"""Which event loop the running code belongs to."""

from __future__ import annotations

from asyncio import current_task
from asyncio.events import _get_running_loop  # `get_running_loop` without its error, and in its `__all__`

from trio.lowlevel import in_trio_run


def runs_on_trio() -> bool:
    """Whether the running code is Trio's.

    A thread may host both: Trio as a guest of asyncio, or asyncio inside Trio. There a task of asyncio's is
    asyncio's, and all else is Trio's, which runs the steps of its guests in callbacks.
    """
    return in_trio_run() and (_get_running_loop() is None or current_task() is None)
