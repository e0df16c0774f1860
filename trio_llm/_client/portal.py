"""The one Trio thread behind the synchronous functions, started by the first of them.

There is none until a synchronous function is called, and one from then on, until the process ends or `stop` is called;
the next call starts another. A lock is held while it is started or taken away, and never while a call runs. A child of
a fork has the object and not the thread: it forgets the portal, and starts one of its own when it needs it.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

import trio

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class SyncThread:
    """A Trio run in a thread of its own, on which synchronous callers have their coroutines run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: AbstractContextManager[BlockingPortal] | None = None
        self._portal: BlockingPortal | None = None
        self._abandoned: list[object] = []

    def call(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run an async function there and wait for its result. An interrupted wait cancels it.

        Raises:
            RuntimeError: inside Trio, whose event loop the wait would block; or where gevent has replaced the threads
                of Python by its own, in which no event loop runs.
        """
        if trio.lowlevel.in_trio_run():
            raise RuntimeError(
                "this function would block Trio's event loop: await its twin with an 'a' before the name"
            )
        future = self._running_portal().start_task_soon(function)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # an interrupted caller must not leave a paid request running
            raise

    def _running_portal(self) -> BlockingPortal:
        with self._lock:
            if self._portal is None:
                _check_threads()
                from anyio.from_thread import start_blocking_portal  # asyncio's half of anyio is slow to import

                self._owner = start_blocking_portal("trio", name="trio_llm sync")
                self._portal = self._owner.__enter__()
                atexit.register(self.stop)
                if hasattr(os, "register_at_fork"):  # Windows has no fork
                    os.register_at_fork(after_in_child=self._forget)
            return self._portal

    def stop(self) -> None:
        """End the run with all its calls, and close its default client. The next call starts another."""
        with self._lock:
            owner, self._owner, self._portal = self._owner, None, None
        if owner is not None:
            # Left without an exception, the portal would wait for its tasks: a process would outlive its main thread
            # for as long as a daemon thread's call takes.
            owner.__exit__(SystemExit, SystemExit(), None)

    def _forget(self) -> None:
        # A forked child has the objects but not the thread. Finalising the portal there would block for ever.
        self._abandoned.append((self._owner, self._portal))
        self._lock = threading.Lock()
        self._owner = self._portal = None


def _check_threads() -> None:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        raise RuntimeError(
            "gevent has replaced the threads of Python, and Trio cannot run in its own: use workers with real threads "
            "(gunicorn's gthread), or do without gevent's monkey.patch_all()"
        )


SYNC_THREAD: Final = SyncThread()
