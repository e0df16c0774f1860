"""Errors of Ollama: an object with one field `error`, as a reply with an error status or as a line of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._types.http import ReplyHead
from ..contract import ErrorDetail, ReplyIsError
from ..error_bodies import ErrorReading
from ..failing import retryable

_ERRORS: Final = ErrorReading()


def decode_error(head: ReplyHead, body: bytes) -> ErrorDetail:
    """What an error reply says, such as `model 'x' not found` with 404 for a model that was not pulled."""
    return _ERRORS.of_reply(head, body)


def raise_error(document: Mapping[str, Any]) -> None:
    """Raises `ReplyIsError` for a document, or a line of a stream, that tells an error.

    A text as the whole message is a gateway's, unless something else says that it is an answer.
    """
    bare = isinstance(document.get("message"), str) and document.get("done") is None and "model" not in document
    if document.get("error") or bare:
        raise ReplyIsError(retryable(_ERRORS.of_value(document)))
