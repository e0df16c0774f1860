"""Telling observers: which of them want what, and the part of a call that only exists if somebody watches.

A client without observers has no `Watch`, and its calls have no `CallActivity`: where something happens, the engine
asks whether there is one, and that is all it costs. With observers, an event is built only if one of them wants its
class.

A call has one start and one end here as everywhere: `Watch.open_call`, and `CallActivity.ended`, which only
`RunningCall.end` calls.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

from .._limits.line import Why
from .._limits.ticket import Ticket
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
    Unfolded,
)
from .groups import current_place
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
_new: Final = object.__new__
"""Makes what every call has, field by field: with `__init__` it would take twice as long."""


class Watch:
    """The observers of one client: who is told of each event. None stands for nobody."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self.clock = run_clock()
        self._ids = count(1)
        wanting = [(_guarded(observer), tuple(observer.wants)) for observer in observers]
        told = {kind: _telling([observe for observe, wants in wanting if issubclass(kind, wants)]) for kind in EVENTS}
        # Named, as every call asks for some of them, and an attribute is found faster than a class in a dictionary.
        self.call_started = told[CallStarted]
        self.call_waiting = told[CallWaiting]
        self.attempt_sent = told[AttemptSent]
        self.attempt_failed = told[AttemptFailed]
        self.call_fell_back = told[CallFellBack]
        self.stream_seam = told[StreamSeam]
        self.first_content = told[FirstContent]
        self.stream_progress = told[StreamProgress]
        self.call_ended = told[CallEnded]
        self.group_started = told[GroupStarted]
        self.group_ended = told[GroupEnded]
        self.contest_won = told[ContestWon]

    def open_call(self, request: AnyRequest, started: float) -> CallActivity:
        """A call begins."""
        call = _new(CallActivity)
        call.id = next(self._ids)
        call.kind = "call"
        call.started = started
        call.parent, call.index = current_place()
        call.request = request
        call.contents = None
        call.labels = labels_of(request) if request.parameters or request.options.metadata else NO_HEADERS
        call.told = self
        call._number = call._sent = call.received = 0
        call._provider = call._model = ""
        call.usage = call._left = None
        if (observe := self.call_started) is not None:
            event = _new(CallStarted)
            event.activity = call
            event.at = started
            observe(event)
        return call

    @contextmanager
    def group(self, kind: Kind, labels: Mapping[str, Any] = NO_HEADERS) -> Generator[Activity, None, None]:
        """A group of calls, for the length of a block. `place_calls` puts calls into it."""
        parent, index = current_place()
        group = Activity(next(self._ids), kind, self.clock(), parent, index, None, labels)
        if self.group_started is not None:
            self.group_started(GroupStarted(group, group.started))
        error: BaseException | None = None
        try:
            yield group
        except BaseException as raised:
            error = raised
            raise
        finally:
            if self.group_ended is not None:
                self.group_ended(GroupEnded(group, self.clock(), end_of(error), error))
            del error  # its traceback refers to this frame

    def won(self, group: Activity, index: int) -> None:
        """One job of a contest has won."""
        if self.contest_won is not None:
            self.contest_won(ContestWon(group, self.clock(), index))


