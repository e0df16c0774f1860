"""Whether and when to try again: pure decisions. The engine only waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import attrs

from .._limits.refusals import is_hopeless
from .._limits.settings import LONGEST_RESPECTED_WAIT
from .._types.amounts import as_number, checked_amount, checked_count, checked_seconds
from .._types.errors import APIConnectionError, APIError, UnsupportedParamsError

_RETRYABLE = frozenset({408, 409, 429})


def _taken(value: Any) -> Any:
    return as_number(value)


def _is_count(_: object, attribute: attrs.Attribute[int], value: object) -> None:
    checked_count(value, attribute.name)


def _is_pause(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    checked_seconds(value, attribute.name)


def _is_share(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    if checked_amount(value, attribute.name) > 1:
        raise ValueError(f"{attribute.name} must be a number from 0 to 1, not {value!r}")


@attrs.frozen
class RetryPolicy:
    """How often and how patiently a failed call is repeated. Times are seconds.

    Retried are 408, 409, 429, every 5xx and connection faults, never a stream of which a chunk was handed
    over. The pause doubles from `first_pause` to `longest_pause`, less up to `jitter` of it at random; what the
    provider asks for (retry-after-ms, retry-after, and for 429 the reset headers) counts where it is longer.

        async with Client(retry=RetryPolicy(attempts=1)) as client:  # no call is repeated
            response = await client.completion(model, messages)
    """

    attempts: int = attrs.field(default=3, validator=_is_count)
    """Requests in all: 1 switches retries off."""
    first_pause: float = attrs.field(default=0.5, converter=_taken, validator=_is_pause)
    longest_pause: float = attrs.field(default=8.0, converter=_taken, validator=_is_pause)
    jitter: float = attrs.field(default=0.25, converter=_taken, validator=_is_share)


@attrs.frozen
class Attempt:
    """The state of a call after a failed attempt."""

    number: int
    """Attempts made so far."""
    now: float
    deadline: float
    """On the same clock as `now`; infinite where there is none."""
    chance: float
    """A random number from 0 to 1."""


def is_retryable(error: APIError) -> bool:
    """Whether trying again can help."""
    if isinstance(error, UnsupportedParamsError) or is_hopeless(error):
        return False
    if error.should_retry is not None:
        return error.should_retry
    if isinstance(error, APIConnectionError):
        return True
    status = error.status_code
    return status is not None and (status in _RETRYABLE or status >= 500)


def next_wake(error: APIError, attempt: Attempt, policy: RetryPolicy) -> float | None:
    """The time at which to try again; None to give up.

    Gives up where the error is final, attempts are used up, the provider asks for too long a wait, or the
    wait would end at the deadline or later.
    """
    if attempt.number >= policy.attempts or not is_retryable(error):
        return None
    asked = error.retry_after or 0.0
    if asked > LONGEST_RESPECTED_WAIT:
        return None
    is_stale = isinstance(error, APIConnectionError) and error.stale
    wake = attempt.now + max(asked, 0.0 if is_stale else _pause(attempt, policy))
    return wake if wake < attempt.deadline else None


def _pause(attempt: Attempt, policy: RetryPolicy) -> float:
    # The exponent is bounded before the power is taken, so that many attempts do not overflow.
    pause = min(policy.first_pause * 2.0 ** min(attempt.number - 1, 30), policy.longest_pause)
    return pause * (1 - policy.jitter * attempt.chance)


def asked_wait(headers: Mapping[str, str], wall_clock: float) -> float | None:
    """Seconds that a reply's headers ask to wait.

    `wall_clock` is seconds since 1970, for dates (RFC 9110, 10.2.3). Negative or unreadable values count as absent.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    value = headers.get("retry-after")
    # Azure says 0 ms beside a whole second when it has no finer number.
    if milliseconds or value is None:
        return None if milliseconds is None else milliseconds / 1000
    seconds = _number(value)
    return _until(value, wall_clock) if seconds is None else seconds


def explicit_word(headers: Mapping[str, str]) -> bool | None:
    """The provider's own word on retrying (`x-should-retry`, OpenAI and Anthropic)."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", ""))


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None


def _until(text: str, wall_clock: float) -> float | None:
    from email.utils import parsedate_to_datetime  # which takes long to import, and few name a date

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the year may be any number
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    wait = date.timestamp() - wall_clock
    return wait if wait >= 0 else None
