"""Whether a JSON value fits a schema, and what schemas say together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

JSONSchema: TypeAlias = Mapping[str, Any]
AnySchema: TypeAlias = JSONSchema | bool
"""True is what everything fits, false what nothing does."""

_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
    ),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
}
_SHAPES: Final = {
    "object": ("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_TOLERANCE: Final = 1e-9


def fits(value: Any, schema: AnySchema) -> bool:
    """Whether a JSON value is valid by a schema; `format` is an annotation, as the standard has it.

    Example:
        assert strategies.fits({"city": "Paris"}, WEATHER["function"]["parameters"])
    """
    return _Judge(schema).fits(value, schema)


def types_of(schema: JSONSchema) -> list[str]:
    """The types that a schema names, or else shows by what it asks of them."""
    named = schema.get("type")
    if isinstance(named, str):
        return [named]
    if isinstance(named, list):
        return list(named)
    return [kind for kind, names in _SHAPES.items() if any(name in schema for name in names)]


def referred(root: AnySchema, reference: str) -> JSONSchema:
    """The place in a schema that a JSON pointer names.

    Raises:
        ValueError: if there is none.
    """
    found: Any = root
    if not reference.startswith("#"):
        raise ValueError(f"{reference!r} is in another document")
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(name)] if isinstance(found, list) else found[name]
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError(f"{reference!r} leads nowhere") from error
    return dict(found)


def merged(one: JSONSchema, other: AnySchema) -> dict[str, Any]:
    """A schema that asks what both ask, as far as one schema can; the rest is for `fits` to judge."""
    if isinstance(other, bool):
        return dict(one)
    both = {**one, **other}
    for name in ("properties", "$defs", "definitions"):
        if name in one and name in other:
            both[name] = {**one[name], **other[name]}
    if "required" in one and "required" in other:
        both["required"] = [*one["required"], *(name for name in other["required"] if name not in one["required"])]
    for name, narrower in (("minimum", max), ("maximum", min), ("minLength", max), ("maxLength", min)):
        if name in one and name in other:
            both[name] = narrower(one[name], other[name])
    for name in ("allOf", "anyOf"):
        if name in one and name in other:
            both[name] = one[name]
            both["allOf"] = [*both.get("allOf", ()), {name: other[name]}]
    return both


class _Judge:
    def __init__(self, root: AnySchema) -> None:
        self._root = root

    def fits(self, value: Any, schema: AnySchema) -> bool:
        if isinstance(schema, bool):
            return schema
        return (
            self._fits_type(value, schema)
            and self._fits_values(value, schema)
            and self._fits_parts(value, schema)
            and (not isinstance(value, str) or _fits_string(value, schema))
            and (not _TYPES["number"](value) or _fits_number(value, schema))
            and (not isinstance(value, list) or self._fits_array(value, schema))
            and (not isinstance(value, Mapping) or self._fits_object(value, schema))
        )

    def _fits_type(self, value: Any, schema: JSONSchema) -> bool:
        named = schema.get("type")
        kinds = [named] if isinstance(named, str) else named
        return kinds is None or any(_TYPES[kind](value) for kind in kinds)

    def _fits_values(self, value: Any, schema: JSONSchema) -> bool:
        if "const" in schema and not _same(value, schema["const"]):
            return False
        return "enum" not in schema or any(_same(value, one) for one in schema["enum"])

    def _fits_parts(self, value: Any, schema: JSONSchema) -> bool:
        if "$ref" in schema and not self.fits(value, referred(self._root, schema["$ref"])):
            return False
        if not all(self.fits(value, part) for part in schema.get("allOf", ())):
            return False
        if "anyOf" in schema and not any(self.fits(value, part) for part in schema["anyOf"]):
            return False
        if "oneOf" in schema and sum(self.fits(value, part) for part in schema["oneOf"]) != 1:
            return False
        return "not" not in schema or not self.fits(value, schema["not"])

    def _fits_array(self, value: list[Any], schema: JSONSchema) -> bool:
        first = schema.get("prefixItems", ())
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return False
        if schema.get("uniqueItems") and any(_same(a, b) for place, a in enumerate(value) for b in value[:place]):
            return False
        parts = [*first[: len(value)], *([schema.get("items", True)] * max(0, len(value) - len(first)))]
        return all(self.fits(item, part) for item, part in zip(value, parts, strict=True))

    def _fits_object(self, value: Mapping[str, Any], schema: JSONSchema) -> bool:
        if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
            return False
        if any(name not in value for name in schema.get("required", ())):
            return False
        named, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        return all(self.fits(item, named.get(name, others)) for name, item in value.items())


def _fits_string(value: str, schema: JSONSchema) -> bool:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return False
    return "pattern" not in schema or re.search(schema["pattern"], value) is not None


def _fits_number(value: float, schema: JSONSchema) -> bool:
    step = schema.get("multipleOf")
    if step and abs(value / step - round(value / step)) > _TOLERANCE:
        return False
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    return (
        schema.get("minimum", value) <= value <= schema.get("maximum", value)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, but 1 is 1.0; inside lists and objects as well."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return bool(one == other)
