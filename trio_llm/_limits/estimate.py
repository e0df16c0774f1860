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
_LIMITS: Final = ("max_completion_tokens", "max_tokens", "max_output_tokens")
"""The parameters that limit an answer."""
_LONGEST_WORD: Final = 1_000
"""Characters. Longer ASCII text without a space is data."""


def estimate_cost(request: object) -> RateCost:
    """What a request will take from its account; prompt and answer are tokens."""
    parameters: Mapping[str, Any] = getattr(request, "parameters", {})
    asked = [getattr(request, name, None) for name in _ASKED]
    prompt = _size([*asked, *(parameters.get(name) for name in _BESIDE)]) // BYTES_PER_TOKEN + 1
    return RateCost(1, prompt, _answer(request, parameters) if getattr(request, "operation", None) in _ANSWERED else 0)


def _answer(request: object, parameters: Mapping[str, Any]) -> int:
    given = next((parameters[name] for name in _LIMITS if parameters.get(name)), None)
    limit: int = given or getattr(request, "max_tokens", None) or USUAL_ANSWER
    number: int = parameters.get("n") or 1
    return limit * number


def _size(value: Any) -> int:
    """Bytes of text within a value, names of fields included; attachments by what they usually cost."""
    if value is None:
        return 0
    if isinstance(value, str):
        return _text_size(value)
    if isinstance(value, Mapping | Record):
        return sum(len(str(name)) + _size(value[name]) for name in value)
    if isinstance(value, bytes):
        return TOKENS_PER_ATTACHMENT * BYTES_PER_TOKEN
    if isinstance(value, Iterable):
        return sum(_size(item) for item in value)
    return BYTES_PER_TOKEN  # a number: a token id, or part of a schema


def _text_size(text: str) -> int:
    beginning = text[: _LONGEST_WORD + 1]
    is_data = len(beginning) > _LONGEST_WORD and " " not in beginning and beginning.isascii()
    if is_data or text.startswith("data:"):
        return TOKENS_PER_ATTACHMENT * BYTES_PER_TOKEN
    return len(text) if text.isascii() else len(text.encode(errors="replace"))
