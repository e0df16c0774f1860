"""Limits of a client's traffic, counted per account: a provider, an address and a credential."""

from __future__ import annotations

import math
from typing import Any, Final, Protocol

import attrs

from .._types.amounts import as_number


class _Unstated(int):
    """A number that nobody stated."""


DEFAULT_IN_FLIGHT: Final = _Unstated(1_000)
"""As many connections as the common limit of 1,024 open files allows."""
LONGEST_RESPECTED_WAIT: Final = 120.0
"""Seconds. A provider that asks for more is not waited for: the error says how long, and the caller decides."""


class SlotLimiter(Protocol):
    """What slots are taken from: a `trio.CapacityLimiter`, or an `anyio.CapacityLimiter` on either event loop."""

    total_tokens: float
    """How many there are."""

    @property
    def available_tokens(self) -> float:
        """How many are free."""
        ...

    def acquire_on_behalf_of_nowait(self, borrower: object) -> None:
        """Take one that is free."""

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        """Wait for one."""

    def release_on_behalf_of(self, borrower: object) -> None:
        """Give one back."""


def _finite(value: Any) -> Any:
    number = as_number(value)
    return None if number == math.inf else number


def _check_rate(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{attribute.name} must be a number, not {type(value).__name__}")
    if not value > 0:
        raise ValueError(f"{attribute.name} must be positive, not {value!r}")


def _check_slots(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is None or hasattr(value, "acquire_on_behalf_of"):
        return
    if not isinstance(value, int):
        raise TypeError(f"{attribute.name} must be a whole number or a CapacityLimiter, not {value!r}")
    if value < 1:
        raise ValueError(f"{attribute.name} must be positive, not {value!r}")


def _nothing_stated(limits: Limits) -> bool:
    stated = limits.requests_per_minute, limits.tokens_per_minute
    return isinstance(limits.max_in_flight, _Unstated) and stated == (None, None)


@attrs.frozen(kw_only=True)
class Limits:
    """What one account may do at most. None means no limit. Calls wait for their turn, in fair order.

    `Limits()` is adaptive: it needs no numbers. With any value it is not, unless `adaptive=True` is among them.

        Limits(requests_per_minute=500, tokens_per_minute=90_000)
    """

    max_in_flight: int | SlotLimiter | None = attrs.field(default=DEFAULT_IN_FLIGHT, validator=_check_slots)
    """Calls that hold a connection at the same time.

    A limiter of the caller's (Trio's, or anyio's) is shared with whatever else uses it, and stays as large as it is.
    """
    requests_per_minute: float | None = attrs.field(default=None, converter=_finite, validator=_check_rate)
    """So many are sent at most in any 60 seconds, wherever these begin; repeated ones included."""
    tokens_per_minute: float | None = attrs.field(default=None, converter=_finite, validator=_check_rate)
    """Prompt and answer together, in any 60 seconds: reserved by estimate, settled by what the reply says was used."""
    adaptive: bool = attrs.field(default=attrs.Factory(_nothing_stated, takes_self=True))
    """Follow the limits that the provider's replies describe, and learn rate and number in flight from its refusals.

    Starts with few calls in flight, and with all of them where the host is one's own.
    """
