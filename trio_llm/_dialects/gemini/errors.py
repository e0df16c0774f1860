"""Errors of Google's APIs: `google.rpc.Status` as JSON, alone or as the first item of a list.

Source: Gemini API, "Troubleshooting guide"; Google Cloud API design guide, "Errors" (AIP-193); google/rpc/code.proto;
2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert import json as _json
from ..._convert.narrow import is_list, is_object
from ..._types.errors import APIError, AuthenticationError, ContentPolicyViolationError, InternalServerError
from ..._types.http import ReplyHead
from ..contract import ErrorDetail
from ._wire import PromptFeedback

_STATUS_OF_WORD: Final[Mapping[str, int]] = {
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
    "UNAUTHENTICATED": 401,
}
# The wire answers 400 to a wrong key; only the reason in the details tells it from a wrong request.
_KIND_OF_REASON: Final[Mapping[str, type[APIError]]] = {
    "API_KEY_INVALID": AuthenticationError,
    "ACCESS_TOKEN_EXPIRED": AuthenticationError,
    "CREDENTIALS_MISSING": AuthenticationError,
}
_QUOTED_CHARACTERS = 500


def decode_error(head: ReplyHead, body: bytes) -> ErrorDetail:
    """What an error reply says; its status is the reply's own. Never raises."""
    try:
        error = error_in(_json.loads(body))
    except ValueError:
        error = None
    if error is None:
        return ErrorDetail(_quoted(head, body))
    return _detail(error)


def error_in(value: Any) -> Mapping[str, Any] | None:
    """The error that decoded JSON carries, or None if it carries none."""
    if is_list(value):
        value = value[0] if value else None
    error = value.get("error") if is_object(value) else None
    if isinstance(error, str):  # the token server's shape
        return {"message": value.get("error_description") or error, "status": error}
    return error if is_object(error) else None


def event_detail(error: Mapping[str, Any]) -> ErrorDetail:
    """What an error inside a reply with status 200 says; it names a status, or is blamed on the provider."""
    detail = _detail(error)
    if detail.kind is not None or detail.status is not None:
        return detail
    return ErrorDetail(detail.message, detail.code, InternalServerError, retry_after=detail.retry_after)


def blocked_detail(feedback: PromptFeedback) -> ErrorDetail:
    """The refusal of a prompt, which the wire reports as a reply without candidates."""
    message = feedback.block_reason_message or f"the prompt was blocked: {feedback.block_reason}"
    return ErrorDetail(message, feedback.block_reason, ContentPolicyViolationError)


def _detail(error: Mapping[str, Any]) -> ErrorDetail:
    word, number = error.get("status"), error.get("code")
    status = number if isinstance(number, int) else _STATUS_OF_WORD.get(str(word))
    details = [detail for detail in _items(error.get("details")) if is_object(detail)]
    reason = next((str(detail["reason"]) for detail in details if detail.get("reason")), None)
    delay = next((detail["retryDelay"] for detail in details if detail.get("retryDelay")), None)
    return ErrorDetail(
        message=str(error.get("message") or word or error),
        code=reason or (str(word) if word else None),
        kind=_KIND_OF_REASON.get(reason or ""),
        status=status,
        retry_after=_seconds(delay),
    )


def _items(value: Any) -> list[Any]:
    return value if is_list(value) else []


def _seconds(delay: Any) -> float | None:
    """A `google.protobuf.Duration`: "42s" or "1.5s" in JSON."""
    try:
        return float(str(delay).removesuffix("s"))
    except ValueError:
        return None


def _quoted(head: ReplyHead, body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    return text[:_QUOTED_CHARACTERS] or f"status {head.status} without a body"
