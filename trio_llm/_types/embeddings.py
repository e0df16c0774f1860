"""Embeddings in OpenAI's shape ("Create embeddings", 2026-11)."""

from __future__ import annotations

import builtins
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, TypedDict, Unpack

import attrs

from .costed import Costed
from .mapping import ANSWER, Record
from .receipt import Received
from .request import AnyRequest, CallOptions, ControlParams, checked_list, checked_model, split_arguments
from .usage import Usage
from .vector import Vector, packed

EmbeddingItem: TypeAlias = str | Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""What becomes one vector: a text, a content part, or several parts together, where the vendor embeds such."""
EmbeddingInput: TypeAlias = str | Sequence[EmbeddingItem] | Sequence[int] | Sequence[Sequence[int]]
"""One text; several texts or contents, with parts as in chats; one text as token ids, or several."""


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
class EmbeddingRequest(AnyRequest["EmbeddingResponse"]):
    """One embedding call as a value.

    Example:
        outcomes = await client.fan_out([EmbeddingRequest("openai/text-embedding-3-small", text) for text in texts])
    """

    operation: ClassVar[str] = "embedding"

    model: str
    input: EmbeddingInput
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, model: str, input: EmbeddingInput, **params: Unpack[EmbeddingParams]) -> None:
        parameters, options = split_arguments(params, EMBEDDING_PARAMETERS)
        if not isinstance(input, str | Mapping):
            checked_list(input, "input")
        self.__attrs_init__(checked_model(model), input, parameters, options)

    def with_input(self, input: EmbeddingInput) -> EmbeddingRequest:
        """The same call with another input."""
        other = object.__new__(EmbeddingRequest)
        other.__attrs_init__(self.model, input, self.parameters, self.options)
        return other


@attrs.define
class Embedding(Record):
    """One vector; `index` is the place of its text in the input.

    `embedding` is a list of floats: 32-bit ones where the provider sent base64, else as they were written. It is made
    when it is first read, and kept. Who wants an array takes `as_array`, which never makes it.

        vector = response.data[0].embedding  # a list of floats
        array = response.data[0].as_array()  # the same for NumPy, without making the list
    """

    _held: Vector | list[Any] = attrs.field(factory=list, alias="embedding", metadata=ANSWER)
    index: int = attrs.field(default=0, metadata=ANSWER)
    object: str = "embedding"

    @property
    def embedding(self) -> list[float]:
        """The numbers. Models with several vectors a text give a list of lists."""
        held = self._held
        return held.tolist() if isinstance(held, Vector) else held

    @embedding.setter
    def embedding(self, numbers: Vector | list[Any]) -> None:
        self._held = numbers

    @property
    def dimensions(self) -> int:
        """How many numbers there are, without a list of them being made."""
        return len(self._held)

    def as_array(self) -> memoryview:
        """The numbers as memory, read-only, which `numpy.asarray` takes without a copy.

            numpy.asarray(response.data[0].as_array())

        Raises:
            TypeError: if there are several vectors for one text.
        """
        held = self._held
        return held.as_array() if isinstance(held, Vector) else packed(held).as_array()

    def shown_field(self, name: str) -> Any:
        """A vector is shown by its length."""
        return Numbers(len(self._held)) if name == "embedding" else super().shown_field(name)

    def __eq__(self, other: builtins.object) -> bool:
        if type(other) is not Embedding:
            return NotImplemented
        return self.model_dump() == other.model_dump()


@attrs.frozen(repr=False)
class Numbers:
    """What a repr shows of numbers."""

    count: int

    def __repr__(self) -> str:
        return f"<{self.count} numbers>"


@attrs.define
class EmbeddingResponse(Costed, Received, Record):
    """The reply to an embedding call: vectors in the order of the input.

    Example:
        response = await trio_llm.aembedding("openai/text-embedding-3-small", ["a cat", "a dog"])
        print(response.data[0].embedding[:3], response.usage.prompt_tokens)
    """

    data: list[Embedding] = attrs.field(factory=list, metadata=ANSWER)
    model: str | None = None
    object: str = "list"
    usage: Usage | None = None

    def as_array(self) -> memoryview:
        """All vectors as one table of memory, a row for each, read-only; `numpy.asarray` takes it without a copy.

            numpy.asarray(response.as_array()).shape    # (inputs, dimensions)

        Raises:
            ValueError: if there are none, or they are not all of one length.
            TypeError: if there are several vectors for one text.
        """
        rows = [embedding.as_array() for embedding in self.data]
        sizes = {len(row) for row in rows}
        if len(sizes) != 1 or 0 in sizes:
            raise ValueError(f"no table can be made of vectors of {sorted(sizes) or 'no'} numbers")
        if len({row.format for row in rows}) > 1:  # whole numbers beside fractions
            rows = [memoryview(array("d", row)) for row in rows]
        return memoryview(b"".join(rows)).cast("B").cast(rows[0].format, [len(rows), *sizes])  # type: ignore[call-overload,no-any-return]