class CallActivity(Activity):
    """A call as observers know it, together with what is kept of it for its events. `Watch.open_call` makes it."""

    __slots__ = ("_left", "_model", "_number", "_provider", "_sent", "head", "received", "told", "usage")
    head: ReplyHead | None
    """That of the last reply. Set when the call ends."""
    told: Watch
    usage: Usage | None
    """Of a stream that was forgotten, whose response nobody has."""
    received: int
    """Bytes of reply bodies."""
    _number: int
    """Attempts."""
    _provider: str
    """Where its last attempt went, and to which model."""
    _model: str
    _left: float | None
    """When the first request left."""
    _sent: int
    """Bytes of request bodies."""

    def waits(self, why: Why) -> None:
        """An attempt cannot leave at once."""
        if (observe := self.told.call_waiting) is not None:
            observe(CallWaiting(self, self.told.clock(), why.reason, why.held, why.holders, why.ahead))

    def attempt_sent(self, provider: str, model: str, request: HTTPRequest, to: Origin) -> int:
        """A request leaves. Returns its number, as several parts of a call may be under way."""
        number = self._number = self._number + 1
        self._provider = provider
        self._model = model
        body = request.body
        if type(body) is bytes:
            self._sent += len(body)
        told = self.told
        now = told.clock()
        if self._left is None:
            self._left = now
        if (observe := told.attempt_sent) is not None:
            event = _new(AttemptSent)
            event.activity = self
            event.at = now
            event.number = number
            event.provider = provider
            event.model = model
            event.host = to.host
            event.port = to.port
            observe(event)
        return number

    def attempt_failed(self, number: int, error: APIError, pause: float | None, ticket: Ticket | None) -> None:
        """An attempt came to nothing."""
        if (observe := self.told.attempt_failed) is not None:
            now = self.told.clock()
            paused = None if ticket is None or ticket.lane.paused_until <= now else ticket.lane.paused_until
            observe(AttemptFailed(self, now, number, error, pause, paused))

    def fell_back(self, error: APIError, request: AnyRequest) -> None:
        """The call goes on to another target."""
        if (observe := self.told.call_fell_back) is not None:
            observe(CallFellBack(self, self.told.clock(), error, request))

    def seam(self, seam: Any) -> None:
        """A stream was asked for again."""
        if (observe := self.told.stream_seam) is not None:
            observe(StreamSeam(self, self.told.clock(), seam))

    def first_content(self) -> None:
        """The first content of a stream has arrived."""
        if (observe := self.told.first_content) is not None:
            observe(FirstContent(self, self.told.clock()))

    def progress(self, chunks: list[Any]) -> None:
        """Chunks are handed over."""
        if (observe := self.told.stream_progress) is not None:
            observe(StreamProgress(self, self.told.clock(), chunks))

    def unfolded(self, fold: Callable[[], Any]) -> Unfolded:
        """The response of a stream, which is folded when somebody asks for it."""
        return Unfolded(fold)

    def ended(self, how: End | None, error: BaseException | None, response: Any, at: float) -> None:
        """The call is over, by an error or with a response, which for streams may still be `Unfolded`."""
        if (observe := self.told.call_ended) is not None:
            head = self.head
            event = _new(CallEnded)
            event.activity = self
            event.at = at
            event.end = how or ("ok" if error is None else end_of(error))
            event.error = error
            event._response = response
            event._usage = self.usage
            event.attempts = self._number
            event.provider = self._provider
            event.model = self._model
            if head is None:
                event.status, event.headers = None, NO_HEADERS
            else:
                event.status = head.status
                event.headers = head.headers
            event.bytes_sent = self._sent
            event.bytes_received = self.received
            event.left = self._left
            observe(event)


def end_of(error: BaseException | None) -> End:
    """How it ended, by what was raised."""
    if error is None:
        return "ok"
    return "cancelled" if isinstance(error, trio.Cancelled | GeneratorExit) else "failed"


def labels_of(request: AnyRequest) -> Mapping[str, Any]:
    """What the caller said about a call."""
    labels = request.options.metadata or request.parameters.get("metadata")
    return labels if labels is not None and isinstance(labels, Mapping) else NO_HEADERS


def _telling(observers: list[Observe]) -> Observe | None:
    """What tells all of them, in their order."""
    if len(observers) < 2:
        return observers[0] if observers else None

    def observe(event: Event) -> None:
        for each in observers:
            each(event)

    return observe


def _guarded(observer: Observer) -> Observe:
    """An observer that harms nobody: what it raises is logged, the first time."""
    reported, tell = False, observer.observe

    def observe(event: Event) -> None:
        nonlocal reported
        try:
            tell(event)
        except Exception:
            if not reported:
                reported = True
                import logging  # nearly nobody needs it

                message = "the observer %r raised; calls go on, and nothing more is said of it"
                logging.getLogger("trio_llm").exception(message, observer)

    return observe
