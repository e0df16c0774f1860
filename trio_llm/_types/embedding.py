"""Embedding responses in OpenAI's shape ("Create embeddings", 2026-11)."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .mapping import Record
from .usage import Usage
from .vector import Vector


@attrs.define
class Embedding(Record):
    """One vector; `index` is the place of its text in the input."""

    embedding: Sequence[float] = Vector()
    """A `Vector`: a list's habits, at four bytes a number. Models with several vectors a text give lists of lists."""
    index: int = 0
    object: str = "embedding"


@attrs.define
class EmbeddingResponse(Record):
    """The reply to an embedding call: vectors in the order of the input."""

    data: list[Embedding] = attrs.Factory(list)
    model: str | None = None
    object: str = "list"
    usage: Usage | None = None
