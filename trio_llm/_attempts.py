"""The one retry layer: attempts inside one deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs

from ._errors import APIError, Timeout
from ._retry import Attempt, RetryPolicy, next_wake
from ._runtime import trio

T = TypeVar("T")


@attrs.define
class CallTrace:
    """What happened to one call, in seconds on the event loop's clock. None where it did not get that far."""

    attempts: int = 0
    """Requests sent."""
    admitted: float | None = None
    """When the last attempt got its slot."""
    first_content: float | None = None
    """Streams: when the first content arrived."""


@attrs.frozen
class CallFrame:
    """What surrounds the attempts of one call."""

    provider: str
    model: str
    policy: RetryPolicy
    timeout: float
    """The total limit, for the message of a Timeout."""
    deadline: float
    """On the event loop's clock."""
    chance: Callable[[], float]
    """A random number from 0 to 1, for the jitter."""
    trace: CallTrace


async def run_attempts(attempt: Callable[[], Awaitable[T]], frame: CallFrame) -> T:
    """Attempt until it succeeds, is final, or the deadline comes.

    Raises:
        Timeout: if the deadline came; the last attempt's error is its cause.
        APIError: the last attempt's.
    """
    number, last = 0, None
    with trio.CancelScope(deadline=frame.deadline):
        while True:
            number += 1
            try:
                return await attempt()
            except APIError as error:
                last = error
                error.llm_provider, error.model = frame.provider, frame.model
                wake = next_wake(error, _state(number, frame), frame.policy)
                if wake is None:
                    raise
            await trio.sleep_until(wake)
    raise out_of_time(frame, f"no reply within {frame.timeout:g} s") from last


def _state(number: int, frame: CallFrame) -> Attempt:
    # The effective deadline knows the caller's own scopes as well: no pause may reach past any of them.
    return Attempt(number, trio.current_time(), trio.current_effective_deadline(), frame.chance())


def out_of_time(frame: CallFrame, message: str) -> Timeout:
    """The error of a limit that ran out."""
    return Timeout(message, llm_provider=frame.provider, model=frame.model, attempts=frame.trace.attempts)
