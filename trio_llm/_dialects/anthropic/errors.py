"""Anthropic's errors, as replies and inside streams.

Source: Anthropic API reference, "Errors", 2026-11. Azure and Vertex put errors of their own shape around the same
format, and gateways answer in HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from ..._convert import json as _json
from ..._types.errors import APIError, RateLimitError, ServiceUnavailableError
from ..._types.http import ReplyHead
from ..contract import ErrorDetail

_STATUS: Final[Mapping[str, int]] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that each type of error has when it is a reply; inside a stream there is only the type."""

_KINDS: Final[Mapping[str, type[APIError]]] = {
    "overloaded_error": ServiceUnavailableError,
    "rate_limit_error": RateLimitError,
}
"""Types that mean the same whatever status a gateway gave them."""

_QUOTED = 200  # characters of a body that makes no sense


def decode_error(head: ReplyHead, body: bytes) -> ErrorDetail:
    """What an error reply says. Never raises; a body that is no JSON is quoted."""
    try:
        reply = _json.loads(body)
    except ValueError:
        return ErrorDetail(_quoted(head, body))
    message, code = _words(reply)
    return ErrorDetail(message or _quoted(head, body), code, _KINDS.get(code or ""))


def detail_of_event(event: object) -> ErrorDetail:
    """What an error event, or an error with status 200, says."""
    message, code = _words(event)
    status = _STATUS.get(code or "")
    kind = _KINDS.get(code or "") or (APIError if status is None else None)
    return ErrorDetail(message or "an error without a message", code, kind, status)


def _words(reply: object) -> tuple[str | None, str | None]:
    """The provider's sentence and its code, from `{"error": {...}}`, `{"error": "..."}` or the object itself."""
    if isinstance(reply, list):  # Google's addresses wrap it in a list
        return _words(next(iter(cast("list[object]", reply)), None))
    if not isinstance(reply, dict):
        return (reply, None) if isinstance(reply, str) else (None, None)
    holder = cast("dict[str, Any]", reply)
    error = holder.get("error")
    if isinstance(error, str):
        return error, _text(holder, "type", "code")
    if isinstance(error, dict):
        inner = cast("dict[str, Any]", error)
        return _text(inner, "message", "detail"), _text(inner, "type", "status", "code")
    return _text(holder, "message", "detail", "Message"), _text(holder, "type", "code", "statusCode")


def _text(holder: Mapping[str, Any], *names: str) -> str | None:
    found = next((holder[name] for name in names if isinstance(holder.get(name), str | int)), None)
    return None if found is None else str(found)


def _quoted(head: ReplyHead, body: bytes) -> str:
    text = body[: _QUOTED * 4].decode("utf-8", "replace").strip()[:_QUOTED]
    return text or f"status {head.status} without a body"
