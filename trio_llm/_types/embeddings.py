"""Embeddings in OpenAI's shape ("Create embeddings", 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, TypedDict, Unpack

import attrs

from .mapping import ANSWER, Record
from .request import AnyRequest, CallOptions, ControlParams, split_arguments
from .usage import Usage
from .vector import Vector

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


EMBEDDING_PARAMETERS = frozenset(EmbeddingModelParams.__annotations__)


@attrs.frozen(init=False)
class EmbeddingRequest(AnyRequest):
    """One embedding call as a value."""

    operation: ClassVar[str] = "embedding"

    model: str
    input: EmbeddingInput
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, model: str, input: EmbeddingInput, **params: Unpack[EmbeddingParams]) -> None:
        parameters, options = split_arguments(params, EMBEDDING_PARAMETERS)
        self.__attrs_init__(model, input, parameters, options)

    def with_input(self, input: EmbeddingInput) -> EmbeddingRequest:
        """The same call with another input."""
        other = object.__new__(EmbeddingRequest)
        other.__attrs_init__(self.model, input, self.parameters, self.options)
        return other


@attrs.define
class Embedding(Record):
    """One vector; `index` is the place of its text in the input."""

    embedding: Sequence[float] = attrs.field(default=Vector(), metadata=ANSWER)
    """A `Vector`: a list's habits, at four bytes a number. Models with several vectors a text give lists of lists."""
    index: int = attrs.field(default=0, metadata=ANSWER)
    object: str = "embedding"


@attrs.define
class EmbeddingResponse(Record):
    """The reply to an embedding call: vectors in the order of the input."""

    data: list[Embedding] = attrs.field(factory=list, metadata=ANSWER)
    model: str | None = None
    object: str = "list"
    usage: Usage | None = None
