"""Numbers that look random and depend on nothing but a text."""

from __future__ import annotations

from hashlib import shake_128
from math import sqrt


def vector(text: str, dimensions: int) -> list[float]:
    """A vector of length 1; equal texts have equal ones."""
    digest = shake_128(text.encode()).digest(dimensions * 2)
    pairs = [digest[start : start + 2] for start in range(0, len(digest), 2)]
    raw = [int.from_bytes(pair, "big") - 32767.5 for pair in pairs]
    length = sqrt(sum(value * value for value in raw))
    return [value / length for value in raw]
