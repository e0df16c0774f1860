"""One account's limits at work: the lines in front of a provider.

Every call of an account goes through these states; whoever makes the call moves it, and wakes the next one.

- *waiting in its lane's line*, by priority, then by arrival. Only the first waits for something: the end of a pause,
  the lane's pace, what headers describe, fewer in flight. A large call is so not overtaken for ever by small ones.
- *waiting at the account's door*, once its lane lets it go. Only the first of those there waits for something: the
  caller's own requests and tokens per minute, then a slot. It leaves the door again if its lane closes meanwhile.
- *in flight*, as an `Admission`. Whoever has that notes what came back, and leaves exactly once.

What always holds: a wait that is cancelled has taken nothing. A slot is held by calls in flight only, but for the
moment in which the first at the door finds that something changed while it waited for the slot. Whoever leaves a
line, for whatever reason, wakes the next; whoever ends wakes the first of its lane and the first at the door. No task
of ours does any of this: each caller waits for itself.

A call that finds nothing to wait for passes all of it at once, in `enter_nowait`.
"""

from __future__ import annotations

import math
import time
from itertools import count, islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from .._runtime import run_clock, trio
from .._types.errors import APIError, RateLimitError
from .._types.http import ReplyHead
from .._types.usage import Usage
from .adaptive import SlowStart
from .buckets import NOTHING, ONE_REQUEST, RateCost
from .estimate import estimate_cost
from .header_formats import read_limits
from .lane import Lane, LaneCall
from .line import Line, Waiter, WaitReason, Why
from .pace import Rhythm
from .refusals import is_pausing
from .settings import Limits, SlotLimiter
from .slots import Slots
from .ticket import Crowd, Ticket
from .windows import RequestWindow, Share, TokenWindow

if TYPE_CHECKING:
    from .statistics import AccountStatistics, LaneStatistics

_MOST_LANES: Final = 1_000
"""Lanes that are remembered; programs that make up names of models should not grow for ever."""
_MOST_HOLDERS: Final = 8
"""Calls that are named to those who wait for a slot."""


class Admission(LaneCall):
    """A call among those in flight, for the length of a `with` block or until it leaves; the borrower of its slot.

    Whoever has it notes what came back; leaving gives the slot back and settles the tokens.
    """

    __slots__ = ("account", "lane", "learns", "received", "share", "ticket", "usage")
    delivered: ClassVar[None] = None
    """Where gates want to know them, the chunks that arrived: see `GatedAdmission`."""

    def __init__(self, account: Account, ticket: Ticket, cost: RateCost, at: float) -> None:
        self.cost = cost
        self.at = at
        self.number = 0
        self.departure = None
        self.described = ()
        self.unspent = NOTHING
        self.account = account
        self.ticket = ticket
        self.lane = lane = ticket.lane
        self.learns = lane.described is not None
        """Whether anybody wants to know the headers of the reply."""
        self.usage: Usage | None = None
        """What the reply said was used."""
        self.received = 0
        """Tokens of the answer that arrived, as far as one can tell."""
        self.share: Share | None = None
        """Where its tokens are counted."""

    def learn(self, head: ReplyHead) -> None:
        """Take note of a reply's headers."""
        if self.learns:
            self.account.learn(self, head)

    def __enter__(self) -> Admission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.account.leave(self, error)

    def leave(self, error: BaseException | None) -> None:
        """The same without a `with` block. `error` is what ended the call, if any did."""
        self.account.leave(self, error)

    def settled(self, error: BaseException | None) -> RateCost:
        """Reserved tokens that were not used, by what came back."""
        cost = self.cost
        if self.usage is not None:
            return RateCost(0, cost.prompt - self.usage.prompt_tokens, cost.answer - self.usage.completion_tokens)
        if self.received:
            return RateCost(0, 0, max(0, cost.answer - self.received))
        return NOTHING if error is None else RateCost(0, cost.prompt, cost.answer)


