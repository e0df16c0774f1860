"""Limits of a client's traffic, counted per account: a provider, an address and a key."""

from __future__ import annotations

from typing import Any, Final

import attrs
import trio

DEFAULT_IN_FLIGHT: Final = 1_000
"""As many connections as the common limit of 1,024 open files allows."""


def _positive(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, int | float) and value <= 0:
        raise ValueError(f"{attribute.name} must be positive, not {value!r}")


@attrs.frozen(kw_only=True)
class Limits:
    """What one account may do at most. None means no limit. Calls wait for their turn, in fair order."""

    max_in_flight: int | trio.CapacityLimiter | None = attrs.field(default=DEFAULT_IN_FLIGHT, validator=_positive)
    """Calls that hold a connection at the same time. A limiter of the caller's is shared with whatever else uses it."""
    requests_per_minute: float | None = attrs.field(default=None, validator=_positive)
    tokens_per_minute: float | None = attrs.field(default=None, validator=_positive)
    """Prompt and answer together: reserved by estimate, settled by what the reply says was used."""
    adaptive: bool = False
    """Follow the limits that the provider's replies describe, and be careful after a 429 where they describe none."""


@attrs.frozen
class AccountStatistics:
    """A snapshot of one account, and sums since the client began."""

    in_flight: int
    """Calls that hold a slot."""
    waiting: int
    """Calls that wait for their turn."""
    requests_left: float | None = None
    """Requests that could leave now, where they are limited per minute."""
    tokens_left: float | None = None
    attempts: int = 0
    """Requests sent."""
    errors: int = 0
    """Attempts that failed."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


