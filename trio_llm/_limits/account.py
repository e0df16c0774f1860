"""One account's limits at work: the line in front of a provider.

Calls stand in line by priority, then by arrival. Only the first in line waits for something - the buckets, then
a slot - so that a large call is not overtaken for ever by small ones, and a wait that is cancelled has taken nothing.
No task of ours does any of this: each caller waits for itself and wakes the next.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from itertools import count
from types import TracebackType

from .._runtime import run_clock, trio
from .._types.errors import APIError, RateLimitError
from .._types.http import ReplyHead
from .._types.usage import Usage
from .adaptive import Concurrency, Departure, DescribedLimits, explain_refusal
from .buckets import NOTHING, Bucket, Cost, Kind, longest_wait
from .header_formats import Window, read_limits
from .line import Line, Ticket, Waiter
from .settings import LONGEST_RESPECTED_WAIT, AccountStatistics, Limits, SlotLimiter
from .slots import Slots

DEFAULT_PAUSE = 1.0
"""Seconds that an account is quiet after a 429 or 529 that does not say how long."""
_PAUSING = frozenset({429, 529})
_MOST_MODELS = 1_000
"""Models whose described limits are remembered."""


class Admission:
    """A call among those in flight, for the length of a `with` block; the borrower of its slot.

    Whoever has it notes what came back; leaving the block gives the slot back and settles the tokens.
    """

    usage: Usage | None = None
    """What the reply said was used."""
    received: int = 0
    """Tokens of the answer that arrived, as far as one can tell."""
    limits: DescribedLimits | None = None
    """Those of its model, where they are followed."""
    departure: Departure | None = None
    """What those have to know of it."""
    described: Sequence[Window] = ()
    """The limits in the headers of the reply."""

    def __init__(self, account: Account, ticket: Ticket, cost: Cost, at: float) -> None:
        self._account = account
        self.ticket = ticket
        self.cost = cost
        self.at = at
        """When it left."""

    def learn(self, head: ReplyHead) -> None:
        """Take note of a reply's headers."""
        self._account.learn(self, head)

    def __enter__(self) -> Admission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._account.leave(self, error)

    def unspent(self, error: BaseException | None) -> Cost:
        """Reserved tokens that were not used. Negative where the estimate was too low."""
        cost = self.cost
        if self.usage is not None:
            return Cost(0, cost.prompt - self.usage.prompt_tokens, cost.answer - self.usage.completion_tokens)
        if self.received:
            return Cost(0, 0, max(0, cost.answer - self.received))
        return NOTHING if error is None else Cost(0, cost.prompt, cost.answer)