class Account:
    """The limits of one account at work. Belongs to one run of an event loop."""

    def __init__(self, limits: Limits, *, free: bool = False) -> None:
        """An account under these limits; `free`: its host is one's own, and adaptive limits start with all calls.

        Raises:
            TypeError: if the limiter is another event loop's.
        """
        given = limits.max_in_flight
        self._now = run_clock()
        most: float = math.inf
        if given is None or isinstance(given, int):
            most = given or math.inf
            self._slots: SlotLimiter = Slots(most)
        else:
            _check_loop(given)
            self._slots = given
        per_minute, tokens = limits.requests_per_minute, limits.tokens_per_minute
        self._requests = None if per_minute is None else RequestWindow(per_minute)
        self._tokens = None if tokens is None else TokenWindow(tokens)
        self._has_windows = self._requests is not None or self._tokens is not None
        self._adaptive = limits.adaptive
        self._opening = SlowStart(most, free=free) if limits.adaptive and isinstance(self._slots, Slots) else None
        if self._opening is not None:
            self._slots.total_tokens = self._opening.number
        self._lanes: dict[str, Lane] = {}
        self._rhythm = Rhythm()
        self._door = Line()
        self.arrivals = 0
        """Calls that have come so far."""
        self._returns = count()
        """Numbers of calls that go back into their lines."""
        self._in_flight = 0
        self._holders: dict[Admission, Any] = {}
        """Those whose call is known to observers, in the order in which they left."""
        self._attempts = 0
        self._errors = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0

    def ticket(self, priority: int = 0, lane: str = "", crowd: Crowd | None = None, request: object = None) -> Ticket:
        """A call's claim to a place in the line of one lane."""
        found = self._lanes.get(lane)
        if found is None:
            found = self._open_lane(lane)
        return Ticket(found, priority, request, crowd)

    def _open_lane(self, name: str) -> Lane:
        if len(self._lanes) >= _MOST_LANES:
            self._lanes = {known: lane for known, lane in self._lanes.items() if not lane.is_idle}
        lane = self._lanes[name] = Lane(self._rhythm, adaptive=self._adaptive)
        return lane

    def cost_of(self, ticket: Ticket) -> RateCost:
        """What a call will take from the limits. Its tokens are estimated only where something counts them."""
        if self._tokens is None and not ticket.lane.counts_tokens:
            return ONE_REQUEST
        if ticket.estimate is None:
            ticket.estimate = estimate_cost(ticket.request)
        return ticket.estimate if self._tokens is not None else ticket.lane.adjusted(ticket.estimate)

    def enter_nowait(self, cost: RateCost, ticket: Ticket) -> Admission | None:
        """Let a call in for which there is nothing to wait; None if there is, and it has to `enter`."""
        if ticket.arrival is None:
            self.arrivals = ticket.arrival = self.arrivals + 1
        if ticket.crowd is not None:
            ticket.crowd.check(self)
        lane, slots = ticket.lane, self._slots
        if ticket.stuck is not None:
            ticket.stuck = None
        if lane.line.first is not None or self._door.first is not None or slots.available_tokens <= 0:
            return None
        now = self._now()
        if (lane.steers and not lane.is_open(now, cost)) or (self._has_windows and self._windows_wait(now, cost)):
            return None
        admission = Admission(self, ticket, cost, now)
        # Not by trying: what a limiter of anyio's raises under Trio is not Trio's WouldBlock.
        slots.acquire_on_behalf_of_nowait(admission)
        self._depart(admission)
        return admission

    async def enter(self, cost: RateCost, ticket: Ticket) -> Admission:
        """Wait in line, and for a slot. Cancelled while waiting, nothing has been taken.

        Raises:
            RateLimitError: at once, if the wait cannot end before the caller's deadline, as things stand; and for a
                call of a fan-out, if its lane was given up.
            AuthenticationError: for a call of a fan-out, if another one's credential was refused here.
        """
        if ticket.arrival is None:
            self.arrivals = ticket.arrival = self.arrivals + 1
        admission = Admission(self, ticket, cost, self._now())
        await self._stand_in_line(admission)
        admission.at = self._now()
        self._depart(admission)
        return admission

    def send_back(self, ticket: Ticket) -> None:
        """A refused call returns to its line: another one finds out first whether the lane is open again."""
        ticket.send_behind_first(next(self._returns))
        ticket.refused = False

    def turn_away(self, crowd: Crowd, error: APIError) -> None:
        """The credential of this account was refused: the others of a fan-out need not ask with it."""
        if self not in crowd.wrong_keys and error.attempts:
            crowd.wrong_keys[self] = error
            for lane in self._lanes.values():
                lane.line.wake_all()

    def _depart(self, admission: Admission) -> None:
        if self._requests is not None:
            self._requests.take(admission.at)
        if self._tokens is not None:
            admission.share = self._tokens.take(admission.at, admission.cost.tokens)
        lane = admission.lane
        lane.in_flight += 1
        admission.number = lane.departed = lane.departed + 1
        if lane.steers:
            lane.depart(admission)
        self._in_flight += 1
        self._attempts += 1
        if admission.ticket.holder is not None:
            self._holders[admission] = admission.ticket.holder
        opening = self._opening
        if opening is not None and self._in_flight > opening.peak:
            opening.left(self._in_flight)

    def leave(self, admission: Admission, error: BaseException | None) -> None:
        """Give a slot back and settle the tokens; any task may do it. `error` is what ended the call, if any did."""
        lane = admission.lane
        if (usage := admission.usage) is not None:
            self._prompt_tokens += usage.prompt_tokens
            self._completion_tokens += usage.completion_tokens
        if error is not None or self._tokens is not None or lane.follows:
            self._settle(admission, error)
        if error is None:
            if lane.steers:
                lane.succeeded(admission.usage, admission.ticket.estimate)
            opening = self._opening
            if opening is not None and opening.number < opening.reach:
                opening.succeeded()
                self._slots.total_tokens = opening.number
        lane.in_flight -= 1
        if self._rhythm.paces:
            lane.retire_if_idle(returns=admission.ticket.refused)
        self._in_flight -= 1
        if self._holders:
            self._holders.pop(admission, None)
        self._slots.release_on_behalf_of(admission)
        if lane.line.first is not None:
            lane.line.wake_first()
        if self._door.first is not None:
            self._door.wake_first()

    def _settle(self, admission: Admission, error: BaseException | None) -> None:
        now = self._now()
        admission.unspent = admission.settled(error)
        if self._tokens is not None and admission.share is not None:
            self._tokens.correct(now, admission.share, admission.unspent.tokens)
        admission.lane.settle(admission, now)
        if isinstance(error, APIError):
            self._errors += 1
            if is_pausing(error):
                admission.ticket.refused = admission.lane.refused(admission, error, now, self.arrivals)

    def learn(self, admission: Admission, head: ReplyHead) -> None:
        """Follow the limits that a reply describes."""
        windows = read_limits(head.headers, time.time())
        if windows:
            admission.described = windows
            admission.lane.follow(admission, windows, self._now())
            if self._opening is not None:
                self._opening.end()
                self._slots.total_tokens = self._opening.number
            admission.lane.line.wake_first()

    def _windows_wait(self, now: float, cost: RateCost, ahead: RateCost = NOTHING) -> float:
        """Seconds for which the caller's own limits per minute hold a call back."""
        wait = 0.0
        if self._requests is not None:
            wait = self._requests.wait(now, int(ahead.requests))
        if self._tokens is not None:
            wait = max(wait, self._tokens.wait(now, cost.tokens, ahead.tokens))
        return wait

    async def _stand_in_line(self, admission: Admission) -> None:
        ticket, lane = admission.ticket, admission.lane
        waiter = Waiter(ticket.rank, admission.cost, trio.Event(), admission.at)
        self._refuse_hopeless(waiter, lane)
        lane.line.join(waiter)
        got_in = False
        try:
            while not got_in:
                got_in = await self._got_turn(waiter, admission)
            ticket.stuck = None
        finally:
            if not got_in:
                ticket.stuck = self._describe_wait(waiter, lane)
            lane.line.leave(waiter)
            lane.line.wake_first()
            self._leave_door(waiter)

    async def _got_turn(self, waiter: Waiter, admission: Admission) -> bool:
        """Wait for the next thing that has to happen. Returns whether it was the last."""
        lane = admission.lane
        if (crowd := admission.ticket.crowd) is not None:
            crowd.check(self)
            lane.check_given_up(admission.ticket.arrival)
        if lane.line.first is waiter:
            self._refuse_hopeless(waiter, lane)
        wait = self._wait_of_first(waiter, admission)
        if not wait:
            await self._slots.acquire_on_behalf_of(admission)
            # While it waited for the slot, a pause, somebody's debt or somebody before it may have come.
            if not self._wait_of_first(waiter, admission):
                return True
            self._slots.release_on_behalf_of(admission)
            return False
        with trio.CancelScope(deadline=self._now() + wait):
            await waiter.turn.wait()
        waiter.turn = trio.Event()
        return False

    def _wait_of_first(self, waiter: Waiter, admission: Admission) -> float:
        """Seconds until a slot is all that a waiter needs; infinite until something else happens."""
        lane = admission.lane
        if lane.line.first is not waiter:
            self._leave_door(waiter)
            return math.inf
        now = self._now()
        if lane.counts_tokens and self._tokens is None and admission.ticket.request is not None:
            admission.cost = self.cost_of(admission.ticket)  # more may have been learnt since it came
        if wait := _noticeable(now, lane.wait(now, admission.cost)):
            self._leave_door(waiter)
            return wait
        if not waiter.at_door:
            waiter.at_door = True
            self._door.join(waiter)
        if self._door.first is not waiter:
            return math.inf
        return _noticeable(now, self._windows_wait(now, admission.cost)) if self._has_windows else 0.0

    def _leave_door(self, waiter: Waiter) -> None:
        if waiter.at_door:
            waiter.at_door = False
            self._door.leave(waiter)
        self._door.wake_first()

    def _refuse_hopeless(self, waiter: Waiter, lane: Lane) -> None:
        """Raises `RateLimitError` if a wait that is certain reaches to the caller's deadline."""
        # A call that is cancelled is not refused: it shall end as cancelled.
        deadline = trio.current_effective_deadline()
        if not -math.inf < deadline < math.inf:
            return
        now = self._now()
        wait = lane.known_wait(now, waiter.cost, lane.line.cost_before(waiter.rank))
        if self._has_windows:
            ahead = sum((one.line.cost_before(waiter.rank) for one in self._lanes.values()), NOTHING)
            wait = max(wait, self._windows_wait(now, waiter.cost, ahead))
        if wait and deadline <= now + wait:
            raise RateLimitError(
                f"the limits of this account allow the call in {wait:.1f} s, after its deadline", retry_after=wait
            )

    def why(self, ticket: Ticket) -> Why:
        """Why a call would have to wait now."""
        lane, slots = ticket.lane, self._slots
        is_full = lane.concurrency is not None and lane.in_flight >= lane.concurrency.number
        reason: WaitReason = "rate"
        if self._now() < lane.paused_until:
            reason = "pause"
        elif is_full or slots.available_tokens <= 0:
            reason = "slot"
        return Why(reason, self._in_flight, tuple(islice(self._holders.values(), _MOST_HOLDERS)), len(lane.line))

    def _describe_wait(self, waiter: Waiter, lane: Lane) -> str:
        """What a call waits for, and how long it has."""
        now = self._now()
        waited = f"waited {now - waiter.since:.3g} s for"
        before = len(lane.line) - 1
        if now < lane.paused_until:
            return f"{waited} the pause that a refusal asked for, {lane.paused_until - now:.3g} s of which are left"
        if lane.known_wait(now, waiter.cost) or self._windows_wait(now, waiter.cost):
            return f"{waited} its turn under the limits per minute, {before} others in line"
        if lane.pace is not None and not lane.pace.is_free:
            return f"{waited} its turn at {60 * lane.pace.rate:.3g} requests a minute, {before} others in line"
        return f"{waited} a slot, {self._in_flight} held"

    def is_at_rest(self) -> bool:
        """Whether it may be forgotten: nobody is in it, and no limit holds anybody back."""
        now = self._now()
        return (
            all(lane.is_idle and now >= lane.paused_until for lane in self._lanes.values())
            and (self._requests is None or not self._requests.used(now))
            and (self._tokens is None or not self._tokens.used(now))
        )

    def statistics(self) -> AccountStatistics:
        """Slots, limits and lines now; sums so far."""
        from .statistics import AccountStatistics

        now = self._now()
        return AccountStatistics(
            in_flight=self._in_flight,
            slots=self._slots.total_tokens,
            waiting=sum(len(lane.line) for lane in self._lanes.values()),
            paused_for=max((max(0.0, lane.paused_until - now) for lane in self._lanes.values()), default=0.0),
            requests_left=None if self._requests is None else self._requests.left(now),
            tokens_left=None if self._tokens is None else self._tokens.left(now),
            described={
                name: {limit: bucket.level(now) for limit, bucket in lane.described.by_name.items()}
                for name, lane in self._lanes.items()
                if lane.described is not None and lane.described.buckets
            },
            lanes={name: self._lane_statistics(lane, now) for name, lane in self._lanes.items()},
            holders=tuple(islice(self._holders.values(), _MOST_HOLDERS)),
            attempts=self._attempts,
            errors=self._errors,
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
        )

    def _lane_statistics(self, lane: Lane, now: float) -> LaneStatistics:
        from .statistics import LaneStatistics

        return LaneStatistics(
            in_flight=lane.in_flight,
            slots=self._slots.total_tokens if lane.concurrency is None else lane.concurrency.number,
            waiting=len(lane.line),
            paused_for=max(0.0, lane.paused_until - now),
            per_minute=math.inf if lane.pace is None else 60 * lane.pace.rate,
        )


def _check_loop(limiter: object) -> None:
    """Raises `TypeError` for Trio's limiter on asyncio, which would do until the first call had to wait."""
    kind = type(limiter)
    if kind.__module__.partition(".")[0] == "trio" and kind is not trio.CapacityLimiter:
        raise TypeError("max_in_flight is Trio's CapacityLimiter: on asyncio give an anyio.CapacityLimiter")


def _noticeable(now: float, wait: float) -> float:
    """A wait, unless it is less than the clock can tell: that would be waited for again and again."""
    return wait if now + wait > now else 0.0
