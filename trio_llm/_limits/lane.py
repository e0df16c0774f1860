"""What one limit of a provider's is about: a lane of an account, with its line and what has been learnt of it.

A lane is *open*, or *paused* until some moment after a refusal, and then starts gently, as its pace says. It is
*given up* after ten refusals in a row, each of a request that left after the one before it was known: calls of a fan-
out that stood in its line then get the refusal in place of another turn. Calls that come later try anew, and an
answer ends it.

Nothing here waits. The account asks whether a call may leave, counts every departure and every end, and tells of them
where the lane holds calls back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import attrs

from .._types.errors import APIError, RateLimitError
from .._types.usage import Usage
from .adaptive import Concurrency, DescribedLimits, LaneDeparture, explain_refusal
from .buckets import NOTHING, RateCost, longest_wait
from .header_formats import Window
from .line import Line
from .pace import LanePace, Rhythm
from .refusals import TOO_MANY, waiting_cures
from .settings import LONGEST_RESPECTED_WAIT

DEFAULT_PAUSE: Final = 1.0
"""Seconds that a lane is quiet after a 429 or 529 that does not say how long; more after several in a row."""
MOST_REFUSALS: Final = 10
"""Refusals in a row after which a lane is given up."""
_BUSY: Final = 20
"""Calls after which a lane that falls idle leaves a share to others."""
_LEARNING: Final = 0.2
"""What the newest answer counts in the mean of their lengths."""


@attrs.frozen
class _GivenUp:
    """A lane that refused too often."""

    arrival: int
    """Calls that arrived before are told."""
    error: APIError


class LaneCall:
    """What a lane knows of a call that left. The admission of the call is one, and fills it in."""

    __slots__ = ("at", "cost", "departure", "described", "number", "unspent")

    cost: RateCost
    at: float
    """When it left."""
    number: int
    """Its place among all that ever left in its lane."""
    departure: LaneDeparture | None
    """What the limits that were known when it left have to know of it."""
    described: Sequence[Window]
    """The limits in the headers of the reply."""
    unspent: RateCost
    """Reserved tokens that were not used, once it is over. Negative where the estimate was too low."""


class Lane:
    """The calls that one limit of a provider's is about."""

    def __init__(self, rhythm: Rhythm, *, adaptive: bool) -> None:
        self._rhythm = rhythm
        self.line = Line()
        self.in_flight = 0
        self.paused_until = -math.inf
        self.pace: LanePace | None = None
        """From the first refusal on."""
        self.steers = False
        """Whether it may hold calls back: from its first refusal on, or since headers describe limits."""
        self.concurrency: Concurrency | None = None
        """From the first refusal on, if limits are learnt."""
        self.described = DescribedLimits() if adaptive else None
        self.follows = False
        """Whether headers describe limits."""
        self.counts_tokens = False
        """Whether headers describe a limit of tokens, so that costs have to be estimated."""
        self._adaptive = adaptive
        self.departed = 0
        """Calls that ever left. The account counts them, and those in flight."""
        self._idle_at = 0
        self._answer: float | None = None
        """Tokens of an answer, on average."""
        self._prompt_share = 1.0
        """Tokens of a prompt, as a share of their estimate."""
        self._given_up: _GivenUp | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no call is in it."""
        return not self.in_flight and not len(self.line)

    def is_open(self, now: float, cost: RateCost) -> bool:
        """Whether a call may leave, as far as the lane alone decides."""
        concurrency, pace = self.concurrency, self.pace
        if concurrency is not None and self.in_flight >= concurrency.number:
            return False
        if now < self.paused_until:
            return False
        if pace is not None and (pace.wait(now) or self._rhythm.wait(pace, now)):
            return False
        described = self.described
        if described is None or not self.follows or (pace is not None and self._knows_its_moment(pace)):
            return True
        return not longest_wait(described.buckets, now, cost)

    def wait(self, now: float, cost: RateCost) -> float:
        """Seconds until a call of this cost may leave; infinite while as many are in flight as may be."""
        if self.concurrency is not None and self.in_flight >= self.concurrency.number:
            return math.inf
        pace = self.pace
        if pace is None:
            return self.known_wait(now, cost)
        wait = self.paused_until - now if self._knows_its_moment(pace) else self.known_wait(now, cost)
        return max(0.0, wait, pace.wait(now), self._rhythm.wait(pace, now))

    def _knows_its_moment(self, pace: LanePace) -> bool:
        """Whether its last call was refused, which tells when the next may leave, and that tokens do not decide.

        Headers make that a little later, so that another lane with the same limit would be first each time.
        """
        return pace.was_refused and not self.counts_tokens

    def known_wait(self, now: float, cost: RateCost, ahead: RateCost = NOTHING) -> float:
        """Seconds for which pauses and described limits hold a call back for certain."""
        wait = max(0.0, self.paused_until - now)
        if self.described is None or not self.follows:
            return wait
        return max(wait, longest_wait(self.described.buckets, now, cost, ahead))

    def adjusted(self, cost: RateCost) -> RateCost:
        """A cost with an answer of usual length in place of the longest, which few answers come near."""
        if self._answer is None:
            return cost
        return RateCost(cost.requests, cost.prompt * self._prompt_share, min(cost.answer, self._answer))

    def depart(self, call: LaneCall) -> None:
        """A call leaves, which was counted. To be told where the lane `steers`."""
        if self.concurrency is not None:
            self.concurrency.left(self.in_flight)
        if self.pace is not None:
            self.pace.leave(call.at)
            if not self.pace.is_free:
                self._rhythm.leave(self.pace, call.at)
        if self.described is not None and self.follows:
            call.departure = self.described.take(call.at, call.cost)

    def follow(self, call: LaneCall, windows: Sequence[Window], now: float) -> None:
        """Take note of the limits that a reply describes."""
        described = self.described
        assert described is not None
        if not self.follows:
            described.begin(self.in_flight, self.departed)
        departure = call.departure or LaneDeparture(call.cost, call.at, RateCost(call.number))
        described.follow(windows, departure, now)
        self.follows = bool(described.buckets)
        self.steers = self.steers or self.follows
        self.counts_tokens = any(bucket.kind != "requests" for bucket in described.buckets)

    def retire_if_idle(self, *, returns: bool) -> None:
        """A call is over, or goes back into the line (`returns`), in an account that has lanes with a pace."""
        if self.is_idle and not returns:
            if self.departed - self._idle_at >= _BUSY:
                self._rhythm.retire(self.pace)
            self._idle_at = self.departed

    def succeeded(self, usage: Usage | None, estimate: RateCost | None) -> None:
        """A call was answered. `estimate` is what it was thought to take, where somebody wanted to know."""
        if self.concurrency is not None:
            self.concurrency.succeeded()
        if self.pace is not None:
            self.pace.succeeded()
            self._given_up = None
        if self.follows and usage is not None:
            self._learn_cost(usage, estimate)

    def _learn_cost(self, usage: Usage, estimate: RateCost | None) -> None:
        answer = usage.completion_tokens
        self._answer = answer if self._answer is None else self._answer + _LEARNING * (answer - self._answer)
        if estimate is not None:
            share = usage.prompt_tokens / estimate.prompt
            self._prompt_share += _LEARNING * (share - self._prompt_share)

    def settle(self, call: LaneCall, now: float) -> None:
        """Correct what a call took of the described limits, if there are any."""
        if self.described is not None and self.follows:
            # What left before they were known had reserved nothing of them.
            unspent = NOTHING if call.departure is None else call.unspent
            self.described.settle(now, call.cost, unspent)

    def refused(self, call: LaneCall, error: APIError, now: float, arrivals: int) -> bool:
        """A call was refused for coming too often, or because the provider has too much to do.

        Args:
            call: the call.
            error: the refusal.
            now: the time.
            arrivals: calls that have come to the account so far. They are told if the lane is given up.

        Returns:
            Whether waiting cures it: the refusal is of that kind, and the lane was not given up.
        """
        asked, is_limit = error.retry_after, error.status_code == TOO_MANY
        if self.pace is None:
            self.pace = LanePace(now, measures=self._adaptive)
            self.concurrency = Concurrency() if self._adaptive else None
            self.steers = True
        pace, explained = self.pace, is_limit and explain_refusal(call.described, call.cost)
        if explained and call.departure is None:
            self._pause(now, DEFAULT_PAUSE if asked is None else asked)
        elif pace.refused(call.number, call.at, now, measures=is_limit):
            within = None if asked is None else min(asked, LONGEST_RESPECTED_WAIT)
            self._pause(now, pace.pause(now, within, DEFAULT_PAUSE))
        elif asked is not None:
            self._pause(now, asked)
        if self.concurrency is not None and is_limit and not explained:
            self.concurrency.refused(self.in_flight - 1, pace.in_a_row)
        if pace.in_a_row >= MOST_REFUSALS and is_limit:
            self._given_up = _GivenUp(arrivals, error)
            self.line.wake_all()
        return waiting_cures(error) and pace.in_a_row < MOST_REFUSALS

    def _pause(self, now: float, seconds: float) -> None:
        # A day's quota of one model may be used up: that must not silence it for a day.
        self.paused_until = max(self.paused_until, now + min(seconds, LONGEST_RESPECTED_WAIT))

    def check_given_up(self, arrival: int | None) -> None:
        """Raises `RateLimitError` if the lane was given up after a call of a fan-out came, as the `arrival`th."""
        given_up = self._given_up
        if given_up is None or arrival is None or arrival > given_up.arrival:
            return
        error = given_up.error
        raise RateLimitError(
            f"not sent, after {MOST_REFUSALS} refusals in a row: {error.message}",
            retry_after=error.retry_after,
            code=error.code,
            request_id=error.request_id,
        ) from error
