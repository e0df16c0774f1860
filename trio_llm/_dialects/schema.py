"""Types as JSON schema: attrs classes, dataclasses, typed dictionaries, pydantic models, and what is made of them.

Source: OpenAI guide "Structured outputs", sections "Supported schemas" and "All fields must be required", 2026-11.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import re
import types
from collections.abc import Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    Union,
    get_args,
    get_origin,
)

from .._convert.fields import fields_of, has_fields
from .._types.errors import BadRequestError
from .strict_schema import strict_schema

Schema = dict[str, Any]

_SIMPLE: Final[Mapping[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
}
WRAPPED: Final = "value"
"""The field that holds an answer which is no object."""
_LONGEST_NAME: Final = 64
_ANYTHING: Final = (Any, object)
_LISTS: Final = (list, tuple, set, frozenset, Sequence)
_DICTIONARIES: Final = (dict, Mapping)
_UNIONS: Final = (Union, types.UnionType)


def response_format_dict(value: Mapping[str, Any] | type[Any]) -> dict[str, Any]:
    """A `response_format` in OpenAI's shape; dictionaries stay as they are.

    A class becomes a `json_schema` format named after it. It is strict unless the class has fields that strict
    schemas cannot express: dictionaries with free keys, `Any`, and conditions. A type that is no object, such as a
    list, is put into one, as `WRAPPED`: providers take nothing else.

    Raises:
        BadRequestError: if it is neither a dictionary nor a type that can be described.
    """
    if isinstance(value, Mapping):
        return _with_schema(dict(value))
    schema = answer_schema(value)
    strict = strict_schema(schema, closing=True)
    described = {"name": _name_of(value), "schema": strict or schema, "strict": strict is not None}
    return {"type": "json_schema", "json_schema": described}


def answer_schema(kind: Any) -> Schema:
    """The schema of an answer, which is always an object.

    Of a class every field is required, and no others are allowed. Nested classes are written in place, as not every
    provider follows references; only a class that contains itself is referred to. Docstrings become descriptions, and
    so does a text in `Annotated[type, "text"]`.

    Raises:
        BadRequestError: for what is no type, or has no JSON form.
    """
    if not isinstance(kind, type | types.UnionType) and get_origin(kind) is None:
        raise BadRequestError(f"response_format must be a dictionary or a type, not {kind!r:.60}")
    return _Builder().object_of(kind, "response_format")


def parameters_schema(hints: Mapping[str, Any], required: Sequence[str]) -> Schema:
    """The schema of an object with these fields.

    Raises:
        BadRequestError: if a field has a type without a JSON form.
    """
    return _Builder().fields(hints, required)


def _name_of(kind: Any) -> str:
    """A name for a schema, in the letters that all providers take."""
    if get_origin(kind) in _LISTS:
        return "_of_".join([kind.__name__, *(_name_of(one) for one in get_args(kind)[:1])])[:_LONGEST_NAME]
    return re.sub(r"\W", "_", getattr(kind, "__name__", "") or "answer", flags=re.ASCII)[:_LONGEST_NAME]


def _with_schema(given: dict[str, Any]) -> dict[str, Any]:
    """`json_object` with a `response_schema` beside it, which is LiteLLM's older way to ask for a schema."""
    schema = given.get("response_schema")
    if given.get("type") != "json_object" or not isinstance(schema, Mapping):
        return given
    named = str(schema.get("title") or "response").replace(" ", "_")
    return {"type": "json_schema", "json_schema": {"name": named, "schema": schema}}


def is_object_type(kind: Any) -> bool:
    """Whether a type is an object in JSON with known fields. A pydantic model is, unless it is one of a bare value."""
    if not isinstance(kind, type):
        return False
    foreign = hasattr(kind, "model_json_schema") and not getattr(kind, "__pydantic_root_model__", False)
    return has_fields(kind) or foreign


