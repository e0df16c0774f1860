"""The observer that makes spans and metrics of events, and the gate that tells one's own servers of a trace.

Theory of operation. Each activity that has not ended has one open span here: a call, or a group of calls. A call has
open spans of its attempts as well, by their numbers. Spans are opened by the event that begins a thing. They are closed
by the event that ends it, which the engine promises once for each, whatever happens. With its call end all of its
attempts. So no span stays open that began.

A group's span is the current one for as long as it lasts, on its task and on those that are started in it: what a
tool does becomes part of it. A call's is not, because a stream is read while other things happen. The parent of a span
is the current span where that is somebody else's. Else it is that of the activity's group.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Final

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
from ._facts import error_type, label_attributes, request_attributes, response_attributes, usage_attributes
from ._metrics import Metrics
from ._own import is_own

_OWN: Final = context.create_key("trio_llm span")
_OUTER: Final = context.create_key("trio_llm outer context")
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_TOOL: Final = "execute_tool"
_AGENT: Final = "invoke_agent"


@attrs.define(eq=False)
class _CallSpan:
    """A call that has not ended."""

    span: Span
    attributes: dict[str, Any]
    """Of its metrics: what belongs to many calls, as every other value makes a series of its own."""
    server: dict[str, Any] = attrs.Factory(dict[str, Any])
    """Where its last attempt went."""
    attempts: dict[int, Span] = attrs.Factory(dict[int, Span])
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
        request = activity.request
        assert request is not None
        attributes = request_attributes(request)
        asked: dict[str, Any] = {
            name: attributes[name] for name in (names.OPERATION, names.REQUEST_MODEL) if name in attributes
        }
        if activity.labels:
            attributes |= label_attributes(activity.labels)
        if activity.index is not None:
            attributes[names.INDEX] = activity.index
        if self._content:
            attributes |= contents.asked(request)
        name = " ".join(map(str, asked.values()))
        within = self._context_of(activity, context.get_current())
        span = self._tracer.start_span(name, within, SpanKind.CLIENT, attributes)
        self._calls[activity] = _CallSpan(span, asked)

    def _note_wait(self, call: _CallSpan, event: CallWaiting) -> None:
        call.span.add_event(names.WAITING, {names.WAIT_REASON: event.reason, names.WAIT_AHEAD: event.ahead})

    def _note_fallback(self, call: _CallSpan, event: CallFellBack) -> None:
        told = {names.REQUEST_MODEL: event.request.model, names.ERROR_TYPE: error_type(event.error)}
        call.span.add_event(names.FELL_BACK, told)

    def _note_seam(self, call: _CallSpan, event: StreamSeam) -> None:
        call.span.add_event(names.SEAM, {"kind": event.seam.kind})

    def _note_first_content(self, call: _CallSpan, _: FirstContent) -> None:
        call.span.add_event(names.FIRST_CONTENT)

    def _start_attempt(self, call: _CallSpan, event: AttemptSent) -> None:
        attributes = call.attributes
        if not call.attempts and attributes.get(names.REQUEST_MODEL) != event.model:
            call.span.update_name(f"{attributes[names.OPERATION]} {event.model}")
        attributes[names.PROVIDER] = names.PROVIDERS.get(event.provider, event.provider)
        attributes[names.REQUEST_MODEL] = event.model
        call.server = {names.SERVER_ADDRESS: event.host, names.SERVER_PORT: event.port} if event.host else {}
        links = [] if call.failed is None else [Link(call.failed.get_span_context(), {"trio_llm.link": "retry of"})]
        call.attempts[event.number] = self._tracer.start_span(
            "attempt",
            trace.set_span_in_context(call.span, Context()),
            attributes={names.ATTEMPT: event.number},
            links=links,
        )
        call.sent, call.chunk = event.at, None

    def _end_attempt(self, call: _CallSpan, event: AttemptFailed) -> None:
        span = call.attempts.pop(event.number, None)
        if span is None:
            return
        call.failed = span
        # Only where it failed: the last one went where its call says.
        told = {name: call.attributes[name] for name in (names.PROVIDER, names.REQUEST_MODEL)} | call.server
        if event.pause is not None:
            told[names.PAUSE] = event.pause
        span.set_attributes(told)
        self._fail(span, event.error)
        span.end()

    def _note_chunks(self, call: _CallSpan, event: StreamProgress) -> None:
        if call.chunk is not None:
            self._metrics.next_chunk(event.at - call.chunk, call.attributes)
        elif call.sent is not None:
            seconds = event.at - call.sent
            call.span.set_attribute(names.FIRST_CHUNK, seconds)
            self._metrics.first_chunk(seconds, call.attributes)
        call.chunk = event.at

    def _end_call(self, call: _CallSpan, event: CallEnded) -> None:
        del self._calls[event.activity]
        told: dict[str, Any] = {names.ATTEMPTS: event.attempts, names.END: event.end}
        if event.response is not None:
            told |= response_attributes(event.response)
            if self._content:
                told |= contents.answered(event.response)
        if names.RESPONSE_MODEL in told:
            call.attributes[names.RESPONSE_MODEL] = told[names.RESPONSE_MODEL]
        usage = event.usage
        if usage is not None:
            told |= usage_attributes(usage)
        # All at once: each time that a span is told something takes as long as a few attributes.
        told |= call.attributes
        told |= call.server
        del told[names.OPERATION]
        call.span.set_attributes(told)
        self._metrics.ended(event, usage, call.attributes)
        for attempt in call.attempts.values():
            if event.end != "ok":
                attempt.set_attribute(names.END, event.end)
            self._close(attempt, event)
        self._close(call.span, event)

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
            _PROPAGATOR.inject(departure.headers, trace.set_span_in_context(call.span, Context()))
        return self

    async def enter(self, departure: Departure) -> object:
        """The same: it never waits."""
        await trio.lowlevel.checkpoint()
        return self.enter_nowait(departure)

    def leave(self, entered: object, learnt: Learnt) -> None:
        """Nothing is held."""


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
