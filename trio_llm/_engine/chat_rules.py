"""What a stream has to know of chat chunks."""

from __future__ import annotations

from typing import Any

from .._types.chat import ChatRequest, Delta, Message, ModelResponse, ModelResponseStream, StreamingChoices
from .._types.folding import ChatFolding
from .stream import ChunkRules

_CONTENT = (
    "content",
    "reasoning_content",
    "tool_calls",
    "function_call",
    "refusal",
    "audio",
    "images",
    "thinking_blocks",
)


def _has_content(chunk: ModelResponseStream) -> bool:
    return any(getattr(choice.delta, name) for choice in chunk.choices for name in _CONTENT)


def _has_choices(chunk: ModelResponseStream) -> bool:
    return bool(chunk.choices)


def _always(_: Any) -> bool:
    return True


def _as_chunk(response: ModelResponse) -> ModelResponseStream:
    """A whole response as the only chunk of its stream."""
    named = {name: getattr(response, name) for name in ("id", "created", "model", "usage", "system_fingerprint")}
    choices = [
        StreamingChoices(choice.finish_reason, choice.index, _as_delta(choice.message), choice.logprobs)
        for choice in response.choices
    ]
    return ModelResponseStream(choices=choices, model_extra=response.model_extra, **named)


def _as_delta(message: Message) -> Delta:
    delta = Delta(model_extra=message.model_extra, **{name: getattr(message, name) for name in Delta.field_names})
    for number, call in enumerate(delta.tool_calls or ()):
        call.index = number
    return delta


# Chunks without choices carry usage; readers who did not ask for them may count on `choices[0]`.
_USUAL = ChunkRules(ChatFolding, _has_content, _has_choices, unfold=_as_chunk)
_WITH_USAGE = ChunkRules(ChatFolding, _has_content, _always, unfold=_as_chunk)


def rules_for(request: ChatRequest) -> ChunkRules[ModelResponseStream, ModelResponse]:
    """The rules of one request: usage chunks are shown to those who asked for them."""
    options = request.parameters.get("stream_options") or {}
    return _WITH_USAGE if options.get("include_usage") else _USUAL
