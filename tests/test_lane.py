"""A lane: what it asks of its calls, and what it learns of them, without a clock or a task."""

from __future__ import annotations

import math

import attrs
import pytest

from trio_llm import APIError, RateLimitError, ServiceUnavailableError, Usage
from trio_llm._limits.adaptive import PERSISTENT
from trio_llm._limits.buckets import NOTHING, ONE_REQUEST, LimitKind, RateCost
from trio_llm._limits.header_formats import Window
from trio_llm._limits.lane import Lane, LaneCall
from trio_llm._limits.line import Waiter
from trio_llm._limits.pace import Rhythm


@attrs.define
class Turn:
    """The event of a waiter that does not wait."""

    has_come: bool = False

    def set(self) -> None:
        self.has_come = True


def left(cost: RateCost, at: float) -> LaneCall:
    """A call that left at this time."""
    call = LaneCall()
    call.cost, call.at, call.number, call.departure, call.described, call.unspent = cost, at, 1, None, (), NOTHING
    return call


def paced_lane(rhythm: Rhythm, departed: int) -> Lane:
    """One that was refused once, and from which so many calls have left, the last of which is over."""
    lane, call = Lane(rhythm, adaptive=True), left(ONE_REQUEST, 2.0)
    lane.refused(left(ONE_REQUEST, 0.0), RateLimitError("no"), 0.5, 1)
    lane.departed = departed
    lane.depart(call)
    return lane


@pytest.mark.parametrize(("kind", "opens"), [("requests", True), ("tokens", False)])
def test_who_was_refused_goes_when_it_was_told_to_and_not_when_headers_would_have_it(
    kind: LimitKind, opens: bool
) -> None:
    lane, cost = Lane(Rhythm(), adaptive=True), RateCost(1, 1, 0)
    spent = Window("limit", kind, 1, 0, 5.5, None)
    call = left(cost, 0.1)
    call.described = (spent,)
    lane.follow(left(cost, 0.0), [spent], 0.0)
    lane.depart(call)
    lane.follow(call, [spent], 0.1)
    lane.refused(call, RateLimitError("no", retry_after=4.9), 0.1, 1)

    assert (lane.wait(0.1, cost) == pytest.approx(4.9)) is opens
    assert not lane.is_open(4.9, cost)
    assert lane.is_open(5.0, cost) is opens


@pytest.mark.parametrize(("departed", "stays"), [(19, True), (20, False)])
def test_a_lane_that_falls_idle_after_many_calls_takes_turns_no_more(departed: int, stays: bool) -> None:
    rhythm = Rhythm()
    lane = paced_lane(rhythm, departed)

    lane.retire_if_idle(returns=True)  # its call waits in line again
    assert rhythm.paces == [lane.pace]
    lane.retire_if_idle(returns=False)
    assert rhythm.paces == ([lane.pace] if stays else [])


def test_calls_before_a_lane_fell_idle_last_do_not_count_again() -> None:
    rhythm = Rhythm()
    lane = paced_lane(rhythm, 12)

    lane.retire_if_idle(returns=False)
    lane.departed = 31
    lane.retire_if_idle(returns=False)
    assert rhythm.paces == [lane.pace]
    lane.departed = 51
    lane.retire_if_idle(returns=False)
    assert rhythm.paces == []


def test_a_lane_with_calls_in_flight_keeps_its_turns() -> None:
    rhythm = Rhythm()
    lane = paced_lane(rhythm, 20)
    lane.in_flight = 1

    lane.retire_if_idle(returns=False)
    assert rhythm.paces == [lane.pace]


def test_what_a_call_reserved_of_described_limits_and_did_not_use_comes_back() -> None:
    lane, cost = Lane(Rhythm(), adaptive=True), RateCost(1, 100, 200)
    lane.follow(left(cost, 0.0), [Window("t", "tokens", 1_000, 400, None, 60)], 0.0)
    call = left(cost, 0.0)
    lane.depart(call)
    assert lane.known_wait(0.0, RateCost(1, 0, 300)) > 0

    call.unspent = RateCost(0, 60, 190)
    lane.settle(call, 0.0)
    assert lane.known_wait(0.0, RateCost(1, 0, 300)) == 0