class _Builder:
    """One schema being built; knows which classes it is inside of."""

    def __init__(self) -> None:
        self._root: Any = None
        self._open: list[Any] = []
        self._definitions: dict[str, Schema] = {}
        self._recursive: set[type[Any]] = set()

    def object_of(self, kind: Any, name: str) -> Schema:
        """The schema of a type, put into an object where it is none."""
        if not is_object_type(kind):
            return self.fields({WRAPPED: kind}, [WRAPPED])
        self._root = kind
        return self._defined(self.type(kind, name))

    def fields(self, hints: Mapping[str, Any], required: Sequence[str]) -> Schema:
        """The schema of an object with these fields."""
        return self._defined(self._properties(hints, required))

    def _defined(self, schema: Schema) -> Schema:
        definitions = {**schema.get("$defs", {}), **self._definitions}
        return {**schema, "$defs": definitions} if definitions else schema

    def _class(self, cls: type[Any]) -> Schema:
        if cls in self._open:
            self._recursive.add(cls)
            return {"$ref": self._address(cls)}
        self._open.append(cls)
        schema = self._object(cls)
        self._open.pop()
        if cls in self._recursive and cls is not self._root:
            self._definitions[cls.__name__] = schema
            return {"$ref": self._address(cls)}
        return schema

    def _address(self, cls: type[Any]) -> str:
        return "#" if cls is self._root else f"#/$defs/{cls.__name__}"

    def _object(self, cls: type[Any]) -> Schema:
        text = _docstring(cls)
        described = {"description": text.strip()} if text else {}
        return {"type": "object", **described, **self._properties(*fields_of(cls))}

    def _properties(self, hints: Mapping[str, Any], required: Sequence[str]) -> Schema:
        properties = {name: self.type(kind, name) for name, kind in hints.items()}
        return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}

    def _foreign(self, kind: Any) -> Schema:
        """A pydantic model, whose definitions move to the top."""
        schema: Schema = kind.model_json_schema()
        if kind is not self._root:
            self._definitions |= schema.pop("$defs", {})
        return schema

    def type(self, kind: Any, name: str) -> Schema:
        """The schema of a field's type."""
        if kind in _SIMPLE:
            return dict(_SIMPLE[kind])
        if kind in _ANYTHING:
            return {}
        if has_fields(kind):
            return self._class(kind)
        if hasattr(kind, "model_json_schema"):
            return self._foreign(kind)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return _choice([member.value for member in kind])
        return self._generic(kind, name)

    def _generic(self, kind: Any, name: str) -> Schema:
        origin, arguments = get_origin(kind) or kind, get_args(kind)
        if origin is Annotated:
            described = " ".join(note for note in arguments[1:] if isinstance(note, str))
            return self.type(arguments[0], name) | ({"description": described} if described else {})
        if origin is Literal:
            return _choice(list(arguments))
        if origin in _UNIONS:
            return {"anyOf": [self.type(argument, name) for argument in arguments]}
        if origin is tuple and arguments and ... not in arguments:
            return self._fixed_list(arguments, name)
        if origin in _LISTS:
            return self._list(arguments, name)
        if origin in _DICTIONARIES:
            return {"type": "object", "additionalProperties": self.type(arguments[1] if arguments else Any, name)}
        raise BadRequestError(f"response_format: field {name!r} has a type without a JSON form: {kind!r}")

    def _list(self, arguments: tuple[Any, ...], name: str) -> Schema:
        kinds = list(dict.fromkeys(argument for argument in arguments if argument is not ...)) or [Any]
        items = self.type(kinds[0] if len(kinds) == 1 else Union[tuple(kinds)], name)  # noqa: UP007
        return {"type": "array", "items": items}

    def _fixed_list(self, arguments: tuple[Any, ...], name: str) -> Schema:
        """A list with one item for each type, as `tuple[float, float]`."""
        kinds = [self.type(argument, name) for argument in arguments]
        items = {"items": kinds[0]} if all(kind == kinds[0] for kind in kinds) else {"prefixItems": kinds}
        return {"type": "array", **items, "minItems": len(kinds), "maxItems": len(kinds)}


def _docstring(cls: type[Any]) -> str | None:
    """The docstring of a class, where it has one of its own: a dataclass without is given its signature."""
    text = cls.__doc__
    return None if text and dataclasses.is_dataclass(cls) and text.startswith(f"{cls.__name__}(") else text


def _choice(values: list[Any]) -> Schema:
    kinds = {type(value) for value in values}
    schema = dict(_SIMPLE.get(kinds.pop(), {})) if len(kinds) == 1 else {}
    return schema | {"enum": values}
