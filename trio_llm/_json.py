"""JSON text to values and back: orjson where it has wheels, the standard library elsewhere."""

from __future__ import annotations

import json
from typing import Any

try:
    import orjson
except ImportError:  # platforms without wheels
    orjson = None  # type: ignore[assignment]

__all__ = ["dumps", "loads"]


def _standard_dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def dumps(value: object) -> bytes:
    """Encode as UTF-8 JSON without spaces.

    Raises:
        TypeError: if a value has no JSON form.
        ValueError: for a number that is not finite (standard library only; orjson writes null).
    """
    if orjson is None:
        return _standard_dumps(value)
    try:
        return orjson.dumps(value)
    except TypeError:  # integers past 64 bits, lone surrogates, str subclasses as keys
        return _standard_dumps(value)


def loads(text: bytes | str) -> Any:
    """Decode one JSON text.

    Raises:
        ValueError: if it is not JSON. NaN and Infinity are read, as some servers send them.
    """
    if orjson is None:
        return json.loads(text)
    try:
        return orjson.loads(text)
    except ValueError:
        return json.loads(text)