class Account:
    """The limits of one account at work. Belongs to one run of an event loop."""

    def __init__(self, limits: Limits) -> None:
        given = limits.max_in_flight
        self._now = run_clock()
        self._concurrency: Concurrency | None = None
        if given is None or isinstance(given, int):
            most = given or math.inf
            self._concurrency = Concurrency(most) if limits.adaptive else None
            self._slots: SlotLimiter = Slots(self._concurrency.number if self._concurrency else most)
        else:
            self._slots = given
        now = self._now()
        self._requests = _bucket("requests", limits.requests_per_minute, now)
        self._tokens = _bucket("tokens", limits.tokens_per_minute, now)
        self._buckets = [bucket for bucket in (self._requests, self._tokens) if bucket is not None]
        self._paused_until = now
        self._adaptive = limits.adaptive
        self.counts_tokens = limits.adaptive or self._tokens is not None
        """Whether an estimate of tokens matters; otherwise every call costs `ONE_REQUEST`."""
        self._counts = bool(self._buckets) or limits.adaptive
        """Whether anything but slots is limited."""
        self._models: dict[str, DescribedLimits] = {}
        self._line = Line()
        self._arrivals = count()
        self._in_flight = 0
        self._attempts = 0
        self._errors = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0

    def is_at_rest(self) -> bool:
        """Whether it may be forgotten: nothing is in flight, in line, paused or used up."""
        now = self._now()
        busy = self._in_flight or self._line.first is not None or now < self._paused_until
        return not busy and all(bucket.level(now) >= bucket.capacity for bucket in self._buckets)

    def enter_nowait(self, cost: Cost, ticket: Ticket) -> Admission | None:
        """Let a call in for which there is nothing to wait; None if there is, and it has to `enter`."""
        if ticket.arrival is None:
            ticket.arrival = next(self._arrivals)
        now, slots = self._now(), self._slots
        if self._line.first is not None or now < self._paused_until or slots.available_tokens <= 0:
            return None
        if self._counts and self._wait(now, cost, ticket.model):
            return None
        admission = Admission(self, ticket, cost, now)
        # Not by trying: what a limiter of anyio's raises under Trio is not Trio's WouldBlock.
        slots.acquire_on_behalf_of_nowait(admission)
        self._depart(admission)
        return admission

    async def enter(self, cost: Cost, ticket: Ticket) -> Admission:
        """Wait in line for buckets and slot. Cancelled while waiting, nothing has been taken.

        Raises:
            RateLimitError: at once, if the wait cannot end before the caller's deadline, as things stand.
        """
        if ticket.arrival is None:
            ticket.arrival = next(self._arrivals)
        admission = Admission(self, ticket, cost, self._now())
        await self._stand_in_line(admission)
        admission.at = self._now()
        self._depart(admission)
        return admission

    def _depart(self, admission: Admission) -> None:
        if self._counts:
            self._spend(admission)
        self._in_flight += 1
        self._attempts += 1

    def _spend(self, admission: Admission) -> None:
        cost, now = admission.cost, admission.at
        for bucket in self._buckets:
            bucket.take(now, cost.of(bucket.kind))
        if self._adaptive:
            admission.limits = self._limits_of(admission.ticket.model)
            admission.departure = admission.limits.take(now, cost)

    def leave(self, admission: Admission, error: BaseException | None) -> None:
        """Give a slot back and settle the tokens; any task may do it. `error` is what ended the call, if any did."""
        if isinstance(error, APIError):
            self._errors += 1
            if _is_refusal(error):
                self._pause(self._now(), error.retry_after)
        if (usage := admission.usage) is not None:
            self._prompt_tokens += usage.prompt_tokens
            self._completion_tokens += usage.completion_tokens
        if self._counts:
            self._settle(admission, error, self._now())
        self._in_flight -= 1
        self._slots.release_on_behalf_of(admission)
        if self._line.first is not None:
            self._wake_first()

    def _settle(self, admission: Admission, error: BaseException | None, now: float) -> None:
        unspent = admission.unspent(error)
        for bucket in self._buckets:
            bucket.give(now, unspent.of(bucket.kind))
        if admission.limits is not None:
            admission.limits.settle(now, admission.cost, unspent)
            self._adapt(admission, error, now)

    def learn(self, admission: Admission, head: ReplyHead) -> None:
        """Follow the limits that a reply describes, if that is wanted."""
        if admission.limits is None or admission.departure is None:
            return
        admission.described = read_limits(head.headers, time.time())
        admission.limits.follow(admission.described, admission.departure, self._now())
        if admission.described and self._concurrency is not None:
            self._concurrency.described()
            self._resize_slots(self._concurrency.number)
        self._wake_first()

    def _limits_of(self, model: str) -> DescribedLimits:
        found = self._models.get(model)
        if found is None:
            if len(self._models) >= _MOST_MODELS:
                self._models.clear()
            found = self._models[model] = DescribedLimits()
        return found

    def _pause(self, now: float, asked: float | None) -> None:
        # A day's quota of one model may be used up: that must not silence the account's other models for a day.
        seconds = DEFAULT_PAUSE if asked is None else min(asked, LONGEST_RESPECTED_WAIT)
        self._paused_until = max(self._paused_until, now + seconds)

    def _adapt(self, admission: Admission, error: BaseException | None, now: float) -> None:
        concurrency = self._concurrency
        if concurrency is None:
            return
        if error is None:
            concurrency.succeeded(admission.at, self._in_flight)
        elif _is_refusal(error) and not explain_refusal(admission.described, admission.cost):
            concurrency.refused(admission.at, self._in_flight, now)
        self._resize_slots(concurrency.number)

    def _resize_slots(self, number: float) -> None:
        if self._slots.total_tokens != number:
            self._slots.total_tokens = number

    def _wait(self, now: float, cost: Cost, model: str, ahead: Cost = NOTHING) -> float:
        """Seconds until a cost may be taken, slots aside."""
        wait = max(self._paused_until - now, longest_wait(self._buckets, now, cost, ahead))
        if model in self._models:
            wait = max(wait, longest_wait(self._models[model].buckets, now, cost, ahead))
        # Less than the clock can tell would be waited for again and again.
        return wait if now + wait > now else 0.0

    async def _stand_in_line(self, admission: Admission) -> None:
        ticket, cost = admission.ticket, admission.cost
        waiter = Waiter(ticket.rank, cost, ticket.model, trio.Event())
        self._refuse_hopeless(waiter)
        self._line.join(waiter)
        try:
            while not await self._got_turn(waiter, admission):
                pass
        finally:
            self._line.leave(waiter)
            self._wake_first()

    async def _got_turn(self, waiter: Waiter, admission: Admission) -> bool:
        """Wait for the next thing that has to happen. Returns whether it was the last."""
        if self._line.first is not waiter:
            await waiter.turn.wait()
            waiter.turn = trio.Event()
            return False
        if wait := self._refuse_hopeless(waiter):
            with trio.move_on_after(wait):
                await waiter.turn.wait()
            waiter.turn = trio.Event()
            return False
        await self._slots.acquire_on_behalf_of(admission)
        # While it waited for the slot, a pause, somebody's debt or somebody before it may have come.
        if self._line.first is waiter and not self._wait(self._now(), waiter.cost, waiter.model):
            return True
        self._slots.release_on_behalf_of(admission)
        return False

    def _refuse_hopeless(self, waiter: Waiter) -> float:
        """Seconds that have to be waited for the buckets.

        Raises:
            RateLimitError: if they reach to the caller's deadline.
        """
        now = self._now()
        ahead = self._line.cost_before(waiter.rank, waiter.model)
        wait = self._wait(now, waiter.cost, waiter.model, ahead)
        # A call that is cancelled is not refused: it shall end as cancelled.
        if wait and -math.inf < trio.current_effective_deadline() <= now + wait:
            raise RateLimitError(
                f"the limits of this account allow the call in {wait:.1f} s, after its deadline", retry_after=wait
            )
        return wait

    def _wake_first(self) -> None:
        if (first := self._line.first) is not None:
            first.turn.set()

    def statistics(self) -> AccountStatistics:
        """Slots, buckets and line now; sums so far."""
        now = self._now()
        return AccountStatistics(
            in_flight=self._in_flight,
            slots=self._slots.total_tokens,
            waiting=len(self._line),
            paused_for=max(0.0, self._paused_until - now),
            requests_left=None if self._requests is None else self._requests.level(now),
            tokens_left=None if self._tokens is None else self._tokens.level(now),
            described={
                model: {name: bucket.level(now) for name, bucket in described.by_name.items()}
                for model, described in self._models.items()
                if described.by_name
            },
            attempts=self._attempts,
            errors=self._errors,
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
        )


def _bucket(kind: Kind, per_minute: float | None, now: float) -> Bucket | None:
    return None if per_minute is None else Bucket(kind, per_minute, now)


def _is_refusal(error: BaseException) -> bool:
    return isinstance(error, APIError) and error.status_code in _PAUSING
