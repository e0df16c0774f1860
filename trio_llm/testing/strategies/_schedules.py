"""When calls arrive, what they may cost, and what a client allows itself."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import strategies as st

from ..._limits.settings import Limits
from .._limits import RateLimits

_GAPS = [0.0, 0.1, 1.0, 15.0, 60.0, 600.0]
"""Seconds between two arrivals: bursts, a steady flow, and silence."""


def arrivals(*, calls: int = 12) -> st.SearchStrategy[list[float]]:
    """Seconds at which calls begin, in order, of up to `calls` calls: bursts, flows and pauses.

    They shrink to one call at 0.

        @given(times=strategies.arrivals())
        def test_my_service_serves_everybody(times): ...
    """
    gaps = st.lists(st.sampled_from(_GAPS), min_size=1, max_size=calls)
    return gaps.map(lambda steps: list(accumulate([0.0, *steps[1:]])))


def limits() -> st.SearchStrategy[Limits]:
    """What a client may do at most: from nothing stated to one call at a time and a few a minute.

    Example:
        @given(limits=strategies.limits())
        def test_my_batch_ends_under_any_limits(limits): ...
    """
    return st.builds(
        Limits,
        max_in_flight=st.none() | st.sampled_from([1, 2, 8]),
        requests_per_minute=st.none() | st.sampled_from([1, 10, 600]),
        tokens_per_minute=st.none() | st.sampled_from([50, 1_000, 90_000]),
    )


def rate_limits() -> st.SearchStrategy[RateLimits]:
    """What a simulated provider allows.

    Example:
        @given(limits=strategies.rate_limits())
        def test_my_fan_out_is_answered(limits): ...
    """
    return st.builds(
        RateLimits,
        requests_per_minute=st.none() | st.sampled_from([6.0, 60.0, 600.0]),
        tokens_per_minute=st.none() | st.sampled_from([60.0, 1_000.0, 90_000.0]),
        burst=st.sampled_from([60.0, 10.0]),
    )


def budgets() -> st.SearchStrategy[float]:
    """Dollars that may be spent: nothing, a fraction of a cent, or plenty.

    Example:
        @given(usd=strategies.budgets())
        def test_my_agent_stops_in_time(usd): ...
    """
    return st.sampled_from([0.0, 0.000_1, 0.01, 1.0, 100.0]) | st.floats(0, 10, allow_nan=False)
