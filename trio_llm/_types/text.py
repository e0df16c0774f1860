"""Text completion responses in OpenAI's shape ("Create completion", legacy, 2026-11)."""

from __future__ import annotations

from typing import Any

import attrs

from .mapping import Record
from .usage import Usage


@attrs.define
class TextChoices(Record):
    """One continuation of the prompt; in a stream a fragment of the continuation numbered `index`."""

    finish_reason: str | None = None
    index: int = 0
    text: str = ""
    logprobs: dict[str, Any] | None = None
    """Lists side by side: `tokens`, `token_logprobs`, `top_logprobs`, `text_offset`."""


@attrs.define
class TextCompletionResponse(Record):
    """The reply to a text completion, or one chunk of it."""

    id: str | None = None
    created: int | None = None
    """Seconds since 1970."""
    model: str | None = None
    object: str = "text_completion"
    choices: list[TextChoices] = attrs.Factory(list[TextChoices])
    usage: Usage | None = None
    system_fingerprint: str | None = None
