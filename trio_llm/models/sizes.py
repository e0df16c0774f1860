"""About how many tokens something has, without a tokenizer: what is reserved and estimated by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from .._limits.estimate import (
    BYTES_PER_TOKEN,
    TOKENS_PER_ATTACHMENT,
    USUAL_ANSWER,
    estimate_answer,
    estimate_prompt,
)
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


def answered_tokens(response: Any) -> int:
    """About how many tokens of an answer have arrived, over whatever API."""
    return -(-sum(len(text.encode(errors="replace")) for text in _said(response)) // BYTES_PER_TOKEN)


def _said(response: Any) -> Iterator[str]:
    for choice in getattr(response, "choices", ()):
        message = getattr(choice, "message", None)
        yield from _texts(choice if message is None else message, _TEXTS)
        for call in getattr(message, "tool_calls", None) or ():
            yield from _texts(call.function, ("arguments",))
    # Items of the Responses API, and blocks of the Messages API.
    for part in (*getattr(response, "output", ()), *getattr(response, "content", ())):
        yield from _texts(part, (*_TEXTS, "arguments", "thinking"))
        for within in (*(part.get("content") or ()), *(part.get("summary") or ())):
            yield from _texts(within, _TEXTS)
        made = part.get("input")
        if made:
            yield made if isinstance(made, str) else json.dumps(made)


_TEXTS: Final = ("text", "content", "reasoning_content", "refusal")


def _texts(holder: Any, names: tuple[str, ...]) -> Iterator[str]:
    for name in names if hasattr(holder, "get") else ():
        if isinstance(text := holder.get(name), str):
            yield text
