"""Replies that are no answer, whatever their status says.

A provider that breaks off names it in the finish reason; the words differ from vendor to vendor, and the answer so far
is only a part. A reply without a finish reason and without content is none either. Both are worth another attempt.
A finish reason that nobody here knows is no failure as long as there is an answer beside it.

Sources: API references of Mistral (`error`), DeepSeek (`insufficient_system_resource`), Z.ai (`network_error`),
vLLM and SGLang (`abort`), OpenRouter (`error`), Bedrock (`malformed_model_output`), Gemini
(`MALFORMED_FUNCTION_CALL` and its siblings, which gateways hand on in lower case), 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .._convert.narrow import quoted
from .._types.errors import APIError, InternalServerError, ServiceUnavailableError
from .._types.mapping import Record
from .contract import ErrorDetail

_OVERLOADED: Final = (
    "engine_overloaded",
    "insufficient_system_resource",
    "overloaded",
    "overloaded_error",
    "service_unavailable",
    "unavailable",
)
_BROKEN: Final = (
    "abort",
    "aborted",
    "canceled",
    "cancelled",
    "connection_error",
    "engine_error",
    "error",
    "failed",
    "failure",
    "finish_reason_unspecified",
    "image_other",
    "internal_error",
    "internal_server_error",
    "malformed_function_call",
    "malformed_model_output",
    "malformed_response",
    "malformed_tool_use",
    "missing_thought_signature",
    "network_error",
    "no_image",
    "provider_error",
    "server_error",
    "timeout",
    "too_many_tool_calls",
    "unexpected_tool_call",
    "upstream_error",
)
_KINDS: Final[Mapping[str, type[APIError]]] = {
    **dict.fromkeys(_BROKEN, InternalServerError),
    **dict.fromkeys(_OVERLOADED, ServiceUnavailableError),
}
_HEARTBEAT: Final = re.compile("ping|heart.?beat|keep.?alive", re.IGNORECASE)
_QUOTED: Final = 300
"""Characters that are quoted of a reply without an answer."""


def is_heartbeat(name: object) -> bool:
    """Whether an event's name says that it only keeps the connection alive."""
    return isinstance(name, str) and _HEARTBEAT.search(name) is not None


def names_failure(word: object) -> bool:
    """Whether a finish reason says that the provider broke off, in whatever case it is written."""
    return isinstance(word, str) and word.lower() in _KINDS


def broken_off(word: str, words: str | None = None) -> ErrorDetail:
    """The failure that a finish reason names, with what the provider says about it."""
    message = f"the provider broke off the answer: {word}"
    kind = _KINDS.get(word.lower(), InternalServerError)
    return ErrorDetail(f"{message}: {words}" if words else message, word, kind)


def no_answer(reply: object) -> ErrorDetail:
    """The failure of a reply, or the last event of one, that holds no answer; it is quoted."""
    text = reply if isinstance(reply, str) else quoted(reply)
    return ErrorDetail(f"the reply holds no answer: {text[:_QUOTED] or 'it is empty'}", kind=InternalServerError)


def calls_nothing(reason: object, *, says_something: bool) -> bool:
    """Whether a finish reason in OpenAI's words announces calls of an answer that holds none, nor anything else."""
    return reason == "tool_calls" and not says_something


def retryable(detail: ErrorDetail) -> ErrorDetail:
    """The same failure; one that neither code nor status explains is the provider's, and worth another attempt."""
    if detail.status is not None or detail.kind not in (None, APIError):
        return detail
    return ErrorDetail(detail.message, detail.code, InternalServerError, None, detail.retry_after, detail.partial)


def any_content(holder: Mapping[str, Any] | Record) -> bool:
    """Whether a message or a delta holds anything beside its role."""
    return any(value and name != "role" for name, value in holder.items())
