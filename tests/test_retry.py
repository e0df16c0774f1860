"""When to try again: decisions, without a clock."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given, strategies as st

from trio_llm import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
    RetryPolicy,
    ServiceUnavailableError,
    UnsupportedParamsError,
)
from trio_llm._engine.retry import Attempt, asked_wait, explicit_word, is_retryable, next_wake
from trio_llm._limits.settings import LONGEST_RESPECTED_WAIT

PATIENT = RetryPolicy(attempts=100)
policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 10),
    first_pause=st.floats(0, 10),
    longest_pause=st.floats(0, 100),
    jitter=st.floats(0, 1),
)
attempts = st.builds(
    Attempt,
    number=st.integers(1, 2_000),
    now=st.floats(0, 1e9),
    deadline=st.floats(0, 1e9) | st.just(math.inf),
    chance=st.floats(0, 1),
)
errors = st.builds(
    lambda kind, asked: kind("no", retry_after=asked),
    st.sampled_from([RateLimitError, InternalServerError, APIConnectionError]),
    st.none() | st.floats(0, 300),
)


@given(error=errors, attempt=attempts, policy=policies)
def test_a_retry_never_waits_to_the_deadline_nor_wakes_before_the_provider_allows(
    error: APIError, attempt: Attempt, policy: RetryPolicy
) -> None:
    wake = next_wake(error, attempt, policy)

    if wake is not None:
        assert wake < attempt.deadline
        assert wake >= attempt.now + (error.retry_after or 0)
        assert attempt.number < policy.attempts
        assert (error.retry_after or 0) <= LONGEST_RESPECTED_WAIT


@pytest.mark.parametrize(("number", "pause"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (90, 8)])
def test_pauses_double_up_to_the_longest(number: int, pause: float) -> None:
    assert next_wake(APIConnectionError("no"), Attempt(number, 0, math.inf, 0), PATIENT) == pause


def test_jitter_only_shortens_a_pause() -> None:
    assert next_wake(APIConnectionError("no"), Attempt(1, 0, math.inf, 1), PATIENT) == 0.5 * 0.75


@pytest.mark.parametrize("asked", [LONGEST_RESPECTED_WAIT, LONGEST_RESPECTED_WAIT + 0.5])
def test_a_provider_that_asks_for_too_long_a_wait_is_not_waited_for(asked: float) -> None:
    wake = next_wake(RateLimitError("later", retry_after=asked), Attempt(1, 0, math.inf, 0), PATIENT)

    assert wake == (asked if asked == LONGEST_RESPECTED_WAIT else None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (APIError("timeout", status_code=408), True),
        (APIError("conflict", status_code=409), True),
        (RateLimitError("slow down"), True),
        (InternalServerError("oops"), True),
        (ServiceUnavailableError("overloaded", status_code=529), True),
        (APIError("bad gateway", status_code=599), True),
        (APIConnectionError("reset"), True),
        (BadRequestError("no"), False),
        (AuthenticationError("no"), False),
        (APIError("payment", status_code=402), False),
        (APIError("unknown"), False),
        (UnsupportedParamsError("no", should_retry=True), False),
        (RateLimitError("out of credit", should_retry=False), False),
        (BadRequestError("transient", should_retry=True), True),
    ],
)
def test_what_can_help_is_decided_by_status_and_the_providers_word(error: APIError, expected: bool) -> None:
    assert is_retryable(error) is expected


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "7", "retry-after-ms": "soon"}, 7),
        ({"retry-after": "1", "retry-after-ms": "0"}, 1),
        ({"retry-after": "0", "retry-after-ms": "0"}, 0),
        ({"retry-after-ms": "0"}, 0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:16:50 GMT"}, 10),
        ({"retry-after": "Thu, 01 Jan 1970 00:16:50 -0000"}, 10),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:50 GMT"}, None),
        ({"retry-after": "tomorrow"}, None),
        ({"retry-after": "Thu, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
    ],
)
def test_the_wait_that_headers_ask_for(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers, wall_clock=1_000) == seconds


@given(text=st.text())
def test_no_header_can_make_the_reading_fail(text: str) -> None:
    wait = asked_wait({"retry-after": text, "retry-after-ms": text}, wall_clock=0)

    assert wait is None or 0 <= wait < math.inf


@given(seconds=st.integers(0, 10_000))
def test_a_date_is_as_good_as_seconds(seconds: int) -> None:
    date = format_datetime(datetime.fromtimestamp(1_000 + seconds, tz=UTC), usegmt=True)

    assert asked_wait({"retry-after": date}, wall_clock=1_000) == seconds


@pytest.mark.parametrize(("value", "word"), [("true", True), ("false", False), ("maybe", None)])
def test_the_providers_word_on_retrying(value: str, word: bool | None) -> None:
    assert explicit_word({"x-should-retry": value}) is word
    assert explicit_word({}) is None
