"""What streams beside chat have to know of their chunks, and how those are put together.

A folding takes chunks in the order of the stream, and can say at any time what there is so far. It never takes a chunk
back; asking it changes nothing that can be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._types.folding import TextFolding
from .._types.images import ImageChunk, ImageResponse
from .._types.text_completions import TextCompletionRequest, TextCompletionResponse
from .._types.transcriptions import TranscriptionChunk, TranscriptionResponse, TranscriptionSegment
from .._types.usage import Usage
from .stream import ChunkRules


def _always(_: Any) -> bool:
    return True


def _has_text(chunk: TextCompletionResponse) -> bool:
    return any(choice.text for choice in chunk.choices)


def _has_choices(chunk: TextCompletionResponse) -> bool:
    return bool(chunk.choices)


def _as_it_is(response: TextCompletionResponse) -> TextCompletionResponse:
    return response


_TEXT: Final = ChunkRules(TextFolding, _has_text, _has_choices, unfold=_as_it_is)
_TEXT_WITH_USAGE: Final = ChunkRules(TextFolding, _has_text, _always, unfold=_as_it_is)


def text_rules(request: TextCompletionRequest) -> ChunkRules[TextCompletionResponse, TextCompletionResponse]:
    """The rules of one request: usage chunks are shown to those who asked for them."""
    options: Mapping[str, Any] = request.parameters.get("stream_options") or {}
    return _TEXT_WITH_USAGE if options.get("include_usage") else _TEXT


class TranscriptFolding:
    """The `Folding` of a transcript."""

    def __init__(self) -> None:
        self._deltas: list[str] = []
        self._segments: list[TranscriptionSegment] = []
        self._logprobs: list[dict[str, Any]] = []
        self._usage: Usage | None = None

    def add(self, chunk: TranscriptionChunk) -> None:
        """Take the next chunk."""
        if chunk.delta is not None:
            self._deltas.append(chunk.delta)
        if chunk.type.endswith(".segment"):
            self._segments.append(_segment(chunk))
        elif chunk.text is not None:
            self._deltas = [chunk.text]  # the end says it all once more
        self._usage = chunk.usage or self._usage
        if chunk.logprobs and chunk.type.endswith(".done"):
            self._logprobs = []
        self._logprobs += chunk.logprobs or ()

    def response(self) -> TranscriptionResponse:
        """The transcript so far."""
        self._deltas = ["".join(self._deltas)]
        text = self._deltas[0] or " ".join(segment.text.strip() for segment in self._segments)
        return TranscriptionResponse(
            text, segments=[*self._segments] or None, logprobs=[*self._logprobs] or None, usage=self._usage
        )


def _segment(chunk: TranscriptionChunk) -> TranscriptionSegment:
    said = chunk.model_extra or {}
    times = {name: said[name] for name in ("id", "start", "end", "speaker") if name in said}
    return TranscriptionSegment(text=chunk.text or "", **times)


def _has_words(chunk: TranscriptionChunk) -> bool:
    return bool(chunk.delta or chunk.text)


def _as_the_end(response: TranscriptionResponse) -> TranscriptionChunk:
    said, logprobs, usage = response.text, response.logprobs, response.usage
    return TranscriptionChunk("transcript.text.done", text=said, logprobs=logprobs, usage=usage)


TRANSCRIPT: Final = ChunkRules(TranscriptFolding, _has_words, _always, unfold=_as_the_end)


class PictureFolding:
    """The `Folding` of pictures: the finished ones; without any, the sharpest so far."""

    def __init__(self) -> None:
        self._finished: list[ImageChunk] = []
        self._sharpest: ImageChunk | None = None

    def add(self, chunk: ImageChunk) -> None:
        """Take the next chunk."""
        if chunk.b64_json is not None:
            self._sharpest = chunk
            if chunk.is_final:
                self._finished.append(chunk)

    def response(self) -> ImageResponse:
        """The pictures so far."""
        last = self._finished[-1] if self._finished else self._sharpest
        if last is None:
            return ImageResponse()
        return ImageResponse(
            last.created_at,
            [chunk.image for chunk in self._finished or [last]],
            last.usage,
            last.background,
            last.output_format,
            last.quality,
            last.size,
        )


def _has_picture(chunk: ImageChunk) -> bool:
    return chunk.b64_json is not None


def _finished_picture(response: ImageResponse) -> ImageChunk:
    """A whole reply where events were asked for: its first picture, finished."""
    picture = response.data[0].b64_json if response.data else None
    chunk = ImageChunk("image_generation.completed", picture, created_at=response.created, usage=response.usage)
    chunk.background, chunk.output_format = response.background, response.output_format
    chunk.quality, chunk.size = response.quality, response.size
    return chunk


PICTURES: Final = ChunkRules(PictureFolding, _has_picture, _always, unfold=_finished_picture)


class NoFolding:
    """The `Folding` of what is not kept."""

    def add(self, chunk: bytes) -> None:
        """Nothing is done with it."""

    def response(self) -> None:
        """Nothing is kept."""


SOUND: Final = ChunkRules(NoFolding, bool, bool, keeps=False)
"""Sound is handed on and forgotten: it may be longer than memory."""
