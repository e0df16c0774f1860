"""Schemas of what tools take, as vendors demand them."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, strategies as st

from trio_llm._catalog import CATALOG
from trio_llm._catalog.provider import load_dialect
from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.tool_schemas import object_schema, of_today, with_items
from trio_llm._types.chat import ChatRequest

TEXT = {"type": "string"}
A, B = {"type": "object", "properties": {"a": TEXT}}, {"type": "object", "properties": {"b": TEXT}, "required": ["b"]}
CLAUDES = ("anthropic/claude-sonnet-4-5", "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0")
STRICT = (*CLAUDES, "bedrock/amazon.nova-lite-v1:0", "openai/gpt-4o", "openai/gpt-5-pro", "gemini/gemini-2.5-flash")


def sent(model: str, parameters: Any) -> Any:
    """The schema that a chat with a tool sends."""
    provider, _, name = model.partition("/")
    service = CATALOG[provider].service("chat", name)
    tools = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
    call = WireCall(ChatRequest(model, [{"role": "user", "content": "Hi"}], tools=tools), service.model, service.quirks)
    endpoint: Any = load_dialect(service.wire).chat
    body = json.loads(endpoint.encode(call).body)
    match body:
        case {"toolConfig": {"tools": [{"toolSpec": {"inputSchema": {"json": schema}}}]}}:
            return schema
        case {"tools": [{"functionDeclarations": [{"parametersJsonSchema": schema}]}]}:
            return schema
        case {"tools": [{"input_schema": schema}]} | {"tools": [{"parameters": schema}]}:
            return schema
        case {"tools": [{"function": {"parameters": schema}}]}:
            return schema
        case _:
            return None


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"type": "object"}, {"type": "object", "properties": {}}),
        ({"type": None, "properties": {"a": TEXT}}, A),
        ({"type": ["object", "null"], "properties": {"a": TEXT}}, A),
        ({"allOf": [A, B]}, {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["b"]}),
        ({"$ref": "#/$defs/A", "$defs": {"A": A}}, {**A, "$defs": {"A": A}}),
        ({"allOf": [{"$ref": "#/definitions/A"}], "definitions": {"A": A}}, {**A, "definitions": {"A": A}}),
        (
            {"type": "object", "properties": {"a": TEXT}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            {**A, "description": 'anyOf: [{"required":["a"]},{"required":["b"]}]'},
        ),
        (
            {"description": "What.", "oneOf": [A, {**B, "required": ["b", "x"]}], "required": ["y"]},
            {
                "type": "object",
                "properties": {"a": TEXT, "b": TEXT},
                "required": ["y"],
                "description": 'What. oneOf: [{"properties":["a"]},{"required":["b","x"],"properties":["b"]}]',
            },
        ),
        (
            {
                "anyOf": [
                    {"properties": {"k": {"const": 1}}, "required": ["k"]},
                    {"properties": {"k": TEXT}, "required": ["k"]},
                ]
            },
            {
                "type": "object",
                "properties": {"k": {"anyOf": [{"const": 1}, TEXT]}},
                "required": ["k"],
                "description": 'anyOf: [{"required":["k"],"properties":["k"],"const":{"k":1}},'
                '{"required":["k"],"properties":["k"]}]',
            },
        ),
        (
            {"type": "object", "properties": {}, "not": A},
            {"type": "object", "properties": {}, "description": "not: " + json.dumps(A, separators=(",", ":"))},
        ),
        ({"$ref": "#/$defs/missing"}, {"type": "object", "properties": {}}),
        ({"type": "array", "items": TEXT}, {"type": "array", "items": TEXT}),
    ],
)
def test_what_a_tool_takes_is_an_object_that_names_its_properties(given: Any, made: Any) -> None:
    before = copy.deepcopy(given)

    assert object_schema(given) == made
    assert given == before


def test_a_reference_to_itself_is_followed_to_an_end() -> None:
    assert object_schema({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}})["type"] == "object"


@pytest.mark.parametrize("model", STRICT)
@pytest.mark.parametrize("word", ["anyOf", "oneOf", "allOf"])
def test_vendors_are_sent_an_object_without_alternatives_at_the_root(model: str, word: str) -> None:
    made = sent(model, {"type": "object", word: [A, B]})

    assert made["type"] == "object"
    assert made["properties"].keys() == {"a", "b"}
    assert word not in made


def test_servers_that_nobody_knows_are_sent_the_schema_as_it_is() -> None:
    assert sent("vllm/any", {"anyOf": [A, B]}) == {"anyOf": [A, B]}


def test_a_schema_that_needs_no_change_stays_as_it_is() -> None:
    assert object_schema(A) is A
    for model in STRICT:
        assert sent(model, B) == B


@pytest.mark.parametrize("model", ["openai/gpt-4o", "azure/gpt-4o", "openai/gpt-5-pro"])
def test_openai_is_told_of_what_every_array_is(model: str) -> None:
    properties = {"a": {"type": "array"}, "b": {"type": ["array", "null"]}, "c": {"type": "array", "items": [TEXT]}}
    made = sent(model, {"type": "object", "properties": {**properties, "items": {"type": "string"}}})["properties"]

    assert [made[name]["items"] for name in "abc"] == [{}, {}, {"anyOf": [TEXT]}]
    assert made["items"] == {"type": "string"}
    assert sent("vllm/any", {"type": "object", "properties": properties})["properties"] == properties


def test_openai_is_sent_no_parameters_where_there_are_none() -> None:
    assert sent("openai/gpt-4o", None) is None


@pytest.mark.parametrize("model", CLAUDES)
def test_claude_is_sent_words_of_draft_2020_12(model: str) -> None:
    older = {
        "pair": {"type": "array", "items": [TEXT, TEXT], "additionalItems": False},
        "above": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        "below": {"type": "number", "maximum": 9, "exclusiveMaximum": False},
    }
    made = sent(model, {"type": "object", "properties": older})

    jsonschema.Draft202012Validator.check_schema(made)
    assert made["properties"] == {
        "pair": {"type": "array", "prefixItems": [TEXT, TEXT], "items": False},
        "above": {"type": "number", "exclusiveMinimum": 0},
        "below": {"type": "number", "maximum": 9},
    }


schemas: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([TEXT, {"type": "array"}, {"type": "integer", "minimum": 1}]),
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2)},
            optional={"required": st.just(["a"])},
        ),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
    ),
    max_leaves=6,
)
values: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from("abc"), st.one_of(st.text(max_size=2), st.integers(0, 3), st.lists(st.text(max_size=1), max_size=2))
)


@given(parts=st.lists(schemas, min_size=1, max_size=3), word=st.sampled_from(["anyOf", "oneOf", "allOf"]), value=values)
def test_whatever_fits_an_object_of_the_schema_fits_what_is_made_of_it(
    parts: list[Any], word: str, value: dict[str, Any]
) -> None:
    objects = [part for part in parts if part.get("type") == "object"] or [A]
    whole = {"type": "object", word: objects}
    made = with_items(object_schema(whole))

    jsonschema.Draft202012Validator.check_schema(made)
    # An alternative lets pass whatever it does not name. What is made of it knows the names of the others as well.
    is_named = word == "allOf" or any(
        value.keys() <= part["properties"].keys() and jsonschema.Draft202012Validator(part).is_valid(value)
        for part in objects
    )
    if is_named and jsonschema.Draft202012Validator(whole).is_valid(value):
        assert jsonschema.Draft202012Validator(made).is_valid(value)
    assert of_today(made) == made


# A type for every part


def untyped(schema: Any) -> list[Any]:
    """The parts of a schema that have no type, or more than one place that says it."""
    wrong: list[Any] = []
    if isinstance(schema, list):
        return [one for part in schema for one in untyped(part)]
    if not isinstance(schema, dict):
        return [schema] if schema is True else wrong
    said = [word for word in ("type", "$ref", "anyOf", "oneOf", "allOf") if word in schema]
    if len(said) != 1 or ("$ref" in schema and len(schema) > 1) or isinstance(schema.get("items"), list):
        wrong.append(schema)
    for word in ("properties", "$defs"):
        wrong += [one for part in schema.get(word, {}).values() for one in untyped(part)]
    return wrong + [one for word in ("anyOf", "oneOf", "allOf", "items") for one in untyped(schema.get(word, []))]


CHOICES = [{"required": ["x"]}, {"required": ["y"]}]
FLAVOURED = [
    ({"description": "any"}, [1, "a", None, {}, ["b"]], []),
    (True, [1, "a"], []),
    ({"type": "object", "anyOf": CHOICES, "properties": {"x": TEXT}}, [{"x": "a"}, {"y": 1}], [{}, "x"]),
    ({"type": "string", "oneOf": [{"const": "a"}, {"const": "b"}]}, ["a", "b"], ["c", 1]),
    ({"type": ["string", "null"], "anyOf": [{"minLength": 2}, {"const": None}]}, ["ab", None], ["a", 1]),
    ({"$ref": "#/definitions/name", "description": "beside"}, ["a"], [1]),
    ({"$ref": "#/properties/other"}, [1], ["a"]),
    ({"type": "array", "items": [TEXT, {"type": "integer"}]}, [["a", 1]], [[None]]),
    ({"enum": ["a", "b"]}, ["a"], ["c"]),
    ({"properties": {"x": {}}}, [{"x": 1}], []),
    ({"items": TEXT}, [["a"]], [[1]]),
    ({"anyOf": [TEXT, {"type": "null"}], "default": None}, ["a", None], [1]),
]


@pytest.mark.parametrize("model", ["moonshot/kimi-k2.6", "moonshot/moonshot-v1-8k", "minimax/MiniMax-M3"])
@pytest.mark.parametrize(("part", "good", "bad"), FLAVOURED)
def test_every_part_has_a_type_where_the_vendor_wants_that(
    model: str, part: Any, good: list[Any], bad: list[Any]
) -> None:
    root = {"type": "object", "properties": {"p": part, "other": {"type": "integer"}}, "definitions": {"name": TEXT}}
    before = copy.deepcopy(root)
    schema = sent(model, root)

    assert untyped(schema) == []
    assert root == before
    for value in good:
        jsonschema.validate({"p": value}, schema)
    for value in bad:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"p": value}, schema)


def test_a_schema_that_refers_to_what_contains_it_ends() -> None:
    schema = sent(
        "moonshot/kimi-k3", {"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/nowhere"}}}
    )

    assert untyped(schema) == []


@pytest.mark.parametrize("model", ["moonshot/kimi-k3", "minimax/MiniMax-M2.5"])
def test_functions_have_parameters_where_the_vendor_wants_that(model: str) -> None:
    provider, _, name = model.partition("/")
    service = CATALOG[provider].service("chat", name)
    tools: list[Any] = [
        {"type": "function", "function": {"name": "f"}},
        {"type": "builtin", "function": {"name": "$s"}},
    ]
    call = WireCall(ChatRequest(model, [{"role": "user", "content": "Hi"}], tools=tools), service.model, service.quirks)
    endpoint: Any = load_dialect(service.wire).chat
    function, builtin = json.loads(endpoint.encode(call).body)["tools"]

    assert function["function"]["parameters"] == {"type": "object", "properties": {}}
    assert builtin == tools[1]
