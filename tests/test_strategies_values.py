"""What the strategies draw is valid, and shrinks to what can be read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings, strategies as st

from trio_llm import (
    BadRequestError,
    ChatRequest,
    Client,
    EmbeddingRequest,
    Limits,
    Message,
    ModelResponse,
    ModelResponseStream,
    Usage,
)
from trio_llm.observe import CallEnded
from trio_llm.testing import FaultPlan, RawReply, Reply, Simulator, ToolUse, run_in_virtual_time, strategies

few = settings(max_examples=8, deadline=None)
# Explaining what matters to a failure traces every line, and takes twenty times as long.
quickly = settings(max_examples=100, deadline=None, database=None, phases=[Phase.generate, Phase.shrink])
VARIABLES = {
    "AWS_REGION_NAME": "us-east-1",
    "AWS_ACCESS_KEY_ID": "simulated",
    "AWS_SECRET_ACCESS_KEY": "simulated",
    **{f"{name}_API_KEY": "simulated" for name in ("OPENAI", "ANTHROPIC", "GEMINI", "COHERE", "OLLAMA")},
}

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"name": {"type": "string", "minLength": 1}, "left": {"$ref": "#/$defs/node"}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "minLength": 1},
                "days": {"type": "integer", "minimum": 1, "maximum": 5},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


@few
@given(data=st.data())
def test_a_value_fits_the_schema_that_it_was_drawn_for(data: st.DataObject) -> None:
    schema = data.draw(strategies.schemas())
    value = data.draw(strategies.values(schema))

    assert strategies.fits(value, schema)
    assert json.loads(json.dumps(value)) == value


CASES: list[tuple[Any, list[Any], list[Any]]] = [
    ({"type": "integer", "minimum": 1, "exclusiveMaximum": 3}, [1, 2], [0, 3, True, "1"]),
    ({"type": "number", "multipleOf": 0.5}, [0, 1.5, -2], [0.3]),
    ({"type": ["string", "null"], "maxLength": 2}, [None, "ab"], ["abc", 1]),
    ({"enum": [1, "a", [True]]}, [1, "a", [True]], [True, [1]]),
    ({"const": 1.0}, [1], [True, 2]),
    (
        {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "minItems": 1},
        [[1, 2]],
        [[], [1, 1], ["a"]],
    ),
    ({"type": "array", "prefixItems": [{"type": "string"}], "items": False}, [["a"], []], [["a", 1], [1]]),
    (
        {"type": "object", "additionalProperties": {"type": "integer"}, "maxProperties": 1},
        [{"a": 1}],
        [{"a": "b"}, {"a": 1, "b": 2}],
    ),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}], "not": {"const": 3}}, ["a", 1], [3, None]),
    ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, [0.5], [1]),
    ({"allOf": [{"type": "integer", "minimum": 2}, {"maximum": 3}]}, [2, 3], [1, 4]),
    ({"type": "string", "pattern": "^a+$"}, ["aa"], ["b", ""]),
    (TREE, [{"name": "a", "left": {"name": "b"}}], [{"name": ""}, {"left": {"name": "b"}}, {"name": "a", "left": {}}]),
    (True, [None], []),
    (False, [], [None]),
]


@pytest.mark.parametrize(("schema", "fitting", "others"), CASES, ids=[str(case[0])[:40] for case in CASES])
def test_what_fits_a_schema_is_told_from_what_does_not(schema: Any, fitting: list[Any], others: list[Any]) -> None:
    assert all(strategies.fits(value, schema) for value in fitting)
    assert not any(strategies.fits(value, schema) for value in others)


@pytest.mark.parametrize(
    "schema", [case[0] for case in CASES if case[1]], ids=[str(case[0])[:40] for case in CASES if case[1]]
)
def test_every_kind_of_schema_can_be_drawn_from(schema: Any) -> None:
    @settings(max_examples=4, deadline=None, database=None)
    @given(value=strategies.values(schema))
    def check(value: Any) -> None:
        assert strategies.fits(value, schema)

    check()


def test_a_recursive_value_shrinks_to_its_root_and_can_be_deep() -> None:
    def depth(value: Any) -> int:
        return 1 + depth(value["left"]) if "left" in value else 0

    assert len(find(strategies.values(TREE), lambda value: True, settings=quickly)) == 1
    assert depth(find(strategies.values(TREE), lambda value: depth(value) >= 1, settings=quickly)) == 1


@few
@given(messages=strategies.conversations(tools=[WEATHER]))
def test_given_tools_are_called_with_arguments_that_fit(messages: list[dict[str, Any]]) -> None:
    for message in messages:
        for call in message.get("tool_calls", ()):
            assert call["function"]["name"] == "weather"
            assert strategies.fits(json.loads(call["function"]["arguments"]), WEATHER["function"]["parameters"])


@pytest.mark.parametrize("model", strategies.WIRES)
def test_a_drawn_request_is_taken_by_its_provider(model: str) -> None:
    @settings(max_examples=4, deadline=None, database=None)
    @given(request=strategies.requests(model))
    def check(request: ChatRequest) -> None:
        run_in_virtual_time(ask, request)

    async def ask(request: ChatRequest) -> None:
        async with Client(transport=Simulator(), variables=VARIABLES) as client:
            (outcome,) = await client.fan_out([request])
            assert not isinstance(outcome.error, BadRequestError), outcome.error

    check()


@few
@given(request=strategies.requests("anthropic/claude-sonnet-4-5"))
def test_what_a_provider_cannot_be_sent_is_not_drawn(request: ChatRequest) -> None:
    assert not {"seed", "presence_penalty", "logprobs"} & set(request.parameters)


def test_requests_for_nobody_are_refused() -> None:
    with pytest.raises(ValueError, match="no provider is known"):
        strategies.requests("nowhere/model")


@pytest.mark.parametrize("model", strategies.WIRES)
def test_bytes_of_a_wire_say_the_same_however_they_are_cut(model: str) -> None:
    @settings(max_examples=4, deadline=None, database=None)
    @given(raw=strategies.wire_replies(model, reply=strategies.replies(tools=False)))
    def check(raw: RawReply) -> None:
        whole = RawReply(b"".join(raw.body), content_type=raw.content_type)  # type: ignore[arg-type]
        assert run_in_virtual_time(said, raw) == run_in_virtual_time(said, whole)

    async def said(raw: RawReply) -> str:
        async with Client(transport=Simulator(raw), variables=VARIABLES) as client:
            async with client.stream(model, [{"role": "user", "content": "Hi"}]) as stream:
                [_ async for _ in stream]
            return repr(stream.response.choices[0].message)

    check()


@few
@given(times=strategies.arrivals(calls=5), usd=strategies.budgets(), limits=strategies.limits())
def test_schedules_are_in_order_and_start_at_once(times: list[float], usd: float, limits: Limits) -> None:
    assert times == sorted(times)
    assert times[0] == 0
    assert 1 <= len(times) <= 5
    assert 0 <= usd <= 100
    assert limits.max_in_flight is None or limits.max_in_flight in (1, 2, 8)


async def weather(city: str, days: int = 1) -> str:
    """The weather of a city."""
    return ""


@few
@given(data=st.data())
def test_drawn_tools_look_like_their_model_and_answer_alike(data: st.DataObject) -> None:
    drawn = data.draw(strategies.async_functions(like=weather))

    async def call() -> list[Any]:
        results: list[Any] = []
        for _ in range(2):
            try:
                results.append(await drawn("Paris", days=2))
            except strategies.DrawnError as error:
                results.append(str(error))
        return results

    assert (drawn.__name__, drawn.__doc__) == ("weather", "The weather of a city.")
    first, second = run_in_virtual_time(call)
    assert first == second
    assert isinstance(first, str)


@few
@given(observer=strategies.observers(), accept=strategies.judges())
def test_drawn_observers_harm_no_call_and_drawn_judges_decide(observer: Any, accept: Any) -> None:
    async def call() -> None:
        async with Client(transport=Simulator(), observers=[observer]) as client:
            await client.completion("openai/any", [{"role": "user", "content": "Hi"}])
        assert await accept(None) in (True, False)

    run_in_virtual_time(call)
    assert all(isinstance(event, tuple(observer.wants)) for event in observer.told)
    assert "DrawnObserver([" in repr(observer)
    assert CallEnded not in observer.wants or observer.told


PUBLIC: Sequence[type[Any]] = [
    *(ChatRequest, EmbeddingRequest, ModelResponse, ModelResponseStream, Message, Usage, Limits),
    *(Reply, RawReply, ToolUse, FaultPlan),
]


@pytest.mark.parametrize("kind", PUBLIC)
def test_public_classes_are_drawn_by_their_type(kind: type[Any]) -> None:
    @settings(max_examples=3, deadline=None, database=None)
    @given(value=strategies.from_type(kind))
    def check(value: Any) -> None:
        assert isinstance(value, kind)

    check()


def is_small(value: Mapping[str, Any], text: str) -> bool:
    return len(json.dumps(value)) < 60 and text in json.dumps(value)


def test_examples_shrink_to_what_can_be_read() -> None:
    messages = find(strategies.conversations(), lambda m: any("tool_calls" in one for one in m), settings=quickly)
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "user"]
    assert messages[1]["tool_calls"][0]["function"]["arguments"] == "{}"
    request = find(strategies.requests("openai/gpt-4o"), lambda r: True, settings=quickly)
    assert (request.parameters, [m["role"] for m in request.messages]) == ({}, ["user"])
    assert find(strategies.replies(), lambda reply: bool(reply.tool_calls), settings=quickly).tool_calls == [
        ToolUse("a")
    ]
    assert find(strategies.arrivals(), lambda times: times[-1] >= 60, settings=quickly) == [0.0, 60.0]
    schema = find(strategies.schemas(), lambda s: s.get("type") == "object" and bool(s["properties"]), settings=quickly)
    assert is_small(schema, '"a": {"type": "string"}') or len(json.dumps(schema)) < 100
    raw = find(strategies.wire_replies(), lambda one: len(one.body) > 1, settings=quickly)
    assert len(raw.body) == 2
