"""JSON text to values and back: orjson where it has wheels, the standard library elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

try:
    import orjson
except ImportError:  # platforms without wheels
    orjson = None  # type: ignore[assignment]

__all__ = ["MOST_NESTED", "dumps", "first_of", "is_cut", "loads"]

MOST_NESTED: Final = 200
"""Levels of lists and objects inside each other that are read. Whatever is read can be written: orjson writes 254."""

_WITHOUT_FLOATS: Final = frozenset({str, int, bool, type(None)})
_LITERALS: Final = ("true", "false", "null")
_DECODER: Final = json.JSONDecoder(strict=False)


def _standard_dumps(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _check_finite(value: object) -> None:
    left: list[Any] = [value]
    for item in left:  # which grows meanwhile
        kind = type(item)
        if kind in _WITHOUT_FLOATS:
            continue
        if kind is dict or isinstance(item, Mapping):
            left += item.values()
        elif kind is list or isinstance(item, tuple | list):
            left += item
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError(f"JSON has no number {item}")


def dumps(value: object) -> bytes:
    """Encode as UTF-8 JSON without spaces. Mappings of any class are objects.

    Raises:
        TypeError: if a value has no JSON form.
        ValueError: for a number that is not finite, and for nesting without end.
    """
    try:
        if orjson is None:
            return _standard_dumps(value)
        try:
            text = orjson.dumps(value, default=_plain)
        except TypeError:  # integers past 64 bits, lone surrogates, str subclasses as keys
            return _standard_dumps(value)
        if b"null" in text:  # which is what orjson makes of NaN and the infinities
            _check_finite(value)
        return text
    except RecursionError:
        raise ValueError("nested too deeply for JSON") from None


def loads(text: bytes | str) -> Any:
    """Decode one JSON text.

    Whole numbers past 64 bits may come as floats; no JSON has to carry them exactly (RFC 8259, 6).

    Raises:
        ValueError: if it is not JSON, or nested deeper than `MOST_NESTED`. NaN and Infinity are read, as some servers
            send them, and so are line breaks and tabs in texts that nobody escaped.
    """
    if orjson is None:
        value = _standard_loads(text)
    else:
        try:
            value = orjson.loads(text)
        except ValueError:  # NaN and Infinity, control characters, or no JSON at all
            value = _standard_loads(text)
    if len(text) > 2 * MOST_NESTED and (opened := _opened(text)) > MOST_NESTED and _is_deep(value, opened):
        raise ValueError(f"nested more than {MOST_NESTED} levels deep")
    return value


def is_cut(error: ValueError) -> bool:
    """Whether what `loads` said of a text is that it broke off, or never began, rather than that it makes no sense."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    rest = error.doc[error.pos :].strip()
    return error.msg.startswith("Unterminated string") or any(word.startswith(rest) for word in _LITERALS)


def first_of(text: str) -> tuple[Any, int]:
    """The JSON text that another one begins with, and where it ends. Raises as `loads` does."""
    try:
        value, end = _DECODER.raw_decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if _is_deep(value, _opened(text[:end])):
        raise ValueError(f"nested more than {MOST_NESTED} levels deep")
    return value, end


def _standard_loads(text: bytes | str) -> Any:
    try:
        return json.loads(text, strict=False)
    except UnicodeDecodeError:
        assert isinstance(text, bytes)
        return _standard_loads(text.decode("utf-8", "replace"))  # a character cut in two costs no answer
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _opened(text: bytes | str) -> int:
    """The opening brackets of a text, those in its strings among them."""
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    # Removing finds a byte with memchr, which takes a tenth of the time that counting takes.
    return 2 * len(text) - len(text.replace(b"[", b"")) - len(text.replace(b"{", b""))


def _is_deep(value: Any, opened: int) -> bool:
    """Whether more than `MOST_NESTED` lists and objects are inside each other.

    The opening brackets of the text bound the containers that a level may still hold, so that the walk ends before it
    comes to the numbers of vectors, and does not begin for most texts.
    """
    level, depth = [value] if isinstance(value, dict | list) else [], 1
    while level and opened - len(level) > MOST_NESTED - depth:
        opened -= len(level)
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        depth += 1
        if depth > MOST_NESTED and level:
            return True
    return False
