"""JSON schemas, tools described by them, and values that fit; references and recursion included.

A schema is compiled to a strategy part by part. Each place that a `$ref` leads to is compiled once, as a deferred
strategy, so a schema that comes back to itself is one too. Alternatives are tried in their order and optional fields
are left out first, which is what makes values shrink to small ones. What cannot be built is filtered by `fits`.

Source: JSON Schema 2020-12, core and validation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from hypothesis import strategies as st

from .._actions import ToolUse
from ._fitting import AnySchema, JSONSchema, fits, merged, referred, types_of
from ._texts import NAMES, TEXTS

Tool: TypeAlias = Mapping[str, Any]
"""In OpenAI's shape: `{"type": "function", "function": {"name": ..., "parameters": ...}}`."""

_LARGEST: Final = 2**53 - 1
"""The integers that every JSON reader gets right."""
_FORMATS: Final[Mapping[str, st.SearchStrategy[str]]] = {
    "date": st.dates().map(lambda value: value.isoformat()),
    "date-time": st.datetimes().map(lambda value: value.replace(microsecond=0).isoformat() + "Z"),
    "time": st.times().map(lambda value: value.replace(microsecond=0).isoformat() + "Z"),
    "uuid": st.uuids().map(str),
    "email": st.emails(),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
    "uri": NAMES.map(lambda name: f"https://example.com/{name}"),
    "hostname": NAMES.map(lambda name: f"{name.replace('_', 'x')}.example"),
    "duration": st.integers(0, 999).map(lambda seconds: f"PT{seconds}S"),
}
_ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-_LARGEST, _LARGEST) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
_COMBINED: Final = ("allOf", "anyOf", "oneOf", "$ref")


def values(schema: AnySchema) -> st.SearchStrategy[Any]:
    """JSON values that fit a schema.

    Understood are types, `enum`, `const`, bounds, `pattern`, `format`, `properties`, `required`,
    `additionalProperties`, `items`, `prefixItems`, `uniqueItems`, `anyOf`, `oneOf`, `allOf`, `not`, and `$ref` within
    the schema, also where it comes back to itself.

        @given(answer=strategies.values(Order.model_json_schema()))
        def test_my_parser_reads_what_the_model_may_say(answer): ...
    """
    return _Compiler(schema).strategy(schema).filter(lambda value: fits(value, schema))


