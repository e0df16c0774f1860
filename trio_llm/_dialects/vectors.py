"""Vectors as wires write them, for every dialect that has embeddings."""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode
from typing import Any, Final

from .._convert.converter import ConversionError, structure
from .._types.vector import Vector

_NUMBERS: Final[Any] = Vector | list[Any]


def read_vector(value: Any, typecode: str, path: str) -> Vector | list[Any]:
    """A vector from numbers, or from base64 text whose little-endian numbers are of `typecode`.

    Raises:
        ConversionError: if it is neither; the message names `path`.
    """
    try:
        return _unpacked(value, typecode) if isinstance(value, str) else structure(value, _NUMBERS)
    except ConversionError as error:
        raise error.inside(path) from None


def _unpacked(text: str, typecode: str) -> Vector:
    numbers = array(typecode)
    try:
        numbers.frombytes(b64decode(text))
    except ValueError as error:
        raise ConversionError(f"expected base64 numbers: {error}") from error
    if sys.byteorder == "big":  # pragma: no cover
        numbers.byteswap()
    return Vector(numbers)
