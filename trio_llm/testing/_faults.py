"""When simulated faults strike: by list, by time, by account, by chance; put together; and which one mattered.

A plan says of each request which fault it meets. `a | b` strikes where either does, `a & b` where both do, with what
both change: a plan that only says when, such as `FaultPlan.between(10, 20)`, changes nothing by itself. What a plan
says of a request depends on nothing but the request and the plan's own seed, so that no order of arrival matters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from ._actions import Action, AtEvent, Delivery, Disconnect, Failure, Fault

if TYPE_CHECKING:
    from ._ledger import RecordedRequest

UNCHANGED = Delivery()
"""What a plan says that only says when."""

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
class Moment:
    """A request as a plan looks at it.

    Example:
        plan.strike(Moment(number=7, time=12.5))
    """

    number: int
    """Its place in the order of arrival, from 0."""
    time: float = 0.0
    """When it arrives, on the running clock."""
    account: str = ""
    """The key that it came with."""
    model: str = ""


@attrs.frozen
class FaultPlan:
    """Which of the requests meet which fault. Plans are put together with `|` and `&`.

    Example:
        FaultPlan([Failure(503), None, Disconnect()])       # the first and the third
        FaultPlan({7: Delivery(cut_at=AtEvent(2))})         # the eighth
        FaultPlan.seeded(1, rate=0.2)                       # one in five, the same ones every time
        FaultPlan.between(60, 90, Failure(503)) | FaultPlan.sometimes(0.01, Disconnect())
        FaultPlan.for_account("k1") & FaultPlan.always(Failure(401))
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
        return FaultPlan(rate=rate, seed=seed, kinds=kinds)

    @classmethod
    def always(cls, fault: Fault) -> FaultPlan:
        """Every request."""
        return _Where(holds=lambda _: True, held=fault)

    @classmethod
    def sometimes(cls, rate: float, fault: Fault = UNCHANGED, *, seed: int = 0) -> FaultPlan:
        """One fault for a share of the requests, 0 to 1."""
        return FaultPlan(rate=rate, seed=seed, kinds=(fault,))

    @classmethod
    def between(cls, start: float, end: float = math.inf, fault: Fault = UNCHANGED) -> FaultPlan:
        """Every request that arrives in a time, of the running clock in seconds; the end is no part of it."""
        return _Where(holds=lambda moment: start <= moment.time < end, held=fault)

    @classmethod
    def for_account(cls, key: str, fault: Fault = UNCHANGED) -> FaultPlan:
        """Every request that comes with a key."""
        return _Where(holds=lambda moment: moment.account == key, held=fault)

    @classmethod
    def for_model(cls, model: str, fault: Fault = UNCHANGED) -> FaultPlan:
        """Every request for a model, by its name on the wire."""
        return _Where(holds=lambda moment: moment.model == model, held=fault)

    @classmethod
    def struck(cls, requests: Iterable[RecordedRequest]) -> FaultPlan:
        """What a plan did, as a list of its own: from the records of a simulator, by numbers of requests."""
        return FaultPlan({request.number: request.fault for request in requests if request.fault is not None})

    def strike(self, moment: Moment) -> Fault | None:
        """The fault that a request meets."""
        return self._scheduled(moment.number) or self._drawn(moment.number)

    def fault(self, number: int) -> Fault | None:
        """The fault that the request with this number meets, whatever else is known of it."""
        return self.strike(Moment(number))

    def __or__(self, other: FaultPlan) -> FaultPlan:
        """Where either strikes; where both do, the first replaces what the second would do."""
        return _Either(left=self, right=other)

    def __and__(self, other: FaultPlan) -> FaultPlan:
        """Where both strike, with what both change; of two actions, the first."""
        return _Both(left=self, right=other)

    def _scheduled(self, number: int) -> Fault | None:
        if isinstance(self.schedule, Mapping):
            return self.schedule.get(number)
        return self.schedule[number] if number < len(self.schedule) else None

    def _drawn(self, number: int) -> Fault | None:
        # Seeded anew for every number, so that no order of arrival changes what another request meets.
        random = Random(f"{self.seed}:{number}")
        return random.choice(self.kinds) if random.random() < self.rate else None


