"""Attempts whose secret is asked for: one more after a 401, and the asking over HTTP for sources that need it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from .._transport import Transport, TransportError
from .._types.errors import APIConnectionError, AuthenticationError, PermissionDeniedError
from .._types.http import HTTPRequest, ReplyHead, split_url
from .exchange import Exchange

T = TypeVar("T")

_REFUSED_KEYS: Final = frozenset({"ExpiredTokenException", "InvalidSignatureException", "UnrecognizedClientException"})
"""AWS answers 403 to keys that have ended or are wrong; only the code tells it from a lack of rights."""
MOST_READ: Final = 1 << 20
"""Bytes that the answer to a form may have."""
_FORM: Final = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))


async def with_renewal(attempt: Callable[[], Awaitable[T]], exchange: Exchange[Any]) -> T:
    """An attempt; and, if its secret was refused, one more with a secret that is asked for anew.

    Both pass the gates and count as requests sent. Raises what the last of them raises.
    """
    try:
        return await attempt()
    except (AuthenticationError, PermissionDeniedError) as error:
        credential = exchange.route.credential
        refused = error.status_code == 401 or error.code in _REFUSED_KEYS
        if not refused or exchange.secret is None or credential is None:
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
            await reply.aclose()  # it waits for nothing
    except TransportError as error:
        raise APIConnectionError(f"{origin}: {error}") from error
