"""How fast a simulated model is: distributions of seconds, and the times of one answer drawn from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random
from typing import Protocol

import attrs

_seconds = attrs.validators.ge(0.0)


class Distribution(Protocol):
    """Numbers of seconds, drawn by chance.

    Example:
        first: Distribution = LogNormal(0.4, 0.5)
    """

    def draw(self, random: Random) -> float:
        """The next number of seconds, never negative."""


@attrs.frozen
class Constant:
    """Always the same number of seconds.

    Example:
        Pace(first=Constant(0.5), gap=Constant(0.02))
    """

    seconds: float = attrs.field(validator=_seconds)

    def draw(self, random: Random) -> float:
        """The number."""
        del random
        return self.seconds


@attrs.frozen
class Normal:
    """Around a mean; what would be negative is no time at all.

    Example:
        Pace(first=Normal(0.5, 0.1))
    """

    mean: float = attrs.field(validator=_seconds)
    deviation: float = attrs.field(validator=_seconds)

    def draw(self, random: Random) -> float:
        """A number of the bell curve."""
        return max(0.0, random.gauss(self.mean, self.deviation))


@attrs.frozen
class LogNormal:
    """Half are below the median, and some are far above it, as with real providers.

    Example:
        Pace(first=LogNormal(0.4, 0.5))  # one in twenty takes longer than 0.9 s
    """

    median: float = attrs.field(validator=attrs.validators.gt(0.0))
    sigma: float = attrs.field(validator=_seconds)
    """The deviation of the logarithm: 0.5 is usual for a first token, 1 is wild."""

    def draw(self, random: Random) -> float:
        """A number of the skewed curve."""
        return self.median * math.exp(random.gauss(0.0, self.sigma))


@attrs.frozen
class Sampled:
    """Any of some numbers that were measured, all alike.

    Example:
        Pace(first=Sampled([0.31, 0.35, 0.9]))
    """

    values: Sequence[float] = attrs.field(
        converter=tuple[float, ...], validator=attrs.validators.and_(attrs.validators.min_len(1))
    )

    def draw(self, random: Random) -> float:
        """One of them."""
        return random.choice(self.values)


@attrs.frozen(kw_only=True)
class Pace:
    """The times of a model's answers. A reply of the script that has times of its own keeps them.

    A streamed answer's events are a gap apart; a whole answer comes when its last token would have come.

    Example:
        Pace(first=LogNormal(0.4, 0.5), gap=Constant(1 / 60))  # sixty tokens a second
    """

    first: Distribution = Constant(0.0)
    """From the request to the head of the reply."""
    gap: Distribution = Constant(0.0)
    """Between two tokens."""

    @classmethod
    def recorded(cls, times: Sequence[Sequence[float]]) -> Pace:
        """As fast as streams that were measured: for each, the seconds from the request to each of its events.

            Pace.recorded([[0.42, 0.45, 0.47], [0.9, 0.93]])

        Raises:
            ValueError: if no stream has any event.
        """
        firsts = [events[0] for events in times if events]
        if not firsts:
            raise ValueError("a recording without an event has no times")
        gaps = [after - before for events in times for before, after in pairwise(events)]
        return cls(first=Sampled(firsts), gap=Sampled(gaps or [0.0]))

    def times(self, seed: str) -> Times:
        """The times of one answer, which depend on nothing but the seed."""
        random = Random(seed)
        return Times(self.first.draw(random), lambda: self.gap.draw(random))


@attrs.frozen
class Times:
    """The times of one answer.

    Example:
        times = Pace(gap=Constant(0.1)).times("a seed")
        print(times.first, times.gap())
    """

    first: float
    gap: Callable[[], float]
    """Draws the next one."""
