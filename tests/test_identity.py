"""OpenAI's `id`, `model` and `created` stand on every reply and on every chunk, whatever the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm import Client, ModelResponseStream
from trio_llm._dialects.contract import Fresh, WireCall
from trio_llm._engine.identity import Identity
from trio_llm._types.chat import ChatRequest, Delta, ModelResponse, StreamingChoices
from trio_llm._types.embeddings import EmbeddingResponse
from trio_llm.testing import RawReply, Reply, Simulator, ToolUse

HELLO = [{"role": "user", "content": "Hello"}]
KEYS = {f"{name}_API_KEY": "k" for name in ("OPENAI", "ANTHROPIC", "GEMINI")}
MODELS = ["openai/m", "anthropic/m", "gemini/m"]
MADE = Fresh(lambda: "b", lambda prefix: f"{prefix}made", lambda: 7)


def identity() -> Identity:
    return Identity(WireCall(ChatRequest("p/m", HELLO), "m", fresh=MADE))


def test_what_a_provider_does_not_say_is_made_once_for_all_chunks() -> None:
    chunks = [ModelResponseStream(), ModelResponseStream(model="said"), ModelResponseStream()]
    identity().settle_all(chunks)

    assert [(chunk.id, chunk.model, chunk.created) for chunk in chunks] == [
        ("chatcmpl-made", "m", 7),
        ("chatcmpl-made", "said", 7),
        ("chatcmpl-made", "m", 7),
    ]


def test_what_a_provider_says_once_is_repeated() -> None:
    chunks = [ModelResponseStream("a", 1, "said"), ModelResponseStream(), ModelResponseStream("b")]
    identity().settle_all(chunks)

    assert [(chunk.id, chunk.model, chunk.created) for chunk in chunks] == [("a", "said", 1)] * 2 + [("b", "said", 1)]


@pytest.mark.parametrize("model", [None, ""])
def test_a_reply_that_has_no_id_in_openais_shape_gets_none(model: str | None) -> None:
    response = EmbeddingResponse(model=model)
    identity().settle_all([response, b"a block of sound"])

    assert (response.model, "id" in response) == ("m", False)


@pytest.mark.anyio
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("answer", [Reply("Hi."), Reply(tool_calls=[ToolUse("f", '{"a": 1}')])], ids=["text", "tools"])
async def test_openais_own_types_take_what_every_wire_gives(model: str, answer: Any) -> None:
    types = pytest.importorskip("openai.types.chat")
    async with Client(transport=Simulator(answer), variables=KEYS) as client:
        response = await client.completion(model, HELLO)
        stream = await client.completion(model, HELLO, stream=True)
        chunks = [chunk async for chunk in stream]

    assert isinstance(response, ModelResponse)
    types.ChatCompletion.model_validate(response.model_dump())
    assert len({types.ChatCompletionChunk.model_validate(chunk.model_dump()).id for chunk in chunks}) == 1


@pytest.mark.parametrize("rivals", [{}, {"top_logprobs": None}, {"top_logprobs": [{"token": "b", "logprob": -2}]}])
def test_openais_own_types_take_log_probabilities_without_rivals(rivals: Any) -> None:
    types = pytest.importorskip("openai.types.chat")
    tokens = {"content": [{"token": "a", "logprob": -1, **rivals}]}
    choice = {"index": 0, "message": {"role": "assistant"}, "finish_reason": "stop", "logprobs": tokens}
    response = ModelResponse.model_validate({"id": "r", "model": "m", "created": 1, "choices": [choice]})

    types.ChatCompletion.model_validate(response.model_dump())


@pytest.mark.anyio
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("odd", [{"created": "2026-01-18T01:11:04Z"}, {"model": ["x"]}, {"object": ""}, {"created": 0}])
async def test_openais_own_types_take_answers_whose_provider_says_oddly_who_it_is(odd: Any, stream: bool) -> None:
    types = pytest.importorskip("openai.types.chat")
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop", "delta" if stream else "message": {"content": "hi"}}
    body = json.dumps({"id": "r", "model": "said", "created": 1, "choices": [choice], **odd}).encode()
    kind = "text/event-stream" if stream else "application/json"
    reply = RawReply(b"data: " + body + b"\n\n" if stream else body, content_type=kind)
    async with Client(transport=Simulator(reply), variables=KEYS) as client:
        answer: Any = await client.completion("openai/m", HELLO, stream=stream)
        told = [chunk async for chunk in answer] if stream else [answer]
        response = answer.response if stream else answer

    types.ChatCompletion.model_validate(response.model_dump())
    for one in told:
        (types.ChatCompletionChunk if stream else types.ChatCompletion).model_validate(one.model_dump())
    assert dict(response)["created"] == response.model_dump()["created"] == response.created
    assert (response.id, response.model) == ("r", "m" if "model" in odd else "said")


@pytest.mark.anyio
async def test_the_chunk_with_which_azure_begins_does_not_say_who_answers() -> None:
    first = {"id": "", "model": "", "created": 0, "object": "", "choices": [], "prompt_filter_results": []}
    rest = {"id": "r", "model": "said", "created": 5, "choices": [{"index": 0, "delta": {"content": "hi"}}]}
    end = {**rest, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in (first, rest, end))
    options: Any = {"stream_options": {"include_usage": True}}
    async with Client(transport=Simulator(RawReply(body, content_type="text/event-stream")), variables=KEYS) as client:
        stream = await client.completion("openai/m", HELLO, stream=True, **options)
        chunks = [chunk async for chunk in stream]

    assert [chunk.id for chunk in chunks] == ["", "r", "r"]
    assert (stream.response.id, stream.response.model, stream.response.created) == ("r", "said", 5)


def test_what_no_chunk_says_is_made_up_although_an_empty_text_stands_in_its_place() -> None:
    choices = [StreamingChoices(delta=Delta("hi"))]
    chunks = [ModelResponseStream("", 0, "", choices=choices), ModelResponseStream("", 0, "")]
    identity().settle_all(chunks)

    assert [(chunk.id, chunk.model, chunk.created) for chunk in chunks] == [("chatcmpl-made", "m", 7)] * 2
