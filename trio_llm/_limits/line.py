"""A line: who is first, and what stands before whom. Nothing here waits.

There is one in front of each lane, where calls stand from their arrival until they leave; its first waits for what
the lane alone decides (a pause, its pace, its described limits, its number in flight). There is one more in front of
the account, of those who are first in a lane for which there is nothing more to wait; its first waits for what all
lanes share: requests and tokens per minute, and a slot. Both are in the order of priority, then of arrival. So a lane
that is held back holds up no other, and among lanes that are not the better claim goes first.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any, Literal, TypeAlias

import attrs

from .buckets import NOTHING, RateCost

WaitReason: TypeAlias = Literal["slot", "rate", "pause"]
"""What a call waits for: a slot, a limit per minute, or the end of a pause after a refusal."""


@attrs.frozen
class Why:
    """Why a call has to wait."""

    reason: WaitReason
    held: int
    """Calls that hold slots of the account."""
    holders: tuple[Any, ...]
    """Those of them that have held theirs longest, as their tickets call them."""
    ahead: int
    """Calls that stand in the lane's line."""


@attrs.define(eq=False)
class Waiter:
    """One that stands in line."""

    rank: tuple[int, ...]
    cost: RateCost
    turn: Any
    """The event that says: something has changed for you."""
    since: float = 0.0
    """When it joined."""
    at_door: bool = False
    """Whether its lane lets it go, so that it stands in the account's line as well."""


def _rank(waiter: Waiter) -> tuple[int, ...]:
    return waiter.rank


class Line:
    """Waiters in the order of their ranks, no two of which are the same."""

    def __init__(self) -> None:
        self._waiters: list[Waiter] = []
        self._total = NOTHING
        self.first: Waiter | None = None
        """Whose turn it is."""

    def __len__(self) -> int:
        return len(self._waiters)

    def join(self, waiter: Waiter) -> None:
        """Take the place that the rank says."""
        insort(self._waiters, waiter, key=_rank)
        self.first = self._waiters[0]
        self._total += waiter.cost

    def leave(self, waiter: Waiter) -> None:
        """Go, from wherever in the line."""
        del self._waiters[bisect_left(self._waiters, waiter.rank, key=_rank)]
        self.first = self._waiters[0] if self._waiters else None
        self._total = self._total - waiter.cost if self._waiters else NOTHING

    def cost_before(self, rank: tuple[int, ...]) -> RateCost:
        """What those who stand before a rank will take."""
        place = bisect_left(self._waiters, rank, key=_rank)
        if place == len(self._waiters):  # nearly always, and with thousands in line a sum would show
            return self._total
        return sum((waiter.cost for waiter in self._waiters[:place]), NOTHING)

    def wake_first(self) -> None:
        """Something has changed for whoever is first."""
        if self.first is not None:
            self.first.turn.set()

    def wake_all(self) -> None:
        """Something has changed for everybody."""
        for waiter in self._waiters:
            waiter.turn.set()
