"""Groups of calls: which one the calls of a task belong to. Without observers there are none, and nothing is imported.

What observers are told through is `watching`, which is imported for the first client that has any.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from .events import Activity, Kind


class Groups(Protocol):
    """What tells observers of a group: a `Watch`."""

    def group(self, kind: Kind, labels: Mapping[str, Any] = ...) -> AbstractContextManager[Activity]:
        """A group, for the length of a block."""
        ...


class Place(NamedTuple):
    """Where calls of a task belong."""

    parent: Activity | None
    """The group; None where there is none."""
    number: int | None
    """Which one of the parent's jobs they belong to."""


_NOWHERE: Final = Place(None, None)
_place: Final[ContextVar[Place]] = ContextVar("trio_llm place of calls", default=_NOWHERE)
current_place: Final = _place.get
"""Where calls of this task belong."""


def place_calls(parent: Activity, index: int | None = None) -> None:
    """From now on calls of this task, and of tasks that it starts, belong to a group."""
    _place.set(Place(parent, index))


@contextmanager
def within_group(watch: Groups | None, kind: Kind, labels: Mapping[str, Any]) -> Generator[Activity | None, None, None]:
    """A group that calls of this task belong to for the length of a block, and groups that begin in it."""
    if watch is None:
        yield None
        return
    with watch.group(kind, labels) as group:
        outer = _place.get()
        _place.set(Place(group, None))
        try:
            yield group
        finally:
            _place.set(outer)  # not by a token: a block in a generator may be left in another context


@contextmanager
def group_of(watch: Groups | None, kind: Kind) -> Generator[Activity | None, None, None]:
    """The same where there may be no observers."""
    if watch is None:
        yield None
    else:
        with watch.group(kind) as group:
            yield group
