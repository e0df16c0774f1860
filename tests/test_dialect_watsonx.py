"""watsonx.ai's own API: chats, generation whole and streamed, vectors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm import EmbeddingRequest, TextCompletionRequest, TextCompletionResponse
from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import ErrorDetail, ReplyIsError, WireCall
from trio_llm._dialects.watsonx import WATSONX
from trio_llm._types.chat import ChatRequest
from trio_llm._types.folding import TextFolding, fold
from trio_llm.exceptions import APIConnectionError, BadRequestError, UnsupportedParamsError

PROJECT = {"project_id": "p1"}
WARNING = {"warnings": [{"message": "A model of somebody else's", "id": "w"}]}


def result(text: str, count: int, prompt: int, reason: str) -> dict[str, Any]:
    return {
        "generated_text": text,
        "generated_token_count": count,
        "input_token_count": prompt,
        "stop_reason": reason,
    }


WHOLE = {"model_id": "m", "results": [result("Söderhamn.", 3, 7, "max_tokens")], "system": WARNING}
EVENTS: list[dict[str, Any]] = [
    {"model_id": "m", "results": [result("", 0, 7, "not_finished")], "system": WARNING},
    {"model_id": "m", "results": [result("Söder", 1, 0, "not_finished")]},
    {"model_id": "m", "results": [result("hamn.", 2, 0, "not_finished")]},
    {"model_id": "m", "results": [result("", 3, 0, "max_tokens")]},
]
STREAM = b"".join(
    f"id: {number}\nevent: message\ndata: {json.dumps(told, ensure_ascii=False)}\n\n".encode()
    for number, told in enumerate(EVENTS)
)


def call(prompt: Any = "Which port?", **params: Any) -> WireCall[TextCompletionRequest]:
    return WireCall(TextCompletionRequest("m", prompt, **params), "m")


def body_of(request: Any) -> Any:
    return json.loads(request.body)


def streamed(data: bytes, size: int) -> tuple[list[TextCompletionResponse], ErrorDetail | None]:
    assert WATSONX.text_completion_stream is not None
    decoder = WATSONX.text_completion_stream.open_decoder(call())
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


def decoded(document: Any) -> TextCompletionResponse:
    assert WATSONX.text_completion is not None
    return WATSONX.text_completion.decode(call(), json.dumps(document).encode())


def test_a_whole_reply_has_text_reason_usage_and_what_the_system_says() -> None:
    response = decoded(WHOLE)

    assert (response.choices[0].text, response.choices[0].finish_reason) == ("Söderhamn.", "length")
    assert response.usage is not None
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (7, 3)
    assert response["system"] == WARNING


@given(size=st.integers(1, 500))
def test_every_split_of_a_stream_amounts_to_the_whole_reply(size: int) -> None:
    chunks, failure = streamed(STREAM, size)
    response, whole = fold(TextFolding(), chunks), decoded(WHOLE)

    assert failure is None
    assert (response.choices, response.usage) == (whole.choices, whole.usage)


@given(end=st.integers(0, len(STREAM) - 4))
def test_a_stream_that_is_cut_anywhere_is_no_answer(end: int) -> None:
    _, failure = streamed(STREAM[:end], 50)

    assert failure is not None
    assert failure.kind is APIConnectionError


def test_errors_are_told_in_ibms_words() -> None:
    told = {"errors": [{"code": "model_not_supported", "message": "Model 'm' is not supported"}], "trace": "t"}
    with pytest.raises(ReplyIsError, match="is not supported"):
        decoded(told)
    with pytest.raises(ReplyIsError):
        decoded({"results": []})
    with pytest.raises(ConversionError):
        decoded([1, 2])


def test_a_sampling_parameter_asks_for_sampling_and_no_temperature_for_none() -> None:
    assert WATSONX.text_completion is not None
    encode = WATSONX.text_completion.encode
    request = encode(call(max_tokens=5, seed=3, stop="x", extra_body={**PROJECT, "parameters": {"top_k": 2}}))

    assert request.path == "/generation?version=2025-10-01"
    assert body_of(request) == {
        "model_id": "m",
        "input": "Which port?",
        "parameters": {
            "max_new_tokens": 5,
            "random_seed": 3,
            "decoding_method": "sample",
            "stop_sequences": ["x"],
            "top_k": 2,
        },
        "project_id": "p1",
    }
    assert body_of(encode(call(temperature=0)))["parameters"] == {"decoding_method": "greedy"}
    assert "parameters" not in body_of(encode(call()))
    with pytest.raises(UnsupportedParamsError, match="echo"):
        encode(call(echo=True))
    with pytest.raises(BadRequestError, match="one text"):
        encode(call(["a", "b"]))


def test_a_chat_is_openais_under_other_names() -> None:
    assert WATSONX.chat is not None
    assert WATSONX.chat_stream is not None
    params: dict[str, Any] = {
        "tools": [{"type": "function", "function": {"name": "tide"}}],
        "tool_choice": "required",
        "stop": "x",
        "extra_body": PROJECT,
    }
    asked = WireCall(ChatRequest("m", [{"role": "user", "content": "Hi"}], **params), "m")
    request = WATSONX.chat.encode(asked)

    assert request.path == "/chat?version=2025-10-01"
    assert WATSONX.chat_stream.encode(asked).path == "/chat_stream?version=2025-10-01"
    assert body_of(request) == {
        "model_id": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": params["tools"],
        "tool_choice_option": "required",
        "stop": ["x"],
        "project_id": "p1",
    }
    with pytest.raises(UnsupportedParamsError, match="store"):
        WATSONX.chat.encode(WireCall(ChatRequest("m", [{"role": "user", "content": "Hi"}], store=True), "m"))


def test_vectors_are_read_in_their_order_with_their_tokens() -> None:
    assert WATSONX.embeddings is not None
    asked = WireCall(EmbeddingRequest("m", ["a", "b"], extra_body=PROJECT), "m")
    request = WATSONX.embeddings.encode(asked)
    reply = {"results": [{"embedding": [0.5, 1]}, {"embedding": [0, 1]}], "input_token_count": 4}
    response = WATSONX.embeddings.decode(asked, json.dumps(reply).encode())

    assert body_of(request) == {"model_id": "m", "inputs": ["a", "b"], "project_id": "p1"}
    assert [item.embedding for item in response.data] == [[0.5, 1], [0, 1]]
    assert response.usage is not None
    assert response.usage.total_tokens == 4
    with pytest.raises(ConversionError):
        WATSONX.embeddings.decode(asked, b'{"results": []}')
    with pytest.raises(ReplyIsError, match="No such"):
        WATSONX.embeddings.decode(asked, b'{"errors": [{"message": "No such project"}]}')
