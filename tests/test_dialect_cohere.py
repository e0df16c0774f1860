"""Cohere's chat wire, version 2, whole and streamed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.cohere import COHERE
from trio_llm._dialects.contract import ErrorDetail, ReplyIsError, WireCall
from trio_llm._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from trio_llm._types.errors import APIConnectionError, BadRequestError, InternalServerError, UnsupportedParamsError
from trio_llm._types.folding import fold_chunks
from trio_llm._types.http import ReplyHead

FIXTURES = Path(__file__).parent / "fixtures" / "cohere"
WHOLE: dict[str, Any] = json.loads((FIXTURES / "chat.json").read_bytes())
STREAM = (FIXTURES / "chat.sse").read_bytes()
QUESTION = {"role": "user", "content": "Which port?"}
TOOL = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "properties": {}}}}


def call(*messages: Any, **params: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest("command-z", list(messages or [QUESTION]), **params), "command-z")


def encoded(*messages: Any, **params: Any) -> dict[str, Any]:
    assert COHERE.chat is not None
    request = COHERE.chat.encode(call(*messages, **params))
    assert isinstance(request.body, bytes)
    body: dict[str, Any] = json.loads(request.body)
    return body


def decoded(document: Any) -> ModelResponse:
    assert COHERE.chat is not None
    return COHERE.chat.decode(call(), json.dumps(document).encode())


def streamed(data: bytes, size: int) -> tuple[list[ModelResponseStream], ErrorDetail | None]:
    assert COHERE.chat_stream is not None
    decoder = COHERE.chat_stream.open_decoder(call())
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


def test_a_whole_reply_has_text_plan_calls_citations_and_usage() -> None:
    response = decoded(WHOLE)
    choice = response.choices[0]

    assert choice.message.content == "Söderhamn lies in Sweden."
    assert choice.message.reasoning_content == "I ask for the tide. A harbour."
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    assert [(one.id, one.function and one.function.arguments) for one in choice.message.tool_calls] == [
        ("tide_1", '{"port":"Söderhamn"}'),
        ("wind_2", "{}"),
    ]
    assert choice.message["citations"] == WHOLE["message"]["citations"]
    usage = response.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (70, 9, 79)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 16
    assert usage["billed_units"] == {"input_tokens": 7, "output_tokens": 5}


@given(size=st.integers(1, 400))
def test_every_split_of_a_stream_amounts_to_the_whole_reply(size: int) -> None:
    chunks, failure = streamed(STREAM, size)
    response, whole = fold_chunks(chunks), decoded(WHOLE)

    assert failure is None
    assert (response.id, response.choices, response.usage) == (whole.id, whole.choices, whole.usage)


@pytest.mark.parametrize("cut", range(1, len(STREAM) - 60, 11))
def test_a_stream_that_is_cut_anywhere_is_a_failure(cut: int) -> None:
    _, failure = streamed(STREAM[:cut], 50)

    assert failure is not None
    assert failure.kind is APIConnectionError


def test_a_stream_that_ends_in_an_error_fails_with_its_words() -> None:
    end = b'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"ERROR","error":"GPU lost"}}\n\n'
    _, failure = streamed(STREAM[: STREAM.index(b"event: message-end")] + end, 30)

    assert failure is not None
    assert failure.kind is InternalServerError
    assert "GPU lost" in failure.message


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"message": "model overloaded"},
        {**WHOLE, "finish_reason": "TIMEOUT"},
        {"message": {"role": "assistant"}, "finish_reason": None},
    ],
)
def test_what_is_no_answer_is_an_error(document: Any) -> None:
    with pytest.raises((ReplyIsError, ConversionError)):
        decoded(document)


@pytest.mark.parametrize("odd", [math.inf, math.nan, [7], {"a": 1}, "7", None])
def test_odd_counts_and_places_cost_no_answer(odd: Any) -> None:
    message = {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]}
    usage = {"tokens": {"input_tokens": odd, "output_tokens": 9, "reasoning_tokens": odd}, "cached_tokens": odd}
    response = decoded({"id": "c", "finish_reason": "COMPLETE", "message": message, "usage": usage})
    assert response.choices[0].message.content == "Hello"
    assert response.usage is not None
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (0, 9)

    begin = {"type": "tool-call-start", "index": odd}
    begin["delta"] = {"message": {"tool_calls": {"id": "t", "function": {"name": "tide", "arguments": "{}"}}}}
    end = {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL"}}
    chunks, failure = streamed(b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in (begin, end)), 50)
    assert failure is None
    made = fold_chunks(chunks).choices[0].message.tool_calls or []
    assert [one.function and one.function.name for one in made] == ["tide"]


@pytest.mark.parametrize("odd", [7, 1.5, ["tide"], {"a": 1}])
def test_the_name_of_a_call_has_to_be_a_text(odd: Any) -> None:
    calls = [{"id": "t", "type": "function", "function": {"name": odd, "arguments": "{}"}}]
    with pytest.raises(ConversionError, match="expected text"):
        decoded({"id": "c", "finish_reason": "TOOL_CALL", "message": {"role": "assistant", "tool_calls": calls}})


def test_the_words_of_an_error_are_coheres() -> None:
    assert (
        COHERE.decode_error(ReplyHead(400, {}), b'{"id":"e","message":"too many tokens"}').message == "too many tokens"
    )


def test_a_conversation_goes_back_with_its_plan_and_results_behind_their_calls() -> None:
    answered = decoded(WHOLE).choices[0].message
    body = encoded(
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": "https://x/y.png"}],
        },
        answered,
        {"role": "tool", "tool_call_id": "tide_1", "content": [{"type": "text", "text": "high"}]},
        {"role": "user", "content": "Well?"},
        {"role": "tool", "tool_call_id": "wind_2", "content": "calm"},
    )

    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool", "tool", "user"]
    assert body["messages"][1]["content"][1] == {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
    assert body["messages"][2]["tool_plan"] == "I ask for the tide. A harbour."
    assert body["messages"][3] == {"role": "tool", "tool_call_id": "tide_1", "content": "high"}


def test_thinking_goes_back_as_a_block_where_no_tool_was_called() -> None:
    message = {"role": "assistant", "content": "Lund.", "reasoning_content": "Hm."}

    assert encoded(QUESTION, message)["messages"][1] == {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Lund."}],
    }


def test_parameters_go_to_their_places() -> None:
    schema = {"type": "object", "properties": {"port": {"type": "string"}}}
    body = encoded(
        top_p=0.5,
        max_completion_tokens=7,
        stop="END",
        reasoning_effort="none",
        tools=[TOOL, {"type": "function", "function": {"name": "wind"}}],
        tool_choice={"type": "function", "function": {"name": "tide"}},
        response_format={"type": "json_schema", "json_schema": {"name": "port", "schema": schema}},
        extra_body={"documents": ["Ports."], "safety_mode": "OFF"},
    )

    assert (body["p"], body["max_tokens"], body["stop_sequences"]) == (0.5, 7, ["END"])
    assert (body["thinking"], body["documents"], body["safety_mode"]) == ({"type": "disabled"}, ["Ports."], "OFF")
    assert [tool["function"]["name"] for tool in body["tools"]] == ["tide"]
    assert body["tool_choice"] == "REQUIRED"
    assert body["response_format"] == {"type": "json_object", "json_schema": schema}
    assert "strict_tools" not in body


@pytest.mark.parametrize("params", [{"n": 2}, {"logit_bias": {"1": 1}}, {"top_logprobs": 3}, {"tool_choice": "odd"}])
def test_what_cannot_be_expressed_is_refused_or_left_out(params: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError):
        encoded(**params)
    assert encoded(**params, drop_params=True)["messages"]


def test_a_part_that_cohere_does_not_take_is_refused_by_its_place() -> None:
    with pytest.raises(BadRequestError, match=r"messages\[0\].content\[0\]"):
        encoded({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]})
