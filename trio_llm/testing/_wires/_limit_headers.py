"""How each vendor tells in headers what is left of a limit, and when it is whole again.

Vendors of OpenAI's wire are told apart by the host that was asked; a simulator on a port, which has no such host, says
it as OpenAI does. Times of the calendar are told where the simulator has one.

Sources, 2026-11: OpenAI, "Rate limits" (durations such as 6m0s); Groq, "Rate limits"; Azure OpenAI, "Quota" (whole
seconds); Anthropic, "Rate limits" (RFC 3339 times); Mistral and Cerebras (windows that are named by their length);
OpenRouter, "Limits" (milliseconds since 1970); Together, "Rate limits".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from .._limits import LimitState

Headers = dict[str, str]
TellLimits = Callable[[Iterable[LimitState], float | None], Headers]
"""Headers from the limits, and from the seconds since 1970 where they are known."""


def no_headers(states: Iterable[LimitState], calendar: float | None) -> Headers:
    """Vendors that tell nothing."""
    del states, calendar
    return {}


def openai_headers(states: Iterable[LimitState], calendar: float | None) -> Headers:
    """OpenAI's, and those of most who have its wire."""
    del calendar
    return _named(states, lambda state, part: f"x-ratelimit-{part}-{state.name}", _go_duration)


def anthropic_headers(states: Iterable[LimitState], calendar: float | None) -> Headers:
    """Anthropic's, whose resets are times of the calendar."""

    def reset(seconds: float) -> str | None:
        if calendar is None:
            return None
        moment = datetime.fromtimestamp(math.ceil(calendar + seconds), UTC)
        return moment.isoformat().replace("+00:00", "Z")

    return _named(states, lambda state, part: f"anthropic-ratelimit-{state.name}-{part}", reset)


def _azure(states: Iterable[LimitState], calendar: float | None) -> Headers:
    del calendar
    return _named(states, lambda state, part: f"x-ratelimit-{part}-{state.name}", lambda wait: f"{math.ceil(wait)}")


def _mistral(states: Iterable[LimitState], calendar: float | None) -> Headers:
    del calendar
    words = {"requests": "req"}
    return _named(
        states, lambda state, part: f"x-ratelimit-{part}-{words.get(state.name, state.name)}-minute", lambda _: None
    )


def _cerebras(states: Iterable[LimitState], calendar: float | None) -> Headers:
    del calendar
    return _named(states, lambda state, part: f"x-ratelimit-{part}-{state.name}-minute", lambda wait: f"{wait:g}")


def _openrouter(states: Iterable[LimitState], calendar: float | None) -> Headers:
    def reset(seconds: float) -> str | None:
        return None if calendar is None else f"{(calendar + seconds) * 1000:.0f}"

    requests = [state for state in states if state.name == "requests"]
    return _named(requests, lambda _, part: f"x-ratelimit-{part}", reset)


def _together(states: Iterable[LimitState], calendar: float | None) -> Headers:
    del calendar
    requests = [state for state in states if state.name == "requests"]
    return _named(requests, lambda _, part: f"x-ratelimit-{part}", lambda wait: f"{math.ceil(wait)}")


_BY_HOST: Final[Mapping[str, TellLimits]] = {
    "api.cerebras.ai": _cerebras,
    "api.mistral.ai": _mistral,
    "api.together.xyz": _together,
    "openai.azure.com": _azure,
    "openrouter.ai": _openrouter,
}


def headers_of_host(host: str) -> TellLimits:
    """How the vendor behind a host of OpenAI's wire tells its limits."""
    return next((tell for known, tell in _BY_HOST.items() if host.endswith(known)), openai_headers)


def _named(
    states: Iterable[LimitState], name: Callable[[LimitState, str], str], reset: Callable[[float], str | None]
) -> Headers:
    headers: Headers = {}
    for state in states:
        headers[name(state, "limit")] = str(state.limit)
        headers[name(state, "remaining")] = str(state.remaining)
        if (told := reset(state.reset)) is not None:
            headers[name(state, "reset")] = told
    return headers


def _go_duration(seconds: float) -> str:
    """A duration as Go prints it: `250ms`, `1.5s`, `6m0s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
