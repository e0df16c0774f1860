"""What surrounds every reply of Cloudflare's: whether it succeeded, the result, and what went wrong.

Source: Cloudflare API, "Responses and errors", 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject, as_object, in_address
from ..contract import ReplyIsError, WireCall
from ..error_bodies import ErrorReading
from ..failing import no_answer, retryable

_ERRORS: Final = ErrorReading()
decode_error: Final = _ERRORS.of_reply


def run_path(call: WireCall[Any]) -> str:
    """Where a model is run. Its name, such as `@cf/meta/llama-3.2-1b-instruct`, is part of the path as it is."""
    return f"/run/{in_address(call.model, safe='/@')}"


def result_of(document: Any) -> JSONObject:
    """The result in a reply's envelope.

    Raises:
        ConversionError: if it is no object.
        ReplyIsError: if it says that it failed.
    """
    if type(document) is not dict:
        raise ConversionError(f"expected an object, got {document!r:.60}")
    if document.get("errors") or document.get("success") is False:
        raise ReplyIsError(retryable(_ERRORS.of_value(document)))
    result = document.get("result")
    if not result or not isinstance(result, dict):
        raise ReplyIsError(no_answer(document))
    return as_object(result)
