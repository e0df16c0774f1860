"""One account's limits at work: the queue in front of a provider.

Calls stand in line by priority, then by arrival. Only the first in line waits for something - the buckets, then
a slot - so that a large call is not overtaken for ever by small ones, and a wait that is cancelled has taken nothing.
No task of ours does any of this: each caller waits for itself and wakes the next.
"""

from __future__ import annotations

import math
import time
from heapq import heappop, heappush
from itertools import count
from typing import Any

import attrs

from ._adaptive import Concurrency, follow_headers
from ._buckets import Allowance, Cost
from ._errors import APIError, RateLimitError
from ._http import ReplyHead
from ._limits import AccountStatistics, Limits
from ._ratelimit_headers import read_limits
from ._runtime import trio
from ._types.usage import Usage

DEFAULT_PAUSE = 1.0
"""Seconds that an account is quiet after a 429 or 529 that does not say how long."""
_PAUSING = frozenset({429, 529})


@attrs.define(eq=False)
class Admission:
    """A call's place among those in flight; the borrower of its slot."""

    cost: Cost
    """What was taken from the buckets."""
    started: float


@attrs.define(eq=False)
class _Waiter:
    cost: Cost
    turn: Any
    """The event that says: something has changed for you."""
    gone: bool = False


class Account:
    """The limits of one account at work. Belongs to one run of an event loop."""

    def __init__(self, limits: Limits) -> None:
        given = limits.max_in_flight
        own = given if given is None or isinstance(given, int) else None
        self._slots = trio.CapacityLimiter(own or math.inf) if isinstance(given, int) or given is None else given
        now = trio.current_time()
        self._allowance = Allowance(limits.requests_per_minute, limits.tokens_per_minute, now)
        self._concurrency = Concurrency(own or math.inf) if limits.adaptive and self._slots is not given else None
        self._adaptive = limits.adaptive
        self._queue: list[tuple[int, int, _Waiter]] = []
        self._arrivals = count()
        self._queued = Cost(0, 0)
        self._sums = {"attempts": 0, "errors": 0, "prompt_tokens": 0, "completion_tokens": 0}

    @property
    def counts_tokens(self) -> bool:
        """Whether an estimate of tokens matters."""
        return self._allowance.tokens is not None

    async def enter(self, cost: Cost, priority: int = 0) -> Admission:
        """Wait for buckets and slot. Cancelled while waiting, nothing has been taken.

        Raises:
            RateLimitError: at once, if the wait cannot end before the caller's deadline.
        """
        now = trio.current_time()
        admission = Admission(cost, now)
        if self._queue or self._allowance.wait(now, cost) or not self._take_slot(admission):
            self._refuse_hopeless(now, cost)
            await self._stand_in_line(admission, priority)
        self._allowance.take(trio.current_time(), cost)
        self._sums["attempts"] += 1
        return admission

    def leave(self, admission: Admission, usage: Usage | None, received: int = 0) -> None:
        """Give a slot back and settle the tokens; any task may do it.

        Settled by the usage, where the reply told it. Else the whole reservation is given back of a call that
        `received` nothing, and the unsaid rest of the answer of one that got some of its tokens.
        """
        self._slots.release_on_behalf_of(admission)
        cost = admission.cost
        if usage is not None:
            unspent = cost.tokens - usage.total_tokens
            self._sums["prompt_tokens"] += usage.prompt_tokens
            self._sums["completion_tokens"] += usage.completion_tokens
        else:
            unspent = max(0, cost.answer - received) if received else cost.tokens
        self._allowance.give_tokens(trio.current_time(), unspent)
        self._wake_first()

    def learn(self, admission: Admission, head: ReplyHead, error: APIError | None = None) -> None:
        """Take note of a reply: its headers, and an error that says the account is too busy."""
        now = trio.current_time()
        if error is not None:
            self._sums["errors"] += 1
            if error.status_code in _PAUSING:
                self._allowance.pause(now + (DEFAULT_PAUSE if error.retry_after is None else error.retry_after))
        if self._adaptive:
            self._adapt(admission, head, error, now)
        self._wake_first()

    def _adapt(self, admission: Admission, head: ReplyHead, error: APIError | None, now: float) -> None:
        described = follow_headers(self._allowance, read_limits(head.headers, time.time()), now)
        if self._concurrency is None or described:
            return
        in_flight = int(self._slots.borrowed_tokens)
        if error is None:
            self._concurrency.succeeded(admission.started, in_flight)
        elif error.status_code in _PAUSING:
            self._concurrency.refused(admission.started, in_flight, now)
        if self._slots.total_tokens != self._concurrency.number:
            self._slots.total_tokens = self._concurrency.number

    def _take_slot(self, admission: Admission) -> bool:
        try:
            self._slots.acquire_on_behalf_of_nowait(admission)
        except trio.WouldBlock:
            return False
        return True

    def _refuse_hopeless(self, now: float, cost: Cost) -> None:
        ahead = Cost(self._queued.requests + cost.requests, self._queued.tokens + cost.tokens)
        wait = self._allowance.wait(now, ahead)
        if wait and now + wait >= trio.current_effective_deadline():
            raise RateLimitError(
                f"the client's own limits allow this call in {wait:.1f} s, after its deadline", retry_after=wait
            )

    async def _stand_in_line(self, admission: Admission, priority: int) -> None:
        waiter = _Waiter(admission.cost, trio.Event())
        heappush(self._queue, (-priority, next(self._arrivals), waiter))
        self._queue_cost(admission.cost, 1)
        try:
            while not await self._got_turn(waiter, admission):
                pass
        finally:
            waiter.gone = True
            self._queue_cost(admission.cost, -1)
            self._wake_first()

    async def _got_turn(self, waiter: _Waiter, admission: Admission) -> bool:
        if self._queue[0][2] is not waiter:
            await waiter.turn.wait()
            waiter.turn = trio.Event()
            return False
        if wait := self._allowance.wait(trio.current_time(), admission.cost):
            with trio.move_on_after(wait):
                await waiter.turn.wait()
            waiter.turn = trio.Event()
            return False
        await self._slots.acquire_on_behalf_of(admission)
        # While it waited for the slot, somebody's debt or a pause may have come.
        if self._allowance.wait(trio.current_time(), admission.cost):
            self._slots.release_on_behalf_of(admission)
            return False
        return True

    def _queue_cost(self, cost: Cost, sign: int) -> None:
        self._queued = Cost(self._queued.requests + sign * cost.requests, self._queued.tokens + sign * cost.tokens)

    def _wake_first(self) -> None:
        while self._queue and self._queue[0][2].gone:
            heappop(self._queue)
        if self._queue:
            self._queue[0][2].turn.set()

    def statistics(self) -> AccountStatistics:
        """Slots, buckets and queue now; sums so far."""
        now = trio.current_time()
        requests, tokens = self._allowance.requests, self._allowance.tokens
        return AccountStatistics(
            int(self._slots.borrowed_tokens),
            sum(not waiter.gone for _, _, waiter in self._queue),
            None if requests is None else requests.level(now),
            None if tokens is None else tokens.level(now),
            **self._sums,
        )
