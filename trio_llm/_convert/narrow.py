"""Questions to values from outside, asked the same way by every dialect.

Three kinds. `is_x` asks, and type checkers understand the answer. `as_x` takes what is no such thing for an empty one:
for replies, where an odd field may not cost the answer. `an_x` and `a_x` insist: for what a caller passed, whose
mistake is named with its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, TypeGuard
from urllib.parse import quote

from .._types.errors import BadRequestError
from . import json as _json
from .converter import ConversionError, parse

JSONObject = dict[str, Any]
"""A decoded JSON object."""


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is an object: a decoded one, or a mapping of the caller's."""
    return type(value) is dict or isinstance(value, Mapping)  # asking a class of its own takes a tenth of the time


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a list."""
    return isinstance(value, list)


def as_object(value: Any) -> JSONObject:
    """The value if it is a decoded object, else an empty one."""
    return value if type(value) is dict else {}


def as_mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a mapping of any class, else an empty one."""
    return value if is_object(value) else {}


def as_objects(value: Any) -> list[JSONObject]:
    """The decoded objects in the value, if it is a list."""
    return [item for item in value if type(item) is dict] if type(value) is list else []


def as_list(value: Any) -> list[Any]:
    """The value if it is a decoded list, else an empty one."""
    return value if type(value) is list else []


def as_count(value: Any) -> int | None:
    """The value as a whole number, if it is a finite number at all."""
    return int(value) if isinstance(value, int | float) and isfinite(value) else None


def text_in(holder: Mapping[str, Any], name: str, path: str) -> str | None:
    """The text of a field that carries the answer; None where it is absent.

    Raises:
        ConversionError: if something else stands there, with its place: `path` is that of its holder.
    """
    value = holder.get(name)
    if not isinstance(value, str | None):
        raise ConversionError(f"expected text, got {value!r:.60}", f"{path}.{name}")
    return value


def parse_object(text: bytes | str) -> JSONObject:
    """One JSON object, as an event or a whole reply has to be.

    Raises:
        ConversionError: if it is something else.
    """
    value: Any = parse(text)
    if type(value) is not dict:
        raise ConversionError(f"expected an object, got {value!r:.60}")
    found: JSONObject = value
    return found


def json_text(value: object) -> str:
    """What a reply holds as decoded JSON, where a caller gets JSON text.

    Raises:
        ConversionError: for what JSON has no number for: NaN and the infinities, which some servers write.
    """
    try:
        return _json.dumps(value).decode()
    except ValueError as error:
        raise ConversionError(str(error)) from None


def quoted(value: object) -> str:
    """A reply's value as text for an error, whatever is in it."""
    try:
        return _json.dumps(value).decode()
    except (TypeError, ValueError):
        return repr(value)


def an_object(value: object, where: str) -> Mapping[str, Any]:
    """The value as an object; `where` names it in the error.

    Raises:
        BadRequestError: if it is none.
    """
    if not is_object(value):
        raise BadRequestError(f"{where} must be an object, not {type(value).__name__}")
    return value


def objects(value: object, where: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The objects of a list, each with its place; none where the value is absent.

    Raises:
        BadRequestError: if it is no list, or one of its items no object.
    """
    return [(place, an_object(item, place)) for place, item in a_list(value, where)]


def a_list(value: object, where: str) -> list[tuple[str, object]]:
    """The items of a list, each with its place; none where the value is absent.

    Raises:
        BadRequestError: if it is no list.
    """
    if value is None:
        return []
    if type(value) is not list and not isinstance(value, list | tuple):
        raise BadRequestError(f"{where} must be a list, not {type(value).__name__}")
    items: Iterable[object] = value
    return [(f"{where}[{number}]", item) for number, item in enumerate(items)]


def a_number(value: object, where: str) -> float:
    """The value as a number.

    Raises:
        BadRequestError: if it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequestError(f"{where} must be a number, not {value!r:.40}")
    return value


def in_address(text: str, where: str = "model", safe: str = "") -> str:
    """The text percent-encoded, as a part of a path; `safe` are characters that stay.

    Raises:
        BadRequestError: if it has a half of a character, for which there is no code.
    """
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise BadRequestError(f"{where} has half a character, which no address can hold: {text!a:.60}") from None
