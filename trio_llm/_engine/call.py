"""The one lifecycle of a call, and the end of a client, which knows its running calls.

A `RunningCall` is one call from its start to its response, or to the end of its stream. Its states:

    waiting ──────> asking ───────────────────────────────> ended     a whole reply, or an error that nothing mends
       ^              │  ^ │
       │   a failure  v  │ │ the first content of a stream
       └─────────── pausing │
                         │ v
                         flowing ─────────────────────────> ended     its last chunk, an error, a reader that leaves
                            │ breaks, and may be asked for again
                            └──> pausing

- *waiting*: its attempt stands in the account's lines, or before a gate.
- *asking*: a request is with the provider. *pausing*: the time until the next attempt, or none before a fallback.
- *flowing*: its reader has chunks. Between two pulls nothing of it runs.

It starts in `Calls.start` or `start_stream`, and nowhere else. It ends in `RunningCall.end`, and nowhere else; whoever
comes first says how, and the rest changes nothing. Who calls `end`:

- `Engine.receive` for whole replies, those in parts and of embedded servers included; both forms for a failed opening;
- the source that the reader holds, for streams: an `AttemptSource` alone (`ends_call`), or the one that asks again;
- the generator that owns the reply, when the event loop finalises it because its reader forgot it (`forgotten`).

What always holds: `scopes` has a scope for every place at which a task waits inside the call, so that its client can
cut it off; an idle stream has none, and is closed instead. After `end` the call has neither slot nor connection.
Observers are told of the start and of the end at these places alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakSet, ref

import attrs

from .._limits.ticket import Crowd
from .._runtime import run_clock, trio
from .._types.chat import ModelResponse
from .._types.errors import ClientClosedError
from .._types.http import ReplyHead
from .._types.mapping import Record
from .._types.receipt import Receipt
from .._types.usage import Usage

if TYPE_CHECKING:
    from .events import End
    from .watching import CallActivity


ResponseT = TypeVar("ResponseT")


class OpenStream(Protocol):
    """A stream as whoever cuts it off sees it."""

    @property
    def partial(self) -> ModelResponse | None:
        """What has arrived."""

    async def aclose(self) -> None:
        """Close its connection."""


class RunningCall:
    """One call of a client's: from its start to its response, or to the end of its stream.

    Times are seconds on the event loop's clock. Every call makes one, and asks it often: so it has slots.
    """

    __slots__ = (
        "__weakref__",
        "admitted",
        "answered",
        "attempts",
        "calls",
        "crowd",
        "cut",
        "deadline",
        "ended",
        "first_content",
        "from_departure",
        "has_left",
        "head",
        "leaving",
        "model",
        "receipt",
        "scopes",
        "started",
        "stream",
        "timeout",
        "watch",
    )

    def __init__(self, calls: Calls, model: str, timeout: float) -> None:
        self.calls = calls
        self.model = model
        self.timeout = timeout
        """The total limit in seconds."""
        self.from_departure = False
        """Whether its limit begins when it first leaves the line, not when it is made."""
        self.crowd: Crowd | None = None
        """The fan-out that it is a part of."""
        self.watch: CallActivity | None = None
        """What observers are told through; None if there are none."""
        self.started = calls.clock()
        self.deadline = self.started + timeout
        """Infinite while the call stands in line, if its limit begins when it leaves."""
        self.scopes: set[trio.CancelScope] = set()
        """What to cancel while tasks wait inside the call. For an idle stream nobody waits."""
        self.attempts = 0
        """Requests sent."""
        self.has_left = False
        """Whether an attempt has left the line."""
        self.admitted: float | None = None
        """When the last attempt got its slot; None if none did."""
        self.head: ReplyHead | None = None
        """That of the last reply."""
        self.answered: float | None = None
        """When the last whole reply was there; None if none was."""
        self.first_content: float | None = None
        """Streams: when the first content arrived."""
        self.receipt: Receipt | None = None
        """Of a stream's last reply."""
        self.stream: ref[OpenStream] | None = None
        """Weak: a stream that its reader has forgotten is to be finalised at once."""
        self.leaving = False
        """Whether its stream is being closed on purpose."""
        self.cut = False
        """Whether the client ended it."""
        self.ended = False

    def follow(self, stream: OpenStream) -> None:
        """From now on it is this stream."""
        self.stream = ref(stream)

    def left_line(self, at: float) -> None:
        """An attempt leaves."""
        self.admitted = at
        self.attempts += 1
        if not self.has_left:
            self.has_left = True
            if self.deadline == math.inf and self.from_departure:  # it stood in line, as few calls do
                self.deadline = at + self.timeout
                for scope in self.scopes:
                    scope.deadline = min(scope.deadline, self.deadline)

    def stand_in_line(self) -> None:
        """An attempt has to wait. Before the first has left, no time counts if the limit begins with that."""
        if self.from_departure and not self.has_left:
            self.deadline = math.inf
            for scope in self.scopes:
                scope.deadline = math.inf

    def back_in_line(self) -> None:
        """It is as if no attempt had left."""
        self.has_left = False
        self.stand_in_line()

    def end(
        self,
        error: BaseException | None = None,
        response: Any = None,
        *,
        how: End | None = None,
        at: float | None = None,
    ) -> None:
        """It is over, by an error or with a response. Whoever comes first says how; the rest changes nothing."""
        if not self.ended:
            self.ended = True
            calls = self.calls
            if self.receipt is not None:
                self.receipt.ended = calls.clock()
            calls.whole.discard(self)
            if calls.fewer is not None:
                calls.fewer.set()
            if self.watch is not None:
                self.watch.head = self.head
                self.watch.ended(how, error, response, calls.clock() if at is None else at)

    def with_receipt(self, response: ResponseT) -> ResponseT:
        """A stream's response so far, with what is known of its reply."""
        if isinstance(response, Record):
            response.receipt = self.receipt
        return response

    def forgotten(self, usage: Usage | None) -> None:
        """The event loop finalises its stream, which nobody reads any more, unless somebody is closing it."""
        if not self.leaving:
            if self.watch is not None:
                self.watch.usage = usage
            self.end(how="abandoned")

    def wait_until(self, deadline: float) -> trio.CancelScope:
        """A scope for what the call waits for next. Its client can cancel it until it is taken out of `scopes`."""
        scope = self.calls.open_scope(deadline=deadline)
        self.scopes.add(scope)
        if self.cut:
            scope.cancel(reason=self.calls.refusal)
        return scope

    def closed_error(self) -> ClientClosedError:
        """What the caller gets when it was cut."""
        return ClientClosedError(f"{self.calls.refusal}: this call was ended", model=self.model)


