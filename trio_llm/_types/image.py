"""Image responses in OpenAI's shape ("Create image", 2026-11)."""

from __future__ import annotations

import attrs

from ._mapping import Record
from .usage import Usage


@attrs.define
class ImageObject(Record):
    """One image: an address, or its bytes as base64 text."""

    url: str | None = None
    b64_json: str | None = None
    revised_prompt: str | None = None


@attrs.define
class ImageResponse(Record):
    """The reply to an image call."""

    created: int | None = None
    data: list[ImageObject] = attrs.Factory(list)
    usage: Usage | None = None
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
