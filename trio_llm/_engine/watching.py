"""Telling observers: which of them want what, and the part of a call that only exists if somebody watches.

A client without observers has no `Watch`, and its calls have no `CallWatch`: where something happens, the engine asks
whether there is one, and that is all it costs. With observers, an event is built only if one of them wants its class.

A call has one start and one end here as everywhere: `Watch.open_call`, and `CallWatch.ended`, which only
`RunningCall.end` calls.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any, Final, NamedTuple

from .._limits.line import Ticket, Why
from .._runtime import run_clock, trio
from .._types.errors import APIError
from .._types.http import HTTPRequest, Origin, ReplyHead
from .._types.request import AnyRequest
from .._types.usage import Usage
from .events import (
    Activity,
    AttemptFailed,
    AttemptSent,
    CallEnded,
    CallFellBack,
    CallStarted,
    CallWaiting,
    ContestWon,
    End,
    Event,
    FirstContent,
    GroupEnded,
    GroupStarted,
    Kind,
    StreamProgress,
    StreamSeam,
)
from .seams import Observer

Observe = Callable[[Event], None]
EVENTS: Final[tuple[type[Event], ...]] = (
    CallStarted,
    CallWaiting,
    AttemptSent,
    AttemptFailed,
    CallFellBack,
    StreamSeam,
    FirstContent,
    StreamProgress,
    CallEnded,
    GroupStarted,
    ContestWon,
    GroupEnded,
)
"""Every event there is."""
NO_HEADERS: Final[Mapping[str, str]] = {}


class Place(NamedTuple):
    """Where calls of a task belong."""

    parent: Activity
    number: int | None
    """Which one of the parent's jobs they belong to."""


_place: Final[ContextVar[Place | None]] = ContextVar("trio_llm place of calls", default=None)


def place_calls(parent: Activity, index: int | None = None) -> None:
    """From now on calls of this task, and of tasks that it starts, belong to a group."""
    _place.set(Place(parent, index))


