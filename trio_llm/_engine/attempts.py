"""The one retry layer: attempts inside one deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import attrs

from .._limits.account import Account
from .._limits.ticket import Ticket
from .._runtime import trio
from .._types.errors import APIError, Timeout
from .call import RunningCall
from .retry import Attempt, RetryPolicy, is_retryable, next_wake

T = TypeVar("T")


@attrs.define
class Tries:
    """The attempts at one model so far."""

    number: int = 0
    broken: APIError | None = None
    """The error that broke the stream of the last attempt, after that had succeeded."""
    has_next: bool = False
    """Whether the call has another target, which it goes to before it waits for this one."""


@attrs.define
class CallFrame:
    """What surrounds the attempts of one call at one model."""

    provider: str
    model: str
    policy: RetryPolicy
    chance: Callable[[], float]
    """A random number from 0 to 1, for the jitter."""
    call: RunningCall
    tries: Tries | None
    """None until an attempt has failed, where nobody else wants to know: nearly all calls need one attempt."""
    ticket: Ticket | None
    """Its claim to a place in line; None where a responder answers, which stands in none."""
    account: Account | None
    """Where it stands in line."""
    number: int = attrs.field(init=False)
    """What observers know its last attempt by; 0 if that was not sent, or nobody observes."""


async def run_attempts(attempt: Callable[[], Awaitable[T]], frame: CallFrame) -> T:
    """Attempt until it succeeds, is final, or the deadline comes.

    Raises:
        Timeout: if the deadline came; the last attempt's error is its cause.
        ClientClosedError: if the client was closed meanwhile.
        APIError: the last attempt's.
    """
    call, tries = frame.call, frame.tries
    last: APIError | None = None
    with call.wait_until(call.deadline) as scope:
        try:
            if tries is not None and tries.broken is not None:
                last, tries.broken = tries.broken, None
                frame.number = call.attempts
                await trio.sleep_until(_wake_after(last, frame, tries))
            while True:
                if tries is not None:
                    tries.number += 1
                frame.number = 0
                try:
                    return await attempt()
                except APIError as error:
                    last = error
                    if tries is None:
                        tries = frame.tries = Tries(number=1)
                    error.llm_provider, error.model = frame.provider, frame.model
                    if call.admitted is not None:
                        error.response_seconds = call.calls.clock() - call.admitted
                    await trio.lowlevel.checkpoint_if_cancelled()  # else its deadline would seem to be over
                    wake = trio.current_time() if _goes_back(error, frame, tries) else _wake_after(error, frame, tries)
                await trio.sleep_until(wake)
        finally:
            call.scopes.discard(scope)
    if call.cut:
        raise call.closed_error() from last
    raise out_of_time(frame, f"no reply within {call.timeout:g} s") from last


def _goes_back(error: APIError, frame: CallFrame, tries: Tries) -> bool:
    """Whether a refused call of a fan-out waits in its line once more, as if it had not been sent."""
    ticket, account = frame.ticket, frame.account
    crowd = None if ticket is None else ticket.crowd
    if ticket is None or account is None or crowd is None:
        return False
    if error.status_code == 401 and not is_retryable(error):
        account.turn_away(crowd, error)
    if not ticket.refused:
        return False
    if tries.has_next:
        raise error  # there is somebody else to ask
    if frame.call.watch is not None:
        frame.call.watch.attempt_failed(frame.number, error, 0.0, ticket)
    account.send_back(ticket)
    frame.call.back_in_line()
    tries.number -= 1
    return True


def _wake_after(error: APIError, frame: CallFrame, tries: Tries) -> float:
    # The effective deadline knows the caller's own scopes as well: no pause may reach past any of them.
    now, deadline = trio.current_time(), trio.current_effective_deadline()
    wake = next_wake(error, Attempt(tries.number, now, deadline, frame.chance()), frame.policy)
    if frame.call.watch is not None:
        frame.call.watch.attempt_failed(frame.number, error, None if wake is None else wake - now, frame.ticket)
    if wake is None:
        raise error
    return wake


def out_of_time(frame: CallFrame, message: str) -> Timeout:
    """The error of a limit that ran out."""
    if frame.ticket is not None and frame.ticket.stuck is not None:
        message = f"{message}: {frame.ticket.stuck}"
    return Timeout(message, llm_provider=frame.provider, model=frame.model, attempts=frame.call.attempts)
