"""Type checkers know what typed answers and runs of tools give; a class as `response_format` decides it."""

from __future__ import annotations

from typing import assert_type

import attrs
from virtual import client_of, in_virtual_time

from trio_llm import AnthropicMessagesResponse, Client, ModelResponse, ResponsesAPIResponse
from trio_llm.testing import Reply, Simulator, ToolUse
from trio_llm.tools import ToolEvent, ToolRun, tool
from trio_llm.types import ParsedResponse

MODEL = "openai/gpt-4o"
QUESTION = [{"role": "user", "content": "Who?"}]


@attrs.frozen
class Person:
    name: str


@tool
async def greet(name: str) -> str:
    """Greet."""
    return f"hello {name}"


ADA = '{"name": "Ada"}'
ANSWERS = [
    *(Reply(ADA), Reply(f'{{"value": [{ADA}]}}'), Reply("x"), Reply(ADA), Reply(f'{{"value": [{ADA}]}}'), Reply(ADA)),
    *(Reply(tool_calls=[ToolUse("greet", {"name": "Ada"})]), *[Reply("end")] * 4),
]


@in_virtual_time
async def test_what_checkers_infer_is_what_comes() -> None:
    async with client_of(Simulator(ANSWERS)) as client:
        await _infer(client)


async def _infer(client: Client) -> None:
    one = await client.completion(MODEL, QUESTION, response_format=Person)
    assert_type(one, ParsedResponse[Person])
    assert_type(one.choices[0].message.parsed, Person | None)
    assert assert_type(one.parsed, Person) == Person("Ada")
    many = await client.completion(MODEL, QUESTION, response_format=list[Person], max_repairs=1)
    assert assert_type(many.parsed, list[Person]) == [Person("Ada")]
    assert_type(await client.completion(MODEL, QUESTION), ModelResponse)
    assert assert_type(await client.extract(Person, "Ada", model=MODEL), Person) == Person("Ada")
    async with client.stream_object(list[Person], MODEL, QUESTION) as people:
        assert [assert_type(person, Person) async for person in people] == [Person("Ada")]
    async with client.stream_object(Person, MODEL, QUESTION) as stream:
        async for _ in stream:
            pass
        assert assert_type(stream.parsed, Person) == Person("Ada")
    run = await client.run_tools(MODEL, QUESTION, [greet])
    assert assert_type(run, ToolRun[ModelResponse]).messages[2]["content"] == "hello Ada"
    items = await client.run_tools(MODEL, QUESTION, [greet], over="responses", store=False)
    assert assert_type(items, ToolRun[ResponsesAPIResponse]).response.output_text == "end"
    blocks = await client.run_tools("anthropic/claude-opus-4-6", QUESTION, [greet], over="messages", max_tokens=9)
    assert assert_type(blocks, ToolRun[AnthropicMessagesResponse]).response.text == "end"
    async with client.stream_tools(MODEL, QUESTION, [greet]) as events:
        assert [assert_type(event, ToolEvent) async for event in events]
