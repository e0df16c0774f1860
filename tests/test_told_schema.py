"""Providers that enforce no schema are told it in words, and what they answer is checked all the same."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from virtual import in_virtual_time

from trio_llm import ChatRequest, Client, Provider, Quirks, RetryPolicy
from trio_llm._dialects.told_schema import with_told_schema
from trio_llm.exceptions import AnswerValidationError
from trio_llm.testing import Reply, Simulator
from trio_llm.types import Answers

QUESTION: list[Any] = [{"role": "user", "content": "Who?"}]
ADA = '{"name": "Ada", "born": 1815}'


@attrs.frozen
class Person:
    name: str
    born: int


def client_of(simulator: Simulator) -> Client:
    keys = {"DEEPSEEK_API_KEY": "k", "MINE_API_KEY": "k"}
    quirks = Quirks(answers=Answers.WORDS, unsupported=frozenset({"response_format"}))
    row = Provider(name="mine", base_url="https://mine.test/v1", documentation="https://mine.test", quirks=quirks)
    return Client(transport=simulator, variables=keys, retry=RetryPolicy(attempts=1), providers=[row])


@pytest.mark.parametrize("streamed", [False, True])
@in_virtual_time
async def test_where_json_is_enforced_it_is_asked_for_and_the_schema_is_told(streamed: bool) -> None:
    simulator = Simulator(Reply(ADA))
    async with client_of(simulator) as client:
        if streamed:
            async with client.stream_object(Person, "deepseek/deepseek-chat", QUESTION) as stream:
                async for _ in stream:
                    pass
            answered = stream.parsed
        else:
            answered = (await client.completion("deepseek/deepseek-chat", QUESTION, response_format=Person)).parsed

    body = simulator.requests[0].json
    assert answered == Person("Ada", 1815)
    assert body["response_format"] == {"type": "json_object"}
    words, schema = body["messages"][0]["content"].split("\n")
    assert words == "Answer with one JSON object that fits this JSON schema, and with nothing else:"
    assert json.loads(schema)["properties"] == {"name": {"type": "string"}, "born": {"type": "integer"}}
    assert body["messages"][1:] == QUESTION


@in_virtual_time
async def test_where_nothing_is_enforced_everything_is_told_and_checked_and_repaired() -> None:
    simulator = Simulator([Reply("Ada, I think."), Reply(f"```json\n{ADA}\n```"), Reply("Ada")])
    async with client_of(simulator) as client:
        response = await client.completion("mine/m", QUESTION, response_format=Person, max_repairs=1)
        assert response.parsed == Person("Ada", 1815)
        assert response.enforced_by == "instruction"
        with pytest.raises(AnswerValidationError):
            await client.completion("mine/m", QUESTION, response_format=Person)

    bodies = [request.json for request in simulator.requests]
    assert not any("response_format" in body for body in bodies)
    assert all("fits this JSON schema" in body["messages"][0]["content"] for body in bodies)
    assert response.usage is not None


SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}


@pytest.mark.parametrize(
    ("given", "answers", "form", "told"),
    [
        (SCHEMA, Answers.SCHEMA, SCHEMA, None),
        (SCHEMA, Answers.JSON, {"type": "json_object"}, '{"type":"object"}'),
        (SCHEMA, Answers.WORDS, None, '{"type":"object"}'),
        ({"type": "json_object"}, Answers.JSON, {"type": "json_object"}, None),
        ({"type": "json_object"}, Answers.WORDS, None, "one JSON object"),
        ({"type": "text"}, Answers.WORDS, {"type": "text"}, None),
        (None, Answers.WORDS, None, None),
    ],
)
def test_what_is_told_of_a_format(given: Any, answers: Answers, form: Any, told: str | None) -> None:
    messages = [{"role": "system", "content": "Be brief."}, *QUESTION]
    params: dict[str, Any] = {} if given is None else {"response_format": given}
    made = with_told_schema(ChatRequest("m", messages, **params), Quirks(answers=answers))

    assert made.parameters.get("response_format") == form
    assert len(made.messages) == 2
    said = made.messages[0]["content"]
    assert said.startswith("Be brief.")
    assert (said != "Be brief.") is (told is not None)
    assert told is None or told in said
