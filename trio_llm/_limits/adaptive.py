"""Following a provider's limits: decisions without a clock or a task.

Four things are learnt, each by a class of its own; a call leaves when all of them let it.

- `DescribedLimits`, from headers: buckets that are kept within what every reply says, so that replies may come late
  and out of order. Where headers describe a limit they decide.
- `SlowStart`, from answers, for the whole account: the number in flight starts small and doubles with each round, as
  TCP's does, until it is as large as may be. It is so at once where headers describe limits.
- `Concurrency`, from refusals: where one follows another although time has passed and calls are still in flight, as
  many as those are allowed at once, and one more with each answer: time may have been too short after all.
- `LanePace` (see there), from refusals: a rate.

A refusal that headers explain, of a request that left before they were known, teaches nothing. One that they explain
although they had been followed means that others use the same limit: the pace learns what is left for this lane. One
that they do not explain may be about the rate or, if it persists, about the number: both learn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import attrs

from .buckets import NOTHING, Bucket, RateCost
from .header_formats import Window

FIRST_NUMBER: Final = 20
"""Calls in flight before anything is known."""
PERSISTENT: Final = 3
"""Refusals in a row, each after a longer pause, from which on time alone does not seem to help."""
SAFETY: Final = 0.98
"""The share of a described rate that is used: clocks differ, and requests arrive in clumps."""
_USUAL_PERIOD: Final = 60.0
_SHORTEST_RESET: Final = 0.001
"""Seconds: as exact as vendors are."""


@attrs.frozen
class LaneDeparture:
    """A request that left, and what had left before."""

    cost: RateCost
    at: float
    taken: RateCost = NOTHING
    """Everything that was taken for its model up to and including itself."""


class DescribedLimits:
    """The limits of one model as the replies' headers tell them."""

    def __init__(self) -> None:
        self.by_name: dict[str, Bucket] = {}
        self.buckets: list[Bucket] = []
        self._in_flight = NOTHING
        self._taken = NOTHING

    def begin(self, in_flight: int, departed: int) -> None:
        """Headers describe limits for the first time: so many requests had left, and so many are still in flight."""
        self._in_flight, self._taken = RateCost(in_flight), RateCost(departed)

    def take(self, now: float, cost: RateCost) -> LaneDeparture:
        """A request leaves."""
        for bucket in self.buckets:
            bucket.take(now, cost.of(bucket.kind))
        self._in_flight += cost
        self._taken += cost
        return LaneDeparture(cost, now, self._taken)

    def settle(self, now: float, cost: RateCost, unspent: RateCost) -> None:
        """A call ended; `unspent` of its cost was not used."""
        self._in_flight -= cost
        for bucket in self.buckets:
            bucket.give(now, unspent.of(bucket.kind))

    def follow(self, windows: Iterable[Window], departure: LaneDeparture, now: float) -> None:
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

    def _correct(self, bucket: Bucket, window: Window, remaining: float, departure: LaneDeparture, now: float) -> None:
        """Keep the level of a bucket within what `remaining`, the provider's own count, can mean.

        The provider may have counted when the request arrived there, or just now. Requests in flight, the answered one
        included, may be counted already or not. Each of these cases means another level. The bucket keeps its own
        level while that lies between the lowest and the highest of them.
        """
        kind = bucket.kind
        if window.reset and remaining < bucket.capacity:
            seconds = max(window.reset, _SHORTEST_RESET)
            # Not faster than the limit itself: some never let the whole of it be saved up.
            usual = bucket.capacity / window.period if window.period else math.inf
            bucket.restore(now, SAFETY * min((bucket.capacity - remaining) / seconds, usual), seconds)
        reserved = 0.0 if kind == "requests" else departure.cost.of(kind)
        left_since = (self._taken - departure.taken).of(kind)
        counted_on_arrival = min(bucket.capacity, remaining + bucket.expected_gain(departure.at, now)) - left_since
        lowest = min(remaining - self._in_flight.of(kind), counted_on_arrival - reserved)
        bucket.confine(now, lowest, max(remaining, counted_on_arrival))


def explain_refusal(windows: Iterable[Window], cost: RateCost) -> bool:
    """Whether a refusal is what its headers lead one to expect."""
    return any(window.remaining is not None and window.remaining < cost.of(window.kind) for window in windows)


class SlowStart:
    """How many calls of an account may be in flight before anything is known of it: doubles with each round."""

    def __init__(self, most: float, *, free: bool = False) -> None:
        self._most = most
        self.number: float = most if free else min(most, FIRST_NUMBER)
        self.peak = 0
        """Most that were in flight."""
        self.reach = 0.0
        """The number that it grows to: twice of what is used, as one that is never reached has not been tried."""

    def left(self, in_flight: int) -> None:
        """A call left; `in_flight` are under way, itself included. Tells nothing new unless that is above the peak."""
        self.peak = max(self.peak, in_flight)
        self.reach = min(self._most, 2 * self.peak)

    def succeeded(self) -> None:
        """A call ended well. Changes nothing once the number has reached what it may."""
        if self.number < self.reach:
            self.number += 1

    def end(self) -> None:
        """The provider describes limits: there is no need to feel one's way."""
        self.number = self._most


class Concurrency:
    """How many calls of a lane may be in flight, learnt from refusals."""

    def __init__(self) -> None:
        self.number: float = math.inf
        self._peak: float = 0
        """Most that were in flight since the last cut."""

    def left(self, in_flight: int) -> None:
        """A call left; `in_flight` are under way, itself included."""
        self._peak = max(self._peak, in_flight)

    def succeeded(self) -> None:
        """A call ended well."""
        if self.number < 2 * self._peak:
            self.number += 1

    def refused(self, others: int, in_a_row: int) -> None:
        """A call was refused for coming too often, the last of so many, while `others` were in flight."""
        if in_a_row >= PERSISTENT and others:
            self.number = self._peak = min(self.number, others)
