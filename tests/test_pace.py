"""Learning a rate from refusals alone: against a provider that has one, without a clock or a task."""

from __future__ import annotations

import heapq
import math
from random import Random

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_llm._limits.chance import SHARE, Chance
from trio_llm._limits.pace import LanePace, Rhythm


@attrs.define
class Provider:
    """A token bucket."""

    rate: float
    burst: float
    level: float = attrs.Factory(lambda self: self.burst, takes_self=True)
    at: float = 0.0

    def allows(self, now: float) -> bool:
        self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < 1 - 1e-9:
            return False
        self.level -= 1
        return True


@attrs.define
class BusyProvider:
    """One that refuses whom it likes, however slowly they come."""

    share: float
    rate: float = 1.0
    level: float = 0.0
    random: Random = attrs.Factory(lambda: Random(0))

    def allows(self, _now: float) -> bool:
        return self.random.random() >= self.share


@attrs.define
class Run:
    """Calls that leave as soon as a pace lets them, against a provider whose refusals take a while."""

    provider: Provider | BusyProvider
    delay: float
    tells: bool
    """Whether a refusal says how long to wait."""
    pace: LanePace = attrs.Factory(lambda: LanePace(0.0, measures=True))
    sent: int = 0
    allowed: int = 0
    now: float = 0.0

    def until(self, end: float) -> None:
        now, paused, refusals = self.now, 0.0, list[tuple[float, int, float]]()
        while now < end:
            while refusals and refusals[0][0] <= now:
                _, number, left_at = heapq.heappop(refusals)
                wait = max(0.0, 1 - self.provider.level) / self.provider.rate if self.tells else None
                if self.pace.refused(number, left_at, now):
                    paused = now + self.pace.pause(now, wait, 1.0)
            if now >= paused and not self.pace.wait(now):
                self.pace.leave(now)
                self.sent += 1
                if self.provider.allows(now):
                    self.allowed += 1
                else:
                    heapq.heappush(refusals, (now + self.delay, self.sent, now))
            soon = max(paused, now + self.pace.wait(now), now + (0.01 if self.pace.is_free else 1e-6))
            now = min(soon, refusals[0][0]) if refusals else soon
        self.now = now


@pytest.mark.parametrize("tells", [True, False], ids=["told", "not told"])
@pytest.mark.parametrize("delay", [0.0, 0.3], ids=["at once", "late"])
@pytest.mark.parametrize("burst", [1, 5, 50])
@pytest.mark.parametrize("rate", [0.2, 1, 10])
def test_a_rate_that_nobody_tells_is_found_and_kept(rate: float, burst: float, delay: float, tells: bool) -> None:
    run = Run(Provider(rate, burst), delay, tells)
    run.until(200 / rate)
    sent, allowed = run.sent, run.allowed
    run.until(400 / rate)

    assert run.allowed - allowed >= (0.45 if burst == 1 else 0.85) * 200
    assert run.sent - sent <= 1.1 * (run.allowed - allowed) + 60 * rate * delay


@pytest.mark.parametrize("tells", [True, False], ids=["told", "not told"])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_refusals_by_chance_do_not_bring_a_rate_down_without_end(share: float, tells: bool) -> None:
    run, seconds = Run(BusyProvider(share), 0.0, tells), 1000 if tells else 150
    run.until(seconds)

    # Where each refusal asks for a second in which nothing leaves, no more than this many can be allowed in one.
    most = (1 - share) / share
    assert run.allowed >= (0.4 if tells else 2.0) * most * seconds


def test_early_refusals_in_a_row_are_tried_to_be_chance_and_doubted_when_they_become_frequent() -> None:
    chance = Chance()
    for _ in range(4):
        chance.refused(8, 1, early=True)
    chance.refused(0, 1, early=True)
    assert not chance.rules
    chance.refused(8, 1, early=True)
    assert (chance.rules, chance.decrease) == (True, 1.0)
    assert chance.share > 1

    for _ in range(100):
        chance.refused(8, 1, early=True)
    assert chance.rules
    for _ in range(3):
        chance.refused(0, 1, early=True)
    assert chance.rules
    chance.refused(0, 1, early=True)
    assert (chance.rules, chance.share, chance.decrease) == (False, SHARE, 0.7)


