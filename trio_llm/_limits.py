"""Limits of a client's traffic, counted per account: a provider, an address and a key."""

from __future__ import annotations

import math
from typing import Any, Final

import attrs

from ._runtime import trio

DEFAULT_IN_FLIGHT: Final = 1_000
"""As many connections as the common limit of 1,024 open files allows."""


def _positive(_: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and value <= 0:
        raise ValueError(f"{attribute.name} must be positive, not {value!r}")


@attrs.frozen(kw_only=True)
class Limits:
    """What one account may do at most. None means no limit."""

    max_in_flight: int | None = attrs.field(default=DEFAULT_IN_FLIGHT, validator=_positive)
    """Calls that hold a connection at the same time; the rest wait in order."""
    requests_per_minute: float | None = attrs.field(default=None, validator=_positive)
    tokens_per_minute: float | None = attrs.field(default=None, validator=_positive)


@attrs.frozen
class AccountStatistics:
    """A snapshot of one account's slots."""

    in_flight: int
    waiting: int


class Slot:
    """One call's place among those in flight: the borrower of a limiter's token."""

    __slots__ = ()


class Account:
    """The limits of one account at work. Belongs to one run of an event loop."""

    def __init__(self, limits: Limits) -> None:
        self._slots = trio.CapacityLimiter(limits.max_in_flight or math.inf)

    async def enter(self) -> Slot:
        """Wait for a slot, in order. Cancelled while waiting, nothing is held."""
        slot = Slot()
        try:
            self._slots.acquire_on_behalf_of_nowait(slot)
        except trio.WouldBlock:
            await self._slots.acquire_on_behalf_of(slot)
        return slot

    def leave(self, slot: Slot) -> None:
        """Give a slot back; any task may do it."""
        self._slots.release_on_behalf_of(slot)

    def statistics(self) -> AccountStatistics:
        """Calls in flight and waiting now."""
        statistics = self._slots.statistics()
        return AccountStatistics(int(statistics.borrowed_tokens), statistics.tasks_waiting)