@attrs.frozen(kw_only=True)
class _Either(FaultPlan):
    left: FaultPlan
    right: FaultPlan

    def strike(self, moment: Moment) -> Fault | None:
        return self.left.strike(moment) or self.right.strike(moment)


@attrs.frozen(kw_only=True)
class _Both(FaultPlan):
    left: FaultPlan
    right: FaultPlan

    def strike(self, moment: Moment) -> Fault | None:
        first, second = self.left.strike(moment), self.right.strike(moment)
        return merged(first, second) if first is not None and second is not None else None


@attrs.frozen(kw_only=True)
class _Where(FaultPlan):
    """All requests of which something is true."""

    holds: Callable[[Moment], bool]
    held: Fault

    def strike(self, moment: Moment) -> Fault | None:
        return self.held if self.holds(moment) else None


def merged(first: Fault, second: Fault) -> Fault:
    """Two faults at once: an action gets the other's way of arriving; of two actions the first counts."""
    if type(first) is Delivery:
        return second if type(second) is Disconnect else attrs.evolve(second, **_changes(first))
    return (
        attrs.evolve(first, **_changes(second)) if isinstance(first, Delivery) and type(second) is Delivery else first
    )


def _changes(delivery: Fault) -> dict[str, Any]:
    usual = UNCHANGED
    values = {field.name: getattr(delivery, field.name) for field in attrs.fields(Delivery)}
    return {name: value for name, value in values.items() if value != getattr(usual, name)}


def apply_fault(fault: Fault | None, action: Action) -> Action:
    """What happens in place of `action`."""
    if fault is None:
        return action
    if type(fault) is not Delivery:
        return fault  # type: ignore[return-value]  # the subclasses of Delivery are all actions
    return action if isinstance(action, Disconnect) else attrs.evolve(action, **_changes(fault))


def shrink(plan: FaultPlan, fails: Callable[[FaultPlan], bool]) -> FaultPlan:
    """The smallest part of a plan with which something still fails: most often one fault, and one change of it.

        smallest = shrink(FaultPlan.struck(simulator.requests), lambda plan: not passes(plan))

    Faults are left out by delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
    2002), then the changes of those that are left, one by one. `fails` is asked about plans that are lists: where one
    of n faults matters about 4 * log n times, and n * n times at most.

    Raises:
        ValueError: if the plan is no list, which `FaultPlan.struck` makes, or if nothing fails with it.
    """
    if type(plan) is not FaultPlan or plan.rate:
        raise ValueError(
            "a plan with conditions or chances cannot be shrunk: shrink what it did, FaultPlan.struck(...)"
        )
    given = plan.schedule.items() if isinstance(plan.schedule, Mapping) else enumerate(plan.schedule)
    faults = [(number, fault) for number, fault in given if fault is not None]
    if not fails(FaultPlan(dict(faults))):
        raise ValueError("nothing fails with this plan, so there is nothing to shrink")
    kept = dict(_fewest(faults, fails))
    for number in [*kept]:
        kept[number] = _simplest(kept, number, fails)
    return FaultPlan(kept)


_Faults: TypeAlias = list[tuple[int, Fault]]


def _fewest(faults: _Faults, fails: Callable[[FaultPlan], bool]) -> _Faults:
    """A part of the faults of which none can be spared."""
    parts = 2
    while len(faults) > 1:
        size = math.ceil(len(faults) / parts)
        chunks = [faults[start : start + size] for start in range(0, len(faults), size)]
        rests = [[one for one in faults if one not in chunk] for chunk in chunks]
        smaller = next((part for part in (*chunks, *rests) if part != faults and fails(FaultPlan(dict(part)))), None)
        if smaller is not None:
            parts = 2 if len(smaller) <= size else max(2, parts - 1)
            faults = smaller
        elif parts >= len(faults):
            return faults
        else:
            parts = min(len(faults), parts * 2)
    return faults


def _simplest(kept: dict[int, Fault], number: int, fails: Callable[[FaultPlan], bool]) -> Fault:
    """One of the faults, without those of its changes that can be spared."""
    fault = kept[number]
    if not isinstance(fault, Delivery):
        return fault
    for name in _changes(fault):
        simpler = attrs.evolve(fault, **{name: getattr(UNCHANGED, name)})
        if fails(FaultPlan({**kept, number: simpler})):
            fault = simpler
    return fault
