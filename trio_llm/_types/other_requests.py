"""Requests of the endpoints beside chat, each one frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, Unpack

import attrs

from ._request import CallOptions, ControlParams, split_arguments

EmbeddingInput: TypeAlias = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]
"""One text, several texts, one text as token ids, or several."""


class EmbeddingModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create embeddings", 2026-11), and `input_type`, which other vendors have."""

    dimensions: int | None
    encoding_format: str | None
    input_type: str | None
    user: str | None


class EmbeddingParams(EmbeddingModelParams, ControlParams, total=False):
    """Every keyword argument of an embedding call beside `model` and `input`."""


_EMBEDDING = frozenset(EmbeddingModelParams.__annotations__)


@attrs.frozen(init=False)
class EmbeddingRequest:
    """One embedding call as a value."""

    model: str
    input: EmbeddingInput
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, model: str, input: EmbeddingInput, **params: Unpack[EmbeddingParams]) -> None:  # noqa: A002
        parameters, options = split_arguments(params, _EMBEDDING)
        self.__attrs_init__(model, input, parameters, options)


class ImageModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create image", 2026-11)."""

    n: int | None
    size: str | None
    quality: str | None
    style: str | None
    response_format: str | None
    background: str | None
    moderation: str | None
    output_compression: int | None
    output_format: str | None
    user: str | None


class ImageParams(ImageModelParams, ControlParams, total=False):
    """Every keyword argument of an image call beside `prompt` and `model`."""


_IMAGE = frozenset(ImageModelParams.__annotations__)


@attrs.frozen(init=False)
class ImageRequest:
    """One image generation as a value."""

    model: str
    prompt: str
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, prompt: str, model: str, **params: Unpack[ImageParams]) -> None:
        parameters, options = split_arguments(params, _IMAGE)
        self.__attrs_init__(model, prompt, parameters, options)
