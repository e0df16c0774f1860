"""JSON schemas in Gemini's words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.gemini.schema import gemini_schema


@pytest.mark.parametrize(
    ("schema", "wire"),
    [
        (True, True),
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"const": 3}, {"type": "integer", "enum": [3]}),
        ({"const": 0.5}, {"type": "number", "enum": [0.5]}),
        ({"const": None}, {"type": "null"}),
        ({"const": True, "description": "Agreed"}, {"type": "boolean", "description": "Agreed Always true."}),
        ({"const": [1]}, {"description": "Always [1]."}),
        (
            {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9},
            {"type": "integer", "minimum": 1, "maximum": 8},
        ),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "number", "minimum": 0, "description": "Not 0 itself."}),
        ({"minimum": 0, "exclusiveMinimum": True}, {"minimum": 0, "exclusiveMinimum": True}),
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"anyOf": [{"const": "a"}, {}]}, {"anyOf": [{"type": "string", "enum": ["a"]}, {}]}),
        ({"items": {"const": 1}}, {"items": {"type": "integer", "enum": [1]}}),
        ({"additionalProperties": {"const": 1}}, {"additionalProperties": {"type": "integer", "enum": [1]}}),
        ({"$ref": "#/$defs/A", "$comment": "x"}, {"$ref": "#/$defs/A", "$comment": "x"}),
        ({"$ref": "#/$defs/A", "description": "x"}, {"anyOf": [{"$ref": "#/$defs/A"}], "description": "x"}),
        (
            {"$ref": "#/$defs/A", "anyOf": [{"type": "object"}]},
            {"allOf": [{"$ref": "#/$defs/A"}], "anyOf": [{"type": "object"}]},
        ),
        (
            {"properties": {"a": {"$ref": "#/definitions/A"}}, "definitions": {"A": {"const": 1}}},
            {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "integer", "enum": [1]}}},
        ),
        ({"allOf": [{"$ref": "#/$defs/A"}], "title": "T"}, {"anyOf": [{"$ref": "#/$defs/A"}], "title": "T"}),
        (
            {
                "required": ["a"],
                "allOf": [True, {"properties": {"a": {}}}, {"properties": {"b": {}}, "required": ["b", "a"]}],
            },
            {"properties": {"a": {}, "b": {}}, "required": ["a", "b"]},
        ),
        (
            {"allOf": [{"$ref": "#/$defs/A"}, {"properties": {"b": {}}}]},
            {"properties": {"b": {}}, "allOf": [{"$ref": "#/$defs/A"}]},
        ),
        ({"type": None, "minLength": 1}, {"minLength": 1}),
        ({"enum": ["a", ""]}, {"enum": ["a"], "description": "May be empty."}),
        ({"type": "string", "enum": [""]}, {"type": "string", "description": "May be empty."}),
        ({"type": "string", "properties": {"a": {}}, "required": ["a"]}, {"type": "string"}),
        ({"properties": {"a": {}}, "required": ["a", "b"]}, {"properties": {"a": {}}, "required": ["a"]}),
        ({"properties": {"a": {}}, "required": ["b"]}, {"properties": {"a": {}}}),
        (
            {"properties": {"a": {}}, "required": ["b"], "anyOf": [{"properties": {"b": {}}}]},
            {"properties": {"a": {}}, "required": ["b"], "anyOf": [{"properties": {"b": {}}}]},
        ),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": ["array", "null"]}, {"type": ["array", "null"], "items": {}}),
        (
            {"type": "array", "items": [{"const": 1}]},
            {"type": "array", "prefixItems": [{"type": "integer", "enum": [1]}]},
        ),
        ({"type": "array", "items": True}, {"type": "array", "items": {}}),
        ({"properties": {"a": True}, "anyOf": [True]}, {"properties": {"a": {}}, "anyOf": [{}]}),
    ],
)
def test_words_that_gemini_does_not_know_are_written_in_those_it_knows(schema: Any, wire: Any) -> None:
    before = copy.deepcopy(schema)

    assert gemini_schema(schema) == wire
    assert schema == before


names = st.sampled_from(["a", "const", "properties", "$ref"])
schemas: st.SearchStrategy[Any] = st.recursive(
    st.just(False) | st.fixed_dictionaries({"type": st.sampled_from(["string", "integer"]), "minLength": st.just(1)}),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("object"), "properties": st.dictionaries(names, inner, max_size=3)}),
        st.fixed_dictionaries({"items": inner}),
        st.fixed_dictionaries({"oneOf": st.lists(inner, max_size=2)}),
    ),
    max_leaves=6,
)


@given(schemas)
def test_a_schema_that_needs_no_change_stays_as_it_is(schema: Any) -> None:
    assert gemini_schema(schema) == schema
