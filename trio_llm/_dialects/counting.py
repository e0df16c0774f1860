"""What every count of tokens has in common: the request of the chat, asked elsewhere."""

from __future__ import annotations

from typing import Any

import attrs

from .._convert import json as _json
from .._convert.converter import ConversionError
from .._convert.narrow import JSONObject, parse_object
from .._types.http import HTTPRequest
from .._types.token_counts import CountTokensRequest, TokenCountResponse
from .contract import ReplyIsError, WireCall
from .error_bodies import ErrorReading
from .failing import retryable


def chat_call(call: WireCall[CountTokensRequest]) -> WireCall[Any]:
    """The call of the chat whose tokens are to be counted."""
    return attrs.evolve(call, request=call.request.chat)  # type: ignore[arg-type]  # another request


def body_of(request: HTTPRequest) -> JSONObject:
    """The body of a chat's request."""
    assert isinstance(request.body, bytes)
    body: JSONObject = _json.loads(request.body)
    return body


def read_count(call: WireCall[CountTokensRequest], body: bytes, name: str, wire: str) -> TokenCountResponse:
    """The count in a reply's field.

    Raises:
        ConversionError: if there is none.
        ReplyIsError: for an error in its place.
    """
    reply = parse_object(body)
    total = reply.get(name)
    if total is None and reply.get("error"):
        raise ReplyIsError(retryable(ErrorReading().of_value(reply)))
    if not isinstance(total, int) or total < 0:
        raise ConversionError(f"expected a number of tokens, got {total!r:.60}", f".{name}")
    return TokenCountResponse(total, call.request.model, call.model, wire, reply)
