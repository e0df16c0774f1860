"""The loop around attempts, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import pytest
import trio
from trio.testing import MockClock

from trio_llm import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    InternalServerError,
    Limits,
    RateLimitError,
    RetryPolicy,
    Timeout,
)
from trio_llm._engine.attempts import CallFrame, Tries, run_attempts
from trio_llm._engine.call import Calls
from trio_llm._limits.account import Account
from trio_llm.exceptions import ClientClosedError

pytestmark = pytest.mark.anyio
HOURS = 9_999.0


def frame_of(policy: RetryPolicy | None = None, *, timeout: float = 60, calls: Calls | None = None) -> CallFrame:
    return CallFrame(
        provider="somebody",
        model="something",
        policy=policy or RetryPolicy(jitter=0),
        chance=lambda: 0.5,
        call=(calls or Calls()).start("somebody/something", timeout),
        tries=Tries(),
        ticket=Account(Limits()).ticket(),
        account=None,
    )


def scripted(frame: CallFrame, *outcomes: APIError | float | str) -> Callable[[], Awaitable[str]]:
    """Attempts that fail with the errors, take the seconds, or succeed with the text, in turn."""
    script = iter(outcomes)

    async def attempt() -> str:
        await trio.lowlevel.checkpoint()
        frame.call.attempts += 1
        for outcome in script:
            if isinstance(outcome, APIError):
                raise outcome
            if isinstance(outcome, str):
                return outcome
            await trio.sleep(outcome)
        raise AssertionError("more attempts than expected")

    return attempt


async def error_of(frame: CallFrame, *outcomes: APIError | float | str) -> APIError:
    with pytest.raises(APIError) as caught:
        await run_attempts(scripted(frame, *outcomes), frame)
    return caught.value


async def test_a_success_is_returned_without_a_pause(autojump_clock: MockClock) -> None:
    frame = frame_of()

    assert await run_attempts(scripted(frame, "yes"), frame) == "yes"
    assert (trio.current_time(), frame.call.attempts) == (0, 1)


async def test_pauses_grow_between_attempts(autojump_clock: MockClock) -> None:
    frame = frame_of(RetryPolicy(attempts=4, jitter=0))
    errors = [InternalServerError("1"), APIConnectionError("2"), RateLimitError("3")]

    assert await run_attempts(scripted(frame, *errors, "yes"), frame) == "yes"
    assert trio.current_time() == 0.5 + 1 + 2


async def test_the_wait_that_the_provider_asks_for_replaces_a_shorter_pause(autojump_clock: MockClock) -> None:
    frame = frame_of()

    await run_attempts(scripted(frame, RateLimitError("no", retry_after=20), "yes"), frame)
    assert trio.current_time() == 20


async def test_the_jitter_comes_from_the_frame(autojump_clock: MockClock) -> None:
    frame = frame_of(RetryPolicy(first_pause=8, jitter=0.5))

    await run_attempts(scripted(frame, InternalServerError("no"), "yes"), frame)
    assert trio.current_time() == 8 * 0.75


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_the_last_error_is_raised_when_attempts_are_used_up(attempts: int, autojump_clock: MockClock) -> None:
    frame = frame_of(RetryPolicy(attempts=attempts))
    errors = [InternalServerError(f"{number}") for number in range(attempts)]

    assert await error_of(frame, *errors) is errors[-1]
    assert frame.call.attempts == attempts


async def test_an_error_that_no_retry_helps_ends_it_and_is_labelled(autojump_clock: MockClock) -> None:
    frame = frame_of()
    error = await error_of(frame, InternalServerError("once"), AuthenticationError("wrong key"))

    assert (error.llm_provider, error.model) == ("somebody", "something")
    assert frame.call.attempts == 2


async def test_a_deadline_within_an_attempt_is_a_timeout_with_the_last_error_as_its_cause(
    autojump_clock: MockClock,
) -> None:
    frame, first = frame_of(timeout=7), InternalServerError("first")
    error = await error_of(frame, first, HOURS)

    assert isinstance(error, Timeout)
    assert isinstance(error, TimeoutError)
    assert error.__cause__ is first
    assert (error.attempts, error.llm_provider, error.model) == (2, "somebody", "something")
    assert "no reply within 7 s" in str(error)
    assert trio.current_time() == 7


async def test_no_pause_begins_that_would_end_at_the_deadline(autojump_clock: MockClock) -> None:
    frame = frame_of(timeout=20)
    error = await error_of(frame, RateLimitError("no", retry_after=20))

    assert isinstance(error, RateLimitError)
    assert trio.current_time() == 0


async def test_no_pause_reaches_past_a_scope_of_the_callers(autojump_clock: MockClock) -> None:
    frame = frame_of()
    with trio.fail_after(10):
        error = await error_of(frame, RateLimitError("no", retry_after=20))

    assert error.retry_after == 20
    assert trio.current_time() == 0


async def test_a_scope_of_the_callers_ends_an_attempt_as_cancelled(autojump_clock: MockClock) -> None:
    frame = frame_of()
    with trio.move_on_after(10) as scope:
        await run_attempts(scripted(frame, InternalServerError("once"), HOURS), frame)

    assert scope.cancelled_caught
    assert trio.current_time() == 10


async def test_a_call_that_fails_while_it_is_cancelled_ends_as_cancelled(autojump_clock: MockClock) -> None:
    frame = frame_of()
    with trio.CancelScope() as scope:

        async def attempt() -> str:
            scope.cancel()
            raise RateLimitError("just now")

        await run_attempts(attempt, frame)

    assert scope.cancelled_caught


async def test_a_call_without_time_makes_no_attempt(autojump_clock: MockClock) -> None:
    frame = frame_of(timeout=0)
    error = await error_of(frame)

    assert isinstance(error, Timeout)
    assert frame.call.attempts == 0


async def test_a_broken_stream_counts_as_a_failed_attempt(autojump_clock: MockClock) -> None:
    frame = frame_of(RetryPolicy(attempts=2, jitter=0))
    assert await run_attempts(scripted(frame, "opened"), frame) == "opened"
    assert frame.tries is not None
    frame.tries.broken = APIConnectionError("cut")

    assert await run_attempts(scripted(frame, "opened again"), frame) == "opened again"
    assert trio.current_time() == 0.5
    frame.tries.broken = broken = APIConnectionError("cut again")
    assert await error_of(frame) is broken


async def test_a_closed_client_ends_the_call_with_the_last_error_as_the_cause(autojump_clock: MockClock) -> None:
    calls = Calls()
    frame, first = frame_of(calls=calls), InternalServerError("first")

    async def close() -> None:
        await trio.sleep(5)
        calls.refuse("this client was closed")
        await calls.cut()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(close)
        error = await error_of(frame, first, HOURS)
    assert isinstance(error, ClientClosedError)
    assert error.__cause__ is first
    assert trio.current_time() == 5


@pytest.mark.parametrize("delays", [(0.1, 3, 9), (9, 9, 9), (0.1, 0.1, 0.1), (4.9, 4.9, 4.9)])
async def test_no_schedule_of_failures_outlasts_the_deadline(
    delays: Iterable[float], autojump_clock: MockClock
) -> None:
    frame = frame_of(RetryPolicy(attempts=99), timeout=15)
    script = [step for delay in delays for step in (delay, InternalServerError("no"))]
    started: list[float] = []
    attempt = scripted(frame, *script, *[RateLimitError("no", retry_after=1)] * 99)

    async def noted() -> str:
        started.append(trio.current_time())
        return await attempt()

    with pytest.raises(APIError):
        await run_attempts(noted, frame)
    assert trio.current_time() <= 15
    assert all(start < 15 for start in started)
