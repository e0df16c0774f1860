"""Transcriptions in OpenAI's shape ("Create transcription", 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict, Unpack

import attrs

from .costed import Costed
from .mapping import ANSWER, Record
from .receipt import Received
from .request import AnyRequest, CallOptions, ControlParams, checked_model, split_arguments
from .shown import Shown
from .upload import FileInput, Upload, as_upload
from .usage import Usage


class TranscriptionModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create transcription", 2026-11), and `diarize`, which Mistral, Deepgram and others have."""

    chunking_strategy: str | Mapping[str, Any] | None
    diarize: bool | None
    include: Sequence[str] | None
    known_speaker_names: Sequence[str] | None
    known_speaker_references: Sequence[str] | None
    language: str | None
    prompt: str | None
    response_format: str | None
    temperature: float | None
    timestamp_granularities: Sequence[str] | None


class TranscriptionParams(TranscriptionModelParams, ControlParams, total=False):
    """Every keyword argument of a transcription beside `model`, `file` and `stream`."""


TRANSCRIPTION_PARAMETERS = frozenset(TranscriptionModelParams.__annotations__)


@attrs.frozen(init=False)
class TranscriptionRequest(AnyRequest["TranscriptionResponse"]):
    """One transcription as a value.

    Example:
        response = await client.call(TranscriptionRequest("openai/whisper-1", pathlib.Path("talk.mp3")))
    """

    operation: ClassVar[str] = "transcription"

    model: str
    file: Upload
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self, model: str, file: FileInput, *, stream: bool | None = False, **params: Unpack[TranscriptionParams]
    ) -> None:
        parameters, options = split_arguments(params, TRANSCRIPTION_PARAMETERS)
        self.__attrs_init__(
            checked_model(model), as_upload(file, "file", "audio.wav"), bool(stream), parameters, options
        )


@attrs.define
class TranscriptionWord(Record):
    """A word; times are seconds from the beginning of the sound.

    Example:
        print([(word.word, word.start, word.end) for word in response.words])
    """

    word: str = ""
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    """Who said it, where speakers were told apart."""


@attrs.define
class TranscriptionSegment(Record):
    """A stretch of the transcript; times are seconds from the beginning of the sound.

    Example:
        for segment in response.segments:
            print(segment.start, segment.end, segment.text)
    """

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
class TranscriptionResponse(Costed, Shown, Received, Record):
    """What was said. Of `text`, `srt` and `vtt` as response formats, `text` is all there is: the file's content.

    Example:
        response = await trio_llm.atranscription("openai/whisper-1", pathlib.Path("talk.mp3"))
        print(response.text)
    """

    text: str = attrs.field(default="", metadata=ANSWER)
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
    """One event of a streamed transcript.

    Example:
        async for chunk in await trio_llm.atranscription("openai/gpt-4o-transcribe", file, stream=True):
            print(chunk.delta or "", end="")
    """

    type: str = attrs.field(default="", metadata=ANSWER)
    """`transcript.text.delta`, `transcript.text.segment` or `transcript.text.done`."""
    delta: str | None = attrs.field(default=None, metadata=ANSWER)
    """What is added to the text."""
    text: str | None = attrs.field(default=None, metadata=ANSWER)
    """The whole text at the end, or the text of a segment."""
    logprobs: list[dict[str, Any]] | None = None
    usage: Usage | None = None
