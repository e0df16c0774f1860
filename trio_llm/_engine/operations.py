"""Every kind of request, and where its dialect has the endpoint for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from .._dialects.contract import Dialect, Endpoint, StreamEndpoint
from .._types.chat import ChatRequest
from .._types.embeddings import EmbeddingRequest
from .._types.image_edits import ImageEditRequest
from .._types.image_variations import ImageVariationRequest
from .._types.images import ImageRequest
from .._types.moderations import ModerationRequest
from .._types.reranking import RerankRequest
from .._types.spoken import SpeechRequest
from .._types.text_completions import TextCompletionRequest
from .._types.transcriptions import TranscriptionRequest
from .chat_rules import rules_for
from .stream import ChunkRules
from .stream_rules import PICTURES, SOUND, TRANSCRIPT, text_rules

Request = (
    ChatRequest
    | EmbeddingRequest
    | ImageEditRequest
    | ImageRequest
    | ImageVariationRequest
    | ModerationRequest
    | RerankRequest
    | SpeechRequest
    | TextCompletionRequest
    | TranscriptionRequest
)


def _no_stream(_: Dialect) -> None:
    return None


def _no_rules(_: Any) -> ChunkRules[Any, Any]:
    raise AssertionError("asked for the rules of what has no stream")  # pragma: no cover


@attrs.frozen
class Operation:
    """How one kind of request is made."""

    name: str
    """For error messages."""
    endpoint: Callable[[Dialect], Endpoint[Any, Any] | None]
    stream_endpoint: Callable[[Dialect], StreamEndpoint[Any, Any] | None] = _no_stream
    rules: Callable[[Any], ChunkRules[Any, Any]] = _no_rules
    """What its streams have to know, by request."""


OPERATIONS: Final[Mapping[type[Any], Operation]] = {
    ChatRequest: Operation("chat", lambda d: d.chat, lambda d: d.chat_stream, rules_for),
    EmbeddingRequest: Operation("embedding", lambda d: d.embeddings),
    ImageEditRequest: Operation(
        "image edit", lambda d: d.image_edit, lambda d: d.image_edit_stream, lambda _: PICTURES
    ),
    ImageRequest: Operation("image", lambda d: d.images, lambda d: d.images_stream, lambda _: PICTURES),
    ImageVariationRequest: Operation("image variation", lambda d: d.image_variation),
    ModerationRequest: Operation("moderation", lambda d: d.moderation),
    RerankRequest: Operation("rerank", lambda d: d.rerank),
    SpeechRequest: Operation("speech", lambda d: d.speech, lambda d: d.speech_stream, lambda _: SOUND),
    TextCompletionRequest: Operation(
        "text completion", lambda d: d.text_completion, lambda d: d.text_completion_stream, text_rules
    ),
    TranscriptionRequest: Operation(
        "transcription",
        lambda d: d.transcription,
        lambda d: d.transcription_stream,
        lambda _: TRANSCRIPT,
    ),
}
