"""A provider's limits per minute: token buckets, as arithmetic over a given time.

A request is admitted by all buckets or by none, and what is refused takes nothing. Buckets are brought up to date when
a request comes; `states` and `tightest` say how they were then. It shares no code with the client's own arithmetic, so
that a fault of one is not in both.
"""

from __future__ import annotations

import math

import attrs

_TOLERANCE = 1e-9
"""A client that waited just as long as it was told must pass, whatever floats make of it."""


_positive = attrs.validators.gt(0.0)


@attrs.frozen
class RateLimits:
    """What the simulated provider allows. Requests beyond it are answered with 429 and told when to come back.

    Example:
        Simulator(limits=RateLimits(requests_per_minute=60))
    """

    requests_per_minute: float | None = attrs.field(default=None, validator=attrs.validators.optional(_positive))
    tokens_per_minute: float | None = attrs.field(default=None, validator=attrs.validators.optional(_positive))
    """Prompt and completion together; charged when the request arrives."""
    burst: float = attrs.field(default=60.0, validator=_positive)
    """Seconds of allowance that an unused limit saves up."""


@attrs.define
class _Bucket:
    limit: float
    """Per minute."""
    capacity: float
    level: float
    updated: float | None = None

    def refill(self, now: float) -> None:
        if self.updated is not None:
            self.level = min(self.capacity, self.level + (now - self.updated) * self.limit / 60)
        self.updated = now

    def wait(self, amount: float) -> float:
        """Seconds until `amount` can be taken; more than the bucket holds goes through when it is full."""
        missing = min(amount, self.capacity) - self.level
        return missing * 60 / self.limit if missing > _TOLERANCE else 0.0


@attrs.frozen
class LimitState:
    """One limit after a request, as the reply's headers tell it."""

    name: str
    """requests or tokens."""
    limit: int
    remaining: int
    reset: float
    """Seconds until nothing of it is used."""


class RateGate:
    """The buckets of one provider."""

    def __init__(self, limits: RateLimits) -> None:
        perhaps = {"requests": limits.requests_per_minute, "tokens": limits.tokens_per_minute}
        self._tightest = ""
        self._buckets = {
            name: _Bucket(limit, limit * limits.burst / 60, limit * limits.burst / 60)
            for name, limit in perhaps.items()
            if limit is not None
        }

    def admit(self, now: float, tokens: int) -> float:
        """Take one request of so many tokens; or take nothing, and return the seconds to wait."""
        amounts = {"requests": 1.0, "tokens": float(tokens)}
        for bucket in self._buckets.values():
            bucket.refill(now)
        waits = {name: bucket.wait(amounts[name]) for name, bucket in self._buckets.items()}
        self._tightest = max(waits, key=lambda name: waits[name], default="")
        wait = max(waits.values(), default=0.0)
        if not wait:
            for name, bucket in self._buckets.items():
                bucket.level -= amounts[name]
        return wait

    def tightest(self) -> LimitState:
        """The limit that has to be waited for longest, as it was at the last request. There has to be one."""
        return next(state for state in self.states() if state.name == self._tightest)

    def states(self) -> list[LimitState]:
        """The limits as they were at the last request."""
        return [
            LimitState(
                name,
                int(bucket.limit),
                max(0, math.floor(bucket.level + _TOLERANCE)),
                (bucket.capacity - bucket.level) * 60 / bucket.limit,
            )
            for name, bucket in self._buckets.items()
        ]
