"""Values drawn for a JSON schema fit it, whatever the schema, and end."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from trio_llm.testing._patterns import UnknownPatternError, draw_match
from trio_llm.testing._values import draw_value

TREE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer", "minimum": 1, "maximum": 9},
        "children": {"type": "array", "items": {"$ref": "#"}},
        "next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
    },
    "required": ["value", "children", "next"],
    "additionalProperties": False,
}
LIST = {"$ref": "#/$defs/cell", "$defs": {"cell": {"oneOf": [
    {"type": "object", "properties": {"tail": {"$ref": "#/$defs/cell"}}, "required": ["tail"]}, {"const": "nil"},
]}}}  # fmt: skip
BUSH = {
    "type": "object",
    "properties": {
        name: {"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"$ref": "#"}, {"type": "null"}]} for name in ("left", "right")
    },
    "required": ["left", "right"],
}
"""It would grow without end, were its depth not bounded."""
SCHEMAS: list[dict[str, Any]] = [
    TREE,
    BUSH,
    LIST,
    {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "maxItems": 3, "uniqueItems": True},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "items": False},
    {"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1.001},
    {"type": "integer", "multipleOf": 7, "minimum": 20, "maximum": 30},
    {"type": "number", "multipleOf": 0.25, "minimum": -1, "maximum": 0},
    {"type": "integer", "maximum": -5_000},
    {"type": "string", "minLength": 40, "maxLength": 41},
    {"type": "string", "maxLength": 0},
    {"type": "string", "pattern": r"^[A-Z]{3}-\d{4}(\.[a-f]+|x?)$"},
    {"allOf": [{"type": "object", "required": ["a"]}, {"properties": {"a": {"type": "string"}}}]},
    {"allOf": [{"minimum": 3}, {"type": "integer"}, {"maximum": 4}]},
    {"type": ["string", "null"], "maxLength": 3},
    {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
    {"type": "object", "patternProperties": {"^x-[a-z]+$": {"type": "boolean"}}, "additionalProperties": False},
    {"type": "object", "properties": {"a": {}, "b": {}}, "minProperties": 2},
    {"type": "object", "required": ["free"]},
    {"const": {"a": 1}},
    {},
    *({"type": "string", "format": form} for form in ("date", "date-time", "email", "uuid", "ipv4", "ipv6")),
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_what_is_drawn_fits_the_schema(schema: dict[str, Any]) -> None:
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for seed in range(40):
        checker.validate(draw_value(schema, Random(seed)))


names = st.sampled_from("abc")
leaves = st.sampled_from(
    [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}, {"enum": ["x", 1]}, {"$ref": "#/$defs/any"}]
)


def held(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.dictionaries(names, inner, max_size=3).flatmap(
        lambda named: st.lists(st.sampled_from(sorted(named) or ["a"]), unique=True, max_size=3).map(
            lambda required: {"type": "object", "properties": named, "required": [n for n in required if n in named]}
        )
    )
    arrays = inner.map(lambda items: {"type": "array", "items": items})
    either = st.lists(inner, min_size=1, max_size=3).map(lambda some: {"anyOf": [*some, {"type": "null"}]})
    return objects | arrays | either


@given(schema=st.recursive(leaves, held, max_leaves=8), seed=st.integers(0, 99))
def test_any_schema_that_refers_to_itself_has_a_small_value(schema: dict[str, Any], seed: int) -> None:
    below = {"type": "object", "properties": {"below": schema}, "required": ["below"]}
    whole = {"$defs": {"any": {"anyOf": [below, {"type": "null"}]}}, **schema}
    value = draw_value(whole, Random(seed))

    jsonschema.Draft202012Validator(whole).validate(value)
    assert len(repr(value)) < 100_000


def test_the_same_seed_draws_the_same_value_and_another_one_does_not() -> None:
    drawn = [draw_value(TREE, Random(seed)) for seed in (1, 1, 2, 3)]

    assert drawn[0] == drawn[1]
    assert len({str(value) for value in drawn}) > 1


def test_schemas_of_gemini_and_openapi_are_understood() -> None:
    schema = {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}, "required": ["a"]}
    drawn = {type(draw_value(schema, Random(seed))["a"]) for seed in range(20)}

    assert drawn == {str, type(None)}


def test_a_schema_that_says_nothing_but_itself_is_any_value() -> None:
    assert isinstance(draw_value({"$ref": "#"}, Random(0)), str)


PATTERNS = [
    r"^\d{3}-\d{4}$", r"(ab|cd)+e?", r"[^a-z]{2}", r"\w+@\w+\.com", r"a{2,}", r"^$", r"(?:x|y){3}", r"(?<year>\d\d)",
    r"\x41A", r"[\d\-_]+", r"\bword\b", r"a.c", r"x{", r"[]a]", r"\.\*", r"\s\S\D\W", r"a*?b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_drawn_for_a_pattern_matches_it(pattern: str) -> None:
    for seed in range(30):
        assert re.search(pattern.replace("?<", "?P<"), draw_match(pattern, Random(seed)))


@pytest.mark.parametrize("pattern", ["(?=a)", r"(a)\1", "(a", "a)", "[", r"[^\x20-\x7e]", "a\\"])
def test_a_pattern_that_is_not_understood_says_so(pattern: str) -> None:
    with pytest.raises(UnknownPatternError):
        draw_match(pattern, Random(0))
