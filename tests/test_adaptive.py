"""Following a provider's limits: the decisions, without a clock or a provider."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from trio_llm._limits.adaptive import (
    PERSISTENT,
    SAFETY,
    Concurrency,
    DescribedLimits,
    LaneDeparture,
    SlowStart,
    explain_refusal,
)
from trio_llm._limits.buckets import NOTHING, ONE_REQUEST, LimitKind, RateCost
from trio_llm._limits.header_formats import Window


def window(remaining: float | None, *, limit: float | None = 60, reset: float | None = None, **more: object) -> Window:
    return Window("w", "requests", limit, remaining, reset, **{"period": 60, **more})  # type: ignore[arg-type]


def tokens(remaining: float, kind: LimitKind = "tokens") -> Window:
    return Window("t", kind, 600, remaining, None, 60)


def level(limits: DescribedLimits, now: float = 0, name: str = "w") -> float:
    return limits.by_name[name].level(now)


def test_the_first_reply_makes_a_bucket_of_what_is_left() -> None:
    limits = DescribedLimits()
    limits.follow([window(12)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits) == 12
    assert level(limits, 10) == pytest.approx(12 + 10 * SAFETY)


def test_requests_that_the_reply_cannot_know_of_are_subtracted() -> None:
    limits = DescribedLimits()
    first = limits.take(0, ONE_REQUEST)
    for _ in range(5):
        limits.take(0, ONE_REQUEST)
    limits.follow([window(59)], first, now=0)

    assert level(limits) == 54


def test_a_reply_that_says_less_is_believed() -> None:
    limits = DescribedLimits()
    limits.follow([window(50)], limits.take(0, ONE_REQUEST), now=0)
    limits.follow([window(3)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits) == 3


def test_a_reply_that_says_more_is_believed_as_far_as_it_can_be_true() -> None:
    limits = DescribedLimits()
    limits.follow([window(0)], limits.take(0, ONE_REQUEST), now=0)
    departure = limits.take(1, ONE_REQUEST)
    limits.follow([window(40)], departure, now=1)

    assert level(limits, 1) == 40 - 2  # both calls are still in flight, and may not be counted there


def test_an_old_reply_is_brought_up_to_date() -> None:
    limits = DescribedLimits()
    slow = limits.take(0, ONE_REQUEST)
    limits.follow([window(59)], limits.take(0, ONE_REQUEST), now=0)
    for second in range(1, 60):
        limits.settle(second, ONE_REQUEST, NOTHING)
        limits.take(second, ONE_REQUEST)
    before = level(limits, 60)
    limits.follow([window(60)], slow, now=60)

    # It left a minute ago: what it says of that time agrees with what has happened since.
    assert level(limits, 60) == before


def test_tokens_stay_reserved_until_their_call_ends() -> None:
    limits = DescribedLimits()
    cost = RateCost(1, prompt=100, answer=200)
    departure = limits.take(0, cost)
    limits.follow([tokens(600)], departure, now=0)
    assert level(limits, name="t") == 300
    limits.settle(0, cost, unspent=RateCost(0, 90, 150))

    assert level(limits, name="t") == 540


def test_a_count_that_may_or_may_not_include_the_call_itself_changes_nothing_between() -> None:
    limits = DescribedLimits()
    limits.follow([tokens(600)], limits.take(0, ONE_REQUEST), now=0)
    departure = limits.take(0, RateCost(1, prompt=100, answer=200))
    limits.follow([tokens(350)], departure, now=0)
    assert level(limits, name="t") == 300
    limits.follow([tokens(250)], departure, now=0)

    assert level(limits, name="t") == 250


@pytest.mark.parametrize(("kind", "left"), [("tokens", 300), ("prompt", 500), ("answer", 400)])
def test_prompts_and_answers_have_their_own_limits(kind: LimitKind, left: float) -> None:
    limits = DescribedLimits()
    limits.follow([tokens(600, kind)], limits.take(0, RateCost(1, prompt=100, answer=200)), now=0)

    assert level(limits, name="t") == left


def test_what_is_missing_comes_back_until_the_reset() -> None:
    limits = DescribedLimits()
    limits.follow([window(0, limit=1_000, reset=86_400, period=None)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits, 86.4) == pytest.approx(SAFETY)
    limits.follow([window(600, limit=1_000, reset=100, period=None)], limits.take(86.4, ONE_REQUEST), now=86.4)
    before = level(limits, 86.4)
    assert level(limits, 96.4) == pytest.approx(before + 40 * SAFETY)  # a tenth of what is missing


def test_a_reset_that_is_near_does_not_promise_more_than_the_limit_does() -> None:
    limits = DescribedLimits()
    limits.follow([window(6, limit=60, reset=1)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits, 1) == pytest.approx(6 + SAFETY)


def test_a_reset_of_a_limit_that_nobody_has_used_there_tells_no_rate() -> None:
    limits = DescribedLimits()
    departure = limits.take(0, ONE_REQUEST)
    limits.take(0, ONE_REQUEST)
    limits.follow([window(60, limit=60, reset=60)], departure, now=0)

    assert level(limits) == 58  # both are in flight, and may not be counted there
    assert level(limits, 1) == pytest.approx(58 + SAFETY)


def test_a_limit_of_unknown_length_is_there_again_at_its_reset() -> None:
    limits = DescribedLimits()
    limits.follow([window(0, limit=20, reset=2, period=None)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits, 2) == pytest.approx(20 * SAFETY)


def test_a_limit_that_is_not_told_is_the_most_that_was_ever_left() -> None:
    limits = DescribedLimits()
    limits.follow([window(0, limit=None)], limits.take(0, ONE_REQUEST), now=0)
    assert limits.buckets == []  # which would never let anything through
    for remaining in (60, 30):
        limits.follow([window(remaining, limit=None)], limits.take(0, ONE_REQUEST), now=0)

    assert limits.by_name["w"].capacity == 60
    assert level(limits) == 30


def test_a_limit_without_a_count_sets_the_rate() -> None:
    limits = DescribedLimits()
    limits.follow([window(None)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits) == 59
    assert limits.by_name["w"].wait(0, 1, ahead=59) == pytest.approx(1 / SAFETY)


@given(
    replies=st.lists(
        st.tuples(st.floats(0, 1e9), st.floats(0, 1e9), st.none() | st.floats(0, 1e6), st.floats(0, 100)), max_size=20
    ),
    period=st.sampled_from([None, 60]),
)
def test_whatever_replies_say_the_wait_is_finite_and_no_level_exceeds_its_limit(
    replies: list[tuple[float, float, float | None, float]], period: float | None
) -> None:
    limits, now = DescribedLimits(), 0.0
    for limit, remaining, reset, pause in replies:
        departure = limits.take(now, RateCost(1, 10, 10))
        now += pause
        limits.follow([window(remaining, limit=limit or None, reset=reset, period=period)], departure, now)
        limits.settle(now, departure.cost, NOTHING)
    for bucket in limits.buckets:
        assert bucket.level(now) <= bucket.capacity
        assert 0 <= bucket.wait(now, 1) < math.inf


def test_a_refusal_is_explained_by_a_limit_that_is_used_up() -> None:
    assert explain_refusal([window(0)], ONE_REQUEST)
    assert explain_refusal([window(50), tokens(99)], RateCost(1, prompt=100))
    assert not explain_refusal([window(50), tokens(101), window(None)], RateCost(1, prompt=100))
    assert not explain_refusal([], ONE_REQUEST)


def test_the_number_in_flight_doubles_with_each_round_though_all_end_together() -> None:
    start, found = SlowStart(100), list[float]()
    for _ in range(3):
        in_flight = int(start.number)
        start.left(in_flight)
        for _ in range(in_flight):
            start.succeeded()
        found.append(start.number)

    assert found == [40, 80, 100]


def test_a_number_that_is_never_reached_grows_to_twice_of_what_is_used_and_no_further() -> None:
    start = SlowStart(1_000)
    start.left(15)
    for _ in range(500):
        start.succeeded()

    assert start.number == 30


def test_hosts_of_ones_own_and_described_limits_start_with_all() -> None:
    described = SlowStart(1_000)
    described.end()

    assert SlowStart(1_000, free=True).number == described.number == 1_000
    assert SlowStart(5).number == 5


def test_only_refusals_that_persist_while_others_are_in_flight_cut_their_number() -> None:
    concurrency = Concurrency()
    concurrency.refused(others=9, in_a_row=PERSISTENT - 1)
    concurrency.refused(others=0, in_a_row=PERSISTENT)
    assert concurrency.number == math.inf
    concurrency.refused(others=4, in_a_row=PERSISTENT)
    concurrency.refused(others=7, in_a_row=PERSISTENT + 1)

    assert concurrency.number == 4


def test_a_number_that_was_cut_grows_again_with_answers_to_twice_of_what_is_used() -> None:
    concurrency = Concurrency()
    concurrency.refused(others=4, in_a_row=PERSISTENT)
    concurrency.succeeded()
    assert concurrency.number == 5

    for in_flight, most in [(2, 8), (5, 10), (3, 10)]:
        concurrency.left(in_flight)
        for _ in range(99):
            concurrency.succeeded()
        assert concurrency.number == most


def test_departures_remember_what_left_with_them() -> None:
    limits = DescribedLimits()
    limits.take(0, RateCost(1, 2, 3))

    assert limits.take(1, RateCost(1, 2, 3)) == LaneDeparture(RateCost(1, 2, 3), 1, RateCost(2, 4, 6))


def test_requests_that_left_before_limits_were_known_are_counted_as_in_flight() -> None:
    limits = DescribedLimits()
    limits.begin(in_flight=5, departed=9)
    limits.follow([window(59)], LaneDeparture(ONE_REQUEST, 0, RateCost(5)), now=0)

    assert level(limits) == 59 - 4


def test_nothing_was_in_flight_before_the_first_call() -> None:
    start = SlowStart(1_000)
    assert (start.peak, start.reach, start.number) == (0, 0, 20)
    start.left(1)
    assert (start.peak, start.reach) == (1, 2)
    start.left(15)
    start.succeeded()
    assert (start.peak, start.reach, start.number) == (15, 30, 21)
    few = SlowStart(7)
    few.left(5)
    assert (few.reach, few.number) == (7, 7)
