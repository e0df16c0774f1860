"""What observers are told: typed events of calls, and of groups of calls, in the order in which they happen.

An event is told on the task of its call, at the moment that it reports. Times are seconds on the clock of the run, as
`trio.current_time()` gives them. Events are values: whoever gets one may keep it, and should not change it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import attrs

from .._limits.line import WaitReason
from .._types.chat import ModelResponse, Seam
from .._types.errors import APIError
from .._types.request import AnyRequest
from .._types.usage import Usage

Kind: TypeAlias = str
"""`call`; of groups `fan_out`, `as_completed`, `race`, `hedge`, `cascade`, `merge`, `job`, or a name of one's own.

A run of tools is a group `tools`, which has a group `round` for each round, and in it a group `tool` for each tool.
"""
End: TypeAlias = Literal["ok", "failed", "cancelled", "abandoned"]
"""How a call or a group ended.

`cancelled` was given up by its caller: by a scope, by leaving a stream early, or because another call had won.
`abandoned` is a stream that its reader forgot; that is told when the event loop notices.
"""


@attrs.define(eq=False)
class Activity:
    """What events are about: one call, or a group of them. The same object in all its events, and not to be changed.

    path = activity.kind
    while activity := activity.parent:
        path = f"{activity.kind}/{path}"
    """

    id: int
    """Counted from 1 in each client."""
    kind: Kind
    started: float
    """Seconds, on the clock of the run."""
    parent: Activity | None = None
    """The group that it belongs to: the fan-out of a call, the hedge of a copy."""
    index: int | None = None
    """Its place among the jobs of its parent, from 0."""
    request: AnyRequest | None = attrs.field(default=None, repr=False)
    """A call's request, as it was asked for."""
    labels: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    """What the caller says about it: the `metadata` of a call, the name of a group."""
    contents: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    """What went into a group and came out of it, by name, where whoever made it says so: for observers that are asked
    to tell contents. Of a tool `arguments` and `result`, when it has ended."""

    @property
    def parent_id(self) -> int | None:
        """The id of its parent."""
        return self.parent.id if self.parent is not None else None


@attrs.define(eq=False)
class Event:
    """What all events have. An observer that wants `Event` is told everything.

    Example:
        class Log:
            wants = (CallStarted, CallEnded)

            def observe(self, event: Event) -> None:
                print(event.at, type(event).__name__)
    """

    activity: Activity
    at: float
    """When it happened, in seconds on the clock of the run."""


@attrs.define(eq=False)
class CallStarted(Event):
    """A call begins: the first of its events. Its request is `activity.request`.

    Example:
        if isinstance(event, CallStarted):
            print(event.activity.request.model)
    """


@attrs.define(eq=False)
class CallWaiting(Event):
    """An attempt cannot leave at once, by the client's own limits. `AttemptSent` ends the wait.

    Example:
        if isinstance(event, CallWaiting):
            print(event.reason, event.ahead)
    """

    reason: WaitReason
    """A slot, a limit per minute (`rate`), or the end of a pause after a refusal."""
    held: int
    """Calls that hold slots of the same account."""
    holders: Sequence[Activity]
    """Those of them that have held theirs longest, at most eight."""
    ahead: int
    """Calls that stand in the same line already."""


@attrs.define(eq=False)
class AttemptSent(Event):
    """A request leaves for the provider.

    Example:
        if isinstance(event, AttemptSent):
            print(event.number, event.provider, event.model)
    """

    number: int
    """Counted from 1, over all models of the call."""
    provider: str
    model: str
    """By its name without the provider's prefix."""
    host: str = ""
    port: int = 0


@attrs.define(eq=False)
class AttemptFailed(Event):
    """An attempt came to nothing.

    Example:
        if isinstance(event, AttemptFailed):
            print(event.number, event.error, event.pause)
    """

    number: int
    """That of its `AttemptSent`; 0 if it was not sent."""
    error: APIError
    pause: float | None
    """Seconds until the next attempt at the same model; None if there is none.

    It is 0 for a call of a fan-out that goes back into its line, where it may wait."""
    paused_until: float | None = None
    """If the refusal made the whole lane of the account pause: until when, on the clock of the run."""


