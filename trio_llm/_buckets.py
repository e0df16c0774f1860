"""Token-bucket arithmetic. Time is an argument, in seconds; nothing here waits."""

from __future__ import annotations

from typing import Final

import attrs

ENOUGH: Final = 1e-9
"""Seconds that are not worth waiting for. Without it a float's remainder of 1e-15 s would be slept for for ever."""


class Bucket:
    """An allowance that refills steadily and holds one minute's worth at most.

    A cost larger than the bucket can hold is let through when the bucket is full, and leaves a debt.
    """

    def __init__(self, per_minute: float, now: float) -> None:
        self.capacity = per_minute
        self._rate = per_minute / 60
        self._level = per_minute
        self._at = now

    def level(self, now: float) -> float:
        """What is left; negative after a cost larger than the bucket."""
        if now > self._at:
            self._level = min(self.capacity, self._level + (now - self._at) * self._rate)
            self._at = now
        return self._level

    def wait(self, now: float, cost: float) -> float:
        """Seconds until the cost can be taken, 0 if it can be now."""
        missing = min(cost, self.capacity) - self.level(now)
        return missing / self._rate if missing > ENOUGH * self._rate else 0.0

    def take(self, now: float, cost: float) -> None:
        """Spend, whether or not there is enough."""
        self._level = self.level(now) - cost

    def give(self, now: float, amount: float) -> None:
        """Give back what was taken and not used."""
        self._level = min(self.capacity, self.level(now) + amount)

    def resize(self, now: float, capacity: float, rate: float) -> None:
        """Follow another allowance: `capacity` at most, `rate` a second from now on."""
        level = self.level(now)
        self.capacity, self._rate = capacity, rate
        self._level = min(level, capacity)

    def lower_to(self, now: float, level: float) -> None:
        """Believe somebody who says that less is left."""
        self._level = min(self.level(now), level)


@attrs.frozen
class Cost:
    """What one call takes from its account."""

    requests: int = 1
    tokens: int = 0
    """An estimate of prompt and answer together."""
    answer: int = 0
    """The answer's share of `tokens`."""


ONE_REQUEST: Final = Cost()
"""The cost of a call where tokens are not counted."""


class Allowance:
    """The buckets of one account: requests and tokens a minute, either of which may be missing."""

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None, now: float) -> None:
        self.requests = None if requests_per_minute is None else Bucket(requests_per_minute, now)
        self.tokens = None if tokens_per_minute is None else Bucket(tokens_per_minute, now)
        self.paused_until = now

    def wait(self, now: float, cost: Cost) -> float:
        """Seconds until a cost can be taken."""
        wait = self.paused_until - now
        if self.requests is not None:
            wait = max(wait, self.requests.wait(now, cost.requests))
        if self.tokens is not None:
            wait = max(wait, self.tokens.wait(now, cost.tokens))
        return wait if wait > ENOUGH else 0.0

    def take(self, now: float, cost: Cost) -> None:
        """Spend a cost."""
        if self.requests is not None:
            self.requests.take(now, cost.requests)
        if self.tokens is not None:
            self.tokens.take(now, cost.tokens)

    def give_tokens(self, now: float, tokens: float) -> None:
        """Give back what a call reserved and did not use; a negative number is what it used beside."""
        if self.tokens is not None:
            self.tokens.give(now, tokens)

    def pause(self, until: float) -> None:
        """Let nobody through before a time. Never shortens a pause."""
        self.paused_until = max(self.paused_until, until)
