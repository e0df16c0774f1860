"""The arithmetic of token buckets."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from trio_llm._limits.buckets import NOTHING, ONE_REQUEST, Bucket, RateCost, longest_wait

amounts = st.floats(0, 1_000)
seconds = st.floats(0, 300)
rates = st.floats(0.1, 1e6)


def test_a_full_bucket_lets_a_minutes_worth_through_and_then_one_at_a_time() -> None:
    bucket = Bucket("requests", 60, now=0)
    for _ in range(60):
        assert bucket.wait(0, 1) == 0
        bucket.take(0, 1)

    assert bucket.wait(0, 1) == 1
    assert bucket.wait(0.5, 1) == 0.5
    assert bucket.wait(1, 1) == 0


@given(per_minute=rates, cost=amounts, spent=amounts, later=seconds)
def test_after_the_wait_that_it_names_a_bucket_lets_the_cost_through(
    per_minute: float, cost: float, spent: float, later: float
) -> None:
    bucket = Bucket("tokens", per_minute, now=1e6)
    bucket.take(1e6, spent)
    now = 1e6 + later
    wait = bucket.wait(now, cost)

    if wait > 1e-6:
        assert bucket.wait(now + wait * 0.99, cost) > 0
    # One step of the clock beyond, at most: a float cannot always name the moment itself.
    assert bucket.wait(math.nextafter(now + wait, math.inf), cost) <= 1e-9


@given(per_minute=rates, steps=st.lists(st.tuples(seconds, st.sampled_from(["take", "give"]), amounts)))
def test_a_bucket_never_holds_more_than_its_capacity(per_minute: float, steps: list[tuple[float, str, float]]) -> None:
    bucket, now = Bucket("tokens", per_minute, now=0), 0.0
    for pause, act, amount in steps:
        now += pause
        getattr(bucket, act)(now, amount)
        assert bucket.level(now) <= bucket.capacity
        assert bucket.level(now - 1) == bucket.level(now)


def test_a_cost_larger_than_the_bucket_goes_when_it_is_full_and_leaves_a_debt() -> None:
    bucket = Bucket("tokens", 60, now=0)
    bucket.take(0, 10)
    assert bucket.wait(0, 600) == 10
    bucket.take(10, 600)

    assert bucket.level(10) == -540
    assert bucket.wait(10, 1) == 541


def test_the_wait_counts_those_ahead_in_line_in_full() -> None:
    bucket = Bucket("requests", 60, now=0)

    assert bucket.wait(0, 1, ahead=59) == 0
    assert bucket.wait(0, 1, ahead=600) == 541


def test_float_remainders_are_not_waited_for() -> None:
    bucket = Bucket("requests", 600, now=0)
    bucket.take(0, 600)
    now = 0.0
    for _ in range(10_000):
        wait = bucket.wait(now, 1)
        assert wait > 1e-9
        now += wait
        assert bucket.wait(now, 1) == 0
        bucket.take(now, 1)


def test_a_smaller_allowance_applies_at_once_and_a_larger_one_is_earned() -> None:
    bucket = Bucket("requests", 60, now=0)
    bucket.resize(0, 30, 0.5)
    assert bucket.level(0) == 30
    bucket.resize(0, 600, 10)

    assert bucket.level(0) == 30
    assert bucket.level(1) == 40


def test_another_rate_applies_until_a_reset_and_the_usual_one_after_it() -> None:
    bucket = Bucket("requests", 60, now=0)
    bucket.take(0, 60)
    bucket.restore(0, 5, seconds=4)

    assert bucket.wait(0, 10) == 2
    assert bucket.wait(0, 23) == 4 + 3
    assert bucket.level(2) == 10
    assert bucket.wait(2, 23) == 2 + 3
    assert bucket.level(6) == 20 + 2


@pytest.mark.parametrize(("low", "high", "level"), [(0, 40, 40), (55, 80, 55), (10, 99, 50), (70, 99, 60)])
def test_a_level_outside_of_what_is_known_is_moved_to_its_nearest_bound(low: float, high: float, level: float) -> None:
    bucket = Bucket("requests", 60, now=0)
    bucket.take(0, 10)
    bucket.confine(0, min(low, bucket.capacity), high)

    assert bucket.level(0) == level


def test_the_longest_wait_of_all_buckets_counts() -> None:
    buckets = [Bucket("requests", 60, 0), Bucket("tokens", 600, 0), Bucket("answer", 60, 0)]
    for bucket in buckets:
        bucket.take(0, bucket.capacity)

    assert longest_wait(buckets, 0, ONE_REQUEST) == 1
    assert longest_wait(buckets, 0, RateCost(1, prompt=20, answer=10)) == 10
    assert longest_wait(buckets, 0, RateCost(1, prompt=90, answer=1), ahead=RateCost(3, 10, 1)) == 10.2
    assert longest_wait([], 0, ONE_REQUEST) == 0


@given(costs=st.lists(st.builds(RateCost, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))))
def test_costs_add_up_and_cancel_out(costs: list[RateCost]) -> None:
    total = sum(costs, NOTHING)

    assert total.tokens == sum(cost.prompt + cost.answer for cost in costs) == total.of("tokens")
    assert total - total == NOTHING
