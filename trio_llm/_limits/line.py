"""The line in front of an account: who is first, and what stands before whom. Nothing here waits."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any

import attrs

from .buckets import NOTHING, Cost


@attrs.define
class Ticket:
    """A call's claim to its place in line. Its attempts share it: a call that is repeated does not begin at the end."""

    priority: int = 0
    """Higher goes first."""
    model: str = ""
    """What limits of single models are counted by."""
    arrival: int | None = None
    """When it first came; the account fills it in."""

    @property
    def rank(self) -> tuple[int, int]:
        """Smaller is nearer to the front."""
        assert self.arrival is not None
        return -self.priority, self.arrival


@attrs.define(eq=False)
class Waiter:
    """One that stands in line."""

    rank: tuple[int, int]
    cost: Cost
    model: str
    turn: Any
    """The event that says: something has changed for you."""


def _rank(waiter: Waiter) -> tuple[int, int]:
    return waiter.rank


class Line:
    """Waiters in the order of their ranks, no two of which are the same."""

    def __init__(self) -> None:
        self._waiters: list[Waiter] = []
        self._totals: dict[str, Cost] = {}
        self.first: Waiter | None = None
        """Whose turn it is."""

    def __len__(self) -> int:
        return len(self._waiters)

    def join(self, waiter: Waiter) -> None:
        """Take the place that the rank says."""
        insort(self._waiters, waiter, key=_rank)
        self.first = self._waiters[0]
        self._totals[waiter.model] = self._totals.get(waiter.model, NOTHING) + waiter.cost

    def leave(self, waiter: Waiter) -> None:
        """Go, from wherever in the line."""
        del self._waiters[bisect_left(self._waiters, waiter.rank, key=_rank)]
        self.first = self._waiters[0] if self._waiters else None
        rest = self._totals.pop(waiter.model) - waiter.cost
        if rest.requests:
            self._totals[waiter.model] = rest

    def cost_before(self, rank: tuple[int, int], model: str) -> Cost:
        """What those who stand before a rank will take of what a model shares."""
        place = bisect_left(self._waiters, rank, key=_rank)
        if place == len(self._waiters):  # nearly always, and with thousands in line a sum would show
            return self._totals.get(model, NOTHING)
        return sum((waiter.cost for waiter in self._waiters[:place] if waiter.model == model), NOTHING)
