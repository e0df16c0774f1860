"""Values from outside, checked to have the shape that they must have before they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..._types.errors import BadRequestError


def if_object(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def an_object(value: object, where: str) -> Mapping[str, Any]:
    """The value as an object; `where` names it in the error.

    Raises:
        BadRequestError: if it is none.
    """
    if not isinstance(value, Mapping):
        raise BadRequestError(f"{where} must be an object, not {type(value).__name__}")
    return cast("Mapping[str, Any]", value)


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
    if value is not None and not isinstance(value, list | tuple):
        raise BadRequestError(f"{where} must be a list, not {type(value).__name__}")
    items = cast("list[object]", value or ())
    return [(f"{where}[{number}]", item) for number, item in enumerate(items)]


def a_number(value: object, where: str) -> float:
    """The value as a number.

    Raises:
        BadRequestError: if it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequestError(f"{where} must be a number, not {value!r:.40}")
    return value
