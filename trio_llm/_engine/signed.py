"""Attempts whose secret is asked for: one more after a 401, and the asking over HTTP for sources that need it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from .._transport import Transport, TransportError
from .._types.errors import APIConnectionError, AuthenticationError
from .._types.http import HTTPRequest, ReplyHead, split_url
from .exchange import Exchange

T = TypeVar("T")

MOST_READ: Final = 1 << 20
"""Bytes that the answer to a form may have."""
_FORM: Final = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))


async def with_renewal(attempt: Callable[[], Awaitable[T]], exchange: Exchange[Any]) -> T:
    """An attempt; and, if its secret was refused, one more with a secret that is asked for anew.

    Both pass the gates and count as requests sent. Raises what the last of them raises.
    """
    try:
        return await attempt()
    except AuthenticationError as error:
        credential = exchange.route.credential
        # What a source or a signer raised has no status: nothing was sent. AWS refuses keys with 403 and a code.
        if error.status_code not in (401, 403) or exchange.secret is None or credential is None:
            raise
        if not credential.held.refuse(exchange.secret):
            raise
        exchange.secret = None
    return await attempt()


async def post_form(transport: Transport, url: str, fields: Mapping[str, str]) -> tuple[ReplyHead, bytes]:
    """Post a form over a client's transport, inside the call that asks.

    Raises:
        APIConnectionError: if no answer came.
    """
    origin, path = split_url(url)
    request = HTTPRequest("POST", path or "/", _FORM, urlencode(fields).encode())
    try:
        reply = await transport.send(origin, request)
        body = b""
        try:
            while len(body) < MOST_READ and (data := await reply.read()):
                body += data
            return reply.head, body
        finally:
            await reply.aclose()  # noqa: ASYNC102 - it waits for nothing
    except TransportError as error:
        raise APIConnectionError(f"{origin}: {error}") from error
