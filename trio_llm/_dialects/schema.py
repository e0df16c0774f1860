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
_SCHEMA_LISTS: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMA_TABLES: Final = ("properties", "$defs", "definitions")


def response_format_dict(value: Mapping[str, Any] | type[Any]) -> dict[str, Any]:
    """A `response_format` in OpenAI's shape; dictionaries stay as they are.

    A class becomes a `json_schema` format named after it. It is strict unless the class has fields that strict
    schemas cannot express: dictionaries with free keys, and `Any`.

    Raises:
        BadRequestError: if it is neither a dictionary nor a class that can be described.
    """
    if isinstance(value, Mapping):
        return dict(value)
    schema = _class_schema(value)
    described = {"name": value.__name__, "schema": schema, "strict": _is_strict(schema)}
    return {"type": "json_schema", "json_schema": described}


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
    return cast("Schema", _strict(describe()))


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


def _strict(schema: Any) -> Any:
    """The same schema with every object closed and every property required."""
    if not isinstance(schema, dict):
        return schema
    made: Schema = {name: value for name, value in schema.items() if name != "default"}
    for name in _SCHEMA_TABLES:
        if name in made:
            made[name] = {key: _strict(value) for key, value in made[name].items()}
    for name in _SCHEMA_LISTS:
        if name in made:
            made[name] = [_strict(value) for value in made[name]]
    for name in ("items", "additionalProperties"):
        if name in made:
            made[name] = _strict(made[name])
    if "properties" in made:
        made["required"] = list(made["properties"])
        made.setdefault("additionalProperties", False)
    return made


def _is_strict(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes the schema: no free keys, and a type for everything."""
    if not isinstance(schema, dict):
        return schema is False  # `additionalProperties: true`
    if not schema:
        return False
    within = [value for name in _SCHEMA_TABLES for value in schema.get(name, {}).values()]
    within += [value for name in _SCHEMA_LISTS for value in schema.get(name, ())]
    within += [schema[name] for name in ("items", "additionalProperties") if name in schema]
    is_open = schema.get("type") == "object" and schema.get("additionalProperties") is not False
    return not is_open and all(_is_strict(value) for value in within)