@attrs.define(eq=False)
class CallFellBack(Event):
    """The call goes on to another target.

    Example:
        if isinstance(event, CallFellBack):
            print(event.error, "so it goes on with", event.request.model)
    """

    error: APIError
    """Why: the last error of the target before."""
    request: AnyRequest
    """What is asked there."""


@attrs.define(eq=False)
class StreamSeam(Event):
    """A stream broke and was asked for again.

    Example:
        if isinstance(event, StreamSeam):
            print(event.seam)
    """

    seam: Seam
    """What the reader sees of it."""


@attrs.define(eq=False)
class FirstContent(Event):
    """The first content of a stream has arrived. Its latency is `at - activity.started`.

    Example:
        if isinstance(event, FirstContent):
            print(event.at - event.activity.started, "seconds to the first content")
    """


@attrs.define(eq=False)
class StreamProgress(Event):
    """Chunks of a stream were handed over to its reader.

    Example:
        if isinstance(event, StreamProgress):
            print(event.activity.id, event.chunks)
    """

    chunks: Sequence[Any]
    """Those of one network read. They are the reader's: not to be changed."""


@attrs.frozen(eq=False)
class Unfolded:
    """The response of a stream, folded when an observer asks for it: few do, and it takes as long as reading did."""

    fold: Callable[[], Any]


@attrs.define(eq=False)
class CallEnded(Event):
    """A call is over: the last of its events. Its duration is `at - activity.started`.

    Example:
        if isinstance(event, CallEnded):
            print(event.at - event.activity.started, "seconds")
    """

    end: End
    error: BaseException | None
    """Why it failed, or what cancelled it."""
    _response: Any = attrs.field(repr=False)
    _usage: Usage | None = attrs.field(repr=False)
    attempts: int
    """Requests sent."""
    provider: str
    """The one that was asked last; empty if none was."""
    model: str
    """By its name without the provider's prefix."""
    status: int | None
    """HTTP status of the last reply."""
    headers: Mapping[str, str]
    """Those of the last reply, with lower-case names; empty if there was none."""
    bytes_sent: int
    """Bytes of request bodies, over all attempts. Files are not counted."""
    bytes_received: int
    """Bytes of reply bodies, as decoded from what the connection carried."""
    left: float | None = None
    """When its first request left, on the clock of the run; None if none did."""

    @property
    def response(self) -> Any:
        """The response, of streams folded; of what did not end well, what had arrived. None if nothing had."""
        if isinstance(self._response, Unfolded):
            self._response = self._response.fold()
        return self._response

    @property
    def usage(self) -> Usage | None:
        """Tokens as the provider counted them, if it has; in OpenAI's meaning over every API."""
        response = self._response
        if type(response) is ModelResponse and type(response.usage) is Usage:  # as most are
            return response.usage
        usage = getattr(self.response if type(response) is Unfolded else response, "usage", self._usage)
        usage = getattr(usage, "chat_usage", usage)
        return usage if isinstance(usage, Usage) else None


@attrs.define(eq=False)
class GroupStarted(Event):
    """A group of calls begins: a fan-out, a race, a hedge, a job that is a function.

    Example:
        if isinstance(event, GroupStarted):
            print(event.activity.kind, event.activity.id)
    """


@attrs.define(eq=False)
class ContestWon(Event):
    """One of the jobs of a race, a hedge or a cascade has won. The others end as cancelled.

    Example:
        if isinstance(event, ContestWon):
            print(event.activity.kind, "was won by", event.index)
    """

    index: int
    """The winner's place among the jobs."""


@attrs.define(eq=False)
class GroupEnded(Event):
    """A group is over, and with it all its calls.

    Example:
        if isinstance(event, GroupEnded):
            print(event.activity.kind, event.end, event.error)
    """

    end: End
    error: BaseException | None
