"""Nurseries that raise one error bare, where Trio's raise a group.

Whoever makes a call catches `APIError`, `KeyboardInterrupt`, or an error of their own. In a group they would catch none
of them. Two rules hold, here and wherever a task of ours works for a reader:

- An error of a task is noted where it was caught, before anything that may be cancelled. A checkpoint on the way out
  (`async with channel`, `await stream.aclose()`) would put `Cancelled` in the place of the error in flight, as soon as
  the reader's block is left. So channels are closed by `with`, which has no checkpoint.
- What nobody noted leaves the nursery bare. An interrupt goes before a bug, and a bug before a cancellation.
"""

from __future__ import annotations

from types import TracebackType

from .._runtime import trio


class BareNursery:
    """A nursery for an `async with` block. The block ends when all its tasks have, with one error at most.

    Where several failed at the same moment the first one is raised. It has a note about each of the others.
    """

    def __init__(self) -> None:
        self._manager = trio.open_nursery()

    async def __aenter__(self) -> trio.Nursery:
        return await self._manager.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        try:
            return await self._manager.__aexit__(kind, error, traceback)  # noqa: ASYNC102 - a nursery waits for its tasks
        except BaseExceptionGroup as group:
            bare = _most_telling(group)
        # Raised here rather than in the handler, so that the group is not kept as its context.
        if bare is error:
            return False
        try:
            raise bare
        finally:
            del bare  # the traceback refers to this frame


def _most_telling(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One of the errors of a nursery. A group that a task raised itself is one of them and stays as it is."""
    first, *rest = sorted(group.exceptions, key=_rank)  # a stable order: among equals the first to fail
    for other in rest:
        if not isinstance(other, trio.Cancelled):
            first.add_note(f"at the same time another task failed: {other!r}")
    return first


def _rank(error: BaseException) -> int:
    if isinstance(error, trio.Cancelled):
        return 2
    return int(isinstance(error, Exception))


class FirstError:
    """What went wrong in the tasks behind a reader: their first error, raised once, to whoever comes first."""

    def __init__(self) -> None:
        self.waiting: Exception | None = None
        """The error, until it was raised."""
        self.noted: bool = False
        """Whether there was one."""

    def note(self, error: Exception) -> None:
        """Keep an error. The first one counts."""
        if not self.noted:
            self.noted, self.waiting = True, error

    def raise_once(self) -> None:
        """Raise the error if there is one that nobody was told of.

        Not to be called in an `except` block: the error that is handled there would become the context of this one.
        """
        error, self.waiting = self.waiting, None
        if error is None:
            return
        try:
            raise error
        finally:
            del error  # the traceback refers to this frame
