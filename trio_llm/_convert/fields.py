"""The fields of the caller's classes, with their types: attrs classes, dataclasses and typed dictionaries."""

from __future__ import annotations

import dataclasses
from typing import Any, NotRequired, Required, get_args, get_origin, get_type_hints

import attrs


def has_fields(kind: Any) -> bool:
    """Whether a type is a class whose fields are known."""
    return isinstance(kind, type) and (attrs.has(kind) or dataclasses.is_dataclass(kind) or is_typed_dictionary(kind))


def is_typed_dictionary(kind: Any) -> bool:
    """Whether a class is a `TypedDict`, of `typing` or of `typing_extensions`."""
    return isinstance(kind, type) and issubclass(kind, dict) and "__required_keys__" in vars(kind)


def fields_of(cls: type[Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields of a class with their types, and those of them that have to be there.

    Those of attrs classes and dataclasses all count as such: a model is asked for every field, also for one that has a
    default.
    """
    hints = get_type_hints(cls, include_extras=True)
    if not is_typed_dictionary(cls):
        names = [field.name for field in (attrs.fields(cls) if attrs.has(cls) else dataclasses.fields(cls))]
        return {name: hints.get(name, Any) for name in names}, names
    # Where annotations are texts, a class does not know which of its keys are marked.
    required = vars(cls)["__required_keys__"]
    marks = {name: get_origin(hint) for name, hint in hints.items()}
    optional = {name for name in hints if name not in required or marks[name] is NotRequired}
    needed = [name for name in hints if marks[name] is Required or name not in optional]
    bare = {name: get_args(hint)[0] if marks[name] in (Required, NotRequired) else hint for name, hint in hints.items()}
    return bare, needed