def test_prompts_and_answers_are_estimated_by_those_that_came() -> None:
    lane, estimate = Lane(Rhythm(), adaptive=True), RateCost(1, 100, 900)
    lane.follow(left(estimate, 0.0), [Window("t", "tokens", 10_000, 9_000, None, 60)], 0.0)
    assert lane.adjusted(estimate) == estimate

    lane.succeeded(Usage(50, 20, 70), estimate)
    first = lane.adjusted(estimate)
    assert (first.prompt, first.answer) == pytest.approx((90, 20))
    lane.succeeded(Usage(50, 70, 120), estimate)
    second = lane.adjusted(estimate)
    assert (second.prompt, second.answer) == pytest.approx((82, 30))


def fresh() -> Lane:
    return Lane(Rhythm(), adaptive=True)


def refused(*, asked: float) -> Lane:
    lane = fresh()
    lane.refused(left(ONE_REQUEST, 0.0), RateLimitError("no", retry_after=asked), 0.5, 1)
    return lane


def full() -> Lane:
    lane = refused(asked=0)
    assert lane.concurrency is not None
    lane.concurrency.refused(2, PERSISTENT)
    lane.in_flight = math.ceil(lane.concurrency.number)
    return lane


def described(remaining: float) -> Lane:
    lane = fresh()
    lane.follow(left(ONE_REQUEST, 0.0), [Window("t", "tokens", 1_000, remaining, None, 60)], 0.0)
    return lane


def paced() -> Lane:
    lane = refused(asked=0)
    lane.depart(left(ONE_REQUEST, 9.0))
    return lane


@pytest.mark.parametrize(
    ("lane", "now", "is_open"),
    [
        (fresh(), 0.0, True),
        (refused(asked=30), 20.0, False),
        (refused(asked=30), 31.0, True),
        (full(), 9.0, False),
        (paced(), 9.1, False),
        (paced(), 11.0, True),
        (described(900), 0.0, True),
        (described(100), 0.0, False),
    ],
    ids=["new", "paused", "after a pause", "full", "too early", "in turn", "much is left", "little is left"],
)
def test_a_lane_is_open_when_there_is_nothing_to_wait_for(lane: Lane, now: float, is_open: bool) -> None:
    cost = RateCost(1, 0, 300)
    assert lane.is_open(now, cost) is is_open
    assert (lane.wait(now, cost) == 0) is is_open


def test_a_lane_with_somebody_in_line_is_not_idle() -> None:
    lane = fresh()
    assert lane.is_idle
    lane.line.join(Waiter((0, 1), ONE_REQUEST, None))
    assert not lane.is_idle


def test_a_lane_holds_nobody_back_before_a_refusal_or_a_described_limit() -> None:
    assert (fresh().steers, fresh().departed) == (False, 0)
    assert described(900).steers
    assert refused(asked=1).steers


def test_a_refusal_that_does_not_say_how_long_pauses_for_a_second() -> None:
    lane = fresh()
    lane.refused(left(ONE_REQUEST, 0.0), RateLimitError("no"), 0.5, 1)

    assert lane.paused_until == 1.5


def refused_in_a_row(lane: Lane, times: int, error: APIError) -> list[bool]:
    """Whether waiting cures each of so many refusals, of calls that left one after the other. Seven calls have come."""
    cured: list[bool] = []
    for number in range(1, times + 1):
        call = left(ONE_REQUEST, float(number))
        call.number = number
        cured.append(lane.refused(call, error, number + 0.5, 7))
    return cured


def test_a_lane_is_given_up_after_ten_refusals_until_an_answer_comes() -> None:
    lane = fresh()
    assert refused_in_a_row(lane, 9, RateLimitError("no")) == [True] * 9
    lane.check_given_up(1)

    lane = fresh()
    assert refused_in_a_row(lane, 10, RateLimitError("no")) == [True] * 9 + [False]
    for arrival in (1, 7):
        with pytest.raises(RateLimitError, match="not sent, after 10 refusals in a row: no"):
            lane.check_given_up(arrival)
    lane.check_given_up(8)  # it came later, and tries anew
    lane.check_given_up(None)

    lane.succeeded(None, None)
    lane.check_given_up(1)


