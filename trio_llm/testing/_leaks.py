"""What was left behind, and where it came from.

The observer of a strict client keeps a call from its start to its end, with the line of the program that made it. A
call of a group, whose task runs nothing of the user's, has the line of the nearest group above it that has one. Streams
that were forgotten are kept for good: that is a fault even if they have ended since. A connection is kept from the
request that it was taken for to the end of the reply, with the line of that call, whose task is the one that sends.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from types import FrameType
from typing import Final
from weakref import WeakKeyDictionary

import attrs

from .._client.statistics import ClientStatistics
from .._transport import Reply, Transport, TransportStatistics
from .._types.http import HTTPRequest, Origin, ReplyHead
from ..observe import Activity, AttemptSent, CallEnded, CallStarted, CallWaiting, Event, GroupStarted

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


def held(context: object, calls: UnendedCalls | None = None) -> Iterator[str]:
    """What a client or a transport still holds, in words, by its statistics; nothing for any other object.

    Who made what is held is told of a strict client, and of calls that are given.
    """
    tell = getattr(context, "statistics", None)
    statistics = tell() if callable(tell) else None
    known = calls or getattr(context, "_open_calls", None) or UnendedCalls()
    if isinstance(statistics, ClientStatistics):
        for name, account in statistics.accounts.items():
            if account.in_flight or account.waiting:
                holders = "".join(f", one by {known.shown(holder)}" for holder in account.holders)
                yield f"slots of {name}: {account.in_flight} still held, {account.waiting} waited for{holders}"
        statistics = statistics.connections
    if isinstance(statistics, TransportStatistics) and statistics.active:
        yield f"connections still active: {statistics.active}{''.join(f', one {one}' for one in known.connections)}"


class UnendedCalls:
    """An observer that knows which calls of a client have begun and not ended, who made them, and what they hold."""

    # `CallWaiting` is wanted for what it brings about: accounts note who holds their slots only for those who want it.
    wants: Final = (CallStarted, CallEnded, GroupStarted, AttemptSent, CallWaiting)

    def __init__(self) -> None:
        self._running: dict[Activity, None] = {}
        self._places: WeakKeyDictionary[Activity, SourceLine] = WeakKeyDictionary()
        """Who made a call or a group. A call that has ended stays here, as it may still hold a slot or a connection."""
        self._forgotten: list[str] = []
        self._sending: Activity | None = None
        self._connections: dict[object, str] = {}

    def observe(self, event: Event) -> None:
        """Note the beginning or the end of a call."""
        activity = event.activity
        if isinstance(event, AttemptSent):
            self._sending = activity
        elif isinstance(event, CallEnded):
            if event.end == "abandoned":
                self._forgotten.append(f"{self.shown(activity)}, was forgotten by its reader, and not closed")
            self._running.pop(activity, None)
        elif isinstance(event, CallStarted | GroupStarted):
            place = calling_place() or self._place_of_group(activity)
            if place is not None:
                self._places[activity] = place
            if isinstance(event, CallStarted):
                self._running[activity] = None

    def _place_of_group(self, activity: Activity) -> SourceLine | None:
        group = activity.parent
        while group is not None and group not in self._places:
            group = group.parent
        return self._places[group] if group is not None else None

    def left(self) -> list[str]:
        """The calls that run now, and the streams that nobody closed; each with the place that made it."""
        return [*self._forgotten, *(f"{self.shown(activity)}, still runs" for activity in self._running)]

    def shown(self, activity: Activity) -> str:
        """A call in words, with the place that made it."""
        request, place = activity.request, self._places.get(activity)
        words = "a stream" if getattr(request, "stream", False) else "a call"
        made = f", made at {place}" if place is not None else ""
        return f"{words} to {request.model if request else 'a model'}{made}"

    @property
    def connections(self) -> Collection[str]:
        """Those that carry an exchange, in words."""
        return self._connections.values()

    def watching(self, transport: Transport) -> Transport:
        """The same transport; what it connects for whom is noted."""
        return _WatchedTransport(transport, self)

    def connects(self, exchange: object, origin: Origin) -> None:
        """A request is about to be sent, by the task that has just told of it."""
        place = calling_place() or (self._places.get(self._sending) if self._sending is not None else None)
        self._connections[exchange] = f"to {origin}" + (f", opened at {place}" if place is not None else "")

    def lets_go(self, exchange: object) -> None:
        """Its connection is free or closed. Idempotent."""
        self._connections.pop(exchange, None)


class _WatchedTransport:
    def __init__(self, inner: Transport, calls: UnendedCalls) -> None:
        self._inner = inner
        self._calls = calls

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        exchange = object()
        self._calls.connects(exchange, origin)
        try:
            return _WatchedReply(await self._inner.send(origin, request), exchange, self._calls)
        except BaseException:
            self._calls.lets_go(exchange)
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()

    def statistics(self) -> TransportStatistics:
        return self._inner.statistics()


class _WatchedReply:
    def __init__(self, inner: Reply, exchange: object, calls: UnendedCalls) -> None:
        self._inner = inner
        self._exchange = exchange
        self._calls = calls

    @property
    def head(self) -> ReplyHead:
        return self._inner.head

    def finish_nowait(self) -> bytes | None:
        try:
            body = self._inner.finish_nowait()
        except BaseException:
            self._calls.lets_go(self._exchange)
            raise
        if body is not None:
            self._calls.lets_go(self._exchange)
        return body

    async def read(self) -> bytes:
        return await self._inner.read()

    async def aclose(self) -> None:
        try:
            await self._inner.aclose()
        finally:
            self._calls.lets_go(self._exchange)