class _Compiler:
    """The strategies of one schema: a deferred one for each place that a reference leads to."""

    def __init__(self, root: AnySchema) -> None:
        self._root = root
        self._deferred: dict[str, st.SearchStrategy[Any]] = {}

    def strategy(self, schema: AnySchema) -> st.SearchStrategy[Any]:
        """Values of a part of it."""
        if isinstance(schema, bool):
            return _ANYTHING if schema else st.nothing()
        if not any(name in schema for name in _COMBINED):
            return self._plain(schema)
        rest = {name: value for name, value in schema.items() if name not in _COMBINED}
        if "$ref" in schema and not _says_something(rest):
            return self._referred(schema["$ref"])
        if "$ref" in schema:
            rest = merged(rest, referred(self._root, schema["$ref"]))
        for part in schema.get("allOf", ()):
            rest = merged(rest, referred(self._root, part["$ref"]) if "$ref" in part else part)
        alternatives = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        if not alternatives:
            return self.strategy(rest)
        return st.one_of([self.strategy(merged(rest, one) if _says_something(rest) else one) for one in alternatives])

    def _referred(self, reference: str) -> st.SearchStrategy[Any]:
        if reference not in self._deferred:
            self._deferred[reference] = st.deferred(lambda: self.strategy(referred(self._root, reference)))
        return self._deferred[reference]

    def _plain(self, schema: JSONSchema) -> st.SearchStrategy[Any]:
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        types = types_of(schema)
        return st.one_of([self._typed(kind, schema) for kind in types]) if types else _ANYTHING

    def _typed(self, kind: str, schema: JSONSchema) -> st.SearchStrategy[Any]:
        match kind:
            case "null":
                return st.none()
            case "boolean":
                return st.booleans()
            case "string":
                return _strings(schema)
            case "integer" | "number":
                return _numbers(schema, whole=kind == "integer")
            case "array":
                return self._arrays(schema)
            case _:
                return self._objects(schema)

    def _arrays(self, schema: JSONSchema) -> st.SearchStrategy[list[Any]]:
        first = [self.strategy(part) for part in schema.get("prefixItems", ())]
        least = max(0, schema.get("minItems", 0) - len(first))
        most = schema.get("maxItems", least + len(first) + 3) - len(first)
        if most < 0 or schema.get("items") is False:
            counts = range(min(schema.get("minItems", 0), len(first)), min(len(first), len(first) + most) + 1)
            return st.one_of([st.tuples(*first[:count]).map(list) for count in counts])
        items = self.strategy(schema.get("items", True))
        unique_by = repr if schema.get("uniqueItems") else None
        rest = st.lists(items, min_size=least, max_size=max(least, min(most, least + 3)), unique_by=unique_by)
        return st.tuples(st.tuples(*first), rest).map(lambda pair: [*pair[0], *pair[1]])

    def _objects(self, schema: JSONSchema) -> st.SearchStrategy[dict[str, Any]]:
        named = {name: self.strategy(part) for name, part in schema.get("properties", {}).items()}
        required = schema.get("required", ())
        others = schema.get("additionalProperties", True)
        for name in required:
            named.setdefault(name, self.strategy(others))
        fixed = st.fixed_dictionaries(
            {name: part for name, part in named.items() if name in required},
            optional={name: part for name, part in named.items() if name not in required},
        )
        least = schema.get("minProperties", 0)
        if others is False or (named and least <= len(named) and not isinstance(others, Mapping)):
            return cast("st.SearchStrategy[dict[str, Any]]", fixed)
        keys = NAMES.filter(lambda name: name not in named)
        missing = max(0, least - len(required))
        free = st.dictionaries(keys, self.strategy(others), min_size=missing, max_size=missing + 2)
        return st.tuples(fixed, free).map(lambda pair: {**pair[0], **pair[1]})


def _says_something(schema: JSONSchema) -> bool:
    return any(name not in ("$defs", "definitions", "description", "title", "default", "$schema") for name in schema)


def _strings(schema: JSONSchema) -> st.SearchStrategy[str]:
    least = schema.get("minLength", 0)
    if "pattern" in schema:
        matches: st.SearchStrategy[str] = st.from_regex(re.compile(schema["pattern"]))
        return matches.filter(lambda text: "\x00" not in text)
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    characters = st.characters(exclude_categories=["Cs"])
    return st.text(characters, min_size=least, max_size=min(schema.get("maxLength", least + 20), least + 20))


def _numbers(schema: JSONSchema, *, whole: bool) -> st.SearchStrategy[float]:
    low, high = _bounds(schema)
    step = schema.get("multipleOf", 1 if whole else None)
    if step is not None and step > 0:
        least, most = math.ceil(low / step), math.floor(high / step)
        if least > most:
            return st.nothing()
        return st.integers(least, most).map(lambda count: count * step)
    numbers = st.floats(low, high, allow_nan=False, allow_infinity=False, width=64)
    least, most = math.ceil(low), math.floor(high)
    return st.integers(least, most) | numbers if least <= most else numbers


def _bounds(schema: JSONSchema) -> tuple[float, float]:
    low, high = schema.get("minimum", -_LARGEST), schema.get("maximum", _LARGEST)
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if isinstance(above, int | float) and not isinstance(above, bool):
        low = max(low, above)
    if isinstance(below, int | float) and not isinstance(below, bool):
        high = min(high, below)
    return low, high


def schemas() -> st.SearchStrategy[JSONSchema]:
    """JSON schemas that some value fits: of every type, with alternatives, and with references that come back.

    Example:
        @given(schema=strategies.schemas())
        def test_my_converter_takes_any_schema(schema): ...
    """
    nested = st.recursive(_LEAVES, _wider, max_leaves=5)
    return nested | nested.map(_tree)


