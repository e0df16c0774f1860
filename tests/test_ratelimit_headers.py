"""Every vendor's way of saying how much is left."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, strategies as st

from trio_llm._limits.header_formats import Window, read_limits, read_reset, reset_wait
from trio_llm._transport.h1 import ReplyHeaders

NOW = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def named(prefix: str, kind: str, *values: str) -> dict[str, str]:
    """`x-ratelimit-limit-requests` and its like, for limit, remaining and reset."""
    return {
        f"{prefix}-{part}{kind}": value for part, value in zip(("limit", "remaining", "reset"), values, strict=False)
    }


OPENAI = named("x-ratelimit", "-requests", "10000", "9999", "6ms") | named(
    "x-ratelimit", "-tokens", "150000", "149990", "6m0s"
)
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:02Z",
    "anthropic-ratelimit-input-tokens-limit": "40000",
    "anthropic-ratelimit-input-tokens-remaining": "39000",
    "anthropic-ratelimit-input-tokens-reset": "2026-01-01T00:00:03Z",
    "anthropic-ratelimit-output-tokens-limit": "8000",
    "anthropic-ratelimit-output-tokens-remaining": "7000",
    "anthropic-ratelimit-output-tokens-reset": "1767225604",
}
VENDORS: dict[str, tuple[dict[str, str], list[Window]]] = {
    "openai": (
        OPENAI,
        [
            Window("x-ratelimit-requests", "requests", 10_000, 9_999, 0.006, 60),
            Window("x-ratelimit-tokens", "tokens", 150_000, 149_990, 360, 60),
        ],
    ),
    "groq": (
        named("x-ratelimit", "-requests", "1000", "994", "8m38.4s"),
        [Window("x-ratelimit-requests", "requests", 1_000, 994, 518.4, 60)],
    ),
    "azure": (
        named("x-ratelimit", "-requests", "250", "248", "1"),
        [Window("x-ratelimit-requests", "requests", 250, 248, 1, 60)],
    ),
    "azure with its period, and so in milliseconds": (
        named("x-ratelimit", "-requests", "120", "119", "500") | {"x-ratelimit-renewalperiod-requests": "10"},
        [Window("x-ratelimit-requests", "requests", 120, 119, 0.5, 10)],
    ),
    "azure without a word on the reset": (
        named("x-ratelimit", "-requests", "120", "119") | {"x-ratelimit-renewalperiod-requests": "10"},
        [Window("x-ratelimit-requests", "requests", 120, 119, None, 10)],
    ),
    "azure that does not know": (named("x-ratelimit", "-tokens", "-1", "-1", "0"), []),
    "anthropic": (
        ANTHROPIC,
        [
            Window("anthropic-ratelimit-requests", "requests", 50, 49, 2, 60),
            Window("anthropic-ratelimit-input-tokens", "prompt", 40_000, 39_000, 3, 60),
            Window("anthropic-ratelimit-output-tokens", "answer", 8_000, 7_000, 4, 60),
        ],
    ),
    "mistral": (
        named("x-ratelimit", "-req-10-second", "60", "53")
        | named("x-ratelimit", "-tokens-5-minute", "600000", "595272"),
        [
            Window("x-ratelimit-req-10-second", "requests", 60, 53, None, 10),
            Window("x-ratelimit-tokens-5-minute", "tokens", 600_000, 595_272, None, 300),
        ],
    ),
    "mistral, older": (
        {"ratelimitbysize-limit": "500000", "ratelimitbysize-remaining": "1", "ratelimitbysize-reset": "42"},
        [Window("ratelimitbysize", "tokens", 500_000, 1, 42, 60)],
    ),
    "cerebras": (
        named("x-ratelimit", "-requests-day", "14400", "14398", "18037.25")
        | named("x-ratelimit", "-tokens-minute", "60000", "59954", "37.25"),
        [
            Window("x-ratelimit-requests-day", "requests", 14_400, 14_398, 18_037.25, 86_400),
            Window("x-ratelimit-tokens-minute", "tokens", 60_000, 59_954, 37.25, 60),
        ],
    ),
    "openrouter": (
        named("x-ratelimit", "", "20", "0", "1767225620000"),
        [Window("x-ratelimit", "requests", 20, 0, 20)],
    ),
    "black forest labs": (
        named("x-ratelimit", "", "1200", "1199", "1767225612.5"),
        [Window("x-ratelimit", "requests", 1_200, 1_199, 12.5)],
    ),
    "together, which allows bursts beyond its limit": (
        named("x-ratelimit", "", "30", "59", "2") | {"x-ratelimit": "false"},
        [Window("x-ratelimit", "requests", 59, 59, 2)],
    ),
    "replicate, which does not tell its limit": (
        {"ratelimit-remaining": "599", "ratelimit-reset": "1"},
        [Window("ratelimit", "requests", None, 599, 1)],
    ),
    "hugging face, which names no limit but its length": (
        {"x-ratelimit-remaining-requests-hour": "119998"},
        [Window("x-ratelimit-requests-hour", "requests", None, 119_998, None, 3_600)],
    ),
    "somebody who only tells what is left": ({"x-ratelimit-remaining": "3"}, []),
    "somebody who hides it": (named("x-ratelimit", "-requests", "REDACTED", "REDACTED", "REDACTED"), []),
    "limits on other things": (named("x-ratelimit", "-input-images", "50000", "49999", "1ms"), []),
    "gemini": ({"content-type": "application/json"}, []),
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_vendors_limits_are_understood(vendor: str) -> None:
    headers, windows = VENDORS[vendor]

    assert read_limits(headers, NOW) == windows


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120ms", 0.12),
        ("1.5s", 1.5),
        ("6m0s", 360),
        ("1h2m3.5s", 3_723.5),
        ("1d", 86_400),
        ("7", 7),
        ("0", 0),
        ("9999999.5", 9_999_999.5),
        ("10000000", 0),
        ("1767225660", 60),
        ("1767225660000", 60),
        ("100000000000", 100_000_000_000 - NOW),
        ("100000000000.5", 0),
        ("2026-01-01T00:01:00Z", 60),
        ("2026-01-01T01:01:00+01:00", 60),
        ("2026-01-01T00:01:00", 60),
        ("2025-01-01T00:00:00Z", 0),
        ("1700000000", 0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("9" * 400 + "s", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_reset_is_a_duration_a_number_or_a_time(text: str | None, seconds: float | None) -> None:
    assert read_reset(text, NOW) == (seconds if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("unit", "seconds"), [("second", 1), ("10-second", 10), ("minute", 60), ("hour", 3_600), ("day", 86_400)]
)
def test_a_window_is_as_long_as_its_name_says(unit: str, seconds: float) -> None:
    (window,) = read_limits({f"x-ratelimit-limit-requests-{unit}": "60"}, NOW)

    assert window.period == seconds


def test_a_month_has_thirty_days() -> None:
    (window,) = read_limits({"x-ratelimit-limit-req-month": "60"}, NOW)

    assert window.period == 30 * 86_400


numbers = (
    st.floats().map(str) | st.integers().map(str) | st.from_regex(r"(\d+(\.\d+)?(ms|s|m|h|d)){1,3}", fullmatch=True)
)
values = st.text() | numbers | st.datetimes(timezones=st.timezones()).map(lambda time: time.isoformat())
names = st.sampled_from(sorted({name for headers, _ in VENDORS.values() for name in headers})) | st.text()


@given(headers=st.dictionaries(names, values), clock=st.floats(0, 4e9))
def test_no_header_can_make_the_reading_fail_or_give_a_number_that_makes_no_sense(
    headers: dict[str, str], clock: float
) -> None:
    for window in read_limits(headers, clock):
        for number in (window.limit, window.remaining, window.reset):
            assert number is None or 0 <= number < math.inf
        assert window.limit != 0
        assert window.period is None or window.period > 0
    wait = reset_wait(headers, clock)
    assert wait is None or 0 < wait < math.inf


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        (OPENAI, None),
        (OPENAI | {"x-ratelimit-remaining-tokens": "0"}, 360),
        (OPENAI | {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-remaining-requests": "0"}, 360),
        (OPENAI | {"x-ratelimit-remaining-requests": "0"}, 0.006),
        (named("x-ratelimit", "", "20", "0", "1767225620000"), 20),
        ({"x-ratelimit-limit-requests": "20", "x-ratelimit-reset-requests": "7s"}, 7),
        (ANTHROPIC | {"anthropic-ratelimit-output-tokens-remaining": "0"}, 4),
    ],
)
def test_a_refused_call_waits_for_the_limits_that_are_used_up(headers: dict[str, str], seconds: float | None) -> None:
    assert reset_wait(headers, NOW) == seconds


@given(st.booleans(), st.lists(st.sampled_from(["date: today", "server: x", "content-type: application/json"])))
def test_headers_that_are_still_bytes_tell_the_same_however_their_names_are_written(
    is_upper: bool, others: list[str]
) -> None:
    lines = [*others, *(f"{name.upper() if is_upper else name}: {value}" for name, value in OPENAI.items())]

    assert read_limits(_undecoded(lines), NOW) == read_limits(OPENAI, NOW) != []
    assert read_limits(_undecoded(others), NOW) == []


def _undecoded(lines: list[str]) -> ReplyHeaders:
    return ReplyHeaders("\r\n".join(["HTTP/1.1 200 OK", *lines]).encode())