@attrs.define
class JobTrace:
    """The call that is made for a job, as whoever runs the job sees it."""

    crowd: Crowd | None = None
    """The fan-out that it is a part of."""
    call: RunningCall | None = None
    """The call, once it has started."""

    @property
    def attempts(self) -> int:
        """Requests sent."""
        return 0 if self.call is None else self.call.attempts


@attrs.frozen
class CutCall:
    """A call that a drain did not wait for.

    Example:
        report = await client.drain(10)
        print([(call.model, call.partial) for call in report.cut])
    """

    model: str
    running: float
    """Seconds from its start."""
    partial: ModelResponse | None
    """Streams: what had arrived."""


@attrs.frozen
class DrainReport:
    """What came of draining a client.

    Example:
        report = await client.drain(10)
        print(report.finished, len(report.cut))
    """

    finished: int
    """Calls that ended by themselves within the grace."""
    cut: tuple[CutCall, ...]
    """Calls that were cancelled."""


class Calls:
    """The running calls of one client, and whether it takes more."""

    def __init__(self) -> None:
        self.refusal: str | None = None
        """Why no call may start."""
        # Three names of this run's vocabulary, kept because every call needs them.
        self.clock = run_clock()
        self.open_scope = trio.CancelScope
        self.checkpoint_if_cancelled = trio.lowlevel.checkpoint_if_cancelled
        self.whole: set[RunningCall] = set()
        """Those that are no streams."""
        self._streamed: WeakSet[RunningCall] = WeakSet()
        self.fewer: trio.Event | None = None
        """Tells whoever waits for the last one that a call has ended."""

    def start(self, model: str, timeout: float) -> RunningCall:
        """A call begins, which somebody will `end`.

        Raises:
            ClientClosedError: if the client takes no more.
        """
        if self.refusal is not None:
            raise self._refused(model)
        call = RunningCall(self, model, timeout)
        self.whole.add(call)
        return call

    def start_stream(self, model: str, timeout: float) -> RunningCall:
        """The same for a call whose stream may be forgotten by its reader, and so never be ended."""
        if self.refusal is not None:
            raise self._refused(model)
        call = RunningCall(self, model, timeout)
        self._streamed.add(call)
        return call

    def _refused(self, model: str) -> ClientClosedError:
        return ClientClosedError(f"{self.refusal}: it takes no more calls", model=model)

    def _running(self) -> list[RunningCall]:
        return [call for call in (*self.whole, *self._streamed) if not call.ended]

    def refuse(self, reason: str) -> None:
        """From now on no call may start; the last reason counts."""
        self.refusal = reason

    async def drain(self, grace: float) -> DrainReport:
        """Refuse, wait, cut off; see `Client.drain`."""
        self.refuse("this client was drained")
        before = len(self._running())
        with trio.move_on_after(grace):
            await self.wait_idle()
        cut = await self.cut()
        await self.wait_idle()
        return DrainReport(before - len(cut), cut)

    async def cut(self) -> tuple[CutCall, ...]:
        """End every running call. Tasks that wait inside one have still to notice."""
        cut: list[CutCall] = []
        for call in self._running():
            call.cut = True
            stream = call.stream() if call.stream is not None else None
            cut.append(CutCall(call.model, self.clock() - call.started, stream.partial if stream else None))
            for scope in call.scopes:
                scope.cancel(reason=self.refusal)
            if stream is not None and not call.scopes:
                await stream.aclose()
        return tuple(cut)

    async def wait_idle(self) -> None:
        """Wait until no call runs."""
        await trio.lowlevel.checkpoint()
        while self._running():
            if self.fewer is None or self.fewer.is_set():
                self.fewer = trio.Event()
            await self.fewer.wait()