def test_what_the_rate_explains_outweighs_two_early_refusals() -> None:
    chance = Chance()
    for early in [True] * 4 + [False] + [True] * 2:
        chance.refused(8, 1, early=early)
    assert not chance.rules
    chance.refused(8, 1, early=True)
    assert chance.rules


def test_a_rate_that_explains_a_refusal_does_not_bring_the_trial_nearer() -> None:
    chance = Chance()
    for early in [False] + [True] * 4:
        chance.refused(8, 1, early=early)
    assert not chance.rules
    chance.refused(8, 1, early=True)
    assert chance.rules


@pytest.mark.parametrize(("lasted", "tries"), [(10, 10), (11, 5)])
def test_a_trial_that_lasted_was_right_and_the_next_one_comes_as_early(lasted: int, tries: int) -> None:
    chance = Chance()
    for _ in range(5):
        chance.refused(10, 1, early=True)
    for number in range(lasted):  # four refusals with nothing allowed between them end it
        assert chance.rules
        chance.refused(10 if number < lasted - 4 else 0, 1, early=True)
    assert not chance.rules

    for _ in range(tries - 1):
        chance.refused(10, 1, early=True)
    assert not chance.rules
    chance.refused(10, 1, early=True)
    assert chance.rules


def test_chance_is_tried_later_after_a_trial_in_vain_and_the_more_share() -> None:
    chance, tries = Chance(), list[int]()
    for _ in range(3):
        tries.append(0)
        while not chance.rules:
            chance.refused(8, 1, early=True)
            tries[-1] += 1
        while chance.rules:
            chance.refused(0, 1, early=True)
    assert tries == [5, 10, 15]

    shared = Chance()
    for _ in range(19):
        shared.refused(8, 2, early=True)
    assert not shared.rules
    shared.refused(8, 2, early=True)
    assert shared.rules


def test_refusals_of_the_same_moment_are_one_piece_of_news() -> None:
    pace = LanePace(0.0, measures=True)
    for _ in range(20):
        pace.leave(0.0)

    assert [pace.refused(number, 0.0, 0.0) for number in range(2, 21)] == [True] + [False] * 18
    assert pace.in_a_row == 1


def test_one_leaves_after_a_pause_and_the_distance_halves_with_each_that_is_not_refused() -> None:
    pace, left = LanePace(0.0, measures=False), list[float]()
    pace.leave(0.0)
    assert pace.refused(1, 0.0, 0.0)
    now = pace.pause(0.0, 5.0, 1.0)
    for _ in range(4):
        now += pace.wait(now)
        pace.leave(now)
        left.append(now)

    assert left == [5, 6, 6.5, 6.75]
    assert not pace.is_free
    for _ in range(20):
        now += pace.wait(now)
        pace.leave(now)
    assert pace.is_free


def test_pauses_grow_while_nothing_is_allowed_and_never_fall_short_of_what_is_asked() -> None:
    pace, now, found = LanePace(0.0, measures=True), 0.0, list[float]()
    for number in range(1, 9):
        pace.leave(now)
        pace.refused(number, now, now)
        found.append(pace.pause(now, 90.0 if number == 7 else None, 1.0))
        now += found[-1] + 0.1

    assert found == [1, 1, 2, 4, 8, 16, 90, 60]
    assert pace.in_a_row == 8
    pace.succeeded()
    assert pace.in_a_row == 0


def test_a_wait_that_was_asked_and_did_not_help_grows_from_the_usual_pause() -> None:
    pace, now, found = LanePace(0.0, measures=True), 0.0, list[float]()
    for number in range(1, 6):
        pace.leave(now)
        pace.refused(number, now, now)
        found.append(pace.pause(now, 0.1, 1.0))
        now += found[-1]

    assert found == [0.1, 0.1, 2, 4, 8]


