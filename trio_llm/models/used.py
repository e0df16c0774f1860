"""How much of what a response used: tokens as told, else pictures, seconds, characters, searches, or an estimate.

An estimate is made where nobody counted: a stream that was cut, or a provider that tells no usage. It counts what was
delivered, and what was asked, by `expected_tokens`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from .._types.chat import ModelResponse
from .._types.messages_api.reply import AnthropicMessagesResponse
from .._types.request import AnyRequest
from .._types.responses_api.response import ResponsesAPIResponse
from .._types.spoken import SpeechRequest
from .._types.text_completions import TextCompletionResponse
from .._types.usage import Usage
from .prices import Quantities
from .sizes import answered_tokens, expected_tokens

_LEAST_SECONDS: Final[Mapping[str, float]] = {"groq": 10.0}
"""Sound that is shorter is charged as if it were this long. Groq docs, "Speech to text", 2026-11."""


def quantities_of(response: Any, row: str, asked: AnyRequest | None) -> tuple[Quantities, bool]:
    """What a response used, and whether that is an estimate. Nothing, if nobody can say."""
    usage = usage_of(response)
    is_ended = _ENDED.get(type(response))
    if is_ended is not None and not (usage is not None and is_ended(response)):
        is_begun = getattr(response, "status", None) not in _NOT_BEGUN
        return _estimated(response, row, asked) if is_begun else Quantities({}), is_begun
    amounts = asked_amounts(asked) or _other_amounts(response, row, asked)
    if usage is not None and (usage.prompt_tokens or usage.completion_tokens):
        amounts = {**Quantities.of_usage(usage, row).amounts, **amounts}
    return Quantities(amounts), False


def asked_amounts(asked: AnyRequest | None) -> dict[str, float]:
    """What is paid for by the request alone, whatever comes back."""
    return {"character": len(asked.input)} if isinstance(asked, SpeechRequest) else {}


def usage_of(response: Any) -> Usage | None:
    """The usage of a response of any kind, in OpenAI's meaning."""
    usage = getattr(response, "usage", None)
    usage = getattr(usage, "chat_usage", usage)
    return usage if isinstance(usage, Usage) else None


def _estimated(response: Any, row: str, asked: AnyRequest | None) -> Quantities:
    usage, answer = usage_of(response), answered_tokens(response)
    if usage is not None and usage.prompt_tokens:
        # Some tell the prompt at the beginning, with what of it was cached.
        return Quantities.of_usage(attrs.evolve(usage, completion_tokens=max(usage.completion_tokens, answer)), row)
    return Quantities.of_tokens(0 if asked is None else expected_tokens(asked)[0], answer)


def _finished(response: ModelResponse | TextCompletionResponse) -> bool:
    return all(choice.finish_reason for choice in response.choices)


_NOT_BEGUN: Final = ("queued",)
_UNDER_WAY: Final = ("in_progress", "queued")
_ENDED: Final[Mapping[type, Callable[[Any], bool]]] = {
    AnthropicMessagesResponse: lambda message: message.stop_reason is not None,
    ModelResponse: _finished,
    ResponsesAPIResponse: lambda response: response.status not in _UNDER_WAY,
    TextCompletionResponse: _finished,
}
"""Responses that can be those of a stream which was cut, and what shows that one was not."""


def _other_amounts(response: Any, row: str, asked: AnyRequest | None) -> dict[str, float]:
    operation = getattr(asked, "operation", "")
    reader = _READERS.get(operation)
    return reader(response, row, asked) if reader is not None else {}


def _images(response: Any, _: str, asked: Any) -> dict[str, float]:
    if usage_of(response) is not None:
        return {}
    given = getattr(asked, "parameters", {})
    told = [getattr(response, name, None) or given.get(name) for name in ("quality", "size")]
    return {picture_part(*told): len(response.data)}


def picture_part(quality: str | None, size: str | None) -> str:
    """What a picture of this quality and size is paid as."""
    return f"image_{quality or 'standard'}_{size or '1024x1024'}"


def _transcription(response: Any, row: str, _: Any) -> dict[str, float]:
    usage = usage_of(response)
    told = usage.get("seconds") if usage is not None else None
    seconds = told if isinstance(told, int | float) else response.duration
    if not seconds or (usage is not None and usage.prompt_tokens):
        return {}
    return {"input_audio_second": max(float(seconds), _LEAST_SECONDS.get(row, 0.0))}


def _ranking(response: Any, _: str, __: Any) -> dict[str, float]:
    billed = (response.meta or {}).get("billed_units")
    searches = billed.get("search_units") if isinstance(billed, Mapping) else None
    return {"rerank_search": searches} if isinstance(searches, int | float) else {}


def _items(response: Any, row: str, __: Any) -> dict[str, float]:
    """Tools of the provider's own that ran on its side. Only a search of the web is paid, and no visit to a page."""
    if row not in _TOOLS_ARE_PAID:
        return {}
    amounts: dict[str, float] = {}
    for item in response.output:
        part = _PAID_ITEMS.get(item.type)
        action = item.get("action")
        if part is not None and (not isinstance(action, Mapping) or action.get("type", "search") == "search"):
            amounts[part] = amounts.get(part, 0) + 1
    return amounts


_TOOLS_ARE_PAID: Final = frozenset({"openai"})
_PAID_ITEMS: Final[Mapping[str, str]] = {"web_search_call": "web_search", "file_search_call": "storage_search"}
"""OpenAI docs, "Pricing", "Tools", and "Web search", "Output and citations", 2026-11."""
_READERS: Final = {
    "responses": _items,
    "image_generation": _images,
    "image_edit": _images,
    "image_variation": _images,
    "transcription": _transcription,
    "rerank": _ranking,
}
"""By operation: what is paid for other than tokens."""
