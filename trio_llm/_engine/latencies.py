"""How long a client's calls take, learnt from the calls themselves; and what its hedged calls have cost.

Of each model the newest calls that succeeded are kept, so many and no more; of the models as well. A call that failed
says nothing of how long an answer takes. Nothing here has a clock.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

import attrs

from .._types.amounts import checked_amount

REMEMBERED_CALLS: Final = 200
"""Newest calls of each model that count."""
REMEMBERED_MODELS: Final = 200
"""Models whose calls are remembered; beyond that, the one that was first called is forgotten."""


def _share(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not 0 < checked_amount(value, attribute.name) < 1:
        raise ValueError(f"{attribute.name} must be between 0 and 1, not {value!r}")


@attrs.frozen
class Quantile:
    """A time that a share of a model's calls does not take: 0.95 is exceeded by one call in twenty.

    It is learnt from the calls that the client has made, from leaving for the provider to the last byte.

        winner = await client.hedge(request, after=Quantile(0.95, otherwise=2.0))
    """

    share: float = attrs.field(validator=_share)
    otherwise: float | None = attrs.field(default=None, kw_only=True)
    """Seconds to go by while too few calls are known; None never sends a second copy until then."""
    at_least: int = attrs.field(default=20, kw_only=True, validator=attrs.validators.ge(1))
    """Calls that have to be known."""


class Latencies:
    """Durations of the newest successful calls of each model, in seconds."""

    def __init__(self) -> None:
        self._seconds: dict[str, deque[float]] = {}

    def note(self, model: str, seconds: float) -> None:
        """A call has succeeded."""
        known = self._seconds.get(model)
        if known is None:
            if len(self._seconds) >= REMEMBERED_MODELS:
                del self._seconds[next(iter(self._seconds))]
            known = self._seconds[model] = deque(maxlen=REMEMBERED_CALLS)
        known.append(seconds)

    def quantile(self, model: str, wanted: Quantile) -> float:
        """The quantile of a model's durations; infinite while nothing can be said."""
        known = sorted(self._seconds.get(model, ()))
        if len(known) < wanted.at_least:
            return math.inf if wanted.otherwise is None else wanted.otherwise
        return known[math.ceil(wanted.share * len(known)) - 1]


@attrs.define
class HedgeStatistics:
    """Hedged calls of one client, and the copies that were sent beside them."""

    calls: int = 0
    duplicates: int = 0

    def allows(self, budget: float | None) -> bool:
        """Whether one more copy keeps the share of duplicates within the budget."""
        return budget is None or self.duplicates + 1 <= budget * self.calls