def test_the_stretch_in_which_most_was_allowed_is_the_measure() -> None:
    pace = LanePace(0.0, measures=True)
    pace.refused(1, 0.0, 0.0)
    pace.refused(5, 10.0, 10.0)  # three were allowed in ten seconds
    pace.refused(12, 13.0, 13.0)  # and six in the next three

    assert pace.rate == pytest.approx(SHARE * 6.5 / 3)


def test_a_time_in_which_something_else_held_the_lane_back_measures_nothing() -> None:
    pace = LanePace(0.0, measures=True)
    pace.leave(0.0)
    pace.refused(1, 0.0, 0.0)
    pace.pause(0.0, 1.0, 1.0)
    for number in range(2, 12):
        pace.leave(30.0 + number)
    pace.refused(11, 41.0, 41.0)

    assert pace.rate == 1


def test_a_time_that_is_as_long_as_the_provider_asked_for_measures_all_the_same() -> None:
    pace = LanePace(0.0, measures=True)
    pace.leave(0.0)
    pace.refused(1, 0.0, 0.0)
    pace.pause(0.0, 10.0, 1.0)
    for number in range(1, 7):
        pace.leave(10.0 * number)
    pace.refused(7, 60.0, 60.0)

    assert pace.rate == pytest.approx(SHARE * 5.5 / 60)


def test_a_minute_without_a_departure_is_forgotten() -> None:
    pace = LanePace(0.0, measures=True)
    pace.leave(0.0)
    pace.refused(1, 0.0, 0.0)
    assert not pace.is_free
    pace.leave(61.0)

    assert pace.is_free
    assert pace.rate == math.inf


@given(
    events=st.lists(st.tuples(st.booleans(), st.floats(0, 200), st.none() | st.floats(0, 1e6)), max_size=60),
    measures=st.booleans(),
)
def test_whatever_is_refused_the_wait_is_finite(events: list[tuple[bool, float, float | None]], measures: bool) -> None:
    pace, now = LanePace(0.0, measures=measures), 0.0
    for number, (is_refused, pause, asked) in enumerate(events, start=1):
        now += pause + pace.wait(now)
        pace.leave(now)
        if is_refused and pace.refused(number, now, now):
            assert pace.pause(now, asked, 1.0) >= (asked or 0.0)
        assert 0 <= pace.wait(now) < math.inf
        assert pace.rate > 0


def test_paced_lanes_take_turns_and_who_stops_leaves_its_share_to_the_others() -> None:
    rhythm, paces = Rhythm(), [LanePace(0.0, measures=True) for _ in range(2)]
    for pace in paces:
        pace.leave(0.0)
        pace.refused(1, 0.0, 0.0)
        rhythm.leave(pace, 0.0)

    assert rhythm.wait(paces[0], 0.0) == 0
    for pace in paces:
        pace.leave(0.0)
    assert rhythm.wait(paces[0], 0.0) == pytest.approx(0.95 / 2)
    rhythm.retire(paces[0])
    assert rhythm.wait(paces[1], 0.0) == 0
    assert paces[1].rate == 2


def test_a_lane_that_gets_company_measures_anew_and_asks_for_more_the_more_slowly() -> None:
    alone, joined = LanePace(0.0, measures=True), LanePace(0.0, measures=True)
    for pace in (alone, joined):
        pace.refused(1, 0.0, 0.0)
        for number in range(2, 32):
            pace.leave(number * 1.0)
        pace.refused(32, 32.0, 32.0)  # thirty were allowed in 32 seconds
        for number in range(33, 63):
            pace.leave(number * 1.0)
    rate = joined.rate
    joined.share(2)
    for pace in (alone, joined):
        pace.refused(63, 63.0, 63.0)

    assert alone.rate != pytest.approx(0.7 * rate)
    assert joined.rate == pytest.approx(0.7 * rate)


