"""Following a provider's limits: decisions without a clock or a task.

Headers decide where there are any. The number of calls in flight starts small and doubles with every round of
successes, as TCP's does; it is free as soon as headers describe limits. A refusal that they do not explain cuts it to
a share, from which it grows by one a round. Cuts are made once a round: refusals of requests that left before the
last cut say nothing new.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import attrs

from .buckets import NOTHING, Bucket, Cost
from .header_formats import Window

FIRST_NUMBER: Final = 20
"""Calls in flight before anything is known."""
DECREASE: Final = 0.7
"""What a refusal leaves of the number in flight."""
SAFETY: Final = 0.98
"""The share of a described rate that is used: clocks differ, and requests arrive in clumps."""
_USUAL_PERIOD: Final = 60.0
_SHORTEST_RESET: Final = 0.001
"""Seconds: as exact as vendors are."""


@attrs.frozen
class Departure:
    """A request that left, and what had left before."""

    cost: Cost
    at: float
    taken: Cost = NOTHING
    """Everything that was taken for its model up to and including itself."""


class DescribedLimits:
    """The limits of one model as the replies' headers tell them."""

    def __init__(self) -> None:
        self.by_name: dict[str, Bucket] = {}
        self.buckets: list[Bucket] = []
        self._in_flight = NOTHING
        self._taken = NOTHING

    def take(self, now: float, cost: Cost) -> Departure:
        """A request leaves."""
        for bucket in self.buckets:
            bucket.take(now, cost.of(bucket.kind))
        self._in_flight += cost
        self._taken += cost
        return Departure(cost, now, self._taken)

    def settle(self, now: float, cost: Cost, unspent: Cost) -> None:
        """A call ended; `unspent` of its cost was not used."""
        self._in_flight -= cost
        for bucket in self.buckets:
            bucket.give(now, unspent.of(bucket.kind))

    def follow(self, windows: Iterable[Window], departure: Departure, now: float) -> None:
        """Set the buckets by the reply to a request."""
        for window in windows:
            bucket = self.by_name.get(window.name)
            limit = window.limit or max(window.remaining or 0.0, bucket.capacity if bucket else 0.0)
            if limit < 1:
                continue  # nothing could ever be asked
            if bucket is None:
                bucket = self.by_name[window.name] = Bucket(window.kind, limit, now)
                bucket.take(now, self._in_flight.of(window.kind))
                self.buckets.append(bucket)
            bucket.resize(now, limit, SAFETY * limit / (window.period or _USUAL_PERIOD))
            if window.remaining is not None:
                self._correct(bucket, window, window.remaining, departure, now)

    def _correct(self, bucket: Bucket, window: Window, remaining: float, departure: Departure, now: float) -> None:
        """Keep the level within what a count of the provider's means for it.

        The count may have been taken when the request arrived there, or just now; and the requests in flight
        may be part of it or not. Only a level that fits none of these is wrong. The tokens of the request itself
        are settled by its usage later, so they stay reserved.
        """
        kind = bucket.kind
        if window.reset and remaining < bucket.capacity:
            seconds = max(window.reset, _SHORTEST_RESET)
            # Not faster than the limit itself: some never let the whole of it be saved up.
            usual = bucket.capacity / window.period if window.period else math.inf
            bucket.restore(now, SAFETY * min((bucket.capacity - remaining) / seconds, usual), seconds)
        reserved = 0.0 if kind == "requests" else departure.cost.of(kind)
        left_since = (self._taken - departure.taken).of(kind)
        then = min(bucket.capacity, remaining + bucket.expected_gain(departure.at, now)) - left_since
        low = min(remaining - self._in_flight.of(kind), then - reserved)
        bucket.confine(now, low, max(remaining, then) - reserved)


def explain_refusal(windows: Iterable[Window], cost: Cost) -> bool:
    """Whether a refusal is what its headers lead one to expect."""
    return any(window.remaining is not None and window.remaining < cost.of(window.kind) for window in windows)


class Concurrency:
    """How many calls may be in flight, learnt from how they end."""

    def __init__(self, most: float) -> None:
        self._most = most
        self.number: float = min(most, FIRST_NUMBER)
        self._successes = 0
        self._cut_at = -math.inf

    def described(self) -> None:
        """The provider describes limits: there is no need to feel one's way, unless it refused in spite of them."""
        if self._cut_at == -math.inf:
            self.number = self._most

    def succeeded(self, started: float, in_flight: int) -> None:
        """A call that began at `started` ended well while `in_flight` were under way, itself included."""
        if started < self._cut_at or self.number >= self._most or in_flight < self.number:
            return
        self._successes += 1
        if self._cut_at == -math.inf or self._successes >= self.number:
            self._successes = 0
            self.number = min(self._most, self.number + 1)

    def refused(self, started: float, in_flight: int, now: float) -> None:
        """A call that began at `started` was refused for coming too often."""
        if started >= self._cut_at:
            self._cut_at = now
            self._successes = 0
            self.number = max(1, math.floor(min(self.number, in_flight) * DECREASE))
