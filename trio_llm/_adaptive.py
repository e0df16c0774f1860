"""Following a provider's limits: decisions without a clock or a task.

Headers decide where there are any. Where there are none, the number of calls in flight is found by additive
increase and multiplicative decrease, as TCP does: one more for every round of successes that used the whole number,
a share less for a 429. Cuts are made once a round: replies to requests that left before the last cut say nothing new.
"""

from __future__ import annotations

import math
from typing import Final

from ._buckets import Allowance, Bucket
from ._ratelimit_headers import ReplyLimits, Window

DECREASE: Final = 0.7
"""What a 429 leaves of the number in flight."""
SAFETY: Final = 0.98
"""The share of a described rate that is used: clocks differ, and requests arrive in clumps."""
_MINUTE: Final = 60.0


def follow_headers(allowance: Allowance, limits: ReplyLimits, now: float) -> bool:
    """Set the buckets by what a reply said; whether it said anything."""
    allowance.requests = _followed(allowance.requests, limits.requests, now)
    allowance.tokens = _followed(allowance.tokens, limits.tokens, now)
    return limits.requests.is_known or limits.tokens.is_known


def _followed(bucket: Bucket | None, window: Window, now: float) -> Bucket | None:
    limit = window.limit if window.limit is not None else window.remaining
    if not limit:
        return bucket
    if bucket is None:
        bucket = Bucket(limit, now)
    bucket.resize(now, limit, _rate(window, limit))
    if window.remaining is not None:
        bucket.lower_to(now, window.remaining)
    return bucket


def _rate(window: Window, limit: float) -> float:
    """Allowance a second: what is missing comes back until the reset; where that is not said, in a minute."""
    missing = limit - window.remaining if window.remaining is not None else 0.0
    if window.reset and missing > 0:
        return SAFETY * missing / window.reset
    return SAFETY * limit / _MINUTE


class Concurrency:
    """How many calls may be in flight, learnt from refusals."""

    def __init__(self, most: float) -> None:
        self.most = most
        self.number = most
        self._successes = 0
        self._cut_at = -math.inf

    def succeeded(self, started: float, in_flight: int) -> None:
        """A call that began at `started` ended well while `in_flight` were under way."""
        if started < self._cut_at or self.number >= self.most or in_flight < self.number:
            return
        self._successes += 1
        if self._successes >= self.number:
            self._successes = 0
            self.number = min(self.most, self.number + 1)

    def refused(self, started: float, in_flight: int, now: float) -> None:
        """A call that began at `started` was refused for coming too often."""
        if started >= self._cut_at:
            self._cut_at = now
            self._successes = 0
            self.number = max(1, math.floor(min(self.number, in_flight) * DECREASE))
