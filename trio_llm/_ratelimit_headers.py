"""What providers say of their limits in reply headers, read without a clock of its own.

Sources, 2026-11: OpenAI "Rate limits" (durations such as 6m0s and 120ms), Groq "Rate limits" (the same names; its
request window is a day), Azure OpenAI "Quota" (whole seconds; 0 and -1 where it does not know), Anthropic "Rate
limits" (RFC 3339 times, or seconds since 1970), Mistral (per minute, without a reset), Gemini (none).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Final

import attrs


@attrs.frozen
class Window:
    """One limit as a reply described it. Unknown parts are None."""

    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None
    """Seconds until the whole limit is there again."""

    @property
    def is_known(self) -> bool:
        """Whether anything was said."""
        return self.limit is not None or self.remaining is not None


UNKNOWN: Final = Window()


@attrs.frozen
class ReplyLimits:
    """The limits that the headers of one reply described."""

    requests: Window = UNKNOWN
    tokens: Window = UNKNOWN


_REQUESTS: Final = (
    ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    (
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    ("x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute", ""),
    ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"),
)
_TOKENS: Final = (
    ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    (
        "anthropic-ratelimit-output-tokens-limit",
        "anthropic-ratelimit-output-tokens-remaining",
        "anthropic-ratelimit-output-tokens-reset",
    ),
    ("x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute", ""),
    ("ratelimitbysize-limit", "ratelimitbysize-remaining", "ratelimitbysize-reset"),
)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")
_LONGEST_RELATIVE: Final = 10_000_000.0
"""Seconds. A larger number is a time since 1970."""
_FIRST_MILLISECONDS: Final = 100_000_000_000.0
"""A time since 1970 that is larger is in milliseconds."""


def read_limits(headers: Mapping[str, str], wall_clock: float) -> ReplyLimits:
    """The limits in a reply's headers (lower-case names). `wall_clock` is seconds since 1970.

    Negative, unreadable and contradictory values count as unknown.
    """
    return ReplyLimits(_first(_REQUESTS, headers, wall_clock), _first(_TOKENS, headers, wall_clock))


def _first(names: tuple[tuple[str, str, str], ...], headers: Mapping[str, str], wall_clock: float) -> Window:
    for limit, remaining, reset in names:
        if limit in headers or remaining in headers:
            window = Window(
                _amount(headers.get(limit)), _amount(headers.get(remaining)), read_reset(headers.get(reset), wall_clock)
            )
            if window.is_known and window.limit != 0:
                return window
    return UNKNOWN


def _amount(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < float("inf") else None


def read_reset(text: str | None, wall_clock: float) -> float | None:
    """Seconds until a reset, from a duration, a number of seconds, or a time."""
    if not text:
        return None
    if _DURATION.fullmatch(text):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    seconds = _amount(text)
    if seconds is None:
        return _until(text, wall_clock)
    if seconds < _LONGEST_RELATIVE:
        return seconds
    return max(0.0, (seconds / 1000 if seconds > _FIRST_MILLISECONDS else seconds) - wall_clock)


def _until(text: str, wall_clock: float) -> float | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=timezone.utc)
    return max(0.0, time.timestamp() - wall_clock)
