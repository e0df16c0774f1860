"""Token-bucket arithmetic. Time is an argument, in seconds; nothing here waits.

A bucket has a level, as it was at some moment, and rates at which it rises: one until a moment that the provider has
named (`restore`), and the usual one behind it. Whoever asks brings it up to date first. The level is never above the
capacity. It may be below zero, after a cost larger than the bucket or one that was underestimated: a debt that has to
be paid back before anything is let through. Times that go backwards change nothing.
"""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

import attrs

ENOUGH: Final = 1e-9
"""Seconds that are not worth waiting for. Without it a float's remainder of 1e-15 s would be slept for for ever."""

LimitKind: TypeAlias = Literal["requests", "tokens", "prompt", "answer"]
"""What a limit counts: requests, or tokens of prompts, of answers, or of both."""


@attrs.frozen
class RateCost:
    """What calls take from their account."""

    requests: float = 1
    prompt: float = 0
    """Tokens."""
    answer: float = 0
    """Tokens."""

    @property
    def tokens(self) -> float:
        """Prompt and answer together."""
        return self.prompt + self.answer

    def of(self, kind: LimitKind) -> float:
        """The part of it that a limit counts."""
        amount: float = getattr(self, kind)
        return amount

    def __add__(self, other: RateCost) -> RateCost:
        return RateCost(self.requests + other.requests, self.prompt + other.prompt, self.answer + other.answer)

    def __sub__(self, other: RateCost) -> RateCost:
        return RateCost(self.requests - other.requests, self.prompt - other.prompt, self.answer - other.answer)


NOTHING: Final = RateCost(0)
ONE_REQUEST: Final = RateCost()
"""The cost of a call where tokens are not counted."""


class Bucket:
    """An allowance that refills steadily up to its capacity.

    A cost larger than the capacity is let through when the bucket is full, and leaves a debt.
    """

    def __init__(self, kind: LimitKind, per_minute: float, now: float) -> None:
        self.kind: Final = kind
        self.capacity = per_minute
        self._level = per_minute
        self._at = now
        self._rate = per_minute / 60
        # Providers tell when everything will be there again: until then the rate is another.
        self._restored_at = -math.inf
        self._restoring_rate = self._rate

    def level(self, now: float) -> float:
        """What is left; negative after a cost larger than the bucket."""
        if now > self._at:
            restoring = self._restoring(self._at, now)
            gain = restoring * self._restoring_rate + (now - self._at - restoring) * self._rate
            self._level = min(self.capacity, self._level + gain)
            self._at = now
        return self._level

    def _restoring(self, since: float, until: float) -> float:
        return max(0.0, min(until, self._restored_at) - since)

    def wait(self, now: float, cost: float, ahead: float = 0.0) -> float:
        """Seconds until the cost can be taken, after those ahead in line have taken theirs; 0 if it can be now."""
        missing = ahead + min(cost, self.capacity) - self.level(now)
        if missing <= ENOUGH * self._rate:
            return 0.0
        restoring = self._restoring(now, math.inf)
        restored = restoring * self._restoring_rate
        if missing <= restored:
            return missing / self._restoring_rate
        return restoring + (missing - restored) / self._rate

    def take(self, now: float, cost: float) -> None:
        """Spend, whether or not there is enough."""
        self._level = self.level(now) - cost

    def give(self, now: float, amount: float) -> None:
        """Give back what was taken and not used; a negative amount is what was used beside."""
        self._level = min(self.capacity, self.level(now) + amount)

    def resize(self, now: float, capacity: float, rate: float) -> None:
        """Follow another allowance: `capacity` at most, `rate` a second from now on."""
        self._level = min(self.level(now), capacity)
        self.capacity, self._rate, self._restored_at = capacity, rate, -math.inf

    def restore(self, now: float, rate: float, seconds: float) -> None:
        """Refill at another rate for the next seconds."""
        self._restored_at, self._restoring_rate = now + seconds, rate

    def expected_gain(self, since: float, now: float) -> float:
        """What comes back in a past stretch of time, at the usual rate."""
        return (now - since) * self._rate

    def confine(self, now: float, low: float, high: float) -> None:
        """Believe somebody who knows within which bounds the level is."""
        self._level = max(low, min(self.level(now), high, self.capacity))


def longest_wait(buckets: list[Bucket], now: float, cost: RateCost, ahead: RateCost = NOTHING) -> float:
    """Seconds until every bucket allows a cost after those ahead of it."""
    longest = 0.0
    for bucket in buckets:
        longest = max(longest, bucket.wait(now, cost.of(bucket.kind), ahead.of(bucket.kind)))
    return longest
