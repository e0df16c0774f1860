"""The simulator answers schemas and tools by itself, on every wire that has them, in memory and on a port."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Literal

import attrs
import jsonschema
import pytest
from simulated_rows import Everything

from trio_llm import Client, ModelResponse, RetryPolicy
from trio_llm._catalog import CATALOG
from trio_llm.testing import Conditions, Reply, Simulator, Strictness, running_server

pytestmark = pytest.mark.anyio
HELLO = [{"role": "user", "content": "one two three"}]
MODELS = [
    *("openai/gpt-4o", "openai/gpt-5-pro", "anthropic/claude-sonnet-4-5", "anthropic/claude-3-haiku-20240307"),
    *("gemini/gemini-2.5-flash", "vertex_ai/gemini-2.5-flash", "bedrock/anthropic.claude-sonnet-4-5", "mistral/any"),
    *("cohere/command-a", "groq/any", "deepseek/deepseek-chat", "bedrock/invoke/anthropic.claude-sonnet-4-5"),
    *("azure/any", "watsonx_text/any", "bedrock/invoke/amazon.nova-pro-v1:0"),
]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "size": {"type": "integer", "minimum": 1, "maximum": 5},
        "kind": {"enum": ["cat", "dog"]},
        "parents": {"type": "array", "items": {"$ref": "#/$defs/parent"}},
    },
    "required": ["name", "size", "kind", "parents"],
    "additionalProperties": False,
    "$defs": {
        "parent": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}
UNBOUNDED = {**SCHEMA, "properties": {**SCHEMA["properties"], "size": {"type": "integer"}}}
"""What is left of it where the wire takes no bounds; they are told in words."""
strict_simulator = partial(Simulator, conditions=Conditions(strict=Strictness()))
"""What is sent here is what the vendors take."""
FORM = {"type": "json_schema", "json_schema": {"name": "pet", "schema": SCHEMA, "strict": True}}
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": SCHEMA, "description": "Keeps a pet."}}
    for name in ("keep", "feed")
]


def client_of(simulator: Simulator, model: str) -> Client:
    row = CATALOG[model.partition("/")[0]]
    return Client(transport=simulator, variables=Everything(row), retry=RetryPolicy(attempts=1))


async def whole_and_streamed(client: Client, model: str, **params: Any) -> list[ModelResponse]:
    whole = await client.completion(model, HELLO, **params)
    async with client.stream(model, HELLO, **params) as stream:
        async for _ in stream:
            pass
    return [whole, stream.response]


@pytest.mark.parametrize("model", [*MODELS, "ollama/any", "cloudflare/run/any", "openai/o1-pro"])
async def test_an_object_that_fits_answers_a_schema(model: str) -> None:
    async with client_of(strict_simulator(), model) as client:
        answers = await whole_and_streamed(client, model, response_format=FORM)

    values = [json.loads(answer.choices[0].message.content or "") for answer in answers]
    assert values[0] == values[1]
    jsonschema.validate(values[0], UNBOUNDED if "claude-sonnet" in model else SCHEMA)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "feed"}}], ids=["any", "one"])
@pytest.mark.parametrize("model", MODELS)
async def test_a_call_that_fits_answers_tools_of_which_one_is_required(model: str, choice: Any) -> None:
    async with client_of(strict_simulator(), model) as client:
        answers = await whole_and_streamed(client, model, tools=TOOLS, tool_choice=choice)

    for answer in answers:
        calls = answer.choices[0].message.tool_calls
        assert calls is not None
        (call,) = calls
        assert call.function is not None
        jsonschema.validate(json.loads(call.function.arguments), SCHEMA)
        assert call.function.name in (("feed",) if isinstance(choice, dict) else ("keep", "feed"))
        assert answer.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"])
async def test_tools_that_nobody_demands_are_not_called(model: str) -> None:
    async with client_of(strict_simulator(), model) as client:
        answers = await whole_and_streamed(client, model, tools=TOOLS)

    assert [answer.choices[0].message.content for answer in answers] == ["echo: one two three"] * 2


async def test_what_is_scripted_comes_before_what_is_drawn() -> None:
    async with client_of(Simulator(Reply("no object")), "openai/x") as client:
        answers = await whole_and_streamed(client, "openai/x", response_format=FORM)

    assert [answer.choices[0].message.content for answer in answers] == ["no object"] * 2


@attrs.frozen
class Pet:
    name: str
    kind: Literal["cat", "dog"]
    age: int


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"])
async def test_typed_answers_need_no_script(model: str) -> None:
    async with client_of(Simulator(), model) as client:
        found = await client.extract(Pet, "A pet.", model=model)
        parsed = await client.completion(model, HELLO, response_format=Pet)

    assert isinstance(found, Pet)
    assert parsed.parsed.kind in ("cat", "dog")


def test_a_port_answers_schemas_and_tools_too() -> None:
    import trio_llm

    with running_server(Simulator()) as base_url:
        for model, home in (("openai/x", f"{base_url}/v1"), ("anthropic/claude-3-haiku-20240307", base_url)):
            answer = trio_llm.completion(model, HELLO, api_base=home, api_key="k", response_format=FORM)
            jsonschema.validate(json.loads(answer.choices[0].message.content or ""), SCHEMA)
            called = trio_llm.completion(model, HELLO, api_base=home, api_key="k", tools=TOOLS, tool_choice="required")
            assert called.choices[0].message.tool_calls
