"""What a call will cost in tokens, before the provider says: an estimate for rate limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ._buckets import Cost
from ._types.chat_request import ChatRequest

CHARACTERS_PER_TOKEN: Final = 4
"""English text in the common tokenizers; other scripts have fewer, so their prompts are settled upwards."""
TOKENS_PER_ATTACHMENT: Final = 1_000
"""An image, a sound or a file: what a picture of usual size costs at the large vendors."""
USUAL_ANSWER: Final = 500
"""Tokens of an answer whose length the request does not limit."""


def estimate_cost(request: object) -> Cost:
    """What a request will take from its account. Requests other than chats are counted by their input's length."""
    if isinstance(request, ChatRequest):
        return _chat_cost(request)
    return Cost(1, _size(getattr(request, "input", None)) // CHARACTERS_PER_TOKEN + 1)


def _chat_cost(request: ChatRequest) -> Cost:
    parameters = request.parameters
    limit = parameters.get("max_completion_tokens") or parameters.get("max_tokens") or USUAL_ANSWER
    answer = limit * (parameters.get("n") or 1)
    prompt = sum(_size(message) for message in request.messages) + _size(parameters.get("tools"))
    return Cost(1, prompt // CHARACTERS_PER_TOKEN + 1 + answer, answer)


def _size(value: Any) -> int:
    """Characters of text within a value; attachments by what they usually cost."""
    if isinstance(value, str):
        is_attachment = value.startswith("data:") or (len(value) > 1_000 and " " not in value[:1_000])
        return TOKENS_PER_ATTACHMENT * CHARACTERS_PER_TOKEN if is_attachment else len(value)
    if isinstance(value, Mapping):
        return sum(_size(item) for item in value.values())
    if isinstance(value, Iterable):
        return sum(_size(item) for item in value)
    return CHARACTERS_PER_TOKEN  # a number: a token id, or part of a schema
