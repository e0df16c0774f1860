"""Transcriptions and speech in OpenAI's shape ("Create transcription", "Create speech", 2026-11)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import attrs

from .mapping import Record
from .usage import Usage

_USUAL_BLOCK: Final = 65_536


@attrs.define
class TranscriptionWord(Record):
    """A word; times are seconds from the beginning of the sound."""

    word: str = ""
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    """Who said it, where speakers were told apart."""


@attrs.define
class TranscriptionSegment(Record):
    """A stretch of the transcript; times are seconds from the beginning of the sound."""

    id: str | None = None
    start: float | None = None
    end: float | None = None
    text: str = ""
    speaker: str | None = None
    """Who said it, where speakers were told apart."""
    tokens: list[int] | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None
    seek: int | None = None
    temperature: float | None = None


@attrs.define
class TranscriptionResponse(Record):
    """What was said. Of `text`, `srt` and `vtt` as response formats, `text` is all there is: the file's content."""

    text: str = ""
    task: str | None = None
    language: str | None = None
    duration: float | None = None
    """Seconds of sound."""
    words: list[TranscriptionWord] | None = None
    segments: list[TranscriptionSegment] | None = None
    logprobs: list[dict[str, Any]] | None = None
    usage: Usage | None = None
    """Tokens; of models that are paid by time, `seconds` in place of them."""


@attrs.define
class TranscriptionChunk(Record):
    """One event of a streamed transcript."""

    type: str = ""
    """`transcript.text.delta`, `transcript.text.segment` or `transcript.text.done`."""
    delta: str | None = None
    """What is added to the text."""
    text: str | None = None
    """The whole text at the end, or the text of a segment."""
    logprobs: list[dict[str, Any]] | None = None
    usage: Usage | None = None


@attrs.define
class SpeechResponse:
    """Spoken text: the bytes of a sound file, all of them. The methods are those of LiteLLM's and OpenAI's objects."""

    content: bytes = attrs.field(repr=False)

    def read(self) -> bytes:
        """The bytes."""
        return self.content

    async def aread(self) -> bytes:
        """The bytes."""
        return self.content  # noqa: ASYNC910  # they are here already

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The bytes in blocks of `chunk_size`, 64 KiB if None."""
        size = chunk_size or _USUAL_BLOCK
        return (self.content[start : start + size] for start in range(0, len(self.content), size))

    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncBlocks:
        """The same for `async for`."""
        return AsyncBlocks(self.iter_bytes(chunk_size))

    def write_to_file(self, file: str | os.PathLike[str]) -> None:
        """Write the bytes to a file."""
        Path(file).write_bytes(self.content)

    def stream_to_file(self, file: str | os.PathLike[str], *, chunk_size: int | None = None) -> None:
        """The same as `write_to_file`: the bytes are here already. `chunk_size` has no effect."""
        self.write_to_file(file)

    async def astream_to_file(  # noqa: ASYNC910  # nothing to wait for
        self, file: str | os.PathLike[str], *, chunk_size: int | None = None
    ) -> None:
        """The same as `write_to_file`. Writes in one go; `chunk_size` has no effect."""
        self.write_to_file(file)


@attrs.frozen
class AsyncBlocks:
    """Blocks at hand, for `async for`."""

    blocks: Iterator[bytes]

    def __aiter__(self) -> AsyncBlocks:
        return self

    async def __anext__(self) -> bytes:
        try:
            return next(self.blocks)  # noqa: ASYNC910  # nothing to wait for
        except StopIteration:
            raise StopAsyncIteration from None
