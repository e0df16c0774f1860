"""When simulated faults strike: by a list, or by a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeAlias

import attrs

from ._script import Action, AtEvent, Delivery, Disconnect, Failure

Fault: TypeAlias = Action | Delivery
"""An action replaces the scripted one; a plain `Delivery` changes how the scripted reply arrives."""

COMMON_FAULTS: tuple[Fault, ...] = (
    Failure(429, "slow down", retry_after=1.0),
    Failure(500, "it broke"),
    Failure(503, "overloaded"),
    Disconnect(),
    Delivery(cut_at=AtEvent(0)),
    Delivery(cut_at=AtEvent(2)),
    Delivery(stall_at=AtEvent(1)),
    Delivery(garble_at=0),
    Delivery(error_at=1),
    Delivery(keep_alives=3),
)
"""A bit of everything that happens to calls: statuses, resets, truncation, silence, nonsense, keep-alives."""


@attrs.frozen
class FaultPlan:
    """Which of the requests, counted from 0 in the order of their arrival, meet which fault.

    FaultPlan([Failure(503), None, Disconnect()])       # the first and the third
    FaultPlan({7: Delivery(cut_at=AtEvent(2))})         # the eighth
    FaultPlan.seeded(1, rate=0.2)                       # one in five, the same ones every time

        Simulator(faults=FaultPlan(rate=0.1, seed=7))  # one reply in ten fails
    """

    schedule: Mapping[int, Fault] | Sequence[Fault | None] = ()
    """Faults by the number of the request."""
    rate: float = attrs.field(default=0.0, kw_only=True)
    """Share of the requests that meet a fault beyond the schedule, 0 to 1."""
    seed: int = attrs.field(default=0, kw_only=True)
    kinds: Sequence[Fault] = attrs.field(default=COMMON_FAULTS, kw_only=True)
    """What those faults are drawn from, all alike."""

    @classmethod
    def seeded(cls, seed: int, *, rate: float = 0.3, kinds: Sequence[Fault] = COMMON_FAULTS) -> FaultPlan:
        """Faults at random places that depend on nothing but `seed` and the number of the request."""
        return cls(rate=rate, seed=seed, kinds=kinds)

    def fault(self, number: int) -> Fault | None:
        """The fault that the request with this number meets."""
        return self._scheduled(number) or self._drawn(number)

    def _scheduled(self, number: int) -> Fault | None:
        if isinstance(self.schedule, Mapping):
            return self.schedule.get(number)
        return self.schedule[number] if number < len(self.schedule) else None

    def _drawn(self, number: int) -> Fault | None:
        # Seeded anew for every number, so that no order of arrival changes what another request meets.
        random = Random(f"{self.seed}:{number}")
        return random.choice(self.kinds) if random.random() < self.rate else None


def apply_fault(fault: Fault | None, action: Action) -> Action:
    """What happens in place of `action`."""
    if fault is None:
        return action
    if type(fault) is not Delivery:
        return fault  # type: ignore[return-value]  # the subclasses of Delivery are all actions
    if isinstance(action, Disconnect):
        return action
    changed = {
        field.name: getattr(fault, field.name)
        for field in attrs.fields(Delivery)
        if getattr(fault, field.name) != field.default
    }
    return attrs.evolve(action, **changed)