def test_turns_tell_every_lane_how_many_share() -> None:
    rhythm, paces = Rhythm(), [LanePace(0.0, measures=True) for _ in range(3)]
    for pace in paces:
        pace.refused(1, 0.0, 0.0)
        pace.refused(12, 10.0, 10.0)
        rhythm.leave(pace, 10.0)
        pace.pause(10.0, None, 1.0)
    alone = LanePace(0.0, measures=True)
    alone.refused(1, 0.0, 0.0)
    alone.refused(12, 10.0, 10.0)
    alone.pause(10.0, None, 1.0)
    for pace in (alone, paces[-1]):
        for number in range(30):
            pace.leave(11.0 + number)

    assert 1 < paces[-1].rate / SHARE < alone.rate / SHARE


def test_what_others_leave_is_added_to_the_rate_that_was_reached() -> None:
    pace = LanePace(0.0, measures=True)
    pace.refused(1, 0.0, 0.5)
    for second in (1, 2, 3, 4):
        pace.leave(float(second))
    reached = pace.rate

    pace.gain(0.0)
    assert pace.rate == pytest.approx(reached)
    pace.gain(2.5)
    assert pace.rate == pytest.approx(reached + 2.5)


def test_a_late_refusal_is_taken_from_what_had_seemed_to_be_allowed() -> None:
    pace = LanePace(0.0, measures=True)
    assert pace.refused(10, 10.0, 10.5)
    assert not pace.refused(5, 5.0, 10.6)  # it had left before
    assert pace.refused(20, 20.0, 20.5)

    # Of 20 three were refused, two of them among the first ten: nine were allowed in ten seconds, give or take one.
    assert pace.rate == pytest.approx(SHARE * (9 + 0.5) / 10)


def test_a_refusal_of_two_minutes_ago_is_too_old_to_measure_from() -> None:
    rates: list[float] = []
    for seconds in (120.0, 120.5):
        pace = LanePace(0.0, measures=True)
        pace.refused(1, 0.0, 0.0)
        pace.refused(12, seconds, seconds)  # ten were allowed meanwhile
        rates.append(pace.rate)

    assert rates == [pytest.approx(SHARE * 10.5 / 120), 1]


@pytest.mark.parametrize("is_known", [False, True])
def test_a_rate_grows_until_floats_end_and_no_further(is_known: bool) -> None:
    pace, now = LanePace(0.0, measures=True), 0.0
    pace.refused(1, now, now)
    if is_known:
        now = 10.0
        pace.refused(12, now, now)
    first = pace.rate
    for _ in range(600):
        now += pace.wait(now)
        pace.leave(now)

    assert pace.rate == first * (math.exp(60.0) if is_known else 2.0**60)


@pytest.mark.parametrize(("idle", "measures"), [(2.0, True), (2.1, False)])
@pytest.mark.parametrize(("apart", "distance"), [(5.0, 1.0), (100.0, 100 / SHARE / 10.5)])
def test_two_distances_and_two_seconds_may_pass_unused(
    apart: float, distance: float, idle: float, measures: bool
) -> None:
    pace = LanePace(0.0, measures=True)
    pace.refused(1, 0.0, 0.0)
    pace.refused(12, apart, apart)  # ten were allowed
    before = pace.rate
    assert max(1.0, 1 / before) == pytest.approx(distance)
    pace.leave(apart + idle * distance)
    pace.refused(25, 2 * apart, 2 * apart)  # and twelve more, of which one is known to have been

    assert (pace.rate == pytest.approx(0.7 * before)) is not measures
    if measures:
        assert pace.rate == pytest.approx(SHARE * 12.5 / apart)


@pytest.mark.parametrize(("lanes", "take_turns"), [(1, False), (2, True), (20, True), (21, False)])
def test_two_to_twenty_lanes_take_turns(lanes: int, take_turns: bool) -> None:
    rhythm, paces = Rhythm(), [LanePace(0.0, measures=True) for _ in range(lanes)]
    for pace in paces:
        pace.refused(1, 0.0, 0.0)
        pace.leave(0.0)
        rhythm.leave(pace, 0.0)

    assert rhythm.wait(paces[0], 0.0) == (pytest.approx(0.95 / lanes) if take_turns else 0)
    assert rhythm.wait(LanePace(0.0, measures=True), 0.0) == 0  # a free one has no turn
