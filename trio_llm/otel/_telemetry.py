"""The observer that makes spans and metrics of events, and the gate that tells one's own servers of a trace.

Theory of operation. Each activity that has not ended is kept here: a call, or a group of calls. A group's span is
opened by the event that begins it. A call's span is opened when its first attempt leaves, or when something is to be
told of it before, with the time at which the call began: so samplers know where it goes. Spans are closed by the event
that ends a thing, which the engine promises once for each, whatever happens. So no span stays open that began.

An attempt gets its span when it is over, with the time at which it left, as nothing happens within it. With its call
end all of its attempts. A call whose only attempt left at once and did not fail is one span: a second one would say
nothing else, and for each span an SDK takes a third of the time that a call takes.

A group's span is the current one for as long as it lasts, on its task and on those that are started in it: what a
tool does becomes part of it. A call's is not, because a stream is read while other things happen. The parent of a span
is the current span where that is somebody else's. Else it is that of the activity's group.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from time import time_ns
from typing import Any, ClassVar, Final, NamedTuple

import attrs
from opentelemetry import context, metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .._engine.cancellations import why_cancelled
from .._engine.events import (
    Activity,
    AttemptFailed,
    AttemptSent,
    CallEnded,
    CallFellBack,
    CallStarted,
    CallWaiting,
    ContestWon,
    Event,
    FirstContent,
    GroupEnded,
    GroupStarted,
    StreamProgress,
    StreamSeam,
)
from .._engine.seams import Departure, Learnt
from .._runtime import trio
from .._version import __version__
from . import _contents as contents, _names as names
from ._facts import (
    add_parameters,
    common_attributes,
    error_type,
    label_attributes,
    response_attributes,
    usage_attributes,
)
from ._metrics import Metrics
from ._own import is_own

_OWN: Final = context.create_key("trio_llm span")
_OUTER: Final = context.create_key("trio_llm outer context")
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_TOOL: Final = "execute_tool"
_AGENT: Final = "invoke_agent"
_AT_ONCE: Final = names.SECONDS[0]
"""Seconds from the start of a call until its first attempt leaves: less than the metrics can tell."""
_NOWHERE: Final[Mapping[str, Any]] = {}


class _Sent(NamedTuple):
    """An attempt that is not over."""

    at: int
    """In nanoseconds, on the clock of the wall."""
    target: Mapping[str, Any]
    """Where it went."""
    repeats: Span | None
    """The attempt that had failed before."""


@attrs.define(eq=False)
class _CallSpan:
    """A call that has not ended."""

    activity: Activity
    begun: int
    """As `_Sent.at`."""
    within: Context
    """Where its span belongs."""
    attributes: dict[str, Any]
    """Of its metrics: what belongs to many calls, as every other value makes a series of its own."""
    attempts: dict[int, _Sent]
    """By their numbers."""
    span: Span | None = None
    target: Mapping[str, Any] = _NOWHERE
    """Where its last attempt went."""
    is_late: bool = False
    """Whether its first attempt did not leave at once."""
    failed: Span | None = None
    """The last attempt that failed."""
    sent: float | None = None
    """When the last attempt left."""
    chunk: float | None = None
    """When the last chunks came."""


class OpenTelemetry:
    """Tells OpenTelemetry of calls, attempts, groups, runs of tools, their rounds and their tools.

    Spans have the names and attributes of the conventions for generative AI. What was asked and answered, and the words
    of errors, are told only if `content` is true. As a gate it sends `traceparent` with requests to one's own servers,
    so that their spans join the trace. Other servers learn nothing of it.

    Args:
        tracer_provider: where spans go; None is the program's own.
        meter_provider: where metrics go; None is the program's own.
        content: whether to tell what was asked and answered.
        own_hosts: hosts, or patterns such as `*.example.com`, that are one's own beside those that are so anyway: on
            this machine, in private networks, or without a domain.

    Example:
        telemetry = trio_llm.otel.OpenTelemetry()
        async with trio_llm.Client(observers=[telemetry], gates=[telemetry]) as client:
            await client.completion("openai/gpt-4o", messages)

    Source: OpenTelemetry semantic conventions for generative AI 0.1, 2026-11.
    """

    wants: ClassVar[Collection[type[Event]]] = (Event,)

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        *,
        content: bool = False,
        own_hosts: Collection[str] = (),
    ) -> None:
        self._tracer = trace.get_tracer("trio_llm", __version__, tracer_provider)
        self._metrics = Metrics(metrics.get_meter("trio_llm", __version__, meter_provider))
        self._content = content
        self._own_hosts = tuple(own_hosts)
        self._calls: dict[Activity, _CallSpan] = {}
        self._groups: dict[Activity, Span] = {}

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        note = _NOTED.get(type(event))
        if note is not None:
            if (call := self._calls.get(event.activity)) is not None:
                note(self, call, event)
        elif isinstance(event, CallStarted):
            self._start_call(event.activity)
        elif isinstance(event, GroupStarted):
            self._start_group(event.activity)
        elif isinstance(event, GroupEnded):
            self._end_group(event)
        elif isinstance(event, ContestWon) and (span := self._groups.get(event.activity)) is not None:
            span.set_attribute(names.WINNER, event.index)

    def _start_group(self, activity: Activity) -> None:
        labels = activity.labels
        attributes: dict[str, Any] = {names.GROUP: activity.kind}
        name = activity.kind
        if activity.kind == "tool":
            tool = str(labels.get("name", ""))
            name = f"{_TOOL} {tool}"
            attributes |= {names.OPERATION: _TOOL, names.TOOL_NAME: tool, names.TOOL_TYPE: "function"}
            attributes[names.TOOL_CALL_ID] = str(labels.get("call_id", ""))
        elif activity.kind == "tools":
            name = _AGENT
            attributes |= {names.OPERATION: _AGENT, names.REQUEST_MODEL: str(labels.get("model", ""))}
        else:
            attributes |= label_attributes(labels)
        if activity.index is not None:
            attributes[names.INDEX] = activity.index
        around = context.get_current()
        span = self._tracer.start_span(name, self._context_of(activity, around), attributes=attributes)
        self._groups[activity] = span
        inner = context.set_value(_OUTER, around, trace.set_span_in_context(span, around))
        context.attach(context.set_value(_OWN, span, inner))

    def _end_group(self, event: GroupEnded) -> None:
        span = self._groups.pop(event.activity, None)
        if span is None:
            return
        current = context.get_current()
        # Not by a token: a block in a generator may be left in another context.
        if current.get(_OWN) is span and isinstance(outer := current.get(_OUTER), Context):
            context.attach(outer)
        span.set_attribute(names.END, event.end)
        activity = event.activity
        if self._content and activity.kind == "tool" and activity.contents is not None:
            span.set_attributes(contents.of_tool(activity.contents))
        self._close(span, event)

    def _context_of(self, activity: Activity, around: Context) -> Context:
        """Where a new span belongs."""
        if not around and activity.parent is None:  # as in most programs
            return around
        current = trace.get_current_span(around)
        is_ours = around.get(_OWN) is current
        if current.get_span_context().is_valid and not is_ours:
            return around
        parent = None if activity.parent is None else self._groups.get(activity.parent)
        if parent is not None:
            return trace.set_span_in_context(parent, around)
        outer = around.get(_OUTER)
        return outer if is_ours and isinstance(outer, Context) else around

    def _start_call(self, activity: Activity) -> None:
        assert activity.request is not None
        within = self._context_of(activity, context.get_current())
        self._calls[activity] = _CallSpan(activity, time_ns(), within, common_attributes(activity.request), {})

    def _span_of(self, call: _CallSpan) -> Span:
        return self._open(call) if call.span is None else call.span

    def _open(self, call: _CallSpan) -> Span:
        """Make the span of a call, with all that is known."""
        activity = call.activity
        request = activity.request
        assert request is not None
        attributes = {**call.attributes, **call.target}
        add_parameters(attributes, request)
        if activity.labels:
            attributes |= label_attributes(activity.labels)
        if activity.index is not None:
            attributes[names.INDEX] = activity.index
        name, begun = _name_of(attributes), call.begun
        span = call.span = self._tracer.start_span(name, call.within, SpanKind.CLIENT, attributes, start_time=begun)
        if self._content and span.is_recording():
            span.set_attributes(contents.asked(request))
        return span

    def _note_wait(self, call: _CallSpan, event: CallWaiting) -> None:
        self._span_of(call).add_event(names.WAITING, {names.WAIT_REASON: event.reason, names.WAIT_AHEAD: event.ahead})

    def _note_fallback(self, call: _CallSpan, event: CallFellBack) -> None:
        told = {names.REQUEST_MODEL: event.request.model, names.ERROR_TYPE: error_type(event.error)}
        self._span_of(call).add_event(names.FELL_BACK, told)

    def _note_seam(self, call: _CallSpan, event: StreamSeam) -> None:
        self._span_of(call).add_event(names.SEAM, {"kind": event.seam.kind})

    def _note_first_content(self, call: _CallSpan, _: FirstContent) -> None:
        self._span_of(call).add_event(names.FIRST_CONTENT)

    def _start_attempt(self, call: _CallSpan, event: AttemptSent) -> None:
        at, provider = event.at, names.PROVIDERS.get(event.provider, event.provider)
        target: dict[str, Any] = {names.PROVIDER: provider, names.REQUEST_MODEL: event.model}
        call.attributes |= target
        if event.host:
            target |= {names.SERVER_ADDRESS: event.host, names.SERVER_PORT: event.port}
        if call.span is None:
            call.target = target
            self._open(call)
        elif call.target != target:
            call.target = target
            call.span.update_name(_name_of(call.attributes))
            call.span.set_attributes(target)
        if event.number == 1:
            call.is_late = at - call.activity.started > _AT_ONCE
        call.attempts[event.number] = _Sent(time_ns(), target, call.failed)
        call.sent, call.chunk = at, None

    def _end_attempt(self, call: _CallSpan, event: AttemptFailed) -> None:
        sent = call.attempts.pop(event.number, None)
        if sent is None:
            return
        # Only where it failed: the last one went where its call says.
        told = {names.ATTEMPT: event.number, **sent.target}
        if event.pause is not None:
            told[names.PAUSE] = event.pause
        span = call.failed = self._attempt_span(call, sent, told)
        self._fail(span, event.error)
        span.end()

    def _attempt_span(self, call: _CallSpan, sent: _Sent, told: Mapping[str, Any]) -> Span:
        within, failed = trace.set_span_in_context(self._span_of(call), Context()), sent.repeats
        links = [] if failed is None else [Link(failed.get_span_context(), {"trio_llm.link": "retry of"})]
        return self._tracer.start_span("attempt", within, attributes=told, links=links, start_time=sent.at)

    def _note_chunks(self, call: _CallSpan, event: StreamProgress) -> None:
        if call.chunk is not None:
            self._metrics.next_chunk(event.at - call.chunk, call.attributes)
        elif call.sent is not None:
            seconds = event.at - call.sent
            self._span_of(call).set_attribute(names.FIRST_CHUNK, seconds)
            self._metrics.first_chunk(seconds, call.attributes)
        call.chunk = event.at

    def _end_call(self, call: _CallSpan, event: CallEnded) -> None:
        del self._calls[event.activity]
        response, usage = event.response, event.usage
        told: dict[str, Any] = {} if response is None else response_attributes(response)
        if names.RESPONSE_MODEL in told:
            call.attributes[names.RESPONSE_MODEL] = told[names.RESPONSE_MODEL]
        self._metrics.ended(event, usage, call.attributes)
        span = self._span_of(call)
        if span.is_recording():
            told[names.ATTEMPTS] = event.attempts
            told[names.END] = event.end
            if usage is not None:
                told |= usage_attributes(usage)
            if self._content and response is not None:
                told |= contents.answered(response)
            span.set_attributes(told)  # all at once: each time takes as long as a few attributes
        if event.attempts > 1 or call.is_late:
            ended = {} if event.end == "ok" else {names.END: event.end}
            for number, sent in call.attempts.items():
                self._close(self._attempt_span(call, sent, {names.ATTEMPT: number, **ended}), event)
        self._close(span, event)

    def _close(self, span: Span, event: CallEnded | GroupEnded) -> None:
        error = event.error
        if error is not None:
            if event.end == "failed":
                self._fail(span, error)
            elif reason := why_cancelled(error):
                span.set_attribute(names.CANCELLED_BECAUSE, reason)
        span.end()

    def _fail(self, span: Span, error: BaseException) -> None:
        span.set_attribute(names.ERROR_TYPE, error_type(error))
        span.set_status(Status(StatusCode.ERROR, str(error) if self._content else type(error).__name__))

    def enter_nowait(self, departure: Departure) -> object:
        """Let an attempt pass; one that goes to a server of one's own takes the trace along."""
        call = None if departure.activity is None else self._calls.get(departure.activity)
        if call is not None and is_own(departure.host, self._own_hosts):
            _PROPAGATOR.inject(departure.headers, trace.set_span_in_context(self._span_of(call), Context()))
        return self

    async def enter(self, departure: Departure) -> object:
        """The same: it never waits."""
        await trio.lowlevel.checkpoint()
        return self.enter_nowait(departure)

    def leave(self, entered: object, learnt: Learnt) -> None:
        """Nothing is held."""


def _name_of(attributes: Mapping[str, Any]) -> str:
    """The name of a call's span."""
    model = attributes.get(names.REQUEST_MODEL)
    return f"{attributes[names.OPERATION]} {model}" if model else str(attributes[names.OPERATION])


_NOTED: Final[Mapping[type[Event], Callable[[OpenTelemetry, _CallSpan, Any], None]]] = {
    AttemptSent: OpenTelemetry._start_attempt,
    AttemptFailed: OpenTelemetry._end_attempt,
    StreamProgress: OpenTelemetry._note_chunks,
    CallWaiting: OpenTelemetry._note_wait,
    CallFellBack: OpenTelemetry._note_fallback,
    StreamSeam: OpenTelemetry._note_seam,
    FirstContent: OpenTelemetry._note_first_content,
    CallEnded: OpenTelemetry._end_call,
}
"""What is done with the events of a call that has begun."""
