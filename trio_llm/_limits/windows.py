"""The caller's own limits per minute, as arithmetic over a given time: at most so much in any sliding 60 seconds.

A window remembers what left within the last 60 s, and nothing else. What left at a moment t counts until t + 60, that
moment excluded. So whatever 60 s one looks at, no more left in them than the limit says; a burst of the whole limit
may leave at once. Nothing here waits, and time is an argument, in seconds.

- `RequestWindow` is exact: it keeps the time of every departure.
- `TokenWindow` keeps sums of a second each. A sum counts until its latest departure is 60 s old, so it errs on the
  side of the limit, by a second at most. What a call reserved is corrected in place when its usage is known.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import attrs

LENGTH: Final = 60.0
"""Seconds that a window is long."""
_RESOLUTION: Final = 1.0
"""Seconds of departures that share one sum of tokens."""


class RequestWindow:
    """At most `per_minute` requests in any 60 s. Less than one a minute means one in a longer time."""

    def __init__(self, per_minute: float) -> None:
        self._most = max(1, math.floor(per_minute))
        self._length = LENGTH if per_minute >= 1 else LENGTH / per_minute
        self._departures: deque[float] = deque()

    def left(self, now: float) -> int:
        """Requests that may leave now."""
        departures = self._departures
        while departures and now >= departures[0] + self._length:
            departures.popleft()
        return self._most - len(departures)

    def used(self, now: float) -> bool:
        """Whether anything counts."""
        return self.left(now) < self._most

    def take(self, now: float) -> None:
        """A request leaves, whether or not there is room."""
        self._departures.append(now)

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until a request may leave after `ahead` others, which leave as soon as they may."""
        free = self.left(now)
        if ahead < free:
            return 0.0
        # Each departure makes room for the one that is a whole window's worth behind it.
        windows, place = divmod(ahead, self._most)
        begin = now if place < free else self._departures[place - free] + self._length
        return max(0.0, begin - now) + windows * self._length


@attrs.define(eq=False)
class Share:
    """Tokens that left within about one second."""

    first: float
    last: float
    amount: float


class TokenWindow:
    """At most `per_minute` tokens in any 60 s, reserved by estimate. More than that goes when nothing else counts."""

    def __init__(self, per_minute: float) -> None:
        self._most = per_minute
        self._shares: deque[Share] = deque()
        self._used = 0.0

    def left(self, now: float) -> float:
        """Tokens that are neither used nor reserved; negative where answers were longer than estimated."""
        shares = self._shares
        while shares and now >= shares[0].last + LENGTH:
            self._used -= shares.popleft().amount
        if not shares:
            self._used = 0.0  # sums of floats do not quite cancel out
        return self._most - self._used

    def used(self, now: float) -> bool:
        """Whether anything counts."""
        self.left(now)
        return bool(self._shares)

    def take(self, now: float, amount: float) -> Share:
        """A call leaves; what it gets is to be given to `correct`."""
        shares = self._shares
        if shares and now < shares[-1].first + _RESOLUTION:
            shares[-1].last = now
        else:
            shares.append(Share(now, now, 0.0))
        shares[-1].amount += amount
        self._used += amount
        return shares[-1]

    def correct(self, now: float, share: Share, unspent: float) -> None:
        """So much of a call's reservation was not used; negative where more was."""
        self.left(now)
        if now < share.last + LENGTH:
            share.amount -= unspent
            self._used -= unspent

    def wait(self, now: float, amount: float, ahead: float = 0.0) -> float:
        """Seconds until an amount may leave after those ahead of it, which leave as soon as they may."""
        left = self.left(now)
        windows, needed = divmod(ahead + min(amount, self._most), self._most)
        if not needed and windows:
            windows, needed = windows - 1, self._most
        missing = needed - left
        if missing <= 0:
            return windows * LENGTH
        for share in self._shares:
            missing -= share.amount
            if missing <= _NOTHING * self._most:
                return share.last + LENGTH - now + windows * LENGTH
        last = self._shares[-1].last if self._shares else now
        return last + LENGTH - now + windows * LENGTH


_NOTHING: Final = 1e-12
"""A share of the limit that floats may be wrong by."""
