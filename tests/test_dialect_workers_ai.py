"""Cloudflare's own run format, whole and streamed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm import Client, EmbeddingRequest, ModelResponse, ModelResponseStream
from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import ErrorDetail, ReplyIsError, WireCall
from trio_llm._dialects.workers_ai import WORKERS_AI
from trio_llm._types.chat import ChatRequest
from trio_llm._types.folding import fold_chunks
from trio_llm._types.http import ReplyHead
from trio_llm.exceptions import APIConnectionError, BadRequestError, UnsupportedParamsError
from trio_llm.testing import Simulator

FIXTURES = Path(__file__).parent / "fixtures" / "workers_ai"
WHOLE: dict[str, Any] = json.loads((FIXTURES / "chat.json").read_bytes())
STREAM = (FIXTURES / "chat.sse").read_bytes()
MODEL = "@cf/meta/llama-9"
TIDE = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "properties": {}}}}


def call(*messages: Any, **params: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest(MODEL, list(messages or [{"role": "user", "content": "Which port?"}]), **params), MODEL)


def encoded(*messages: Any, **params: Any) -> dict[str, Any]:
    assert WORKERS_AI.chat is not None
    request = WORKERS_AI.chat.encode(call(*messages, **params))
    assert request.path == "/run/@cf/meta/llama-9"
    assert isinstance(request.body, bytes)
    body: dict[str, Any] = json.loads(request.body)
    return body


def decoded(document: Any, **params: Any) -> ModelResponse:
    assert WORKERS_AI.chat is not None
    return WORKERS_AI.chat.decode(call(**params), json.dumps(document).encode())


def streamed(data: bytes, size: int) -> tuple[list[ModelResponseStream], ErrorDetail | None]:
    assert WORKERS_AI.chat_stream is not None
    decoder = WORKERS_AI.chat_stream.open_decoder(call())
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


def test_a_whole_reply_has_text_calls_and_usage() -> None:
    response = decoded(WHOLE)
    choice = response.choices[0]

    assert choice.message.content == "The tide turns at Söderhamn."
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    assert [one.function and one.function.arguments for one in choice.message.tool_calls] == ['{"port":"Söderhamn"}']
    assert response.usage is not None
    assert response.usage.total_tokens == 30
    assert response.usage.prompt_tokens_details is not None
    assert response.usage.prompt_tokens_details.cached_tokens == 4


@given(size=st.integers(1, 400))
def test_every_split_of_a_stream_amounts_to_the_whole_reply(size: int) -> None:
    chunks, failure = streamed(STREAM, size)
    response, whole = fold_chunks(chunks), decoded(WHOLE)

    assert failure is None
    assert (response.choices, response.usage, response.model) == (whole.choices, whole.usage, MODEL)


@given(end=st.integers(0, len(STREAM) - len("data: [DONE]\n\n")))
def test_a_stream_that_is_cut_anywhere_is_no_answer(end: int) -> None:
    _, failure = streamed(STREAM[:end], 50)

    assert failure is not None
    assert failure.kind is APIConnectionError


def test_json_that_was_asked_for_comes_as_text() -> None:
    response = decoded({"result": {"response": {"is_fruit": True}}, "success": True, "errors": []})

    assert response.choices[0].message.content == '{"is_fruit":true}'
    assert response.choices[0].finish_reason == "stop"


def test_an_answer_that_used_all_its_tokens_was_cut_by_them() -> None:
    assert (
        decoded(WHOLE | {"result": WHOLE["result"] | {"tool_calls": []}}, max_tokens=9).choices[0].finish_reason
        == "length"
    )


def test_results_in_openais_shape_are_read_as_such() -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Oban"}, "finish_reason": "length"}
    response = decoded({"result": {"id": "c", "choices": [choice]}, "success": True})

    assert (response.id, response.choices[0].message.content, response.choices[0].finish_reason) == (
        "c",
        "Oban",
        "length",
    )


@pytest.mark.parametrize(
    "document",
    [
        {"result": None, "success": False, "errors": [{"code": 5007, "message": "No such model"}]},
        {"result": {}, "success": True, "errors": []},
        {"result": {"response": "", "tool_calls": []}, "success": True},
    ],
)
def test_a_reply_without_an_answer_is_an_error(document: Any) -> None:
    with pytest.raises((ReplyIsError, ConversionError)):
        decoded(document)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), "many", None, []])
def test_odd_counts_cost_no_answer(odd: Any) -> None:
    for usage in (odd, {"prompt_tokens": 3, "completion_tokens": odd, "total_tokens": 7}):
        response = decoded({"result": {"response": "And so", "usage": usage}, "success": True})
        assert response.choices[0].message.content == "And so"


def test_errors_are_told_in_cloudflares_words() -> None:
    body = b'{"result":null,"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"messages":[]}'
    detail = WORKERS_AI.decode_error(ReplyHead(401, {}), body)

    assert (detail.message, detail.code) == ("Authentication error", "10000")


def test_a_request_is_openais_without_the_model() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}

    assert encoded(max_completion_tokens=7, tools=[TIDE], tool_choice="auto", n=1, response_format=wanted) == {
        "messages": [{"role": "user", "content": "Which port?"}],
        "max_tokens": 7,
        "tools": [TIDE],
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def test_what_cloudflare_does_not_know_is_refused_and_dropped_on_demand() -> None:
    with pytest.raises(UnsupportedParamsError, match="logit_bias"):
        encoded(logit_bias={"1": 2})

    assert "logit_bias" not in encoded(logit_bias={"1": 2}, drop_params=True)


def test_vectors_come_in_the_order_of_the_texts() -> None:
    request = WireCall(EmbeddingRequest(MODEL, ["a", "b"]), MODEL)
    assert WORKERS_AI.embeddings is not None
    sent = WORKERS_AI.embeddings.encode(request)
    reply = {"result": {"shape": [2, 2], "data": [[0.5, 1], [0, 1]]}, "success": True}
    response = WORKERS_AI.embeddings.decode(request, json.dumps(reply).encode())

    assert json.loads(sent.body if isinstance(sent.body, bytes) else b"") == {"text": ["a", "b"]}
    assert [item.embedding for item in response.data] == [[0.5, 1], [0, 1]]
    with pytest.raises(ConversionError, match="1 vectors for 2"):
        WORKERS_AI.embeddings.decode(request, b'{"result": {"data": [[1]]}}')
    with pytest.raises(BadRequestError, match=r"input\[1\]"):
        WORKERS_AI.embeddings.encode(WireCall(EmbeddingRequest(MODEL, ["a", 1]), MODEL))  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_a_model_that_is_run_goes_to_the_accounts_own_address() -> None:
    simulator = Simulator()
    variables = {"CLOUDFLARE_API_TOKEN": "k", "CLOUDFLARE_ACCOUNT_ID": "acc"}
    async with Client(transport=simulator, variables=variables) as client:
        await client.completion("cloudflare/run/@cf/meta/llama-9", [{"role": "user", "content": "Hi"}])

    assert simulator.requests[0].path == "/client/v4/accounts/acc/ai/run/@cf/meta/llama-9"
