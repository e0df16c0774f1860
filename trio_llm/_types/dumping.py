"""Records as plain values: what `model_dump` and its relatives leave of them, under pydantic's options."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, Protocol, TypeAlias, TypedDict, cast

import attrs

Selection: TypeAlias = set[str] | set[int] | Mapping[str, Any] | Mapping[int, Any]
"""Names, or places in a list, as pydantic takes them: a set, or a mapping to True or to what is chosen within.
`"__all__"` means every item of a list."""
JSONObject: TypeAlias = dict[str, Any]


class DumpOptions(TypedDict, total=False):
    """Pydantic's options of `model_dump`. Those without a description change nothing here: there are no aliases, no
    computed fields, and nothing that a serializer could warn of."""

    mode: Literal["python", "json"] | str
    """`json` writes bytes as base64 text and keys as text."""
    include: Selection | None
    exclude: Selection | None
    exclude_none: bool
    exclude_defaults: bool
    exclude_unset: bool
    """The same as `exclude_defaults`: records do not remember who set a field."""
    by_alias: bool | None
    context: object
    exclude_computed_fields: bool
    fallback: object
    round_trip: bool
    serialize_as_any: bool
    warnings: object


class ReplyDict(dict[str, Any]):
    """A message, or a tool call, that was dumped from a response and is sent back.

    It holds all that the response held: Anthropic's `thinking_blocks`, Gemini's `provider_specific_fields`,
    vendors' own fields. A dialect takes what its wire knows and leaves the rest. A dictionary that the caller
    wrote is not one, and is taken at its word.
    """


_KNOWN: Final = frozenset(DumpOptions.__annotations__)


class Dumpable(Protocol):
    """A record as this module sees it."""

    def fields_to_dump(self) -> list[tuple[str, Any]]: ...


@attrs.frozen
class Dumper:
    """How records are made plain."""

    record: type[Any]
    """Their class."""
    in_json: bool
    exclude_none: bool
    exclude_defaults: bool

    @staticmethod
    def of(record: type[Any], options: DumpOptions) -> Dumper:
        """By pydantic's options.

        Raises:
            TypeError: for one that pydantic does not have.
        """
        if unknown := options.keys() - _KNOWN:
            raise TypeError(f"model_dump has no option {min(unknown)!r}")
        no_defaults = options.get("exclude_defaults", False) or options.get("exclude_unset", False)
        return Dumper(record, options.get("mode") == "json", options.get("exclude_none", False), no_defaults)

    def dump(self, record: Dumpable, include: Selection | None, exclude: Selection | None) -> JSONObject:
        """The record and all within it as plain dictionaries and lists."""
        fields = record.fields_to_dump()
        if self.exclude_none:
            fields = [(name, value) for name, value in fields if value is not None]
        if self.exclude_defaults:
            defaults = _defaults(type(record))
            fields = [(name, value) for name, value in fields if name not in defaults or value != defaults[name]]
        if include is None and exclude is None:
            return {name: self.plain(value) for name, value in fields}
        return self._chosen(fields, include, exclude)

    def plain(self, value: Any, include: Selection | None = None, exclude: Selection | None = None) -> Any:
        """Any value, made plain."""
        if value is None or type(value) is str:
            return value
        if isinstance(value, self.record):
            return self.dump(cast("Dumpable", value), include, exclude)
        if isinstance(value, list | tuple):
            return self._list(cast("list[Any]", value), include, exclude)
        if isinstance(value, dict):
            items = cast("JSONObject", value)
            if self.in_json:
                items = {str(name): item for name, item in items.items()}
            if include is None and exclude is None:
                return {name: self.plain(item) for name, item in items.items()}
            return self._chosen(items.items(), include, exclude)
        if self.in_json and isinstance(value, bytes):
            return b64encode(value).decode()
        return value

    def _list(self, items: list[Any], include: Selection | None, exclude: Selection | None) -> list[Any]:
        if include is None and exclude is None:
            return [self.plain(item) for item in items]
        return [*self._chosen(enumerate(items), include, exclude).values()]

    def _chosen(
        self, items: Iterable[tuple[Any, Any]], include: Selection | None, exclude: Selection | None
    ) -> dict[Any, Any]:
        chosen: dict[Any, Any] = {}
        for key, item in items:
            wanted, unwanted = _within(include, key), _within(exclude, key)
            if (include is not None and wanted is False) or unwanted is True:
                continue
            inside = (None if isinstance(one, bool) else one for one in (wanted, unwanted))
            chosen[key] = self.plain(item, *inside)
        return chosen


def _within(chosen: Selection | None, key: object) -> Any:
    """What is chosen of a field or item: True for all of it, False for nothing, else what is chosen within it."""
    if chosen is None:
        return False
    if not isinstance(chosen, Mapping):
        return key in chosen
    names = cast("Mapping[object, Any]", chosen)
    found = names.get(key, names.get("__all__", False) if isinstance(key, int) else False)
    return True if found is ... else found


def _defaults(cls: type[Any]) -> JSONObject:
    """Fields and their defaults, as far as those are values."""
    found: JSONObject = {}
    for field in attrs.fields(cls):
        default: Any = field.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # it is a class, whatever its stub says
            default = default.factory()
        found[field.name] = default
    return found


def core_schema_of(cls: Any) -> Any:
    """How pydantic reads and writes a record class. Only pydantic asks, so that it is there."""
    from pydantic_core import core_schema

    def serialize(value: Any, info: Any) -> Any:
        return value.model_dump(
            mode=info.mode,
            include=info.include,
            exclude=info.exclude,
            exclude_none=info.exclude_none,
            exclude_defaults=info.exclude_defaults,
        )

    return core_schema.no_info_plain_validator_function(
        cls.model_validate,
        serialization=core_schema.plain_serializer_function_ser_schema(serialize, info_arg=True),
    )


_JSON_TYPES: Final[Mapping[str, str]] = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}


def json_schema_of(cls: Any) -> JSONObject:
    """A record class as JSON Schema: its documented fields; others may stand beside them."""
    names = set(cls.field_names)
    properties = {field.alias: _property(str(field.type)) for field in attrs.fields(cls) if field.alias in names}
    return {
        "title": cls.__name__,
        "description": (cls.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": properties,
        "additionalProperties": True,
    }


def _property(annotation: str) -> JSONObject:
    kind = annotation.removesuffix(" | None")
    if kind in _JSON_TYPES:
        return {"anyOf": [{"type": _JSON_TYPES[kind]}, {"type": "null"}]}
    if kind.startswith("list["):
        return {"anyOf": [{"type": "array", "items": {}}, {"type": "null"}]}
    return {} if kind == "Any" else {"anyOf": [{"type": "object"}, {"type": "null"}]}
