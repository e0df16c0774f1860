"""About how many tokens something has, without a tokenizer: what is reserved and estimated by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .._limits.estimate import (
    BYTES_PER_TOKEN,
    TOKENS_PER_ATTACHMENT,
    USUAL_ANSWER,
    estimate_answer,
    estimate_prompt,
)
from .._types.chat import ModelResponse
from .._types.request import AnyRequest

_SHORT: Final = TOKENS_PER_ATTACHMENT * BYTES_PER_TOKEN
"""Bytes."""


def expected_tokens(request: AnyRequest, size: int | None = None) -> tuple[int, int]:
    """About how many tokens a request asks with, and its answer has: its limit where it states one, else what is usual.

    Nothing is tokenized, so that many calls may ask. A prompt is counted by its bytes.

    Args:
        request: what is asked.
        size: bytes of the request as it is sent, where that is known. One that is shorter than an attachment has none,
            and is counted whole, without a look at what it is made of.
    """
    prompt = size // BYTES_PER_TOKEN + 1 if size is not None and size < _SHORT else estimate_prompt(request)
    if request.operation == "completion" and not request.parameters:
        return prompt, USUAL_ANSWER  # as most calls are
    return prompt, estimate_answer(request)


def answered_tokens(response: ModelResponse) -> int:
    """About how many tokens of an answer have arrived."""
    return -(-sum(len(text.encode(errors="replace")) for text in _said(response)) // BYTES_PER_TOKEN)


def _said(response: ModelResponse) -> Iterator[str]:
    for choice in response.choices:
        message = choice.message
        yield from filter(None, (message.content, message.reasoning_content, message.refusal))
        yield from (call.function.arguments for call in message.tool_calls or () if call.function is not None)
