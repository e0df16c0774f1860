"""Which event loop the running code belongs to.

asyncio takes longer to import than Trio's half of this package. Where nobody has imported it, none of its loops runs.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from sys import modules
from typing import Any

from trio.lowlevel import in_trio_run


def runs_on_trio() -> bool:
    """Whether the running code is Trio's.

    A thread may host both: Trio as a guest of asyncio, or asyncio inside Trio. There a task of asyncio's is
    asyncio's, and all else is Trio's, which runs the steps of its guests in callbacks.
    """
    if not in_trio_run():
        return False
    if "asyncio" not in modules:
        return True
    running_loop, current_task = _of_asyncio()
    return running_loop() is None or current_task() is None


@cache
def _of_asyncio() -> tuple[Callable[[], object], Callable[[], Any]]:
    """What asks for the running loop without raising, and for the running task.

    Another thread may be importing asyncio at this moment. The import here waits for it, taking names from `modules`
    would not.
    """
    from asyncio import current_task
    from asyncio.events import _get_running_loop  # in its `__all__`

    return _get_running_loop, current_task
