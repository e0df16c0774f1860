"""What streams beside chat have to know of their chunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .._types.folding import fold_text_chunks
from .._types.images import ImageChunk, ImageResponse
from .._types.text_completions import TextCompletionRequest, TextCompletionResponse
from .._types.transcriptions import TranscriptionChunk, TranscriptionResponse, TranscriptionSegment
from .stream import ChunkRules


def _always(_: Any) -> bool:
    return True


def _has_text(chunk: TextCompletionResponse) -> bool:
    return any(choice.text for choice in chunk.choices)


def _has_choices(chunk: TextCompletionResponse) -> bool:
    return bool(chunk.choices)


_TEXT: Final = ChunkRules(fold_text_chunks, _has_text, _has_choices)
_TEXT_WITH_USAGE: Final = ChunkRules(fold_text_chunks, _has_text, _always)


def text_rules(request: TextCompletionRequest) -> ChunkRules[TextCompletionResponse, TextCompletionResponse]:
    """The rules of one request: usage chunks are shown to those who asked for them."""
    options: Mapping[str, Any] = request.parameters.get("stream_options") or {}
    return _TEXT_WITH_USAGE if options.get("include_usage") else _TEXT


def fold_transcript(chunks: Iterable[TranscriptionChunk]) -> TranscriptionResponse:
    """The transcript that the chunks amount to so far."""
    folded = TranscriptionResponse()
    deltas: list[str] = []
    segments: list[TranscriptionSegment] = []
    for chunk in chunks:
        if chunk.delta is not None:
            deltas.append(chunk.delta)
        if chunk.type.endswith(".segment"):
            segments.append(_segment(chunk))
        elif chunk.text is not None:
            deltas = [chunk.text]  # the end says it all once more
        folded.usage = chunk.usage or folded.usage
        if chunk.logprobs:
            whole = chunk.type.endswith(".done")
            folded.logprobs = [*(() if whole else folded.logprobs or ()), *chunk.logprobs]
    folded.text = "".join(deltas) or " ".join(segment.text.strip() for segment in segments)
    folded.segments = segments or None
    return folded


def _segment(chunk: TranscriptionChunk) -> TranscriptionSegment:
    said = chunk.model_extra or {}
    times = {name: said[name] for name in ("id", "start", "end", "speaker") if name in said}
    return TranscriptionSegment(text=chunk.text or "", **times)


def _has_words(chunk: TranscriptionChunk) -> bool:
    return bool(chunk.delta or chunk.text)


TRANSCRIPT: Final = ChunkRules(fold_transcript, _has_words, _always)


def fold_pictures(chunks: Iterable[ImageChunk]) -> ImageResponse:
    """The finished images; without any, the sharpest picture so far."""
    pictures = [chunk for chunk in chunks if chunk.b64_json is not None]
    finished = [chunk for chunk in pictures if chunk.is_final] or pictures[-1:]
    if not finished:
        return ImageResponse()
    last = finished[-1]
    return ImageResponse(
        last.created_at,
        [chunk.image for chunk in finished],
        last.usage,
        last.background,
        last.output_format,
        last.quality,
        last.size,
    )


def _has_picture(chunk: ImageChunk) -> bool:
    return chunk.b64_json is not None


PICTURES: Final = ChunkRules(fold_pictures, _has_picture, _always)


def _nothing(_: Iterable[bytes]) -> None:
    return None


SOUND: Final = ChunkRules(_nothing, bool, bool, keeps=False)
"""Sound is handed on and forgotten: it may be longer than memory."""
