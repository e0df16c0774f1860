"""Requests that carry files or ask for sound, each one frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, Unpack

import attrs

from .request import CallOptions, ControlParams, split_arguments
from .upload import FileInput, Upload, as_upload


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
class TranscriptionRequest:
    """One transcription as a value."""

    model: str
    file: Upload
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self, model: str, file: FileInput, *, stream: bool | None = False, **params: Unpack[TranscriptionParams]
    ) -> None:
        parameters, options = split_arguments(params, TRANSCRIPTION_PARAMETERS)
        self.__attrs_init__(model, as_upload(file, "file", "audio.wav"), bool(stream), parameters, options)


Voice: TypeAlias = str | Mapping[str, Any]
"""A voice's name, or an object such as `{"id": ...}` for one of the caller's own."""


class SpeechModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create speech", 2026-11)."""

    instructions: str | None
    response_format: str | None
    speed: float | None


class SpeechParams(SpeechModelParams, ControlParams, total=False):
    """Every keyword argument of a speech call beside `model`, `input` and `voice`."""


SPEECH_PARAMETERS = frozenset(SpeechModelParams.__annotations__)


@attrs.frozen(init=False)
class SpeechRequest:
    """One speech call as a value."""

    model: str
    input: str
    voice: Voice | None
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, model: str, input: str, voice: Voice | None = None, **params: Unpack[SpeechParams]) -> None:
        parameters, options = split_arguments(params, SPEECH_PARAMETERS)
        self.__attrs_init__(model, input, voice, parameters, options)


class ImageEditModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create image edit", 2026-11)."""

    background: str | None
    input_fidelity: str | None
    n: int | None
    output_compression: int | None
    output_format: str | None
    partial_images: int | None
    quality: str | None
    response_format: str | None
    size: str | None
    user: str | None


class ImageEditParams(ImageEditModelParams, ControlParams, total=False):
    """Every keyword argument of an image edit beside the images, `prompt`, `model`, `mask` and `stream`."""


IMAGE_EDIT_PARAMETERS = frozenset(ImageEditModelParams.__annotations__)
ImageInput: TypeAlias = FileInput | list[FileInput]
"""One image, or several in a list."""


@attrs.frozen(init=False)
class ImageEditRequest:
    """One image edit as a value."""

    model: str
    images: tuple[Upload, ...]
    prompt: str
    mask: Upload | None
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self,
        image: ImageInput,
        prompt: str,
        model: str,
        *,
        mask: FileInput | None = None,
        stream: bool | None = False,
        **params: Unpack[ImageEditParams],
    ) -> None:
        parameters, options = split_arguments(params, IMAGE_EDIT_PARAMETERS)
        given = image if isinstance(image, list) else [image]
        images = tuple(as_upload(one, f"image[{number}]", f"image-{number}.png") for number, one in enumerate(given))
        masked = None if mask is None else as_upload(mask, "mask", "mask.png")
        self.__attrs_init__(model, images, prompt, masked, bool(stream), parameters, options)


class ImageVariationModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create image variation", 2026-11)."""

    n: int | None
    response_format: str | None
    size: str | None
    user: str | None


class ImageVariationParams(ImageVariationModelParams, ControlParams, total=False):
    """Every keyword argument of an image variation beside `image` and `model`."""


IMAGE_VARIATION_PARAMETERS = frozenset(ImageVariationModelParams.__annotations__)


@attrs.frozen(init=False)
class ImageVariationRequest:
    """One image variation as a value."""

    model: str
    image: Upload
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, image: FileInput, model: str = "dall-e-2", **params: Unpack[ImageVariationParams]) -> None:
        parameters, options = split_arguments(params, IMAGE_VARIATION_PARAMETERS)
        self.__attrs_init__(model, as_upload(image, "image", "image.png"), parameters, options)
