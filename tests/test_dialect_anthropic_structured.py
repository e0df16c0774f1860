"""`response_format` as Anthropic's structured output, or as a tool that has to be called."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.contract import WireCall
from trio_llm._types.chat import ChatRequest
from trio_llm._types.errors import BadRequestError, UnsupportedParamsError

MODEL = "claude-sonnet-4-5"
NEWER = "claude-opus-5"
OLDER = "claude-3-haiku-20240307"
HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]


def body(model: str = MODEL, **parameters: Any) -> dict[str, Any]:
    assert ANTHROPIC.chat is not None
    made = ANTHROPIC.chat.encode(WireCall(ChatRequest(f"anthropic/{model}", HELLO, **parameters), model)).body
    assert isinstance(made, bytes)
    fields: dict[str, Any] = json.loads(made)
    return fields


def function(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


@attrs.frozen
class Peak:
    """A mountain."""

    name: str
    height: float


def json_schema(schema: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, **fields}}


def native(schema: Any, model: str = MODEL) -> dict[str, Any]:
    made = body(model, response_format=json_schema(schema))
    assert "tools" not in made
    assert made["output_config"]["format"]["type"] == "json_schema"
    fields: dict[str, Any] = made["output_config"]["format"]["schema"]
    return fields


def test_a_class_is_native_structured_output() -> None:
    made = body(response_format=Peak)
    schema = made["output_config"]["format"]["schema"]
    assert schema["required"] == ["name", "height"]
    assert schema["additionalProperties"] is False


def test_text_is_the_usual_format() -> None:
    assert body(response_format={"type": "text"}) == body()


def test_a_native_format_goes_together_with_an_effort_and_tools() -> None:
    made = body(NEWER, response_format=Peak, reasoning_effort="low", tools=[function("now")])
    assert set(made["output_config"]) == {"effort", "format"}
    assert [tool["name"] for tool in made["tools"]] == ["now"]


def test_what_native_output_cannot_enforce_is_described() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "age": {"type": "integer", "minimum": 0, "maximum": 150, "description": "In years."},
            "born": {"type": "string", "format": "date"},
            "code": {"type": "string", "format": "zip"},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 3}, "minItems": 1},
            "many": {"type": "array", "items": {"$ref": "#/$defs/one"}, "minItems": 2},
            "either": {"oneOf": [{"type": "string"}, {"type": "null"}]},
        },
        "$defs": {"one": {"type": ["object", "null"], "properties": {"x": {"const": 1}}}},
    }
    made = native(schema)
    properties = made["properties"]
    assert "$schema" not in made
    assert made["additionalProperties"] is False
    assert properties["age"] == {"type": "integer", "description": "In years. (minimum: 0, maximum: 150)"}
    assert properties["born"] == {"type": "string", "format": "date"}
    assert properties["code"] == {"type": "string", "description": '(format: "zip")'}
    assert properties["tags"]["minItems"] == 1
    assert properties["tags"]["items"] == {"type": "string", "description": "(maxLength: 3)"}
    assert properties["many"]["description"] == "(minItems: 2)"
    assert properties["either"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert made["$defs"]["one"]["additionalProperties"] is False


PROPERTIES = {"x": {"type": "integer"}}
RECURSIVE = {
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/node"}},
    "$defs": {"node": {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}]}}}},
}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": PROPERTIES, "additionalProperties": True},
        {"type": "object", "properties": PROPERTIES, "additionalProperties": {"type": "string"}},
        {"type": "object", "properties": {"free": {"type": "object"}}},
        {"type": "object", "properties": {"x": {"allOf": [{"type": "string"}]}}},
        {"type": "object", "properties": {"next": {"$ref": "#"}}},
        {"type": "object", "properties": {"anything": {}}},
        {"type": "object", "properties": {"list": {"type": "array", "items": True}}},
        RECURSIVE,
    ],
)
def test_schemas_that_native_output_does_not_take_are_a_tool_that_must_be_called(schema: dict[str, Any]) -> None:
    made = body(response_format=json_schema(schema))
    (tool,) = made["tools"]
    assert tool["input_schema"] == schema
    assert made["tool_choice"] == {"type": "tool", "name": tool["name"], "disable_parallel_tool_use": True}
    assert "output_config" not in made


@pytest.mark.parametrize("model", [OLDER, "claude-sonnet-4-20250514", "deepseek-chat"])
def test_models_without_native_output_get_the_tool(model: str) -> None:
    assert "output_config" not in body(model, response_format=Peak)
    assert body(model, response_format=Peak)["tools"][0]["input_schema"]["required"] == ["name", "height"]


@pytest.mark.parametrize("model", ["claude-opus-4-1-20250805", "claude-haiku-4-5", "claude-opus-5", "claude-latest"])
def test_models_with_native_output_get_no_tool(model: str) -> None:
    assert native({"type": "object", "properties": PROPERTIES}, model)["additionalProperties"] is False


def test_any_json_object_is_a_tool_too() -> None:
    assert body(response_format={"type": "json_object"})["tools"][0]["input_schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("choice", "kind"), [(None, "any"), ("auto", "any"), ("required", "any"), ("none", "tool")]
)  # fmt: skip
def test_the_answer_s_tool_stands_beside_the_caller_s(choice: str | None, kind: str) -> None:
    made = body(response_format={"type": "json_object"}, tools=[function("now")], tool_choice=choice)
    assert [tool["name"] for tool in made["tools"]] == ["now", "json_answer"]
    assert made["tool_choice"]["type"] == kind


def test_a_function_that_the_caller_names_is_still_the_one_that_is_called() -> None:
    named = {"type": "function", "function": {"name": "now"}}
    made = body(response_format={"type": "json_object"}, tools=[function("now")], tool_choice=named)
    assert made["tool_choice"] == {"type": "tool", "name": "now"}


def test_a_budget_of_thinking_and_an_enforced_tool_exclude_each_other() -> None:
    asked: dict[str, Any] = {"response_format": {"type": "json_object"}, "reasoning_effort": "low"}
    with pytest.raises(UnsupportedParamsError, match="thinking beside a tool that has to be called"):
        body(**asked)
    assert "thinking" not in body(**asked, drop_params=True)
    assert body(NEWER, **asked)["thinking"]["type"] == "adaptive"


@pytest.mark.parametrize(
    "form",
    [
        {"type": "xml"},
        {},
        {"type": "json_schema"},
        {"type": "json_schema", "json_schema": {"schema": 3}},
        json_schema({"type": "array", "items": {"type": "object"}}),
        json_schema({"type": "object", "properties": [1]}),
        json_schema({"type": "object", "properties": {"x": 3}}),
        json_schema({"type": "object", "properties": {"x": {"anyOf": {}}}}),
    ],
)
def test_a_format_that_makes_no_sense_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=r"response_format|schema|properties|anyOf"):
        body(response_format=form)
