"""Error replies and error objects of OpenAI and of the many vendors that follow it more or less.

Source: OpenAI guide "Error codes", Azure OpenAI "Content filtering", OpenRouter "Errors", Groq "API error codes and
responses", llama.cpp server README ("API errors"), 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..._convert import json as _json
from ..._types.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
)
from ..._types.http import ReplyHead
from ..contract import ErrorDetail

_EXACT: Final[Mapping[str, type[APIError]]] = {
    "context_length_exceeded": ContextWindowExceededError,
    "exceed_context_size_error": ContextWindowExceededError,
    "content_filter": ContentPolicyViolationError,
    "content_policy_violation": ContentPolicyViolationError,
    "cyber_policy": ContentPolicyViolationError,
    "data_inspection_failed": ContentPolicyViolationError,
    "moderation_blocked": ContentPolicyViolationError,
    "responsibleaipolicyviolation": ContentPolicyViolationError,
}
"""Codes that say more than the status. Lower-case."""

_WITHOUT_STATUS: Final[Mapping[str, type[APIError]]] = {
    "api_connection_error": ServiceUnavailableError,
    "authentication_error": AuthenticationError,
    "insufficient_quota": RateLimitError,
    "internal_error": InternalServerError,
    "internal_server_error": InternalServerError,
    "invalid_api_key": AuthenticationError,
    "invalid_request_error": BadRequestError,
    "model_not_found": NotFoundError,
    "not_found_error": NotFoundError,
    "overloaded_error": ServiceUnavailableError,
    "permission_error": PermissionDeniedError,
    "rate_limit_error": RateLimitError,
    "rate_limit_exceeded": RateLimitError,
    "server_error": InternalServerError,
    "service_unavailable": ServiceUnavailableError,
    "timeout": Timeout,
}
"""Codes that stand in for a status where there is none: inside streams, and in replies with status 200."""

_SENTENCES: Final = ("message", "detail", "Message", "msg", "error_message")


def decode_error(head: ReplyHead, body: bytes) -> ErrorDetail:
    """Read an error reply: JSON of many shapes, HTML of a gateway, or nothing. Never raises."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value = _json.loads(text)
    except ValueError:
        return ErrorDetail(_excerpt(text) or f"no explanation, status {head.status}")
    codes = list(_codes(value))
    return ErrorDetail(_sentence(value) or _excerpt(text), codes[0] if codes else None, _first(codes, _EXACT))


def error_event(error: Any) -> ErrorDetail:
    """Read an error that came without a status of its own: inside a stream, or in a reply with status 200."""
    codes = list(_codes(error))
    status = next((int(code) for code in codes if code.isdecimal() and 400 <= int(code) < 600), None)
    kind = _first(codes, _EXACT)
    if kind is None and status is None:
        kind = _first(codes, _WITHOUT_STATUS) or APIError
    message = _sentence(error) or _excerpt(_json.dumps(error).decode())
    return ErrorDetail(message, codes[0] if codes else None, kind, status)


def _first(codes: list[str], table: Mapping[str, type[APIError]]) -> type[APIError] | None:
    return next((table[code.lower()] for code in codes if code.lower() in table), None)


def _sentence(value: Any) -> str:
    """The provider's own sentence, or an empty text."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(filter(None, map(_sentence, value)))
    if not isinstance(value, Mapping):
        return ""
    error = value.get("error")
    if error and (found := _sentence(error)):
        return found
    for name in _SENTENCES:
        if value.get(name) and (found := _sentence(value[name])):
            return found
    return _sentence(value.get("errors"))


def _codes(value: Any) -> Iterator[str]:
    """Structured codes, the most exact first: inside `error` before beside it, `code` before `type`."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, Mapping):
        return
    for name in ("error", "errors"):
        yield from _codes(value.get(name))
    for name in ("code", "type"):
        code = value.get(name)
        if isinstance(code, str | int) and not isinstance(code, bool) and code != "":
            yield str(code)
    yield from _codes(value.get("innererror"))


def _excerpt(text: str) -> str:
    return text if len(text) <= 500 else f"{text[:500]}…"
