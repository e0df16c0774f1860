"""How providers are held to schemas is decided by their rows, over every API alike, and seen on every response."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from virtual import client_of, in_virtual_time

from trio_llm import ChatRequest, Client, Provider, Quirks, ResponsesRequest
from trio_llm._catalog.provider import Wire
from trio_llm._dialects.quirks import Answers
from trio_llm.observe import CallEnded, Event
from trio_llm.testing import Simulator

NAMES = "OPENAI ANTHROPIC GEMINI MISTRAL DEEPSEEK COHERE REPLICATE OWN"
VARIABLES = {f"{name}_API_KEY": "k" for name in NAMES.split()} | {"AWS_BEARER_TOKEN_BEDROCK": "k", "AWS_REGION": "eu"}
QUESTION = [{"role": "user", "content": "Who?"}]


@attrs.frozen
class Person:
    name: str
    born: int


SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
    "required": ["name", "born"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "name": "person", "schema": SCHEMA}


async def by_completion(client: Client, model: str) -> Any:
    return await client.completion(model, QUESTION, response_format=Person)


async def by_responses(client: Client, model: str) -> Any:
    return await client.responses("Who?", model, text={"format": FORMAT})


async def by_streamed_responses(client: Client, model: str) -> Any:
    async with client.stream_responses("Who?", model, text_format=Person) as stream:
        async for _ in stream:
            pass
    return stream.response


async def by_messages(client: Client, model: str) -> Any:
    return await client.anthropic_messages(100, QUESTION, model, output_config={"format": FORMAT})


async def by_stream(client: Client, model: str) -> Any:
    async with client.stream_object(Person, model, QUESTION) as stream:
        async for _ in stream:
            pass
    return stream.response


WAYS = [by_completion, by_responses, by_streamed_responses, by_messages, by_stream]
ENFORCED: Mapping[str, str] = {
    "openai/gpt-4.1": "schema",
    "anthropic/claude-opus-4-6": "schema",
    "bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0": "tool",
    "gemini/gemini-2.5-flash": "schema",
    "deepseek/deepseek-chat": "instruction",
    "replicate/meta/llama": "instruction",
}


@pytest.mark.parametrize("ask", WAYS)
@pytest.mark.parametrize("model", ENFORCED)
@in_virtual_time
async def test_a_response_says_how_its_provider_was_held_to_the_schema(model: str, ask: Any) -> None:
    async with client_of(Simulator(), variables=VARIABLES) as client:
        response = await ask(client, model)

    assert response.enforced_by == ENFORCED[model]


@in_virtual_time
async def test_older_models_of_anthropic_are_made_to_call_a_tool() -> None:
    async with client_of(Simulator(), variables=VARIABLES) as client:
        for ask in (by_completion, by_responses, by_stream):
            assert (await ask(client, "anthropic/claude-3-5-haiku-latest")).enforced_by == "tool"


OPEN = {"type": "json_schema", "json_schema": {"name": "any", "schema": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize(
    ("model", "how"),
    [
        ("anthropic/claude-opus-5", "tool"),
        ("anthropic/claude-haiku-5-5", "tool"),
        ("anthropic/claude-opus-5-5", "instruction"),
        ("anthropic/claude-sonnet-5-5", "instruction"),
        ("anthropic/claude-fable-5-1", "instruction"),
    ],
)
@in_virtual_time
async def test_models_of_anthropic_that_refuse_forced_tools_are_told_what_they_cannot_be_held_to(
    model: str, how: str
) -> None:
    simulator = Simulator()
    async with client_of(simulator, variables=VARIABLES) as client:
        response = await client.completion(model, QUESTION, response_format=OPEN)
        closed = await client.completion(model, QUESTION, response_format=Person)

    body = simulator.requests[0].json
    assert (response.enforced_by, closed.enforced_by) == (how, "schema")
    assert ("tool_choice" in body) == (how == "tool")
    assert ("fits this JSON schema" in str(body.get("system"))) == (how == "instruction")
    assert "output_config" not in body


@in_virtual_time
async def test_who_asked_for_no_schema_was_held_to_none() -> None:
    async with client_of(Simulator(), variables=VARIABLES) as client:
        plain = await client.completion("openai/gpt-4.1", QUESTION)
        any_object = await client.completion("openai/gpt-4.1", QUESTION, response_format={"type": "json_object"})
        parsed = await by_completion(client, "openai/gpt-4.1")

    assert plain.enforced_by is any_object.enforced_by is None
    assert pickle.loads(pickle.dumps(parsed)).enforced_by == "schema"
    assert "enforced_by" not in parsed.model_dump()


class Ended:
    """The responses of all calls, as observers see them."""

    wants = (CallEnded,)

    def __init__(self) -> None:
        self.responses: list[Any] = []

    def observe(self, event: Event) -> None:
        assert isinstance(event, CallEnded)
        self.responses.append(event.response)


@in_virtual_time
async def test_what_an_extraction_was_held_by_is_seen_by_observers_and_before_it_on_the_row() -> None:
    ended = Ended()
    async with client_of(Simulator(), variables=VARIABLES, observers=[ended]) as client:
        await client.extract(Person, "Ada", model="deepseek/deepseek-chat")
        quirks = client.quirks_of(ChatRequest("deepseek/deepseek-chat", QUESTION))

    assert [response.enforced_by for response in ended.responses] == ["instruction"]
    assert quirks.answers is Answers.JSON


WORDS = "Answer with one JSON object that fits this JSON schema, and with nothing else:\n"


@in_virtual_time
async def test_the_responses_api_of_who_enforces_nothing_is_told_in_its_instructions() -> None:
    simulator = Simulator()
    async with client_of(simulator, variables=VARIABLES) as client:
        text = {"format": FORMAT, "verbosity": "low"}
        await client.responses("Who?", "deepseek/deepseek-chat", instructions="Be brief.", text=text)
        await client.responses("Who?", "deepseek/deepseek-chat", text={"format": {"type": "json_object"}})

    schema, any_object = (request.json for request in simulator.requests)
    assert schema["text"] == {"verbosity": "low", "format": {"type": "json_object"}}
    assert schema["instructions"].startswith(f"Be brief.\n\n{WORDS}")
    assert '"born"' in schema["instructions"]
    assert any_object["text"] == {"format": {"type": "json_object"}}
    assert "instructions" not in any_object


@pytest.mark.parametrize("answers", [Answers.JSON, Answers.WORDS])
@pytest.mark.parametrize("wire", [Wire.OPENAI, Wire.RESPONSES, Wire.ANTHROPIC])
@pytest.mark.parametrize("ask", [by_responses, by_messages])
@in_virtual_time
async def test_whatever_the_wire_the_schema_is_told_and_not_sent(ask: Any, wire: Wire, answers: Answers) -> None:
    page = "https://own.example/docs"
    # A host that the simulator knows, so that it answers by this wire.
    host = "https://api.anthropic.com" if wire is Wire.ANTHROPIC else "https://api.openai.com/v1"
    row = Provider(name="own", base_url=host, documentation=page, wire=wire, quirks=Quirks(answers=answers))
    simulator = Simulator()
    async with client_of(simulator, variables=VARIABLES, providers=[row]) as client:
        response = await ask(client, "own/model")

    sent = str(simulator.requests[-1].json)
    assert response.enforced_by == "instruction"
    assert WORDS.strip() in sent
    assert "json_schema" not in sent
    assert ("json_object" in sent) == (answers is Answers.JSON and wire is not Wire.ANTHROPIC)


@in_virtual_time
async def test_requests_as_values_fall_to_the_same_decision() -> None:
    async with client_of(Simulator(), variables=VARIABLES) as client:
        request = ResponsesRequest("Who?", "deepseek/deepseek-chat", text={"format": FORMAT})
        (outcome,) = await client.fan_out([request])

    assert outcome.response is not None
    assert outcome.response.enforced_by == "instruction"
