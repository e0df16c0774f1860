"""What a call will cost in tokens, before the provider says: an estimate for rate limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .._types.mapping import Record
from .buckets import RateCost

BYTES_PER_TOKEN: Final = 4
"""Of UTF-8. About right for the common tokenizers in English, and nearer than characters are in other scripts."""
TOKENS_PER_ATTACHMENT: Final = 1_000
"""An image, a sound or a file: what a picture of usual size costs at the large vendors."""
USUAL_ANSWER: Final = 500
"""Tokens of an answer whose length the request does not limit."""
_ASKED: Final = ("messages", "input", "prompt", "query", "documents")
"""The fields of requests that the provider counts."""
_BESIDE: Final = ("instructions", "system", "tools")
"""The parameters that it counts as well."""
_ANSWERED: Final = frozenset({"anthropic_messages", "completion", "responses", "text_completion"})
"""The operations whose answer is text that is counted."""
_LIMITED_BY_FIELD: Final = frozenset({"anthropic_messages"})
"""Those whose requests have a field `max_tokens`."""
_LIMITS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")
"""The parameters that limit an answer."""
_NO_PARAMETERS: Final[Mapping[str, Any]] = {}
_LONGEST_WORD: Final = 1_000
"""Characters. Longer ASCII text without a space is data."""


def estimate_cost(request: object) -> RateCost:
    """What a request will take from its account."""
    return RateCost(1, estimate_prompt(request), estimate_answer(request))


def estimate_prompt(request: object) -> int:
    """About how many tokens a request has, by its bytes; nothing is tokenized."""
    parameters: Mapping[str, Any] = getattr(request, "parameters", _NO_PARAMETERS)
    asked = [getattr(request, name, None) for name in _ASKED]
    return _size([*asked, *(parameters.get(name) for name in _BESIDE)]) // BYTES_PER_TOKEN + 1


def estimate_answer(request: object) -> int:
    """About how many tokens its answer will have: the limit that it states, else what is usual."""
    operation: str = getattr(request, "operation", "")
    if operation not in _ANSWERED:
        return 0
    parameters: Mapping[str, Any] = getattr(request, "parameters", _NO_PARAMETERS)
    limit: int | None = getattr(request, "max_tokens", None) if operation in _LIMITED_BY_FIELD else None
    if not parameters:
        return limit or USUAL_ANSWER
    limit = next((parameters[name] for name in _LIMITS if parameters.get(name)), limit)
    number: int = parameters.get("n") or 1
    return (limit or USUAL_ANSWER) * number


def _size(value: Any) -> int:
    """Bytes of text within a value, names of fields included; attachments by what they usually cost."""
    kind = type(value)
    if kind is str:
        return _text_size(value)
    if kind is dict:
        size = 0
        for name, held in value.items():
            size += len(name) if type(name) is str else len(str(name))
            size += _text_size(held) if type(held) is str else _size(held)
        return size
    if kind in (list, tuple):
        return sum([_size(item) for item in value])
    return 0 if value is None else _size_of_other(value)


def _size_of_other(value: Any) -> int:
    if isinstance(value, str):
        return _text_size(value)
    if isinstance(value, Mapping | Record):
        return sum(len(str(name)) + _size(value[name]) for name in value)
    if isinstance(value, bytes):
        return TOKENS_PER_ATTACHMENT * BYTES_PER_TOKEN
    if isinstance(value, Iterable):
        return sum(map(_size, value))
    return BYTES_PER_TOKEN  # a number: a token id, or part of a schema


def _text_size(text: str) -> int:
    length = len(text)
    if length > _LONGEST_WORD:
        beginning = text[: _LONGEST_WORD + 1]
        if " " not in beginning and beginning.isascii():
            return TOKENS_PER_ATTACHMENT * BYTES_PER_TOKEN
    if text.startswith("data:"):
        return TOKENS_PER_ATTACHMENT * BYTES_PER_TOKEN
    return length if text.isascii() else len(text.encode(errors="replace"))
