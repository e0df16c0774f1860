"""What a stream has to know of chat chunks."""

from __future__ import annotations

from typing import Any

from ._fold import fold_chunks
from ._stream import ChunkRules
from ._types.chat import ModelResponse, ModelResponseStream
from ._types.chat_request import ChatRequest

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


# Chunks without choices carry usage; readers who did not ask for them may count on `choices[0]`.
_USUAL = ChunkRules(fold_chunks, _has_content, _has_choices)
_WITH_USAGE = ChunkRules(fold_chunks, _has_content, _always)


def rules_for(request: ChatRequest) -> ChunkRules[ModelResponseStream, ModelResponse]:
    """The rules of one request: usage chunks are shown to those who asked for them."""
    options = request.parameters.get("stream_options") or {}
    return _WITH_USAGE if options.get("include_usage") else _USUAL
