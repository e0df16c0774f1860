"""Responses in the background: looked at until they are complete, cancelled with the call that asked for them.

OpenAI keeps the response for some ten minutes whatever `store` says, so that it can be looked at; it can be cancelled
unless the caller said that nothing may be stored.

Source: OpenAI guide "Background mode", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from .._runtime import trio
from .._types.errors import APIError
from .._types.request import changed
from .._types.responses_api.request import CancelResponseRequest, GetResponseRequest, ResponsesRequest
from .._types.responses_api.response import ResponsesAPIResponse
from .call_parts import LAST_WORD_TIME
from .operation import Receive

FIRST_PAUSE: Final = 1.0
"""Seconds until the first look at a response. Every pause is half as long again as the one before."""
LONGEST_PAUSE: Final = 10.0
"""Seconds between two looks at most."""
LONGEST_UNHURRIED_PAUSE: Final = 60.0
"""The same where the caller gave the provider hours (`background_options`)."""
_RUNNING: Final = frozenset({"queued", "in_progress"})


async def receive_in_background(request: ResponsesRequest, receive: Receive) -> ResponsesAPIResponse:
    """Ask for a response, and look at it until it is complete.

    Raises:
        APIError: whatever went wrong. A response that was not complete is cancelled, and is in `partial`.
    """
    response: ResponsesAPIResponse = await receive(request)
    return await wait_until_complete(response, request, receive)


async def wait_until_complete(
    response: ResponsesAPIResponse, request: ResponsesRequest, receive: Receive
) -> ResponsesAPIResponse:
    """Look at a response until it is complete. Raises as `receive_in_background` does."""
    pause, longest = FIRST_PAUSE, _longest_pause(request)
    try:
        while response.status in _RUNNING and response.id:
            await receive.pause(pause)
            pause = min(pause * 1.5, longest)
            response = await receive(look_at(response.id, request))
    except BaseException as error:
        with trio.CancelScope(deadline=trio.current_time() + LAST_WORD_TIME, shield=True):
            await cancel(response, request, receive)
        if isinstance(error, APIError) and error.partial is None:
            error.partial = response
        raise
    if response.status == "cancelled":
        message = "the response was cancelled at the provider"
        raise APIError(message, model=request.model, code="cancelled", partial=response)
    return response


def _longest_pause(request: ResponsesRequest) -> float:
    options: Mapping[str, Any] = request.parameters.get("background_options") or {}
    return LONGEST_PAUSE if options.get("completion_window", "soonest") == "soonest" else LONGEST_UNHURRIED_PAUSE


def look_at(identifier: str, request: ResponsesRequest, **fields: Any) -> GetResponseRequest:
    """The request for a response that another one asked for."""
    made = GetResponseRequest(identifier, request.model, **fields)
    options = attrs.evolve(request.options, extra_body=None, fallbacks=(), drop_params=False)
    return changed(made, options=options)


async def cancel(response: ResponsesAPIResponse, request: ResponsesRequest, receive: Receive) -> None:
    """Stop a response at its provider, if it still runs and may be stopped."""
    if response.id and response.status in _RUNNING and request.parameters.get("store") is not False:
        cancelling = CancelResponseRequest(response.id, request.model)
        # It goes where the response came from, with the same key; what was said of that call's content and time is not
        # about this one.
        options = attrs.evolve(request.options, extra_body=None, fallbacks=(), num_retries=0, timeout=None)
        await receive.send_last(changed(cancelling, options=options))
