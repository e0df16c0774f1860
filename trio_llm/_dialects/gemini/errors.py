"""Errors of Google's APIs: `google.rpc.Status` as JSON, alone or as the first item of a list.

Source: Gemini API, "Troubleshooting guide"; Google Cloud API design guide, "Errors" (AIP-193); google/rpc/code.proto;
2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import is_list, is_object
from ..._types.errors import AuthenticationError, ContentPolicyViolationError
from ..contract import ErrorDetail
from ..error_bodies import ErrorReading
from ._wire import PromptFeedback

ERRORS: Final = ErrorReading(
    # The wire answers 400 to a wrong key; only the reason in the details tells it from a wrong request.
    kinds={
        "api_key_invalid": AuthenticationError,
        "access_token_expired": AuthenticationError,
        "credentials_missing": AuthenticationError,
    },
    statuses={
        "cancelled": 499,
        "unknown": 500,
        "invalid_argument": 400,
        "deadline_exceeded": 504,
        "not_found": 404,
        "already_exists": 409,
        "permission_denied": 403,
        "resource_exhausted": 429,
        "failed_precondition": 400,
        "aborted": 409,
        "out_of_range": 400,
        "unimplemented": 501,
        "internal": 500,
        "unavailable": 503,
        "data_loss": 500,
        "unauthenticated": 401,
    },
)
decode_error: Final = ERRORS.of_reply
event_detail: Final = ERRORS.of_value


def error_in(value: Any) -> Mapping[str, Any] | None:
    """The object with an error in decoded JSON, or None if it has none."""
    if is_list(value):
        value = value[0] if value else None
    holder = value if is_object(value) else {}
    return holder if is_object(holder.get("error")) or isinstance(holder.get("error"), str) else None


def blocked_detail(feedback: PromptFeedback) -> ErrorDetail:
    """The refusal of a prompt, which the wire reports as a reply without candidates."""
    message = feedback.block_reason_message or f"the prompt was blocked: {feedback.block_reason}"
    return ErrorDetail(message, feedback.block_reason, ContentPolicyViolationError)
