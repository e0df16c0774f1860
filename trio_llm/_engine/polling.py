"""Answers that are made while nobody is connected: the provider says at once where they will be, and is asked there.

A dialect's endpoint that is `polled` decodes a reply as a `NotYet` as long as there is no answer. A call is then one
request that begins, and looks, each with attempts of its own and with a pause before it, all within the call's
deadline. Whatever ends the call before its answer is there stops the work at the provider, where that can be asked for;
an answer that failed has ended by itself.

A stream that is `opened_by` another request begins with that one, whose reply says where the events are.

Where to look may be on another of the provider's hosts. The key goes there only if the row owns both.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from .._dialects.contract import Endpoint, NotYet, ReplyIsError
from .._runtime import trio
from .._types.errors import APIError, APIResponseValidationError
from .._types.http import HTTPRequest, Origin, split_url
from .attempts import run_attempts
from .call_parts import LAST_WORD_TIME, pause_within
from .exchange import Exchange
from .receiving import receive_whole
from .signed import with_renewal

FIRST_PAUSE: Final = 0.5
"""Seconds until the first look. Every pause is half as long again as the one before."""
LONGEST_PAUSE: Final = 5.0
"""Seconds between two looks at most: pictures take seconds, and who waits for one watches."""


async def receive_polled(exchange: Exchange[Any], endpoint: Endpoint[Any, Any]) -> Any:
    """The answer, as soon as it is there.

    Raises:
        APIError: whatever went wrong; the provider was told to stop, if it may still be at work.
    """
    found = await _received(exchange, endpoint)
    pause, last = FIRST_PAUSE, found
    try:
        while isinstance(found, NotYet):
            last = found
            await pause_within(exchange.call, pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
            exchange = elsewhere(exchange, found)
            found = await _received(exchange, endpoint)
    except BaseException as error:
        if not isinstance(error.__cause__, ReplyIsError):
            await _stop(exchange, last)  # noqa: ASYNC102 - it shields itself, for a limited time
        raise
    return found


async def opened(exchange: Exchange[Any], endpoint: Endpoint[Any, Any]) -> Exchange[Any]:
    """The exchange at the place of the events that a first request named. Raises as that does."""
    found = await _received(exchange, endpoint)
    if not isinstance(found, NotYet):
        raise APIResponseValidationError(
            "the reply names no stream", llm_provider=exchange.route.provider, model=exchange.route.model
        )
    return elsewhere(exchange, found)


async def _received(exchange: Exchange[Any], endpoint: Endpoint[Any, Any]) -> Any:
    attempt = partial(receive_whole, exchange, endpoint)
    renewing = attempt if exchange.route.credential is None else partial(with_renewal, attempt, exchange)
    return await run_attempts(renewing, exchange)


async def _stop(exchange: Exchange[Any], last: NotYet) -> None:
    if last.stop is None:
        return
    ended: Endpoint[Any, bytes] = Endpoint(lambda _: exchange.http, lambda _, body: body)
    with trio.CancelScope(deadline=trio.current_time() + LAST_WORD_TIME, shield=True):  # noqa: ASYNC912 - it sends
        try:
            await receive_whole(_sending(exchange, last.stop, exchange.route.target(last.stop.path)), ended)
        except APIError:
            return  # it has ended meanwhile, or cannot be reached: there is no one left to tell


def elsewhere(exchange: Exchange[Any], found: NotYet) -> Exchange[Any]:
    """The exchange where an answer is to be looked for.

    Raises:
        APIResponseValidationError: if that is on a host of somebody else, or no address.
    """
    if found.address is None:
        return _sending(exchange, found.look, exchange.route.target(found.look.path))
    route = exchange.route
    here, there = route.destination.origin, _origin(found.address)
    is_own = there is not None and there.scheme == "https" and route.owns(here.host) and route.owns(there.host)
    if there is None or not (here == there or is_own):
        message = f"it says to look at {found.address[:200]!r}, which is no host of {route.provider}: nothing was sent"
        raise APIResponseValidationError(message, llm_provider=route.provider, model=route.model)
    parts = urlsplit(found.address)
    made = _sending(exchange, found.look, f"{parts.path}?{parts.query}" if parts.query else parts.path)
    made.route = attrs.evolve(route, destination=attrs.evolve(route.destination, origin=there))
    return made


def _origin(address: str) -> Origin | None:
    try:
        return split_url(address.partition("?")[0])[0]
    except ValueError:
        return None


def _sending(exchange: Exchange[Any], look: HTTPRequest, target: str) -> Exchange[Any]:
    """The same exchange with another request, which has its key and the caller's headers, and attempts of its own."""
    replaced = {"content-type", *(name for name, _ in look.headers)}
    kept = tuple(header for header in exchange.http.headers if header[0] not in replaced)
    http = HTTPRequest(look.method, target, kept + look.headers, look.body)
    return attrs.evolve(exchange, http=http, tries=None)
