"""What a simulated provider is told to do: values that a test writes down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

import attrs

from .._types.usage import Usage


@attrs.frozen
class AtEvent:
    """A place in a reply: after its first `number` events. A whole reply is one event.

    Example:
        Simulator(Reply("one two three", stall_at=AtEvent(2)))  # falls silent after two events
    """

    number: int


@attrs.frozen
class AtByte:
    """A place in a reply: after the first `number` bytes of its body.

    Example:
        Simulator(Reply("a long answer", cut_at=AtByte(100)))
    """

    number: int


Place: TypeAlias = AtEvent | AtByte


@attrs.frozen(kw_only=True, repr=False)
class Delivery:
    """How a reply's bytes arrive. As an entry of a `FaultPlan` it changes the delivery of the scripted reply.

    Example:
        FaultPlan([Delivery(split=1), Delivery(latency=3, keep_alives=5)])
    """

    latency: float = 0.0
    """Seconds from the request to the reply's head; `math.inf` is silence."""
    gap: float = 0.0
    """Seconds between two events."""
    split: int | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.ge(1)))
    """Bytes of one network read; None makes one read of each event."""
    keep_alives: int = 0
    """Comments or pings that carry no content, `gap` apart: before the first event, or where the stream stalls."""
    cut_at: Place | None = None
    """Where the connection breaks."""
    stall_at: Place | None = None
    """Where it falls silent for ever."""
    garble_at: int | None = None
    """The number of the event whose second half is missing, which makes its JSON malformed."""
    error_at: int | None = None
    """The number of the event that is an error of the provider's in place of itself and all after it."""
    duplicate_at: int | None = None
    """The number of the event that comes twice."""
    swap_at: int | None = None
    """The number of the event that comes behind the one that should follow it."""
    trickle: float = 0.0
    """Seconds between two pieces of one event, where `split` makes several."""
    read_rate: float | None = attrs.field(default=None, validator=attrs.validators.optional(attrs.validators.gt(0.0)))
    """Bytes of the request that it reads a second, before anything else; None reads at once."""
    clock_jump: float = 0.0
    """Seconds by which the provider's calendar is off, in headers that tell a time of it."""

    def __attrs_post_init__(self) -> None:
        if self.cut_at is not None and self.stall_at is not None:
            raise ValueError("a reply is either cut or stalls")

    def __repr__(self) -> str:
        """As it is written down: without what is as usual."""
        told = [(field, getattr(self, field.name)) for field in attrs.fields(type(self))]
        shown = [f"{field.name}={value!r}" for field, value in told if value != _usual(field)]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_pretty_(self, printer: Any, *_cycle: object) -> None:
        """What Hypothesis and IPython print, who would write down every field."""
        printer.text(repr(self))


def _usual(field: attrs.Attribute[Any]) -> object:
    default: Any = field.default
    return default.factory() if hasattr(default, "factory") else default


@attrs.frozen
class ToolUse:
    """A tool call of the simulated model's.

    Example:
        Simulator(Reply(tool_calls=[ToolUse("weather", {"city": "Paris"})]))
    """

    name: str
    arguments: Mapping[str, Any] | str = attrs.Factory(dict[str, Any])
    """An object, or JSON text. Text that is no JSON is only sent where the wire carries text."""
    id: str | None = None
    """The call's id; None gives it one by its place."""


@attrs.frozen(repr=False)
class Reply(Delivery):
    """An answer of the model's.

    Example:
        reply = await transport.send(origin, request)
        first = await reply.read()
        await reply.aclose()
    """

    text: str | Sequence[str] | None = None
    """The text, streamed word by word, or the fragments themselves. None echoes the last user message."""
    tool_calls: Sequence[ToolUse] = attrs.field(default=(), kw_only=True)
    reasoning: str | Sequence[str] = attrs.field(default="", kw_only=True)
    """The model's thinking, where the wire can show it."""
    usage: Usage | None = attrs.field(default=None, kw_only=True)
    """Token counts; None counts one token a word."""
    finish_reason: str | None = attrs.field(default=None, kw_only=True)
    """stop, length, tool_calls or content_filter; None lets the content decide."""


@attrs.frozen(repr=False)
class Failure(Delivery):
    """An error reply, in the words of the wire that was asked.

    Example:
        Simulator([Failure(429, retry_after=2), Failure(500, "oops"), Reply("Hello")])
    """

    status: int = 500
    message: str = "simulated failure"
    code: str | None = attrs.field(default=None, kw_only=True)
    """The provider's structured code; None takes the usual one of the status."""
    retry_after: float | None = attrs.field(default=None, kw_only=True)
    """Seconds, said where the wire says it: in a header, for Gemini in the body."""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], kw_only=True)
    """Further headers, lower-case names."""


@attrs.frozen(repr=False)
class RawReply(Delivery):
    """Any bytes at all. Several pieces count as several events.

    Example:
        Simulator(RawReply(b"<html>Bad gateway</html>", content_type="text/html", status=502))
    """

    body: bytes | Sequence[bytes] = b""
    content_type: str = attrs.field(default="application/json", kw_only=True)
    status: int = attrs.field(default=200, kw_only=True)
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], kw_only=True)


class Cause(Enum):
    """Why there is no connection, or no longer.

    Example:
        Simulator([Disconnect(cause=Cause.DNS), Reply("Hello")])
    """

    RESET = "connection reset"
    """After the request was sent."""
    REFUSED = "connection refused"
    DNS = "the host's name is not known"
    TLS = "the server's certificate is not trusted"
    """Which waiting does not mend."""
    TIMED_OUT = "connecting timed out"


@attrs.frozen
class Disconnect:
    """The connection breaks before the first byte of the reply, or there is none. A port can only be reset.

    Example:
        Simulator([Disconnect(latency=2), Disconnect(cause=Cause.TLS), Reply("Hello")])
    """

    latency: float = 0.0
    """Seconds from the request to the break."""
    cause: Cause = Cause.RESET


Action: TypeAlias = Reply | Failure | RawReply | Disconnect
"""What the provider does with one request."""
Fault: TypeAlias = Action | Delivery
"""An action replaces the scripted one; a plain `Delivery` changes how the scripted reply arrives."""
