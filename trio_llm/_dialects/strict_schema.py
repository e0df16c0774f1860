"""JSON schemas as OpenAI's strict mode takes them, and those that follow it.

Every object is closed and names all its properties as required, and only some words are known. What has an equal in
those words is rewritten: `oneOf` is `anyOf`, what stands beside a `$ref` goes with a copy of its target, a fixed list
is a list of any of its items. Limits that the mode does not know become part of the description, where the model reads
them. What is left cannot be strict: free keys, values of any type, and conditions.

Source: OpenAI guide "Structured outputs", sections "Supported schemas" and "Some type-specific keywords are not yet
supported", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._convert import json as _json

Schema = dict[str, Any]

_TABLES: Final = ("properties", "$defs", "definitions")
_IMPOSSIBLE: Final = frozenset(
    {"not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames"}
)
_SILENT: Final = frozenset({"$schema", "$id", "default", "discriminator", "examples", "example"})
"""Words that bind no answer."""
_UNKNOWN: Final = frozenset(
    {"minLength", "maxLength", "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems"}
    | {"minProperties", "maxProperties", "contentMediaType", "contentEncoding"}
)
"""Words that the mode refuses, and that can be said in words."""
_REFUSED: Final = _IMPOSSIBLE | _UNKNOWN | {"oneOf", "allOf", "prefixItems"}
_FORMATS: Final = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_TYPED: Final = frozenset({"type", "enum", "const", "anyOf", "$ref"})


def is_strict(schema: object) -> bool:
    """Whether strict mode takes a schema as it is, as far as its documentation says."""
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    if not isinstance(schema, Mapping):
        return True
    if not _REFUSED.isdisjoint(schema) or ("$ref" in schema and len(schema) > 1):
        return False
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        closed = schema.get("additionalProperties") is False and set(properties) <= set(schema.get("required") or ())
        return closed and all(map(is_strict, properties.values())) and _is_strict_within(schema)
    return not (
        schema.get("type") == "object" and schema.get("additionalProperties") is not False
    ) and _is_strict_within(schema)


def _is_strict_within(schema: Mapping[str, Any]) -> bool:
    tables = [inner for name in ("$defs", "definitions") for inner in schema.get(name, {}).values()]
    return is_strict([*tables, *schema.get("anyOf", ()), schema.get("items")])


class _NotStrict(Exception):
    """The schema means something that strict mode cannot say."""


def strict_schema(schema: Mapping[str, Any], *, closing: bool) -> Schema | None:
    """The schema in strict mode's words, None if it cannot be said in them.

    With `closing`, properties that may be absent become required, and objects that say nothing of other keys are
    closed: that is how a class is meant. Without, such schemas are not strict.
    """
    writer = _Writer(schema, closing=closing)
    try:
        made = writer.write(schema, ())
    except _NotStrict:
        return None
    return made if made.get("type") == "object" else None  # the mode wants an object at the top


class _Writer:
    """One schema being rewritten."""

    def __init__(self, root: Mapping[str, Any], *, closing: bool) -> None:
        self._root = root
        self._closing = closing

    def write(self, given: Any, inside: tuple[str, ...]) -> Schema:
        """A schema, at its place inside the references that led to it."""
        if not isinstance(given, Mapping) or not given or not _IMPOSSIBLE.isdisjoint(given):
            raise _NotStrict
        schema = self._without_siblings(self._merged(dict(given)), inside)
        if isinstance(schema.get("$ref"), str) and len(schema) == 1:
            return schema
        reference = given.get("$ref")
        inside = (*inside, reference) if isinstance(reference, str) else inside
        made: Schema = {}
        unsaid: Schema = {}
        for name, value in schema.items():
            self._word(name, value, made, unsaid, inside)
        if _is_object(schema):
            self._close(schema, made)
        if _TYPED.isdisjoint(made):
            raise _NotStrict
        return _described(made, unsaid)

    def _word(self, name: str, value: Any, made: Schema, unsaid: Schema, inside: tuple[str, ...]) -> None:
        if name in _TABLES:
            made[name] = {key: self.write(inner, inside) for key, inner in value.items()}
        elif name in ("anyOf", "oneOf"):
            made["anyOf"] = [self.write(inner, inside) for inner in value]
        elif name == "items":
            made["items"] = self.write(value, inside)
        elif name == "prefixItems":
            kinds = [self.write(inner, inside) for inner in value]
            different = [kind for number, kind in enumerate(kinds) if kind not in kinds[:number]]
            made["items"] = different[0] if len(different) == 1 else {"anyOf": different}
            made |= {"minItems": len(kinds), "maxItems": len(kinds)}
            if len(different) > 1:
                unsaid[name] = value
        elif name in _UNKNOWN or (name == "format" and value not in _FORMATS):
            unsaid[name] = value
        elif name not in _SILENT and name not in ("additionalProperties", "required"):
            made.setdefault(name, value)

    def _close(self, schema: Schema, made: Schema) -> None:
        properties, further = schema.get("properties", {}), schema.get("additionalProperties")
        open_ended = further is not False if further is not None else not (self._closing and "properties" in schema)
        optional = set(properties) - set(schema.get("required", ()))
        if open_ended or (optional and not self._closing):
            raise _NotStrict
        made |= {"properties": made.get("properties", {}), "required": list(properties), "additionalProperties": False}

    def _merged(self, schema: Schema) -> Schema:
        """The schema without `allOf`, whose parts hold all together."""
        parts = schema.pop("allOf", None)
        for part in parts or ():
            part = (
                self._target(part["$ref"])
                if isinstance(part, Mapping) and set(part) == {"$ref"} and len(parts) > 1
                else part
            )
            if not isinstance(part, Mapping) or set(part) & set(schema) - {
                "type",
                "properties",
                "required",
                "description",
                "title",
            }:
                raise _NotStrict
            properties = {**schema.get("properties", {}), **part.get("properties", {})}
            required = [*schema.get("required", ()), *part.get("required", ())]
            schema = {**part, **schema}
            schema |= {"properties": properties} if properties else {}
            schema |= {"required": list(dict.fromkeys(required))} if required else {}
        return schema

    def _without_siblings(self, schema: Schema, inside: tuple[str, ...]) -> Schema:
        """Beside a `$ref` nothing may stand: a copy of its target takes it in, unless that would never end."""
        reference = schema.get("$ref")
        others = {name: value for name, value in schema.items() if name not in ("$ref", "$defs", "definitions")}
        if not isinstance(reference, str) or not others:
            return schema
        if reference in inside or reference == "#" or set(others) <= _SILENT | {"title"}:
            return {name: value for name, value in schema.items() if name not in others}
        target = self._target(reference)
        held = {name: value for name, value in schema.items() if name not in ("$ref", *others)}
        return {**self._without_siblings({**target}, (*inside, reference)), **others, **held}

    def _target(self, reference: str) -> Mapping[str, Any]:
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            raise _NotStrict
        return found


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return kind == "object" or "properties" in schema or (isinstance(kind, list) and "object" in kind)


def _described(made: Schema, unsaid: Schema) -> Schema:
    if unsaid:
        words = ", ".join(f"{name}: {_json.dumps(value).decode()}" for name, value in unsaid.items())
        made["description"] = f"{made.get('description', '')} ({words})".strip()
    return made
