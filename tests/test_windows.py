"""The caller's own limits: at most so much in any sliding minute."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from trio_llm._limits.windows import RequestWindow, TokenWindow

pauses = st.lists(st.floats(0, 100), max_size=60)


@given(per_minute=st.integers(1, 8), pauses=pauses)
def test_never_more_requests_than_the_limit_leave_in_any_sixty_seconds(per_minute: int, pauses: list[float]) -> None:
    window, now, left = RequestWindow(per_minute), 1e6, list[float]()
    for pause in pauses:
        now += pause
        now += window.wait(now)
        now = now if window.left(now) > 0 else math.nextafter(now, math.inf)
        window.take(now)
        left.append(now)

    assert all(sum(begin <= time < begin + 60 for time in left) <= per_minute for begin in left)


@given(per_minute=st.integers(1, 8), pauses=pauses, ahead=st.integers(0, 20))
def test_the_wait_of_a_request_is_what_those_ahead_of_it_leave_it(
    per_minute: int, pauses: list[float], ahead: int
) -> None:
    window, now = RequestWindow(per_minute), 0.0
    for pause in pauses:
        now += pause
        if window.left(now) > 0:
            window.take(now)
    told, start = window.wait(now, ahead), now
    for _ in range(ahead):
        now += window.wait(now)
        window.take(now)

    assert told == pytest.approx(now + window.wait(now) - start)


def test_a_burst_of_the_whole_limit_leaves_at_once_and_the_next_a_minute_later() -> None:
    window = RequestWindow(60)
    for _ in range(60):
        assert window.wait(0) == 0
        window.take(0)

    assert window.wait(0) == 60
    assert window.wait(59.5) == 0.5
    assert window.wait(60) == 0


def test_less_than_one_a_minute_is_one_in_a_longer_time() -> None:
    window = RequestWindow(0.5)
    window.take(0)

    assert window.wait(0) == 120
    assert not window.used(120)


amounts = st.integers(0, 700)


@given(steps=st.lists(st.tuples(st.floats(0, 30), amounts, amounts), max_size=40))
def test_never_more_tokens_than_the_limit_leave_in_any_sixty_seconds(steps: list[tuple[float, int, int]]) -> None:
    window, now, left = TokenWindow(600), 0.0, list[tuple[float, float]]()
    for pause, amount, _ in steps:
        now += pause
        now += window.wait(now, amount)
        now = now if window.left(now) >= min(amount, 600) else math.nextafter(now, math.inf)
        window.take(now, amount)
        left.append((now, amount))

    for begin, _ in left:
        inside = [amount for time, amount in left if begin <= time < begin + 60]
        # One call that is larger than the whole limit goes alone.
        assert sum(inside) <= 600 or len([amount for amount in inside if amount]) == 1


@given(steps=st.lists(st.tuples(st.floats(0, 30), amounts, amounts), max_size=40))
def test_what_was_not_used_may_leave_again(steps: list[tuple[float, int, int]]) -> None:
    window, now = TokenWindow(600), 0.0
    for pause, amount, used in steps:
        now += pause
        before = window.left(now)
        share = window.take(now, amount)
        window.correct(now, share, amount - used)
        assert window.left(now) == pytest.approx(before - used)
    assert window.left(now + 60) == 600
    assert not window.used(now + 60)


def test_a_correction_that_comes_after_its_minute_changes_nothing() -> None:
    window = TokenWindow(600)
    share = window.take(0, 500)
    window.correct(60, share, 400)

    assert window.left(60) == 600


def test_tokens_wait_for_those_ahead() -> None:
    window = TokenWindow(600)
    window.take(0, 600)

    assert window.wait(0, 1) == 60
    assert window.wait(0, 600, ahead=600) == 120
    assert window.wait(0, 9_000) == 60
    assert window.wait(60, 9_000) == 0


def test_when_nothing_counts_all_of_it_is_left_to_the_last_digit() -> None:
    window = TokenWindow(1.0)
    for at, amount in ((0, 0.1), (2, 0.2), (4, 0.3)):  # whose sum and differences are not quite nothing
        window.take(at, amount)

    assert window.left(64) == 1.0


@pytest.mark.parametrize(("beside", "wait"), [(1e-7, 50), (1e-5, 60)])
def test_less_than_a_millionth_of_a_million_tokens_is_not_waited_for(beside: float, wait: float) -> None:
    window = TokenWindow(1e6)
    window.take(0.0, 0.5)
    window.take(10.0, 1e6 - 0.5)

    assert window.wait(10.0, 0.5 + beside) == wait


@pytest.mark.parametrize(("later", "counts_until"), [(0.99, 60.99), (1.0, 60.0)])
def test_tokens_of_one_second_count_until_the_last_of_them_is_a_minute_old(later: float, counts_until: float) -> None:
    window = TokenWindow(600)
    window.take(0.0, 500)
    window.take(later, 10)

    assert window.left(math.nextafter(counts_until, 0.0)) == 90
    assert window.left(counts_until) == (600 if later < 1 else 590)