_COUNTS: Final = st.integers(0, 3)
_LEAVES: Final[st.SearchStrategy[JSONSchema]] = st.one_of(
    st.just({"type": "string"}),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.tuples(_COUNTS, _COUNTS).map(lambda two: {"type": "integer", "minimum": min(two), "maximum": max(two)}),
    st.sampled_from(
        [{"type": "number"}, {"type": "number", "exclusiveMinimum": 0}, {"type": "integer", "multipleOf": 5}]
    ),
    st.lists(NAMES, min_size=1, max_size=3, unique=True).map(lambda names: {"type": "string", "enum": names}),
    st.sampled_from(sorted(_FORMATS)).map(lambda name: {"type": "string", "format": name}),
    st.just({"type": "string", "pattern": "^[a-z]{2,4}$"}),
    st.tuples(_COUNTS, _COUNTS).map(lambda two: {"type": "string", "minLength": min(two), "maxLength": max(two)}),
)


def _wider(inner: st.SearchStrategy[JSONSchema]) -> st.SearchStrategy[JSONSchema]:
    arrays = st.tuples(inner, _COUNTS).map(lambda two: {"type": "array", "items": two[0], "minItems": two[1] % 2})
    alternatives = st.lists(inner, min_size=1, max_size=2).map(lambda some: {"anyOf": some})
    return _objects_of(inner) | arrays | alternatives


def _objects_of(inner: st.SearchStrategy[JSONSchema]) -> st.SearchStrategy[JSONSchema]:
    fields = st.dictionaries(NAMES, inner, max_size=3)
    return st.tuples(fields, st.booleans(), st.booleans()).map(lambda three: _object(*three))


def _object(fields: Mapping[str, JSONSchema], all_required: bool, closed: bool) -> JSONSchema:  # noqa: FBT001 - drawn
    schema = {"type": "object", "properties": dict(fields), "required": sorted(fields) if all_required else []}
    return {**schema, "additionalProperties": False} if closed else schema


def _tree(leaf: JSONSchema) -> JSONSchema:
    """A value, and under it as many of the same as one likes: the shape that recursion has in practice."""
    node = {
        "type": "object",
        "properties": {"value": leaf, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}, "maxItems": 2}},
        "required": ["value"],
    }
    return {"$ref": "#/$defs/node", "$defs": {"node": node}}


def object_schemas() -> st.SearchStrategy[JSONSchema]:
    """Schemas of objects with closed fields, as tools and structured answers have them.

    Example:
        @given(schema=strategies.object_schemas())
        def test_my_form_shows_every_field(schema): ...
    """
    leaves = _LEAVES | _LEAVES.map(lambda leaf: {"type": "array", "items": leaf}) | _objects_of(_LEAVES)
    return _objects_of(leaves)


def tools() -> st.SearchStrategy[Tool]:
    """Tools that a model is offered, in OpenAI's shape.

    Example:
        @given(offered=st.lists(strategies.tools(), max_size=3))
        def test_my_agent_offers_them(offered): ...
    """
    return st.tuples(NAMES, object_schemas()).map(
        lambda pair: {
            "type": "function",
            "function": {"name": pair[0], "description": f"Does {pair[0]}.", "parameters": pair[1]},
        }
    )


def uses_of(offered: Sequence[Tool]) -> st.SearchStrategy[ToolUse]:
    """Calls of these tools, with arguments that fit their schemas.

    Example:
        @given(use=strategies.uses_of([WEATHER, CALENDAR]))
        def test_my_dispatcher_finds_the_tool(use): ...
    """
    if not offered:
        return st.nothing()
    return st.one_of([_uses(tool["function"]) for tool in offered])


def _uses(function: Mapping[str, Any]) -> st.SearchStrategy[ToolUse]:
    schema = function.get("parameters") or {"type": "object", "properties": {}, "additionalProperties": False}
    return st.builds(ToolUse, st.just(function["name"]), values(schema))
