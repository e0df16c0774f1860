"""`response_format` as JSON schema: from a dictionary, an attrs class or a pydantic model.

Source: OpenAI guide "Structured outputs", sections "Supported schemas" and "All fields must be required", 2026-11.
"""

from __future__ import annotations

import datetime
import enum
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

import attrs

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
_ANYTHING: Final = (Any, object)
_LISTS: Final = (list, tuple, set, frozenset, Sequence)
_DICTIONARIES: Final = (dict, Mapping)
_UNIONS: Final = (Union, types.UnionType)


def response_format_dict(value: Mapping[str, Any] | type[Any]) -> dict[str, Any]:
    """A `response_format` in OpenAI's shape; dictionaries stay as they are.

    A class becomes a `json_schema` format named after it. It is strict unless the class has fields that strict
    schemas cannot express: dictionaries with free keys, `Any`, and conditions.

    Raises:
        BadRequestError: if it is neither a dictionary nor a class that can be described.
    """
    if isinstance(value, Mapping):
        return _with_schema(dict(value))
    schema = _class_schema(value)
    strict = strict_schema(schema, closing=True)
    described = {"name": value.__name__, "schema": strict or schema, "strict": strict is not None}
    return {"type": "json_schema", "json_schema": described}


def _with_schema(given: dict[str, Any]) -> dict[str, Any]:
    """`json_object` with a `response_schema` beside it, which is LiteLLM's older way to ask for a schema."""
    schema = given.get("response_schema")
    if given.get("type") != "json_object" or not isinstance(schema, Mapping):
        return given
    named = str(schema.get("title") or "response").replace(" ", "_")
    return {"type": "json_schema", "json_schema": {"name": named, "schema": schema}}


def attrs_json_schema(cls: type[Any]) -> Schema:
    """The JSON schema of an attrs class: every field is required, and no others are allowed.

    Nested classes are written in place, as not every provider follows references; only a class that contains
    itself is referred to. Docstrings become descriptions, and so does a text in `Annotated[type, "text"]`.

    Raises:
        BadRequestError: if a field has a type without a JSON form.
    """
    return _Builder(cls).build()


def _class_schema(cls: object) -> Schema:
    if isinstance(cls, type) and attrs.has(cls):
        return attrs_json_schema(cls)
    describe = getattr(cls, "model_json_schema", None)  # pydantic's
    if describe is None:
        raise BadRequestError(f"response_format must be a dictionary, an attrs class or a pydantic model, not {cls!r}")
    return cast("Schema", describe())


class _Builder:
    """One schema being built; knows which classes it is inside of."""

    def __init__(self, root: type[Any]) -> None:
        self._root = root
        self._open: list[type[Any]] = []
        self._definitions: dict[str, Schema] = {}
        self._recursive: set[type[Any]] = set()

    def build(self) -> Schema:
        schema = self._class(self._root)
        return {**schema, "$defs": self._definitions} if self._definitions else schema

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
        hints = get_type_hints(cls, include_extras=True)
        properties = {field.name: self.type(hints.get(field.name, Any), field.name) for field in attrs.fields(cls)}
        schema: Schema = {"type": "object"}
        if cls.__doc__:
            schema["description"] = cls.__doc__.strip()
        return schema | {"properties": properties, "required": list(properties), "additionalProperties": False}

    def type(self, kind: Any, name: str) -> Schema:
        """The schema of a field's type."""
        if kind in _SIMPLE:
            return dict(_SIMPLE[kind])
        if kind in _ANYTHING:
            return {}
        if isinstance(kind, type) and attrs.has(kind):
            return self._class(kind)
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
        if origin in _LISTS:
            return self._list(arguments, name)
        if origin in _DICTIONARIES:
            return {"type": "object", "additionalProperties": self.type(arguments[1] if arguments else Any, name)}
        raise BadRequestError(f"response_format: field {name!r} has a type without a JSON form: {kind!r}")

    def _list(self, arguments: tuple[Any, ...], name: str) -> Schema:
        kinds = list(dict.fromkeys(argument for argument in arguments if argument is not ...)) or [Any]
        items = self.type(kinds[0] if len(kinds) == 1 else Union[tuple(kinds)], name)  # noqa: UP007
        return {"type": "array", "items": items}


def _choice(values: list[Any]) -> Schema:
    kinds = {type(value) for value in values}
    schema = dict(_SIMPLE.get(kinds.pop(), {})) if len(kinds) == 1 else {}
    return schema | {"enum": values}
