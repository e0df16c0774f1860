"""About how many tokens something has, without a tokenizer: what is reserved and estimated by."""

from __future__ import annotations

from collections.abc import Iterator

from .._limits.estimate import BYTES_PER_TOKEN, estimate_cost
from .._types.chat import ModelResponse
from .._types.request import AnyRequest


def estimated_tokens(request: AnyRequest) -> int:
    """About how many tokens a request asks with."""
    return int(estimate_cost(request).prompt)


def expected_answer(request: AnyRequest) -> int:
    """About how many tokens its answer has: its limit where it states one, else what is usual."""
    return int(estimate_cost(request).answer)


def answered_tokens(response: ModelResponse) -> int:
    """About how many tokens of an answer have arrived."""
    return -(-sum(len(text.encode(errors="replace")) for text in _said(response)) // BYTES_PER_TOKEN)


def _said(response: ModelResponse) -> Iterator[str]:
    for choice in response.choices:
        message = choice.message
        yield from filter(None, (message.content, message.reasoning_content, message.refusal))
        yield from (call.function.arguments for call in message.tool_calls or () if call.function is not None)
