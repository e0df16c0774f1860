"""Streamed chat completions in OpenAI's shape, and in the shapes that other servers make of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.contract import ErrorDetail, WireCall
from trio_llm._dialects.openai import OPENAI
from trio_llm._types.chat import ChatRequest, FunctionCall, Message, ModelResponse, ModelResponseStream, ToolCall
from trio_llm._types.errors import (
    APIConnectionError,
    APIResponseValidationError,
    ContextWindowExceededError,
    InternalServerError,
)
from trio_llm._types.folding import fold_chunks

FIXTURES = Path(__file__).parent / "fixtures" / "openai"
CALL = WireCall(ChatRequest("openai/gpt", [{"role": "user", "content": "Hello"}], stream=True), "gpt")
assert OPENAI.chat is not None
assert OPENAI.chat_stream is not None
CHAT, STREAM = OPENAI.chat, OPENAI.chat_stream
NAMES = sorted(path.stem for path in FIXTURES.glob("*.sse"))


def decode(body: bytes, size: int | None = None) -> tuple[list[ModelResponseStream], ErrorDetail | None]:
    decoder = STREAM.open_decoder(CALL)
    size = size or len(body) or 1
    chunks = [chunk for at in range(0, len(body), size) for chunk in decoder.feed(body[at : at + size])]
    chunks += decoder.close()
    return chunks, decoder.failure


def stream(*events: Any, done: bool = True) -> bytes:
    texts = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"data: {text}\n\n" for text in [*texts, *["[DONE]"] * done]).encode()


def delta(finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "r", "choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]}


def folded(*events: Any, done: bool = True) -> ModelResponse:
    chunks, failure = decode(stream(*events, done=done))
    assert failure is None
    return fold_chunks(chunks)


def fragment(arguments: str | None = None, **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return {**fields, "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize("name", NAMES)
def test_the_folded_stream_equals_the_whole_reply(name: str) -> None:
    whole = CHAT.decode(CALL, (FIXTURES / f"{name}.json").read_bytes())
    chunks, failure = decode((FIXTURES / f"{name}.sse").read_bytes())

    assert failure is None
    assert fold_chunks(chunks) == whole


@given(name=st.sampled_from(NAMES), size=st.integers(1, 400))
def test_every_split_gives_the_same_chunks(name: str, size: int) -> None:
    body = (FIXTURES / f"{name}.sse").read_bytes()

    assert decode(body, size) == decode(body)


@given(name=st.sampled_from(NAMES), part=st.floats(0, 0.999))
def test_a_stream_that_is_cut_before_its_finish_reason_fails_and_keeps_what_came(name: str, part: float) -> None:
    body = (FIXTURES / f"{name}.sse").read_bytes()
    whole, _ = decode(body)

    chunks, failure = decode(body[: int(body.rindex(b'"finish_reason":"') * part)])

    assert failure is not None
    assert failure.kind is APIConnectionError
    assert chunks == whole[: len(chunks)]


def test_a_stream_is_finished_with_done_and_takes_no_more() -> None:
    decoder = STREAM.open_decoder(CALL)

    chunks = decoder.feed(stream(delta("stop", content="x")) + stream(delta(content="y")))

    assert decoder.finished
    assert [chunk.choices[0].delta.content for chunk in chunks] == ["x"]
    assert decoder.close() == []
    assert decoder.failure is None


def test_a_finish_reason_completes_a_stream_without_done() -> None:
    assert folded(delta(content="x"), delta("stop"), done=False).choices[0].message.content == "x"


def test_done_completes_a_stream_without_a_finish_reason() -> None:
    assert folded(delta(content="x")).choices[0].finish_reason is None


def test_every_answer_needs_its_finish_reason() -> None:
    both = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}, {"index": 1, "delta": {"content": "x"}}]}

    _, failure = decode(stream(both, done=False))

    assert failure == ErrorDetail("the stream ended before its finish reason", kind=APIConnectionError)


@pytest.mark.parametrize("body", [b"", b" \n", b": keep-alive\n\n", b"data: [DONE]\n\n", b"\xef\xbb\xbfeve"])
def test_a_stream_without_an_answer_is_an_error(body: bytes) -> None:
    assert decode(body) == ([], ErrorDetail("the stream ended without an answer", kind=APIConnectionError))


@pytest.mark.parametrize(
    ("body", "quoted"),
    [
        (b"\n <!doctype html>\n<title>Sign in</title>" + b"x" * 999, "Sign in"),
        ("\U0001f600".encode() * 399, "\U0001f600" * 300),
        (b"database is down", "database is down"),
        (b'{"error": "not a stream"}', '{"error": "not a stream"}'),
    ],
    ids=["page", "longest characters", "text", "object"],
)
@given(size=st.integers(1, 400))
def test_a_page_in_place_of_a_stream_is_quoted(body: bytes, quoted: str, size: int) -> None:
    message = f"expected server-sent events, got {quoted!r}"

    assert decode(body, size) == ([], ErrorDetail(message, kind=APIResponseValidationError))


def test_a_stream_that_ends_inside_an_event_was_cut() -> None:
    chunks, failure = decode(stream(delta(content="x"), done=False) + b'data: {"choi')

    assert len(chunks) == 1
    assert failure == ErrorDetail("the stream ended inside an event", kind=APIConnectionError)


def test_a_last_event_without_its_blank_line_is_read() -> None:
    chunks, failure = decode(stream(delta("stop", content="x"), done=False).rstrip())

    assert failure is None
    assert len(chunks) == 1


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("{nonsense", "expected JSON, got '{nonsense' @ $"),
        ("[1]", "expected an object, got [1] @ $"),
        ({"choices": 3}, "expected a list, got 3 @ $.choices"),
        ({"choices": [{"delta": 3}]}, "expected an object, got 3 @ $.choices[0].delta"),
        (delta(tool_calls={"a": 1}), "expected a list, got {'a': 1} @ $.choices[0].delta.tool_calls"),
    ],
)
def test_nonsense_inside_a_stream_is_named_with_its_path(event: object, message: str) -> None:
    chunks, failure = decode(stream(delta(content="x"), event, delta(content="y")))

    assert [chunk.choices[0].delta.content for chunk in chunks] == ["x"]
    assert failure == ErrorDetail(message, kind=APIResponseValidationError)


@pytest.mark.parametrize(
    ("event", "detail"),
    [
        ({"error": {"message": "busy", "code": 429}}, ErrorDetail("busy", None, None, 429)),
        (
            {"error": {"message": "busy", "type": "rate_limit_error"}},
            ErrorDetail("busy", "rate_limit_error", None, 429),
        ),
        ({"error": {"message": "odd", "code": 7003}}, ErrorDetail("odd", "7003", InternalServerError)),
        ({"error": "out of cheese", "choices": []}, ErrorDetail("out of cheese", None, InternalServerError)),
        ({"object": "error", "message": "no", "code": 400}, ErrorDetail("no", None, None, 400)),
        (
            {"error": {"message": "long", "type": "invalid_request_error", "code": "context_length_exceeded"}},
            ErrorDetail("long", "context_length_exceeded", ContextWindowExceededError, 400),
        ),
        ({"choices": [{"index": 0, "error": {"message": "up", "code": 502}}]}, ErrorDetail("up", None, None, 502)),
        (
            {"x_groq": {"id": "q", "error": "over capacity"}, "choices": []},
            ErrorDetail("over capacity", None, InternalServerError),
        ),
        ({"error": {"odd": 1}}, ErrorDetail('{"error":{"odd":1}}', None, InternalServerError)),
    ],
)
def test_an_error_inside_a_stream_ends_it_with_the_providers_words(event: object, detail: ErrorDetail) -> None:
    chunks, failure = decode(stream(delta(content="x"), event, delta(content="y")))

    assert [chunk.choices[0].delta.content for chunk in chunks] == ["x"]
    assert failure == detail


def test_an_event_named_error_is_an_error() -> None:
    _, failure = decode(b'event: error\ndata: {"message": "bad luck"}\n\n')

    assert failure == ErrorDetail("bad luck", None, InternalServerError)


def test_an_error_at_the_very_end_is_an_error_too() -> None:
    _, failure = decode(stream(delta(content="x"), done=False) + b'data: {"error": "late"}')

    assert failure == ErrorDetail("late", None, InternalServerError)


def test_what_follows_an_error_is_not_read() -> None:
    decoder = STREAM.open_decoder(CALL)
    decoder.feed(b'data: {"error": "first"}\n\ndata: {"error": "second"}\n\n')
    decoder.feed(b'data: {"error": "third"}')

    assert decoder.close() == []
    assert decoder.failure == ErrorDetail("first", None, InternalServerError)


@pytest.mark.parametrize(
    "usage",
    [
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
        {"choices": [], "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}},
        {**delta("stop"), "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
        {"choices": [{**delta("stop")["choices"][0], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}]},
    ],
)
def test_usage_surfaces_from_wherever_it_is(usage: dict[str, Any]) -> None:
    response = folded(delta(content="x"), delta("stop"), usage)

    assert response.usage is not None
    assert (response.usage.prompt_tokens, response.usage.completion_tokens, response.usage.total_tokens) == (3, 4, 7)


def test_answers_without_an_index_are_told_apart_by_their_place() -> None:
    event = {"choices": [{"delta": {"content": text}, "finish_reason": "stop"} for text in "ab"]}

    assert [choice.message.content for choice in folded(event).choices] == ["a", "b"]


def test_thinking_arrives_as_reasoning_content_under_any_name() -> None:
    response = folded(
        delta(reasoning="a"),
        delta(reasoning_content="b", reasoning="b"),
        delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "c"}]}]),
        delta("stop", content=[{"type": "text", "text": "answer"}]),
    )

    assert response.choices[0].message == Message("answer", reasoning_content="abc")


def test_a_stop_beside_tool_calls_becomes_tool_calls() -> None:
    calls = [fragment("{}", index=0, id="c", name="f")]

    assert folded(delta(tool_calls=calls), delta("stop")).choices[0].finish_reason == "tool_calls"


BOTH = [("c1", "f", '{"a": 1}'), ("c2", "g", "{}")]


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param(
            [
                [fragment('{"a"', index=0, id="c1", name="f")],
                [fragment(": 1}", index=0)],
                [fragment("{}", index=1, id="c2", name="g")],
            ],
            id="as OpenAI does",
        ),
        pytest.param(
            [[fragment('{"a": 1}', id="c1", name="f"), fragment("{}", id="c2", name="g")]],
            id="no index, both at once",
        ),
        pytest.param(
            [[fragment('{"a": 1}', index=0, id="c1", name="f")], [fragment("{}", index=0, id="c2", name="g")]],
            id="index 0 for all",
        ),
        pytest.param(
            [
                [fragment("", index=0, id="c1", name="f")],
                [fragment('{"a": 1}', index=0)],
                [fragment("", index=0, id="c2", name="g")],
                [fragment("{}", index=0)],
            ],
            id="index 0 for all, in fragments",
        ),
        pytest.param(
            [
                [fragment('{"a"', index=0, id="c1", name="f")],
                [fragment(": 1}", index=0, id="c1", name="f")],
                [fragment("{", index=1, id="c2", name="g")],
                [fragment("}", index=1, id="c2", name="g")],
            ],
            id="id and name in every fragment",
        ),
        pytest.param(
            [[fragment('{"a"', id="c1", name="f")], [fragment(": 1}")], [fragment("{}", id="c2", name="g")]],
            id="no index, in fragments",
        ),
        pytest.param(
            [
                [fragment('{"a"', id="c1", name="f"), fragment("{", id="c2", name="g")],
                [fragment(": 1}", id="c1"), fragment("}", id="c2")],
            ],
            id="no index, id in every fragment",
        ),
        pytest.param(
            [
                [fragment(None, index=0, id="c1")],
                [fragment('{"a": 1}', index=0, name="f")],
                [fragment("{}", index=1, id="c2", name="g")],
            ],
            id="name after id",
        ),
        pytest.param(
            [
                [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": {"a": 1}}}],
                [{"index": 1, "id": "c2", "function": {"name": "g", "arguments": {}}}],
            ],
            id="arguments as objects",
        ),
    ],
)
def test_fragments_of_tool_calls_find_their_call(deltas: list[list[dict[str, Any]]]) -> None:
    chunks, failure = decode(stream(*(delta(tool_calls=calls) for calls in deltas), delta("tool_calls")))

    assert failure is None
    calls = fold_chunks(chunks).choices[0].message.tool_calls or []
    found = [(call.id, call.function.name, json.loads(call.function.arguments)) for call in calls if call.function]
    assert found == [(identifier, name, json.loads(arguments)) for identifier, name, arguments in BOTH]
    seen = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [(call.index, call.id) for call in seen if call.id] == [(0, "c1"), (1, "c2")]
    assert sum(1 for call in seen if call.function and call.function.name) == 2


def test_calls_without_id_and_index_get_an_id_to_refer_to() -> None:
    calls = [fragment("{}", name="f", id="", type=""), fragment("{}", name="g", id="")]

    message = folded(delta(tool_calls=calls), delta("stop")).choices[0].message

    assert message.tool_calls == [
        ToolCall("call_5ca975dd04ce659b5b2efb4e", function=FunctionCall("f", "{}")),
        ToolCall("call_734ab64d7ba3777f256bb486", function=FunctionCall("g", "{}")),
    ]


def test_custom_tool_calls_are_joined_from_their_input() -> None:
    first = {"index": 0, "id": "c", "type": "custom", "custom": {"name": "sql", "input": "SELECT "}}
    second = {"index": 0, "custom": {"name": "sql", "input": "1"}}

    message = folded(delta(tool_calls=[first]), delta(tool_calls=[second]), delta("stop")).choices[0].message

    assert message.model_dump(exclude_none=True)["tool_calls"] == [
        {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    ]


FIELDS = [
    "choices",
    "delta",
    "index",
    "tool_calls",
    "function",
    "custom",
    "arguments",
    "name",
    "id",
    "content",
    "type",
    "text",
    "thinking",
    "usage",
    "x_groq",
    "finish_reason",
    "finish_details",
    "annotations",
    "url",
    "completion_tokens_details",
    "reasoning_tokens",
    "total_tokens",
    "logprobs",
]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
        max_leaves=12,
    )
)
def test_whatever_a_server_sends_ends_in_chunks_or_in_a_failure(event: object) -> None:
    body = stream(event, {"choices": [event]}, {"choices": [{"delta": event}]}, {"usage": event})

    chunks, failure = decode(body)

    assert failure is None or failure.message
    fold_chunks(chunks)