class Watch:
    """The observers of one client."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self.clock = run_clock()
        self._ids = count(1)
        self.wanted: dict[type[Event], list[Observe]] = {}
        """Who is told of an event, for the events that anybody wants."""
        for observer in observers:
            observe = _guarded(observer)
            for kind in EVENTS:
                if any(issubclass(kind, wanted) for wanted in observer.wants):
                    self.wanted.setdefault(kind, []).append(observe)

    def open_call(self, request: AnyRequest) -> CallWatch:
        """A call begins."""
        watch = CallWatch(self, self._activity("call", request, labels_of(request)))
        if (told := self.wanted.get(CallStarted)) is not None:
            tell(told, CallStarted(watch.activity, watch.activity.started))
        return watch

    def _activity(self, kind: Kind, request: AnyRequest | None, labels: Mapping[str, Any]) -> Activity:
        parent, index = _place.get() or (None, None)
        return Activity(next(self._ids), kind, self.clock(), parent, index, request, labels)

    @contextmanager
    def group(self, kind: Kind, labels: Mapping[str, Any] = NO_HEADERS) -> Generator[Activity, None, None]:
        """A group of calls, for the length of a block. `place_calls` puts calls into it."""
        group = self._activity(kind, None, labels)
        if (told := self.wanted.get(GroupStarted)) is not None:
            tell(told, GroupStarted(group, group.started))
        error: BaseException | None = None
        try:
            yield group
        except BaseException as raised:
            error = raised
            raise
        finally:
            if (told := self.wanted.get(GroupEnded)) is not None:
                tell(told, GroupEnded(group, self.clock(), end_of(error), error))
            del error  # its traceback refers to this frame

    def won(self, group: Activity, index: int) -> None:
        """One job of a contest has won."""
        if (told := self.wanted.get(ContestWon)) is not None:
            tell(told, ContestWon(group, self.clock(), index))


@contextmanager
def within_group(watch: Watch | None, kind: Kind, labels: Mapping[str, Any]) -> Generator[Activity | None, None, None]:
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
def group_of(watch: Watch | None, kind: Kind) -> Generator[Activity | None, None, None]:
    """The same where there may be no observers."""
    if watch is None:
        yield None
    else:
        with watch.group(kind) as group:
            yield group


class CallWatch:
    """What is kept of one call for its events."""

    def __init__(self, watch: Watch, activity: Activity) -> None:
        self._watch = watch
        self.activity = activity
        self.wanted = watch.wanted
        self._number = 0
        self._provider = ""
        self._model = ""
        self.head: ReplyHead | None = None
        """That of the last reply."""
        self.usage: Usage | None = None
        """Of a stream that was forgotten, whose response nobody has."""
        self._sent = 0
        self.received = 0
        """Bytes of reply bodies."""

    def waits(self, why: Why) -> None:
        """An attempt cannot leave at once."""
        event = CallWaiting(self.activity, self._watch.clock(), why.reason, why.held, why.holders, why.ahead)
        tell(self.wanted[CallWaiting], event)

    def attempt_sent(self, provider: str, model: str, request: HTTPRequest, to: Origin) -> int:
        """A request leaves. Returns its number, as several parts of a call may be under way."""
        self._number += 1
        self._provider, self._model = provider, model
        if type(request.body) is bytes:
            self._sent += len(request.body)
        if (told := self.wanted.get(AttemptSent)) is not None:
            now = self._watch.clock()
            tell(told, AttemptSent(self.activity, now, self._number, provider, model, to.host, to.port))
        return self._number

    def attempt_failed(self, number: int, error: APIError, pause: float | None, ticket: Ticket | None) -> None:
        """An attempt came to nothing."""
        if (told := self.wanted.get(AttemptFailed)) is not None:
            now = self._watch.clock()
            paused = None if ticket is None or ticket.lane.paused_until <= now else ticket.lane.paused_until
            tell(told, AttemptFailed(self.activity, now, number, error, pause, paused))

    def fell_back(self, error: APIError, request: AnyRequest) -> None:
        """The call goes on to another target."""
        if (told := self.wanted.get(CallFellBack)) is not None:
            tell(told, CallFellBack(self.activity, self._watch.clock(), error, request))

    def seam(self, seam: Any) -> None:
        """A stream was asked for again."""
        if (told := self.wanted.get(StreamSeam)) is not None:
            tell(told, StreamSeam(self.activity, self._watch.clock(), seam))

    def first_content(self) -> None:
        """The first content of a stream has arrived."""
        if (told := self.wanted.get(FirstContent)) is not None:
            tell(told, FirstContent(self.activity, self._watch.clock()))

    def progress(self, chunks: list[Any]) -> None:
        """Chunks are handed over."""
        if (told := self.wanted.get(StreamProgress)) is not None:
            tell(told, StreamProgress(self.activity, self._watch.clock(), chunks))

    def ended(self, end: End, error: BaseException | None, response: Any) -> None:
        """The call is over."""
        told = self.wanted.get(CallEnded)
        if told is None:
            return
        head, usage = self.head, getattr(response, "usage", self.usage)
        tell(
            told,
            CallEnded(
                self.activity,
                self._watch.clock(),
                end,
                error,
                response,
                usage if isinstance(usage, Usage) else None,
                self._number,
                self._provider,
                self._model,
                None if head is None else head.status,
                NO_HEADERS if head is None else head.headers,
                self._sent,
                self.received,
            ),
        )


def tell(observers: list[Observe], event: Event) -> None:
    """Tell those who want it, in their order."""
    for observe in observers:
        observe(event)


def end_of(error: BaseException | None) -> End:
    """How it ended, by what was raised."""
    if error is None:
        return "ok"
    return "cancelled" if isinstance(error, trio.Cancelled | GeneratorExit) else "failed"


def labels_of(request: AnyRequest) -> Mapping[str, Any]:
    """What the caller said about a call."""
    labels = getattr(request.options, "metadata", None) or request.parameters.get("metadata")
    return labels if isinstance(labels, Mapping) else NO_HEADERS


def _guarded(observer: Observer) -> Observe:
    """An observer that harms nobody: what it raises is logged, the first time."""
    reported = False

    def observe(event: Event) -> None:
        nonlocal reported
        try:
            observer.observe(event)
        except Exception:
            if not reported:
                reported = True
                import logging  # nearly nobody needs it

                message = "the observer %r raised; calls go on, and nothing more is said of it"
                logging.getLogger("trio_llm").exception(message, observer)

    return observe
