"""What providers say of their limits in reply headers, read without a clock of its own.

Sources, 2026-11: OpenAI "Rate limits" and Groq "Rate limits" (durations such as 6m0s and 120ms; Groq's window for
requests is a day), Azure OpenAI "Quota" (whole seconds, or milliseconds beside a renewal period; 0 and -1 where it
does not know), Anthropic "Rate limits" (RFC 3339 times, or seconds since 1970), Mistral and Cerebras (windows that
are named by their length), OpenRouter "Limits" (milliseconds since 1970), Gemini (none).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import attrs

from .buckets import LimitKind


@attrs.frozen
class Window:
    """One limit as a reply described it. Unknown parts are None."""

    name: str
    """The same for every reply that describes this limit."""
    kind: LimitKind
    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None
    """Seconds until the whole limit is there again."""
    period: float | None = None
    """Seconds for which the limit is meant; None where nobody says."""


_KINDS: Final[Mapping[str, LimitKind]] = {
    "requests": "requests",
    "req": "requests",
    "tokens": "tokens",
    "input-tokens": "prompt",
    "output-tokens": "answer",
    "bysize": "tokens",
}
# x-ratelimit-limit-requests   x-ratelimit-remaining-tokens-minute   x-ratelimit-limit-req-10-second   x-ratelimit-reset
# anthropic-ratelimit-input-tokens-limit   ratelimitbysize-remaining   x-ratelimit-renewalperiod-tokens
_NAME: Final = re.compile(
    r"(?:x-|anthropic-)?ratelimit(?P<size>bysize)?"
    r"(?:-(?P<first>requests|tokens|input-tokens|output-tokens))?"
    r"-(?P<part>limit|remaining|reset|renewalperiod)"
    r"(?:-(?P<last>requests|req|tokens))?"
    r"(?:-(?:(?P<number>\d{1,6})-)?(?P<unit>second|minute|hour|day|month))?"
)
_MINUTE: Final = 60.0
"""What limits on requests and tokens are for, unless their names say otherwise."""
_PERIODS: Final = {"second": 1.0, "minute": _MINUTE, "hour": 3_600.0, "day": 86_400.0, "month": 2_592_000.0}
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")
_LONGEST_RELATIVE: Final = 10_000_000.0
"""Seconds. A number that is not smaller is a time since 1970."""
_FIRST_MILLISECONDS: Final = 100_000_000_000.0
"""A time since 1970 that is larger is in milliseconds."""


def read_limits(headers: Mapping[str, str], wall_clock: float) -> list[Window]:
    """The limits in a reply's headers (lower-case names). `wall_clock` is seconds since 1970.

    Negative and unreadable values count as unknown; limits of which nothing useful is known are left out.
    """
    undecoded = getattr(headers, "undecoded", None)
    if undecoded is not None and b"ratelimit" not in undecoded.lower():
        return []  # most replies say nothing, and need not be decoded for that
    found: dict[str, _Found] = {}
    for header in headers:
        if "ratelimit" in header and (match := _NAME.fullmatch(header)):
            name = header.replace(f"-{match['part']}", "", 1)
            found.setdefault(name, _Found(match)).values[match["part"]] = headers[header]
    windows = (one.window(name, wall_clock) for name, one in found.items())
    return [window for window in windows if _is_useful(window)]


def reset_wait(headers: Mapping[str, str], wall_clock: float) -> float | None:
    """Seconds until the limits that a refusal says are used up are there again; None where it says no such thing."""
    windows = read_limits(headers, wall_clock)
    resets = [window.reset for window in windows if window.reset and not window.remaining]
    return max(resets, default=None)


@attrs.define
class _Found:
    """The headers of one limit."""

    match: re.Match[str]
    """The name of one of them; what it says of the limit is the same in all."""
    values: dict[str, str] = attrs.Factory(dict[str, str])

    def window(self, name: str, wall_clock: float) -> Window:
        match, values = self.match, self.values
        named = match["first"] or match["last"] or match["size"]
        remaining, reset = _amount(values.get("remaining")), values.get("reset")
        limit = _amount(values.get("limit"))
        if limit and remaining:
            limit = max(limit, remaining)  # some allow bursts beyond it
        period = _MINUTE if named else None
        if match["unit"]:
            period = _PERIODS[match["unit"]] * int(match["number"] or 1)
        if renewal := _amount(values.get("renewalperiod")):
            # Where Azure tells its period, its resets are plain milliseconds.
            period, reset = renewal, reset and f"{reset}ms"
        return Window(name, _KINDS[named or "requests"], limit, remaining, read_reset(reset, wall_clock), period)


def _is_useful(window: Window) -> bool:
    if window.limit is None:
        return window.remaining is not None and bool(window.reset or window.period)
    return window.limit > 0


def _amount(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and 0 <= value < math.inf else None


def read_reset(text: str | None, wall_clock: float) -> float | None:
    """Seconds until a reset, from a duration, a number of seconds, or a time."""
    if not text:
        return None
    if _DURATION.fullmatch(text):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(text))
        return seconds if seconds < math.inf else None
    number = _amount(text)
    if number is None:
        return _until(text, wall_clock)
    if number < _LONGEST_RELATIVE:
        return number
    return max(0.0, (number / 1000 if number > _FIRST_MILLISECONDS else number) - wall_clock)


def _until(text: str, wall_clock: float) -> float | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return max(0.0, time.timestamp() - wall_clock)
