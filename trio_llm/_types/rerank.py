"""Rerank responses in Cohere's shape ("Rerank v2", 2026-11), which Jina, Voyage and others follow."""

from __future__ import annotations

from typing import Any

import attrs

from .mapping import Record
from .usage import Usage


@attrs.define
class RerankResult(Record):
    """One document's rank: `index` is its place in the request, `relevance_score` grows with relevance."""

    index: int = 0
    relevance_score: float = 0.0
    document: dict[str, Any] | None = None
    """The document as `{"text": ...}`, where it was asked for."""


@attrs.define
class RerankResponse(Record):
    """The reply to a rerank call: the most relevant document first."""

    id: str | None = None
    results: list[RerankResult] = attrs.Factory(list[RerankResult])
    model: str | None = None
    meta: dict[str, Any] | None = None
    """Cohere's account of what is billed."""
    usage: Usage | None = None
