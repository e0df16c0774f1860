"""Moderation responses in OpenAI's shape ("Create moderation", 2026-11)."""

from __future__ import annotations

from typing import Any

import attrs

from .mapping import Record
from .usage import Usage


@attrs.define
class Moderation(Record):
    """The verdict on one input. The names of the categories are the provider's."""

    flagged: bool = False
    """Whether any category applies."""
    categories: dict[str, Any] = attrs.Factory(dict[str, Any])
    category_scores: dict[str, Any] = attrs.Factory(dict[str, Any])
    category_applied_input_types: dict[str, Any] | None = None


@attrs.define
class ModerationResponse(Record):
    """The reply to a moderation call: verdicts in the order of the input."""

    id: str | None = None
    model: str | None = None
    results: list[Moderation] = attrs.Factory(list[Moderation])
    usage: Usage | None = None
