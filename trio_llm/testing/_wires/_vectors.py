"""Numbers that look random and depend on nothing but a text."""

from __future__ import annotations

from base64 import b64encode
from hashlib import shake_128
from math import sqrt
from struct import pack
from typing import Any, Final

DEFAULT_DIMENSIONS: Final = 8
_MOST_DIMENSIONS: Final = 16_384


def vector(text: str, dimensions: int) -> list[float]:
    """A vector of length 1; equal texts have equal ones. It has no more numbers than any model's has."""
    dimensions = min(dimensions, _MOST_DIMENSIONS)
    digest = shake_128(text.encode()).digest(dimensions * 2)
    pairs = [digest[start : start + 2] for start in range(0, len(digest), 2)]
    raw = [int.from_bytes(pair, "big") - 32767.5 for pair in pairs]
    length = sqrt(sum(value * value for value in raw))
    return [value / length for value in raw]


def vector_list(texts: list[str], size: int, form: object) -> list[dict[str, Any]]:
    """Vectors as OpenAI's replies have them; `form` is `base64`, or what asks for numbers."""
    vectors = [vector(text, size) for text in texts]
    return [
        {"object": "embedding", "index": index, "embedding": _base64_floats(one) if form == "base64" else one}
        for index, one in enumerate(vectors)
    ]


def _base64_floats(values: list[float]) -> str:
    return b64encode(pack(f"<{len(values)}f", *values)).decode()
