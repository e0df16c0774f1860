"""Requests of the endpoints beside chat, each one frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, Unpack

import attrs

from .request import CallOptions, ControlParams, split_arguments

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

    def __init__(self, model: str, input: EmbeddingInput, **params: Unpack[EmbeddingParams]) -> None:
        parameters, options = split_arguments(params, _EMBEDDING)
        self.__attrs_init__(model, input, parameters, options)

    def with_input(self, input: EmbeddingInput) -> EmbeddingRequest:
        """The same call with another input."""
        other = object.__new__(EmbeddingRequest)
        other.__attrs_init__(self.model, input, self.parameters, self.options)
        return other


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
    partial_images: int | None
    user: str | None


class ImageParams(ImageModelParams, ControlParams, total=False):
    """Every keyword argument of an image call beside `prompt`, `model` and `stream`."""


_IMAGE = frozenset(ImageModelParams.__annotations__)


@attrs.frozen(init=False)
class ImageRequest:
    """One image generation as a value."""

    model: str
    prompt: str
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, prompt: str, model: str, *, stream: bool | None = False, **params: Unpack[ImageParams]) -> None:
        parameters, options = split_arguments(params, _IMAGE)
        self.__attrs_init__(model, prompt, bool(stream), parameters, options)


TextPrompt: TypeAlias = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]
"""One text, several texts, one text as token ids, or several."""


class TextCompletionModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create completion", legacy, 2026-11)."""

    best_of: int | None
    echo: bool | None
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | None
    logprobs: int | None
    max_tokens: int | None
    n: int | None
    presence_penalty: float | None
    seed: int | None
    stop: str | Sequence[str] | None
    stream_options: Mapping[str, Any] | None
    suffix: str | None
    temperature: float | None
    top_p: float | None
    user: str | None


class TextCompletionParams(TextCompletionModelParams, ControlParams, total=False):
    """Every keyword argument of a text completion beside `model`, `prompt` and `stream`."""


TEXT_COMPLETION_PARAMETERS = frozenset(TextCompletionModelParams.__annotations__)


@attrs.frozen(init=False)
class TextCompletionRequest:
    """One text completion as a value."""

    model: str
    prompt: TextPrompt
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self,
        model: str,
        prompt: TextPrompt,
        *,
        stream: bool | None = False,
        **params: Unpack[TextCompletionParams],
    ) -> None:
        parameters, options = split_arguments(params, TEXT_COMPLETION_PARAMETERS)
        self.__attrs_init__(model, prompt, bool(stream), parameters, options)


ModerationInput: TypeAlias = str | Sequence[str] | Sequence[Mapping[str, Any]]
"""One text, several texts, or content parts."""


@attrs.frozen(init=False)
class ModerationRequest:
    """One moderation call as a value. There are no parameters beside the input and the model."""

    model: str
    input: ModerationInput
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, input: ModerationInput, model: str, **params: Unpack[ControlParams]) -> None:
        parameters, options = split_arguments(params, frozenset())
        self.__attrs_init__(model, input, parameters, options)


class RerankModelParams(TypedDict, total=False):
    """Cohere's parameters ("Rerank v2", 2026-11), and `return_documents` of those who follow it."""

    top_n: int | None
    return_documents: bool | None
    max_tokens_per_doc: int | None


class RerankParams(RerankModelParams, ControlParams, total=False):
    """Every keyword argument of a rerank call beside `model`, `query` and `documents`."""


RERANK_PARAMETERS = frozenset(RerankModelParams.__annotations__)


@attrs.frozen(init=False)
class RerankRequest:
    """One rerank call as a value."""

    model: str
    query: str
    documents: Sequence[str | Mapping[str, Any]]
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self, model: str, query: str, documents: Sequence[str | Mapping[str, Any]], **params: Unpack[RerankParams]
    ) -> None:
        parameters, options = split_arguments(params, RERANK_PARAMETERS)
        self.__attrs_init__(model, query, documents, parameters, options)
