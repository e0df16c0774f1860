"""The rate of one lane, learnt from refusals alone. Time is an argument, in seconds; nothing here waits.

What it rests on: when a provider refuses a request, its allowance is used up. So between two refusals it allowed
exactly what was sent and not refused, and that number over the time between them is its rate. Two lanes, or two
processes, that share an allowance each measure their own share of it. A lane that gets company starts that anew.

The states of a pace:

- *free*, from the start and again after a minute without a departure: whoever is let in by all else may leave.
- *feeling*, after the first refusal: nothing is known but that it was too fast. One request leaves after the pause,
  the next a second later, and the distance between two halves with each departure that is not refused.
- *known*, after a refusal before which something was allowed: requests leave at nine tenths of the measured rate, and
  at more, slowly at first, with each departure that is not refused. The next refusal measures again.

A departure counts as allowed when a refusal would have come by then: refusals have their own delay, and a reply may
take a hundred times as long. Refusals of requests that left before the last one was known correct the count, and
nothing else.

What a refusal means rests on its being about the rate. `Chance` doubts that, and then a known rate is not cut.

Where a lane is not adaptive nothing is measured: after a pause it feels its way until it is free again.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import attrs

from .chance import SHARE, Chance

_GROWTH: Final = 0.0003
"""After n allowed departures the rate is exp(_GROWTH * n²) times as high: 1.1 after 20, 2.1 after 50."""
_FIRST: Final = 1.0
"""Requests a second after a pause, before a rate is known."""
_ENOUGH: Final = 10
"""Allowed departures that make a measurement good enough to need no older ones."""
_LONGEST_MEMORY: Final = 120.0
"""Seconds for which a refusal serves as the beginning of a measurement."""
_IDLE: Final = 60.0
"""Seconds without a departure after which nothing is known any more."""
_UNUSED: Final = 2.0
"""Distances between departures, or seconds, for which nothing may leave without making a measurement worthless."""
_LATE: Final = 0.1
"""The share of a distance by which a departure may be late without those after it being late as well."""
_MARKS: Final = 32
_LONGEST_PAUSE: Final = 60.0
"""Seconds between two probes, unless the provider asks for more."""
_FREE: Final = 1_000.0
"""Requests a second at which a lane that measures nothing is free again."""


@attrs.define
class _Mark:
    """A moment at which the allowance was used up."""

    number: int
    """The request that was refused then."""
    at: float
    allowed: int
    """Departures before it that were not refused."""
    begins: bool = True
    """Whether a measurement may begin there."""


class LanePace:
    """When the next request of a lane may leave."""

    def __init__(self, now: float, *, measures: bool) -> None:
        self._measures = measures
        self._marks: deque[_Mark] = deque(maxlen=_MARKS)
        self._next_at = now
        self._delay = 0.0
        """Seconds after which a refusal comes."""
        self._cut_at = -math.inf
        """When the last refusal that told something new was known."""
        self._base = math.inf
        self._growth = 0.0
        self._lanes = 1
        self._feeling = False
        self._asked = 0.0
        """Seconds that the provider asked for last: about as long as its allowance takes for one request."""
        self.was_refused = False
        """Whether the last departure was, as far as is known."""
        self._chance = Chance()
        self._unsure: deque[float] = deque()
        """Departures since the cut that may yet be refused."""
        self._confirmed = 0
        self._refused = 0
        self.in_a_row = 0
        """Refusals that told something new, since anything was allowed."""

    @property
    def rate(self) -> float:
        """Requests a second; infinite while it is free."""
        if self._feeling:
            return self._base * 2.0 ** min(self._confirmed, 60)
        return self._base * math.exp(min(self._growth * self._confirmed**2, 60.0))

    @property
    def is_free(self) -> bool:
        """Whether it holds nobody back."""
        return self._base == math.inf

    def wait(self, now: float) -> float:
        """Seconds until the next request may leave."""
        return 0.0 if self._base == math.inf else max(0.0, self._next_at - now)

    def leave(self, now: float) -> None:
        """A request leaves."""
        self.was_refused = False
        if self._base != math.inf:
            self._space(now)

    def _space(self, now: float) -> None:
        if now > self._next_at + _IDLE:
            self.forget()
            return
        self._confirm(now)
        if now > self._next_at + _UNUSED * max(1.0, 1 / self.rate, self._asked):
            # Something else held the lane back: the allowance may have been full meanwhile, and tells no rate.
            self._measure_anew()
        self._unsure.append(now)
        if not self._measures and self.rate > _FREE:
            self.forget()
            return
        distance = 1 / self.rate
        # A little of what was missed is made up for; more would meet an allowance that holds one request.
        self._next_at = max(self._next_at, now - _LATE * distance) + distance

    def _confirm(self, now: float) -> None:
        unsure, known = self._unsure, now - 2 * self._delay
        while unsure and unsure[0] <= known:
            unsure.popleft()
            self._confirmed += 1

    def _measure_anew(self) -> None:
        """What was allowed until now tells nothing of what will be."""
        for mark in self._marks:
            mark.begins = False

    def share(self, lanes: int) -> None:
        """So many lanes may use the same allowance now: what one was long allowed by itself is more than its share."""
        self._lanes = lanes
        if not self._feeling and self._confirmed >= _ENOUGH:
            self._measure_anew()

    def gain(self, rate: float) -> None:
        """So many requests a second may be free, as somebody who seemed to use them has stopped."""
        self._measure_anew()
        if not self.is_free:
            self._base = self.rate + rate
            self._confirmed = 0

    def forget(self) -> None:
        """Nothing is known any more."""
        self._base, self._feeling = math.inf, False
        self._marks.clear()
        self._unsure.clear()

    def succeeded(self) -> None:
        """A request was answered."""
        self.in_a_row = 0

    def refused(self, number: int, left_at: float, now: float, *, measures: bool = True) -> bool:
        """A request was refused, which left as the lane's `number`-th. `measures`: for coming too often.

        Returns whether that is news: it left after the last refusal was known.
        """
        self._refused += 1
        for mark in self._marks:
            if mark.number > number:
                mark.allowed -= 1
        self._delay = max(0.9 * self._delay, now - left_at)
        if left_at <= self._cut_at:
            return False
        self._cut(_Mark(number, left_at, number - self._refused), now, measures=measures and self._measures)
        return True

    def _cut(self, mark: _Mark, now: float, *, measures: bool) -> None:
        allowed = mark.allowed - self._marks[-1].allowed if self._marks else math.inf
        self.in_a_row = 1 if allowed > 0 else self.in_a_row + 1
        self.was_refused = True
        is_known = measures and not self.is_free and not self._feeling
        if is_known:
            self._chance.refused(allowed, self._lanes, early=self.rate * SHARE < self._base)
        measured = self._measure(mark) if measures else None
        if measured is not None:
            # More than that was allowed in the end: an allowance that holds little was full for a while.
            reached = math.inf if self._feeling else self.rate
            better = math.sqrt(measured * reached) if 1.5 * measured < reached < math.inf else measured
            self._base, self._feeling = self._chance.share * better, False
        elif is_known and (allowed > 0 or self._chance.rules):
            self._base = self._chance.decrease * self.rate
        else:
            self._base, self._feeling = _FIRST, True
        self._growth, self._confirmed = _GROWTH, 0
        self._unsure.clear()
        self._marks.append(mark)
        self._cut_at = self._next_at = now

    def _measure(self, mark: _Mark) -> float | None:
        """The rate that was allowed up to a mark; None if too little was to tell."""
        best, found = 0.0, None
        for earlier in reversed(self._marks):
            allowed, seconds = mark.allowed - earlier.allowed, mark.at - earlier.at
            if seconds > _LONGEST_MEMORY or not earlier.begins:
                break
            # Only what left after a refusal was known is a mark of its own, so time lies between any two.
            # What was allowed is known to within one. The most that is certain tells best: others may have taken
            # everything in some of the time, and little says little.
            if (allowed - 1) / seconds > best:
                best, found = (allowed - 1) / seconds, (allowed + 0.5 / self._lanes) / seconds
            if allowed >= _ENOUGH:
                break
        return found

    def pause(self, now: float, asked: float | None, usual: float) -> float:
        """Seconds for which nobody leaves after a refusal: as asked, else long enough for the next to be allowed."""
        self._asked = asked or 0.0
        again = max(self.in_a_row - 2, 0)
        if asked is None and not self._feeling and self._base != math.inf:
            asked = min(usual, 0.5 / self._base)
        elif asked is None:
            asked = usual
        # What was asked before did not help: others take what there is, or it was too little.
        if again:
            asked = max(asked, min(max(asked, usual) * 2.0 ** min(again, 8), _LONGEST_PAUSE))
        # The dearer a refusal, and the more try for the same, the more slowly the rate is felt for.
        if not self._feeling:
            self._growth = _GROWTH / (self._lanes * max(1.0, asked * self._base))
        self._next_at = max(self._next_at, now + asked)
        return asked


class Rhythm:
    """The departures of all paced lanes of an account, which leave one after another at even distances.

    Lanes may share an allowance that holds one request at a time. Each at its own rate, they would meet by chance, and
    one of the two would be refused. Taking turns costs none of them any of its rate.
    """

    def __init__(self) -> None:
        self.paces: list[LanePace] = []
        """Those of lanes that were refused and are in use."""
        self._last_at = -math.inf

    def wait(self, pace: LanePace, now: float) -> float:
        """Seconds until the next turn of a lane. Who was just refused knows its moment, and goes before the others."""
        if pace.is_free or pace.was_refused or not 1 < len(self.paces) <= _MOST_TURNS:
            return 0.0
        rates = sum(pace.rate for pace in self.paces)
        return max(0.0, self._last_at + _EVEN / rates - now)

    def leave(self, pace: LanePace, now: float) -> None:
        """A request of a paced lane leaves."""
        if pace not in self.paces:
            self.paces.append(pace)
            for each in self.paces:
                each.share(len(self.paces))
        self._last_at = now

    def retire(self, pace: LanePace | None) -> None:
        """Nobody is left in a lane: the others may have its share, if it was one."""
        rate = 0.0
        if pace is not None and pace in self.paces:
            self.paces.remove(pace)
            rate = pace.rate
        for other in self.paces:
            other.gain(rate / len(self.paces))


_EVEN: Final = 0.95
"""The share of the even distance that is kept, so that who just missed its turn need not wait for a whole one."""
_MOST_TURNS: Final = 20
"""Lanes that take turns; among more than that an allowance for one request would be too rare to care for."""
