"""How many tokens something has, without asking anybody. `acount_tokens` asks the provider."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .message_tokens import conversation_tokens, message_tokens
from .registered import meant_model
from .tokenizers import Tokenizer, counting_of


def token_counter(  # noqa: PLR0913 - LiteLLM's parameters
    model: str = "",
    custom_tokenizer: Tokenizer | None = None,
    text: str | Sequence[str] | None = None,
    messages: Sequence[Mapping[str, Any]] | None = None,
    *,
    tools: Sequence[Mapping[str, Any]] = (),
    tool_choice: Any = None,
) -> int:
    """Tokens of a text, or of a request's messages and tools, as its model counts them.

    For models whose tokenizer is not public it is an estimate; the documentation states how far off each family is.

    Args:
        model: as in a call. Without one, `o200k_base` counts.
        custom_tokenizer: in place of the model's; see `trio_llm.models.tokenizer_from_file`.
        text: one text or several.
        messages: of a chat; what is put around them is counted, and pictures by the vendor's formula.
        tools: of the request.
        tool_choice: of the request; forcing a function takes tokens.

    Raises:
        ValueError: unless either a text or messages are given.
        ModuleNotFoundError: without the extra `tokens`.

    Example:
        >>> trio_llm.token_counter("openai/gpt-4o", messages=[{"role": "user", "content": "Hello"}])
        8
    """
    if (text is None) == (messages is None):
        raise ValueError("give either text= or messages=")
    model = meant_model(model)
    counting = counting_of(model, custom_tokenizer)
    if messages is not None:
        return round(conversation_tokens(counting, model, messages, tools, tool_choice))
    texts = [text] if isinstance(text, str) else text or ()
    return round(sum(counting.count(one) for one in texts))


def encode(model: str = "", text: str = "", custom_tokenizer: Tokenizer | None = None) -> list[int]:
    """The tokens of a text.

    Raises:
        ValueError: for a model whose tokenizer is not public, unless one is given.
        ModuleNotFoundError: without the extra `tokens`.

    Example:
        >>> trio_llm.encode("openai/gpt-4o", "Hello, world!")
        [13225, 11, 2375, 0]
    """
    return _known(model, custom_tokenizer).encode(text)


def decode(model: str = "", tokens: Sequence[int] = (), custom_tokenizer: Tokenizer | None = None) -> str:
    """The text of tokens. Raises as `encode` does, and a ValueError for what is no token of the model.

    Example:
        >>> trio_llm.decode("gpt-4o", trio_llm.encode("gpt-4o", "Hello"))
        'Hello'
    """
    return _known(model, custom_tokenizer).decode(tokens)


def _known(model: str, tokenizer: Tokenizer | None) -> Tokenizer:
    counting = counting_of(meant_model(model), tokenizer)
    if not counting.is_known:
        raise ValueError(
            f"the tokenizer of {model!r} is not public: token_counter estimates, and custom_tokenizer= takes its file's"
        )
    return counting.tokenizer


def trim_messages(
    messages: Sequence[Mapping[str, Any]],
    model: str | None = None,
    trim_ratio: float = 0.75,
    *,
    max_tokens: int | None = None,
    custom_tokenizer: Tokenizer | None = None,
) -> list[Mapping[str, Any]]:
    """The newest messages that fit, in their order, behind the system's. What fits already comes back as it is.

    The system's messages and the last one stay. An answer with tool calls goes together with their results.

    Args:
        messages: of a chat; they are not changed.
        model: says how tokens are counted, and how many its prompts may have.
        trim_ratio: the part of that number which is filled.
        max_tokens: the number itself, in place of both.
        custom_tokenizer: see `token_counter`.

    Raises:
        ValueError: if neither `max_tokens` nor the model's limit is known, or what has to stay does not fit.

    Example:
        >>> trio_llm.trim_messages(conversation, "openai/gpt-4o", max_tokens=4_000)
    """
    limit = _limit(model, trim_ratio) if max_tokens is None else max_tokens
    name = meant_model(model or "")
    counting = counting_of(name, custom_tokenizer)
    first = [message for message in messages if message.get("role") in ("system", "developer")]
    turns = _turns([message for message in messages if message.get("role") not in ("system", "developer")])
    used = conversation_tokens(counting, name, first)
    kept: list[Sequence[Mapping[str, Any]]] = []
    for turn in reversed(turns):
        used += message_tokens(counting, name, turn)
        if used > limit:
            break
        kept.append(turn)
    if (turns and not kept) or (used > limit and not turns):
        raise ValueError(f"the system's messages and the last one have {math.ceil(used)} tokens, more than {limit}")
    if len(kept) == len(turns):
        return list(messages)
    return [*first, *(message for turn in reversed(kept) for message in turn)]


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Messages that only go together: a call of tools, and what came of it."""
    turns: list[list[Mapping[str, Any]]] = []
    for message in messages:
        if turns and _answers_calls(message):
            turns[-1].append(message)
        else:
            turns.append([message])
    return turns


def _answers_calls(message: Mapping[str, Any]) -> bool:
    """Whether a message is the result of a call: OpenAI's, or with Anthropic's blocks."""
    if message.get("role") in ("tool", "function"):
        return True
    content = message.get("content")
    blocks = content if isinstance(content, list | tuple) else ()
    return any(isinstance(block, Mapping) and block.get("type") == "tool_result" for block in blocks)


def _limit(model: str | None, ratio: float) -> int:
    from .facts import get_model_info

    known = get_model_info(model).max_input_tokens if model is not None else None
    if known is None:
        raise ValueError("how many tokens may it have? give max_tokens=, or a model whose limit is known")
    return int(known * ratio)
