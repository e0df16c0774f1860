"""Following a provider's limits: the decisions, without a clock or a provider."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from trio_llm._limits.adaptive import FIRST_NUMBER, SAFETY, Concurrency, Departure, DescribedLimits, explain_refusal
from trio_llm._limits.buckets import NOTHING, ONE_REQUEST, Cost, Kind
from trio_llm._limits.header_formats import Window


def window(remaining: float | None, *, limit: float | None = 60, reset: float | None = None, **more: object) -> Window:
    return Window("w", "requests", limit, remaining, reset, **{"period": 60, **more})  # type: ignore[arg-type]


def tokens(remaining: float, kind: Kind = "tokens") -> Window:
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
    cost = Cost(1, prompt=100, answer=200)
    departure = limits.take(0, cost)
    limits.follow([tokens(600)], departure, now=0)
    assert level(limits, name="t") == 300
    limits.settle(0, cost, unspent=Cost(0, 90, 150))

    assert level(limits, name="t") == 540


def test_a_count_that_is_lower_than_expected_leaves_a_calls_own_tokens_reserved() -> None:
    limits = DescribedLimits()
    limits.follow([tokens(600)], limits.take(0, ONE_REQUEST), now=0)
    departure = limits.take(0, Cost(1, prompt=100, answer=200))
    limits.follow([tokens(350)], departure, now=0)

    assert level(limits, name="t") == 50


@pytest.mark.parametrize(("kind", "left"), [("tokens", 300), ("prompt", 500), ("answer", 400)])
def test_prompts_and_answers_have_their_own_limits(kind: Kind, left: float) -> None:
    limits = DescribedLimits()
    limits.follow([tokens(600, kind)], limits.take(0, Cost(1, prompt=100, answer=200)), now=0)

    assert level(limits, name="t") == left


def test_what_is_missing_comes_back_until_the_reset() -> None:
    limits = DescribedLimits()
    limits.follow([window(0, limit=1_000, reset=86_400, period=None)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits, 86.4) == pytest.approx(SAFETY)


def test_a_reset_that_is_near_does_not_promise_more_than_the_limit_does() -> None:
    limits = DescribedLimits()
    limits.follow([window(6, limit=60, reset=1)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits, 1) == pytest.approx(6 + SAFETY)


def test_a_limit_of_unknown_length_is_there_again_at_its_reset() -> None:
    limits = DescribedLimits()
    limits.follow([window(0, limit=20, reset=2, period=None)], limits.take(0, ONE_REQUEST), now=0)

    assert level(limits, 2) == pytest.approx(20 * SAFETY)


def test_a_limit_that_is_not_told_is_the_most_that_was_ever_left() -> None:
    limits = DescribedLimits()
    for remaining in (0, 60, 30):
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
        departure = limits.take(now, Cost(1, 10, 10))
        now += pause
        limits.follow([window(remaining, limit=limit or None, reset=reset, period=period)], departure, now)
        limits.settle(now, departure.cost, NOTHING)
    for bucket in limits.buckets:
        assert bucket.level(now) <= bucket.capacity
        assert 0 <= bucket.wait(now, 1) < math.inf


def test_a_refusal_is_explained_by_a_limit_that_is_used_up() -> None:
    assert explain_refusal([window(0)], ONE_REQUEST)
    assert explain_refusal([window(50), tokens(99)], Cost(1, prompt=100))
    assert not explain_refusal([window(50), tokens(101), window(None)], Cost(1, prompt=100))
    assert not explain_refusal([], ONE_REQUEST)


def rounds(concurrency: Concurrency, number: int) -> list[float]:
    """The numbers in flight after rounds of successes that use all of it."""
    found = []
    for _ in range(number):
        for _ in range(int(concurrency.number)):
            concurrency.succeeded(1.0, int(concurrency.number) + 9)
        found.append(concurrency.number)
    return found


def test_the_number_in_flight_doubles_until_the_most_or_the_first_refusal() -> None:
    concurrency = Concurrency(100)

    assert concurrency.number == FIRST_NUMBER == 20
    assert rounds(concurrency, 3) == [40, 80, 100]


def test_a_refusal_cuts_to_a_share_and_growth_is_by_one_a_round_from_then_on() -> None:
    concurrency = Concurrency(100)
    concurrency.refused(0.0, in_flight=20, now=0.5)

    assert concurrency.number == 14
    assert rounds(concurrency, 3) == [15, 16, 17]


def test_refusals_of_requests_that_left_before_the_cut_say_nothing_new() -> None:
    concurrency = Concurrency(100)
    for _ in range(20):
        concurrency.refused(0.0, in_flight=20, now=0.5)
        concurrency.succeeded(0.0, in_flight=20)
    assert concurrency.number == 14
    concurrency.refused(0.5, in_flight=14, now=1)

    assert concurrency.number == 9


def test_successes_that_did_not_need_the_whole_number_do_not_raise_it() -> None:
    concurrency = Concurrency(100)
    for _ in range(500):
        concurrency.succeeded(1.0, in_flight=19)

    assert concurrency.number == 20


def test_one_call_at_a_time_is_always_allowed() -> None:
    concurrency = Concurrency(5)
    for now in range(10):
        concurrency.refused(now, in_flight=1, now=now)

    assert concurrency.number == 1


def test_limits_that_are_described_free_the_number_unless_refusals_contradict_them() -> None:
    free, refused = Concurrency(math.inf), Concurrency(100)
    refused.refused(0.0, in_flight=20, now=0.5)
    free.described()
    refused.described()

    assert free.number == math.inf
    assert refused.number == 14


def test_departures_remember_what_left_with_them() -> None:
    limits = DescribedLimits()
    limits.take(0, Cost(1, 2, 3))

    assert limits.take(1, Cost(1, 2, 3)) == Departure(Cost(1, 2, 3), 1, Cost(2, 4, 6))
