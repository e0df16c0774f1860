"""Values that no JSON has, or that make no sense, are errors of this package, in what is asked and what comes back."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from typing import Any

import pytest

import trio_llm
from trio_llm.testing import RawReply, Simulator

pytestmark = pytest.mark.anyio
MESSAGES = [{"role": "user", "content": "Hi"}]


def choice(message: Any, index: Any = 0) -> dict[str, Any]:
    return {"id": "x", "choices": [{"index": index, "message": message, "finish_reason": "stop"}]}


def called(arguments: Any) -> dict[str, Any]:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return choice({"role": "assistant", "content": None, "tool_calls": [call]})


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


GEMINI_CALL = {"functionCall": {"name": "f", "args": {"x": math.nan}}}
NONSENSE = {
    "NaN in arguments": ("openai/m", called({"x": math.nan})),
    "infinity in arguments": ("openai/m", called({"x": [math.inf]})),
    "NaN as content": ("openai/m", choice({"role": "assistant", "content": {"x": math.nan}})),
    "NaN in Anthropic's input": (
        "anthropic/m",
        {
            "type": "message",
            "stop_reason": "tool_use",
            "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {"x": math.nan}}],
        },
    ),
    "NaN in Gemini's arguments": (
        "gemini/m",
        {"candidates": [{"content": {"parts": [GEMINI_CALL]}, "finishReason": "STOP"}]},
    ),
    "nesting": ("openai/m", choice({"role": "assistant", "content": "a", "odd": nested(5_000 // 10)})),
}


async def reply_to(body: bytes, model: str, content_type: str = "application/json", **more: Any) -> Any:
    simulator = Simulator(lambda _: RawReply(body, content_type=content_type))
    async with trio_llm.Client(transport=simulator) as client:
        response: Any = await client.completion(model, MESSAGES, api_key="k", num_retries=0, **more)
        if "stream" in more:
            async for _ in response:
                pass
            response = response.response
        return response


@pytest.mark.parametrize("name", NONSENSE)
async def test_a_reply_whose_answer_cannot_be_written_as_json_is_malformed(name: str) -> None:
    model, reply = NONSENSE[name]
    with pytest.raises(trio_llm.APIResponseValidationError):
        await reply_to(json.dumps(reply).encode(), model)


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
@pytest.mark.parametrize("model", ["openai/m", "anthropic/m", "gemini/m"])
@pytest.mark.parametrize("opening", ["[", '{"a":', '{"choices":[', '{"error":'])
async def test_nesting_without_end_is_an_error_of_ours(model: str, opening: str, depth: int) -> None:
    for body in (opening * depth, opening * depth + "1" + {"[": "]", '{"a":': "}"}.get(opening, "") * depth):
        with pytest.raises(trio_llm.APIError):
            await reply_to(body.encode(), model)
        with pytest.raises(trio_llm.APIError):
            await reply_to(f"data: {body}\n\n".encode(), model, "text/event-stream", stream=True)


@pytest.mark.parametrize("index", [-(10**30), 10**30, 1e300])
async def test_an_index_of_any_size_breaks_nothing(index: float) -> None:
    whole = await reply_to(json.dumps(choice({"role": "assistant", "content": "a"}, index)).encode(), "openai/m")
    assert json.loads(whole.model_dump_json())["choices"][0]["message"]["content"] == "a"

    delta = {"id": "x", "choices": [{"index": index, "delta": {"content": "a"}, "finish_reason": "stop"}]}
    streamed = await reply_to(f"data: {json.dumps(delta)}\n\n".encode(), "openai/m", "text/event-stream", stream=True)
    assert streamed.choices[0].message.content == "a"


@pytest.mark.parametrize("model", [None, 5, 1.5, b"openai/m", object()])
async def test_a_model_that_is_no_text_is_refused(model: Any) -> None:
    simulator = Simulator()
    async with trio_llm.Client(transport=simulator) as client:
        with pytest.raises(trio_llm.BadRequestError, match="model must be text"):
            await client.completion(model, MESSAGES, api_key="k")
        with pytest.raises(trio_llm.BadRequestError, match="model must be text"):
            await client.embedding(model, "a", api_key="k")

    assert simulator.requests == []


@pytest.mark.parametrize("model", ["bedrock/m", "gemini/m", "vertex_ai/m", "replicate/a/m", "sagemaker/m"])
async def test_half_a_character_in_an_address_is_refused_before_a_byte_leaves(model: str) -> None:
    simulator = Simulator()
    async with trio_llm.Client(transport=simulator) as client:
        with pytest.raises(trio_llm.BadRequestError, match="model has half a character"):
            await client.completion(model + "\ud800", MESSAGES, aws_region_name="eu-north-1")
        with pytest.raises(trio_llm.BadRequestError, match="response_id has half a character"):
            await client.get_response("resp\ud800", model="openai/m")
        with pytest.raises(trio_llm.BadRequestError, match="voice has half a character"):
            await client.speech("elevenlabs/m", "Hi", voice="\ud800")

    assert simulator.requests == []


DEEP = nested(5_000)
ASKED: dict[str, dict[str, Any]] = {
    "extra_body": {"extra_body": {"a": DEEP}},
    "NaN in extra_body": {"extra_body": {"a": math.nan}},
    "NaN as temperature": {"temperature": math.nan},
    "tools": {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": DEEP}}}]},
    "schema": {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"a": DEEP}}}},
}


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m", "gemini/m"])
@pytest.mark.parametrize("name", ASKED)
async def test_a_request_that_cannot_be_written_as_json_is_refused(name: str, model: str) -> None:
    simulator = Simulator()
    async with trio_llm.Client(transport=simulator) as client:
        with pytest.raises(trio_llm.BadRequestError):
            await client.completion(model, MESSAGES, api_key="k", max_tokens=9, drop_params=True, **ASKED[name])

    assert simulator.requests == []


@pytest.mark.parametrize("model", ["openai/m", "anthropic/m", "gemini/m"])
async def test_arguments_and_content_that_are_nested_without_end_are_refused_or_sent_as_text(model: str) -> None:
    text = "[" * 100_000
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": text}}
    turns: list[dict[str, Any]] = [
        *MESSAGES,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": text},
    ]
    simulator = Simulator()
    async with trio_llm.Client(transport=simulator) as client:
        with suppress(trio_llm.BadRequestError):
            await client.completion(model, turns, api_key="k")
        for content in (DEEP, {"a": nested(900)}):
            with suppress(trio_llm.BadRequestError):
                await client.completion(model, [{"role": "user", "content": content}], api_key="k")
