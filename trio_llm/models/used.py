"""How much of what a response used: tokens as told, else pictures, seconds, characters, searches, or an estimate.

An estimate is made where nobody counted: a stream that was cut, or a provider that tells no usage. It counts what was
delivered, and what was asked, by `expected_tokens`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from .._types.chat import ModelResponse
from .._types.embeddings import EmbeddingRequest
from .._types.images import ImageResponse
from .._types.messages_api.reply import AnthropicMessagesResponse
from .._types.request import AnyRequest
from .._types.reranking import RerankRequest
from .._types.responses_api.response import ResponsesAPIResponse
from .._types.spoken import SpeechRequest
from .._types.text_completions import TextCompletionResponse
from .._types.transcriptions import TranscriptionRequest
from .._types.usage import Usage
from .prices import Quantities
from .sizes import answered_tokens, expected_tokens

_SECOND: Final = "input_audio_second"
_SECONDS: Final = ("seconds", "prompt_audio_seconds")
"""How usages name the length of a sound: OpenAI's, and Mistral's, which counts tokens beside and charges none."""
_BYTES: Final = 16_000
"""Of a second of compressed sound."""
_PLAIN_BYTES: Final = 32_000
"""Of a second of speech as samples."""
_SOUND_OF_A_CHARACTER: Final = 1.4
"""Tokens of sound for each character that is spoken."""
_DOCUMENTS: Final = 100
"""That one search ranks at most. Cohere docs, "Pricing", 2026-11."""
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
    if usage is not None and (usage.prompt_tokens or usage.completion_tokens) and _SECOND not in amounts:
        amounts = {**_tokens_of(usage, row, response), **amounts}
    if not amounts and isinstance(asked, TranscriptionRequest):
        return Quantities({_SECOND: _charged(heard_seconds(asked), row)}), True
    return Quantities(amounts), False


def _tokens_of(usage: Usage, row: str, response: Any) -> dict[str, float]:
    amounts = dict(Quantities.of_usage(usage, row).amounts)
    if isinstance(response, ImageResponse) and "output_image" not in amounts and "output" in amounts:
        amounts["output_image"] = amounts.pop("output")  # what is answered are pictures, where nothing else is said
    return amounts


def asked_amounts(asked: AnyRequest | None) -> dict[str, float]:
    """What is paid for by the request alone, whatever comes back."""
    return {"character": len(asked.input)} if isinstance(asked, SpeechRequest) else {}


def other_amounts(response: Any, row: str, asked: AnyRequest | None) -> Iterator[tuple[dict[str, float], bool]]:
    """What a request may be paid for where its response tells nothing that has a price, and whether it is a guess.

    The first that has a price is right.
    """
    if isinstance(asked, SpeechRequest):
        yield spoken_tokens(asked), True
    elif isinstance(asked, TranscriptionRequest):
        told = getattr(response, "duration", None)
        yield {_SECOND: _charged(told or heard_seconds(asked), row)}, not told
    elif isinstance(asked, EmbeddingRequest):
        yield {"input": expected_tokens(asked)[0]}, True
    elif isinstance(asked, RerankRequest):
        yield {"rerank_search": ranked_searches(asked)}, True
        yield {"input": expected_tokens(asked)[0]}, True


def spoken_tokens(asked: SpeechRequest) -> dict[str, float]:
    """About how many tokens a text and its sound have, where speech is paid by these; nobody tells."""
    return {"input": len(asked.input) / 4, "output_audio": _SOUND_OF_A_CHARACTER * len(asked.input)}


def ranked_searches(asked: RerankRequest) -> int:
    """How many searches a ranking is paid as."""
    return -(-len(asked.documents) // _DOCUMENTS)


def heard_seconds(asked: TranscriptionRequest) -> float:
    """About how long a sound is, by its size."""
    return asked.file.size / (_PLAIN_BYTES if "wav" in asked.file.media_type else _BYTES)


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
    operation = "responses" if isinstance(response, ResponsesAPIResponse) else getattr(asked, "operation", "")
    reader = _READERS.get(operation)
    return reader(response, row, asked) if reader is not None else {}


def _images(response: Any, _: str, asked: Any) -> dict[str, float]:
    if usage_of(response) is not None:
        return {}
    given = getattr(asked, "parameters", {})
    told = [getattr(response, name, None) or given.get(name) for name in ("quality", "size")]
    return {picture_part(*told): len(response.data)}


def picture_part(quality: str | None, size: str | None) -> str:
    """What a picture of this quality and size is paid as. Where the provider chooses, it is a usual one."""
    quality, size = [None if told == "auto" else told for told in (quality, size)]
    return f"image_{quality or 'standard'}_{size or '1024x1024'}"


def _transcription(response: Any, row: str, _: Any) -> dict[str, float]:
    usage = usage_of(response)
    told = [usage.get(name) for name in _SECONDS] if usage is not None else []
    seconds: float | None = next((value for value in told if isinstance(value, int | float) and value), None)
    if seconds is None and not (usage is not None and usage.prompt_tokens):
        seconds = response.duration
    return {_SECOND: _charged(float(seconds), row)} if seconds else {}


def _charged(seconds: float, row: str) -> float:
    return max(seconds, _LEAST_SECONDS.get(row, 0.0))


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
