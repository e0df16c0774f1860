"""How each vendor tells in headers what is left of a limit.

The reset is a duration where the vendor sends one, and a time of the calendar where it sends that; the simulator's
clock begins when its run begins, so that its calendar begins at `EPOCH`.

Source: OpenAI, "Rate limits, headers"; Anthropic, "Rate limits, response headers"; 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._limits import LimitState


def no_headers(states: Iterable[LimitState]) -> dict[str, str]:
    """Vendors that tell nothing."""
    del states
    return {}
