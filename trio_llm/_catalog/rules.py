"""What the values of a row have to be: validators whose errors say what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


def _named(instance: Any, attribute: attrs.Attribute[Any]) -> str:
    own = getattr(instance, "name", None)
    row = f" {own!r}" if isinstance(own, str) and attribute.name != "name" else ""
    return f"{type(instance).__name__}{row}: {attribute.name}"


def text(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    """A text that says something.

    Raises:
        TypeError: for what is none.
        ValueError: for an empty one.
    """
    if not isinstance(value, str):
        raise TypeError(f"{_named(instance, attribute)} must be text, not {value!r}")
    if not value:
        raise ValueError(f"{_named(instance, attribute)} must not be empty")


def texts(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    """A tuple of texts. A single text is the usual mistake: its letters would be taken for names.

    Raises:
        TypeError: for anything else.
    """
    if not isinstance(value, tuple) or not all(isinstance(item, str) for item in value):
        example = f"({value!r},)" if isinstance(value, str) else "('NAME',)"
        raise TypeError(f"{_named(instance, attribute)} must be a tuple of texts such as {example}, not {value!r}")


def row_name(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    """A prefix of model strings.

    Raises:
        TypeError: for what is no text.
        ValueError: if no model string could begin with it.
    """
    text(instance, attribute, value)
    if "/" in str(value) or str(value).split() != [value]:
        raise ValueError(f"{_named(instance, attribute)} is what stands before the slash of a model: not {value!r}")


def base_url(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    """A template of a base URL, or an empty text.

    Raises:
        TypeError: for what is no text.
        ValueError: if no request could go there.
    """
    if not isinstance(value, str):
        raise TypeError(f"{_named(instance, attribute)} must be text, not {value!r}")
    if value and not value.startswith(("https://", "http://", "{")):
        raise ValueError(f"{_named(instance, attribute)} must begin with https:// or http://, not {value!r}")
    if value.endswith("/") or "?" in value or "#" in value:
        raise ValueError(f"{_named(instance, attribute)} must have neither a query nor a slash at its end: {value!r}")


def kind(*kinds: type) -> Any:
    """One of several classes.

    Raises:
        TypeError: for anything else.
    """

    def check(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, kinds):
            names = " or ".join(one.__name__ for one in kinds)
            raise TypeError(f"{_named(instance, attribute)} must be {names}, not {value!r}")

    return check


def by_operation(known: frozenset[str], *kinds: type) -> Any:
    """A mapping of operations to values.

    Raises:
        TypeError: for what is no mapping, or a value of another class.
        ValueError: for an operation that there is not.
    """

    def check(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, Mapping):
            raise TypeError(f"{_named(instance, attribute)} must be a mapping of operations, not {value!r}")
        for operation, given in value.items():
            if operation not in known:
                names = ", ".join(sorted(known))
                raise ValueError(f"{_named(instance, attribute)} has no operation {operation!r}; there are {names}")
            if not isinstance(given, kinds):
                names = " or ".join(one.__name__ for one in kinds)
                raise TypeError(f"{_named(instance, attribute)}[{operation!r}] must be {names}, not {given!r}")

    return check


def tuple_of(*kinds: type) -> Any:
    """A tuple of values of some classes.

    Raises:
        TypeError: for anything else.
    """

    def check(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
        if not isinstance(value, tuple) or not all(isinstance(item, kinds) for item in value):
            names = " or ".join(one.__name__ for one in kinds)
            raise TypeError(f"{_named(instance, attribute)} must be a tuple of {names}, not {value!r}")

    return check


def families(instance: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    """A tuple of (pattern, departure). The pattern itself is compiled when a model is first looked for.

    Raises:
        TypeError: for anything else.
    """
    whole = isinstance(value, tuple) and all(isinstance(item, tuple) and len(item) == 2 for item in value)
    if not whole or not all(isinstance(item[0], str) and attrs.has(type(item[1])) for item in value):  # type: ignore[attr-defined]
        raise TypeError(f"{_named(instance, attribute)} must be a tuple of (pattern, Override), not {value!r}")
