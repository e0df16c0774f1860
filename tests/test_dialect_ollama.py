"""Ollama's native wire: chats, completions and embeddings, whole and as lines of a stream."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._catalog import CATALOG
from trio_llm._convert.converter import ConversionError
from trio_llm._credentials.destinations import destination
from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm._dialects.ollama import OLLAMA
from trio_llm._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from trio_llm._types.embeddings import EmbeddingRequest
from trio_llm._types.errors import (
    APIConnectionError,
    APIResponseValidationError,
    BadRequestError,
    UnsupportedParamsError,
)
from trio_llm._types.folding import fold_chunks
from trio_llm._types.http import ReplyHead
from trio_llm._types.text_completions import TextCompletionRequest

QUESTION = {"role": "user", "content": "Which port?"}
PIXEL = "iVBORw0KGgo="
END = {
    "model": "harbour:2b",
    "created_at": "2026-03-01T12:00:00.123456789Z",
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "done_reason": "stop",
    "total_duration": 700,
    "prompt_eval_count": 11,
    "eval_count": 4,
}


FIXTURES = Path(__file__).parent / "fixtures" / "ollama"
STREAM = (FIXTURES / "thinking_and_tools.ndjson").read_bytes()
WHOLE = json.loads((FIXTURES / "thinking_and_tools.json").read_bytes())


def call(*messages: Any, **params: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest("harbour:2b", list(messages or [QUESTION]), **params), "harbour:2b")


def encoded(*messages: Any, **params: Any) -> dict[str, Any]:
    assert OLLAMA.chat is not None
    content = OLLAMA.chat.encode(call(*messages, **params)).body
    assert isinstance(content, bytes)
    body: dict[str, Any] = json.loads(content)
    return body


def decoded(document: Any) -> ModelResponse:
    assert OLLAMA.chat is not None
    return OLLAMA.chat.decode(call(), json.dumps(document).encode())


def streamed(data: bytes, size: int) -> tuple[list[ModelResponseStream], Any]:
    assert OLLAMA.chat_stream is not None
    decoder = OLLAMA.chat_stream.open_decoder(call())
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


def test_a_whole_reply_has_text_thinking_calls_usage_and_its_own_fields() -> None:
    response = decoded(WHOLE)
    choice = response.choices[0]

    assert (choice.message.content, choice.message.reasoning_content) == ("Söderhamn.", "A harbour in Sweden.")
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    assert choice.message.tool_calls[0].id
    assert choice.message.tool_calls[0].function is not None
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"port": "Söderhamn"}
    assert response.usage is not None
    assert (response.usage.prompt_tokens, response.usage.completion_tokens, response.usage.total_tokens) == (11, 4, 15)
    assert (response.model, response.created, response["total_duration"]) == ("harbour:2b", 1772366400, 700)


@given(size=st.integers(1, len(STREAM)))
def test_every_split_of_a_stream_amounts_to_the_whole_reply(size: int) -> None:
    chunks, failure = streamed(STREAM, size)

    assert failure is None
    assert fold_chunks(chunks).choices == decoded(WHOLE).choices
    assert fold_chunks(chunks).usage == decoded(WHOLE).usage


@pytest.mark.parametrize("cut", range(1, len(STREAM) - 1, 7))
def test_a_stream_that_is_cut_anywhere_is_a_failure(cut: int) -> None:
    _, failure = streamed(STREAM[:cut], 5)

    assert failure is not None
    assert failure.kind is APIConnectionError


HELLO = {**END, "message": {"role": "assistant", "content": "Hello there"}}
UNSAID = {name: value for name, value in HELLO.items() if name not in ("done", "done_reason")}


@pytest.mark.parametrize("size", [1, 1_000])
@pytest.mark.parametrize("indent", [1, 4])
def test_a_whole_reply_over_many_lines_is_read_as_a_stream_too(indent: int, size: int) -> None:
    chunks, failure = streamed(json.dumps(WHOLE, indent=indent).encode(), size)

    assert failure is None
    assert fold_chunks(chunks).choices == decoded(WHOLE).choices


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_whole_reply_over_many_lines_that_is_cut_was_cut(cut: int) -> None:
    _, failure = streamed(json.dumps(HELLO, indent=1).encode()[:-cut], 7)

    assert failure is not None
    assert failure.kind is APIConnectionError


def test_a_first_line_that_never_becomes_json_is_malformed() -> None:
    _, failure = streamed(b'{"model": oops}\n' + json.dumps(HELLO).encode() + b"\n", 9)

    assert failure is not None
    assert failure.kind is APIResponseValidationError


def test_one_line_that_does_not_say_whether_it_is_done_is_the_answer_and_two_are_a_cut_stream() -> None:
    said = json.dumps(UNSAID).encode() + b"\n"
    chunks, failure = streamed(said, 100)
    assert failure is None
    assert fold_chunks(chunks).choices[0].message.content == "Hello there"
    assert decoded(UNSAID).choices[0].message.content == "Hello there"

    for words in ({"done": None}, {"done": None, "done_reason": "stop"}):
        chunks, failure = streamed(json.dumps({**UNSAID, **words}).encode(), 100)
        assert failure is None
        assert fold_chunks(chunks).choices == decoded({**UNSAID, **words}).choices

    for data in (said * 2, json.dumps({**UNSAID, "done": False}).encode()):
        assert streamed(data, 100)[1] is not None


@pytest.mark.parametrize("behind", [b"0\n", b"data: oops\n", b""])
def test_lines_where_a_whole_reply_was_asked_for_are_read_as_a_stream_is(behind: bytes) -> None:
    """NaN has no place in JSON, and what stands behind the last line has no meaning: neither costs the answer."""
    first = {**HELLO, "done": False, "done_reason": None}
    lines = [json.dumps(first), json.dumps({**END, "eval_duration": math.nan})]
    body = b": ping\n\n" + "\n".join(lines).encode() + b"\n" + behind
    assert OLLAMA.chat is not None

    assert OLLAMA.chat.decode(call(), body).choices == fold_chunks(streamed(body, 50)[0]).choices
    assert OLLAMA.chat.decode(call(), body).choices[0].message.content == "Hello there"


@pytest.mark.parametrize(("data", "kind"), [("/9j/AAAA", "jpeg"), ("iVBORw0K", "png"), ("UklGRg==", "webp")])
def test_images_of_an_answer_are_images_of_the_message(data: str, kind: str) -> None:
    drawn = {"message": {"role": "assistant", "content": "", "images": [data, None]}, "done": True}
    chunks, failure = streamed(json.dumps(drawn).encode(), 9)

    assert failure is None
    assert fold_chunks(chunks).choices == decoded(drawn).choices
    assert decoded(drawn).choices[0].message.images == [
        {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{data}"}}
    ]


def test_an_error_in_a_stream_is_a_failure_with_its_words() -> None:
    chunks, failure = streamed(STREAM[: STREAM.index(b"\n") + 1] + b'{"error":"the runner went away"}\n', 9)

    assert [chunk.choices[0].delta.reasoning_content for chunk in chunks] == ["A harbour "]
    assert failure is not None
    assert failure.message == "the runner went away"


@pytest.mark.parametrize("document", [{}, {"done": False}, {"error": "busy"}, {**END, "done_reason": "error"}, []])
def test_what_is_no_answer_is_an_error(document: Any) -> None:
    with pytest.raises((ReplyIsError, ConversionError)):
        decoded(document)


@pytest.mark.parametrize("odd", [["stop"], {}, 7, None, ""])
def test_a_reason_of_the_end_that_is_no_text_costs_no_answer(odd: object) -> None:
    said = {"role": "assistant", "content": "Four."}

    assert decoded({"message": said, **END, "done_reason": odd}).choices[0].finish_reason == "stop"


@pytest.mark.parametrize("odd", [7, 1.5, ["tide"], {"name": "tide"}])
def test_the_name_of_a_call_has_to_be_a_text(odd: Any) -> None:
    calls = [{"function": {"name": odd, "arguments": {}}}]
    reply = {**END, "message": {"role": "assistant", "content": "", "tool_calls": calls}}
    with pytest.raises(ConversionError, match="expected text"):
        decoded(reply)
    _, failure = streamed(json.dumps(reply).encode() + b"\n", 50)
    assert failure is not None


def test_an_absent_model_is_an_error_that_says_so() -> None:
    detail = OLLAMA.decode_error(ReplyHead(404, {}), b'{"error":"model \'harbour:2b\' not found"}')

    assert detail.message == "model 'harbour:2b' not found"


def test_parameters_go_to_their_places() -> None:
    body = encoded(
        temperature=0.5,
        max_tokens=7,
        stop="END",
        reasoning_effort="low",
        response_format={"type": "json_schema", "json_schema": {"name": "port", "schema": {"type": "object"}}},
        extra_body={"keep_alive": "5m", "options": {"num_ctx": 4096}},
    )

    assert body["options"] == {"temperature": 0.5, "num_predict": 7, "stop": ["END"], "num_ctx": 4096}
    assert (body["think"], body["format"], body["keep_alive"]) == ("low", {"type": "object"}, "5m")
    assert body["stream"] is False


def test_a_conversation_with_tools_and_pictures_is_written_as_ollama_has_it() -> None:
    called = {"id": "c1", "type": "function", "function": {"name": "tide", "arguments": '{"port":"Lund"}'}}
    body = encoded(
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            ],
        },
        {"role": "assistant", "content": None, "reasoning_content": "Hm.", "tool_calls": [called]},
        {"role": "user", "content": "Well?"},
        {"role": "tool", "tool_call_id": "c1", "content": "high"},
    )

    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "See", "images": [PIXEL]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "Hm.",
            "tool_calls": [{"function": {"name": "tide", "arguments": {"port": "Lund"}}}],
        },
        {"role": "tool", "content": "high", "tool_name": "tide"},
        {"role": "user", "content": "Well?"},
    ]


@pytest.mark.parametrize(
    "params", [{"tool_choice": "required"}, {"n": 2}, {"logit_bias": {"1": 1}}, {"reasoning_effort": "xhigh"}]
)
def test_what_cannot_be_expressed_is_refused_or_left_out(params: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError):
        encoded(**params)
    assert encoded(**params, drop_params=True)["messages"]


def test_an_image_by_address_is_refused_by_its_place() -> None:
    with pytest.raises(BadRequestError, match=r"messages\[0\].content\[0\]"):
        encoded({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]})


def test_vectors_come_in_the_order_of_the_texts() -> None:
    assert OLLAMA.embeddings is not None
    asked = WireCall(EmbeddingRequest("harbour", ["a", "b"], dimensions=2), "harbour")
    request = OLLAMA.embeddings.encode(asked)
    assert isinstance(request.body, bytes)
    body = json.dumps({"embeddings": [[1.0, 2.0], [3.0, 4.0]], "prompt_eval_count": 5}).encode()
    response = OLLAMA.embeddings.decode(asked, body)

    assert (request.path, json.loads(request.body)) == (
        "/api/embed",
        {"model": "harbour", "input": ["a", "b"], "dimensions": 2},
    )
    assert [list(item.embedding) for item in response.data] == [[1.0, 2.0], [3.0, 4.0]]
    assert response.usage is not None
    assert response.usage.prompt_tokens == 5


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_completion_reads_the_same_whole_and_streamed(size: int) -> None:
    assert OLLAMA.text_completion is not None
    assert OLLAMA.text_completion_stream is not None
    asked = WireCall(TextCompletionRequest("harbour", "Port:", max_tokens=3), "harbour")
    pieces = [{**END, "message": None, "response": text, "done": False} for text in ("Sö", "der")]
    ending = {**END, "message": None, "response": ""}
    data = b"".join(json.dumps(one).encode() + b"\n" for one in (*pieces, ending))
    decoder = OLLAMA.text_completion_stream.open_decoder(asked)
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    whole = OLLAMA.text_completion.decode(asked, json.dumps({**ending, "response": "Söder"}).encode())

    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text == "Söder"
    assert chunks[-1].choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert chunks[-1].usage == whole.usage


@pytest.mark.parametrize("base", ["http://localhost:11434", "http://localhost:11434/v1", "http://localhost:11434/"])
def test_a_base_url_that_was_written_for_openai_serves_as_well(base: str) -> None:
    service = CATALOG["ollama"].service("chat", "harbour")
    target = destination(service, call(api_base=base).request.options, {}).target("/api/chat", "harbour")

    assert target == "/api/chat"
