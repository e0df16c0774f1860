"""JSON text to values and back: orjson where it has wheels, the standard library elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

try:
    import orjson
except ImportError:  # platforms without wheels
    orjson = None  # type: ignore[assignment]

__all__ = ["dumps", "loads"]


def _standard_dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _check_finite(value: object) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"JSON has no number {value}")
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            _check_finite(item)


def dumps(value: object) -> bytes:
    """Encode as UTF-8 JSON without spaces. Mappings of any class are objects.

    Raises:
        TypeError: if a value has no JSON form.
        ValueError: for a number that is not finite.
    """
    if orjson is None:
        return _standard_dumps(value)
    try:
        text = orjson.dumps(value, default=_plain)
    except TypeError:  # integers past 64 bits, lone surrogates, str subclasses as keys
        return _standard_dumps(value)
    if b"null" in text:  # which is what orjson makes of NaN and the infinities
        _check_finite(value)
    return text


def loads(text: bytes | str) -> Any:
    """Decode one JSON text.

    Whole numbers past 64 bits may come as floats; no JSON has to carry them exactly (RFC 8259, 6).

    Raises:
        ValueError: if it is not JSON. NaN and Infinity are read, as some servers send them.
    """
    if orjson is None:
        return json.loads(text)
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)
