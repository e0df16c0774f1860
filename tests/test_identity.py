"""OpenAI's `id`, `model` and `created` stand on every reply and on every chunk, whatever the wire."""

from __future__ import annotations

from typing import Any

import pytest

from trio_llm import Client, ModelResponseStream
from trio_llm._dialects.contract import Fresh, WireCall
from trio_llm._engine.identity import Identity
from trio_llm._types.chat import ChatRequest, ModelResponse
from trio_llm._types.embeddings import EmbeddingResponse
from trio_llm.testing import Reply, Simulator, ToolUse

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


def test_a_reply_that_has_no_id_in_openais_shape_gets_none() -> None:
    response = EmbeddingResponse()
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
