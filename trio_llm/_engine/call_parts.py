"""One call that consists of several requests: parts of an embedding, looks at a response in the background."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import attrs

from .._runtime import trio
from .._types.errors import APIError, Timeout
from .._types.request import AnyRequest
from .call import RunningCall

LAST_WORD_TIME: Final = 5.0
"""Seconds that a request may take which is sent because its call has failed or was cancelled."""


@attrs.frozen
class CallParts:
    """Makes the requests of one call; a `Receive`."""

    call: RunningCall
    _receive: Callable[[AnyRequest], Awaitable[Any]]
    _receive_last: Callable[[AnyRequest], Awaitable[None]]

    def __call__(self, request: AnyRequest, /) -> Awaitable[Any]:
        """Send a request with attempts of its own, within the call's deadline."""
        return self._receive(request)

    async def pause(self, seconds: float) -> None:
        """Wait. Raises `Timeout` at the call's deadline, `ClientClosedError` if its client ended it."""
        await pause_within(self.call, seconds)

    async def send_last(self, request: AnyRequest) -> None:
        """Send what is to be said although the call is over, once. Whoever says it shields it, for `LAST_WORD_TIME`."""
        try:
            await self._receive_last(request)
        except APIError:
            return  # it has ended meanwhile, or its provider cannot be reached: there is no one left to tell


async def pause_within(call: RunningCall, seconds: float) -> None:
    """Wait, as long as a call may last. Raises as `CallParts.pause` does."""
    with call.wait_until(call.deadline) as scope:
        try:
            await trio.sleep(seconds)
        finally:
            call.scopes.discard(scope)
        return
    if call.cut:
        raise call.closed_error()
    raise Timeout(f"no complete response within {call.timeout:g} s", model=call.model)