@pytest.mark.parametrize(("times", "told"), [(9, False), (10, True)])
def test_everybody_in_line_is_told_of_a_lane_that_is_given_up(times: int, told: bool) -> None:
    lane, turns = fresh(), [Turn(), Turn()]
    for number, turn in enumerate(turns):
        lane.line.join(Waiter((0, number), ONE_REQUEST, turn))
    refused_in_a_row(lane, times, RateLimitError("no"))

    assert [turn.has_come for turn in turns] == [told, told]


def test_a_provider_that_has_too_much_to_do_is_not_given_up() -> None:
    lane = fresh()
    refused_in_a_row(lane, 12, ServiceUnavailableError("busy"))

    lane.check_given_up(1)


LATE = 5_000.0
"""A time of day: an argument that took the place of another would show."""


@pytest.mark.parametrize("asked", [None, 0.0, 3.0, 5_000.0])
def test_a_refusal_that_its_headers_explain_pauses_and_teaches_nothing(asked: float | None) -> None:
    lane, call = fresh(), left(ONE_REQUEST, LATE)
    call.described = [Window("r", "requests", 10, 0, None, 60)]

    assert lane.refused(call, RateLimitError("no", retry_after=asked), LATE, 1) is (asked != 5_000)
    assert lane.paused_until == LATE + (1 if asked is None else min(asked, 120))
    assert lane.pace is not None
    assert lane.pace.is_free


@pytest.mark.parametrize("asked", [None, 3.0, 5_000.0])
def test_a_refusal_that_nothing_explains_pauses_and_is_learnt_from(asked: float | None) -> None:
    lane = fresh()
    lane.refused(left(ONE_REQUEST, LATE), RateLimitError("no", retry_after=asked), LATE, 1)

    assert lane.paused_until == LATE + (1 if asked is None else min(asked, 120))
    assert lane.pace is not None
    assert lane.pace.rate == 1


def test_a_refusal_that_is_no_news_may_only_make_a_pause_longer() -> None:
    lane = fresh()
    lane.refused(left(ONE_REQUEST, LATE), RateLimitError("no", retry_after=9), LATE, 1)
    for asked, until in [(None, 9), (4.0, 9), (20.0, 21)]:
        lane.refused(left(ONE_REQUEST, LATE), RateLimitError("no", retry_after=asked), LATE + 1, 1)
        assert lane.paused_until == LATE + until


@pytest.mark.parametrize(("status", "in_flight", "number"), [(429, 3, 2), (429, 1, math.inf), (529, 3, math.inf)])
def test_the_third_refusal_in_a_row_says_how_many_may_be_in_flight(status: int, in_flight: int, number: float) -> None:
    lane = fresh()
    lane.in_flight = in_flight
    found: list[float] = []
    for second in (1.0, 2.0, 3.0):
        error = RateLimitError("no") if status == 429 else ServiceUnavailableError("busy", status_code=529)
        lane.refused(left(ONE_REQUEST, second), error, second, 1)
        assert lane.concurrency is not None
        found.append(lane.concurrency.number)

    assert found == [math.inf, math.inf, number]


def test_a_lane_that_learns_nothing_pauses_and_has_no_number() -> None:
    lane = Lane(Rhythm(), adaptive=False)
    lane.refused(left(ONE_REQUEST, 1.0), RateLimitError("no"), 1.0, 1)

    assert lane.concurrency is None
    assert (lane.described, lane.steers, lane.paused_until) == (None, True, 2.0)


@pytest.mark.parametrize(
    ("error", "cured"),
    [
        (RateLimitError("no"), True),
        (RateLimitError("no", retry_after=120), True),
        (RateLimitError("no", retry_after=121), False),
        (RateLimitError("no", code="insufficient_quota"), False),
        (ServiceUnavailableError("busy", status_code=529), False),
    ],
)
def test_waiting_cures_what_came_too_often_for_a_short_time(error: APIError, cured: bool) -> None:
    assert fresh().refused(left(ONE_REQUEST, 1.0), error, 1.0, 1) is cured
