"""Vectors as wires write them, for every dialect that has embeddings."""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final

from .._convert.converter import ConversionError, structure
from .._types.embeddings import EmbeddingRequest, EmbeddingResponse
from .._types.errors import InternalServerError
from .._types.vector import Vector
from .contract import ErrorDetail, ReplyIsError, WireCall

_NUMBERS: Final[Any] = Vector | list[Any]


def read_vector(value: Any, typecode: str, path: str) -> Vector | list[Any]:
    """A vector from numbers, or from base64 text whose little-endian numbers are of `typecode`.

    Raises:
        ConversionError: if it is neither; the message names `path`.
    """
    try:
        found = _unpacked(value, typecode) if isinstance(value, str) else structure(value, _NUMBERS)
    except ConversionError as error:
        raise error.inside(path) from None
    if isinstance(found, list) and found and not isinstance(found[0], int | float | list):
        raise ConversionError(f"expected numbers, got {found[0]!r:.60}", f"{path}[0]")
    return found


def checked_vectors(call: WireCall[EmbeddingRequest], response: EmbeddingResponse) -> EmbeddingResponse:
    """The response, if there is a vector for every input.

    Raises:
        ReplyIsError: if one is missing, or empty: whoever puts inputs and vectors side by side would not notice.
    """
    expected, came = _count(call.request.input), len(response.data)
    if came < expected:
        problem = f"the reply holds {came} vectors for {expected} inputs"
    elif empty := [one.index for one in response.data if not one.dimensions]:
        problem = f"the reply holds an empty vector for input[{empty[0]}]"
    else:
        return response
    raise ReplyIsError(ErrorDetail(problem, kind=InternalServerError, partial=response))


def _count(given: Any) -> int:
    """How many vectors an input makes at least. Content parts may be put together into one."""
    if isinstance(given, str | Mapping) or not given:
        return 1
    texts = isinstance(given[0], str) or (isinstance(given[0], list) and bool(given[0]) and type(given[0][0]) is int)
    return len(given) if texts else 1


def _unpacked(text: str, typecode: str) -> Vector:
    numbers = array(typecode)
    try:
        numbers.frombytes(b64decode(text))
    except ValueError as error:
        raise ConversionError(f"expected base64 numbers: {error}") from error
    if sys.byteorder == "big":  # pragma: no cover
        numbers.byteswap()
    return Vector(numbers)
