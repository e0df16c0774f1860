"""What was left behind, and where it came from.

The observer of a strict client keeps a call from its start to its end, with the line of the program that made it. A
call of a group, whose task runs nothing of the user's, has the line of the nearest group above it that has one. Streams
that were forgotten are kept for good: that is a fault even if they have ended since.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Final

import attrs

from .._client.client import ClientStatistics
from .._transport import TransportStatistics
from ..observe import Activity, CallEnded, CallStarted, Event, GroupStarted

_OF_THE_WAY: Final = frozenset({"trio_llm", "trio", "anyio", "asyncio", "contextlib", "functools", "outcome", "runpy"})
"""Packages whose frames say nothing of who made something."""
_STEPS: Final = frozenset({("trio._core._run", "unrolled_run"), ("asyncio.events", "_run")})
"""What steps tasks: whatever is below on the stack has started the loop, not the call."""


class LeakError(AssertionError):
    """Something was left behind: by a scenario that was cancelled, by a block, or by the calls of a strict client.

    Example:
        with pytest.raises(LeakError) as caught:
            cancel_at_every_step(leaky_scenario)
        print(caught.value.step, caught.value.problems)
    """

    def __init__(self, canceller: str, step: int, problems: Sequence[str]) -> None:
        super().__init__(canceller, step, problems)
        self.canceller = canceller
        """The event loop and the way of cancelling; empty where nothing was cancelled."""
        self.step = step
        """The step at which it was cancelled, from 1; 0 for the run that was not cancelled."""
        self.problems: tuple[str, ...] = tuple(problems)
        """What was left, in words."""

    def __str__(self) -> str:
        if not self.canceller:
            return f"left behind: {'; '.join(self.problems)}"
        when = f"cancelled at step {self.step}" if self.step else "not cancelled"
        return f"{when} ({self.canceller}): {'; '.join(self.problems)}"


@attrs.frozen
class SourceLine:
    """A line of somebody's program."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


def calling_place() -> SourceLine | None:
    """The innermost line of the running task that is the user's; None where the task runs nothing of theirs."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if (module, frame.f_code.co_name) in _STEPS:
            return None
        if module.partition(".")[0] not in _OF_THE_WAY:
            return SourceLine(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)
        frame = frame.f_back
    return None


def held(context: object) -> Iterator[str]:
    """What a client or a transport says of itself; anything else has nothing to say."""
    tell = getattr(context, "statistics", None)
    statistics = tell() if callable(tell) else None
    if isinstance(statistics, ClientStatistics):
        for name, account in statistics.accounts.items():
            if account.in_flight or account.waiting:
                yield f"slots of {name}: {account.in_flight} still held, {account.waiting} waited for"
        statistics = statistics.connections
    if isinstance(statistics, TransportStatistics) and statistics.active:
        yield f"connections still active: {statistics.active}"


class UnendedCalls:
    """An observer that knows which calls of a client have begun and not ended, and who made them."""

    wants: Final = (CallStarted, CallEnded, GroupStarted)

    def __init__(self) -> None:
        self._places: dict[Activity, SourceLine | None] = {}
        self._groups: dict[int, SourceLine | None] = {}
        self._forgotten: list[str] = []

    def observe(self, event: Event) -> None:
        """Note the begin or the end of a call."""
        activity = event.activity
        if isinstance(event, GroupStarted):
            self._groups[activity.id] = calling_place()
        elif isinstance(event, CallStarted):
            self._places[activity] = calling_place() or self._place_of_group(activity)
        elif isinstance(event, CallEnded):
            if event.end == "abandoned":
                self._forgotten.append(f"{self._shown(activity)} was forgotten by its reader, and not closed")
            self._places.pop(activity, None)

    def _place_of_group(self, activity: Activity) -> SourceLine | None:
        group = activity.parent
        while group is not None and self._groups.get(group.id) is None:
            group = group.parent
        return self._groups[group.id] if group is not None else None

    def left(self) -> list[str]:
        """The calls that run now, and the streams that nobody closed; each with the place that made it."""
        return [*self._forgotten, *(f"{self._shown(activity)} still runs" for activity in self._places)]

    def _shown(self, activity: Activity) -> str:
        request, place = activity.request, self._places.get(activity)
        words = "a stream" if getattr(request, "stream", False) else "a call"
        made = f", made at {place}," if place is not None else ""
        return f"{words} to {request.model if request else 'a model'}{made}"
