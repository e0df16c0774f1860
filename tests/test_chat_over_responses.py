"""Chats of models that have the Responses API alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from responses_wire import CALL, COMPACTION, MESSAGE, PROGRAM, REASONING, USAGE, events_of, response, stream_of

from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm._dialects.openai.responses_api import RESPONSES
from trio_llm._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from trio_llm._types.errors import APIConnectionError, UnsupportedParamsError
from trio_llm._types.folding import fold_chunks

HI: Any = [{"role": "user", "content": "hi"}]
assert RESPONSES.chat is not None
assert RESPONSES.chat_stream is not None
CHAT, CHAT_STREAM = RESPONSES.chat, RESPONSES.chat_stream


def sent(messages: Any = HI, **params: Any) -> Any:
    request = ChatRequest("m", messages, **params)
    return json.loads(CHAT.encode(WireCall(request, "m")).body)  # type: ignore[arg-type]


def whole(**fields: Any) -> ModelResponse:
    return CHAT.decode(WireCall(ChatRequest("m", HI), "m"), json.dumps(response(**fields)).encode())


def read(events: Any, size: int = 100_000) -> tuple[list[ModelResponseStream], Any]:
    data = stream_of(events)
    decoder = CHAT_STREAM.open_decoder(WireCall(ChatRequest("m", HI), "m"))
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


# Reading


def test_a_response_is_read_as_a_chat() -> None:
    reply = whole()
    message = reply.choices[0].message

    assert (message.content, message.reasoning_content) == ("In Paris.", "A tower. In Paris.")
    assert message.tool_calls is not None
    assert message.annotations is not None
    assert [call.model_dump(exclude_none=True) for call in message.tool_calls] == [
        {
            "id": "call_1",
            "type": "function",
            "function": {"name": "weather", "arguments": CALL["arguments"]},
        }
    ]
    assert message.annotations[0].url_citation is not None
    assert message.annotations[0].url_citation.url == "https://tower.test"
    assert reply.choices[0].finish_reason == "tool_calls"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (30, 20)
    assert reply.usage.prompt_tokens_details is not None
    assert reply.usage.prompt_tokens_details.cached_tokens == USAGE["input_tokens_details"]["cached_tokens"]


@pytest.mark.parametrize(
    ("reason", "finish"), [("max_output_tokens", "length"), ("content_filter", "content_filter"), (None, "length")]
)
def test_a_response_that_stops_early_says_why_as_chat_does(reason: str | None, finish: str) -> None:
    details = {"reason": reason} if reason else None
    reply = whole(output=[MESSAGE], status="incomplete", incomplete_details=details)

    assert reply.choices[0].finish_reason == finish


def test_what_failed_is_an_error_with_a_chat_as_its_partial() -> None:
    failed = {"status": "failed", "error": {"code": "server_error", "message": "It broke."}, "output": [MESSAGE]}
    with pytest.raises(ReplyIsError) as caught:
        whole(**failed)
    chunks, failure = read(events_of(response(**failed)))

    assert caught.value.detail.partial.choices[0].message.content == "In Paris."
    assert failure.message == "It broke."
    assert fold_chunks(chunks).choices[0].message.content == "In Paris."


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_the_folded_stream_equals_the_whole_reply(size: int) -> None:
    chunks, failure = read(events_of(response()), size)

    assert failure is None
    assert fold_chunks(chunks).model_dump() == whole().model_dump()


@pytest.mark.parametrize("left_out", ["delta", "added", "part.done", "arguments.done", "output"])
def test_what_does_not_come_in_fragments_comes_at_the_end(left_out: str) -> None:
    events = events_of(response())
    if left_out == "output":
        events[-1]["response"] = {**events[-1]["response"], "output": []}
    kept = [event for event in events if not event["type"].endswith(f".{left_out}")]
    folded, expected = fold_chunks(read(kept)[0]).choices[0], whole().choices[0]

    assert folded.message.content == expected.message.content
    assert folded.message.reasoning_content == expected.message.reasoning_content
    assert folded.message.tool_calls == expected.message.tool_calls
    assert folded.message.provider_specific_fields == expected.message.provider_specific_fields
    assert folded.finish_reason == expected.finish_reason


def test_two_pieces_of_thinking_are_told_apart() -> None:
    pieces = [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}]
    thoughts = {**REASONING, "summary": pieces}
    where = {"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0}
    events = [{**where, "summary_index": place, "delta": piece["text"]} for place, piece in enumerate(pieces)]
    last = {"type": "response.completed", "response": response(output=[thoughts])}

    assert whole(output=[thoughts]).choices[0].message.reasoning_content == "One.\n\nTwo."
    assert fold_chunks(read([*events, last])[0]).choices[0].message.reasoning_content == "One.\n\nTwo."


@pytest.mark.parametrize("identity", [None, ["odd"], 7])
def test_calls_without_an_id_of_text_are_told_apart_by_their_place(identity: Any) -> None:
    events: list[Any] = []
    for place, name in enumerate(("one", "two")):
        item = {"type": "function_call", "id": identity, "call_id": f"call_{place}", "name": name, "arguments": ""}
        where = {"output_index": place, "item_id": identity}
        events += [
            {"type": "response.output_item.added", **where, "item": item},
            {"type": "response.function_call_arguments.delta", **where, "delta": f'{{"n": {place}}}'},
            {"type": "response.output_item.done", **where, "item": {**item, "arguments": f'{{"n": {place}}}'}},
        ]
    output = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    chunks, failure = read([*events, {"type": "response.completed", "response": response(output=output)}])

    assert failure is None
    calls = fold_chunks(chunks).choices[0].message.tool_calls
    assert [(call.function.name, call.function.arguments) for call in calls or () if call.function] == [
        ("one", '{"n": 0}'),
        ("two", '{"n": 1}'),
    ]


def call_events(*fragments: tuple[str | None, str], added_at: int = 0) -> list[dict[str, Any]]:
    """A streamed call: fragments with the ids that they name, and the place among them where their item begins."""
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "tide", "arguments": ""}
    events: list[dict[str, Any]] = [
        {
            "type": "response.function_call_arguments.delta",
            "output_index": 0,
            "delta": text,
            **({} if identity is None else {"item_id": identity}),
        }
        for identity, text in fragments
    ]
    events.insert(added_at, {"type": "response.output_item.added", "output_index": 0, "item": item})
    done = {**item, "arguments": "".join(text for _, text in fragments)}
    return [
        *events,
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": response(output=[done])},
    ]


@pytest.mark.parametrize("identity", ["fc_1", None])
@pytest.mark.parametrize("added_at", [0, 1, 2, 3])
def test_fragments_of_a_call_may_come_before_it(identity: str | None, added_at: int) -> None:
    chunks, failure = read(call_events((identity, '{"a"'), (identity, ":1"), (identity, "}"), added_at=added_at))
    calls = fold_chunks(chunks).choices[0].message.tool_calls

    assert failure is None
    assert calls is not None
    assert [(call.id, call.function and call.function.arguments) for call in calls] == [("call_1", '{"a":1}')]


def test_fragments_of_a_call_with_an_id_of_their_own_are_told_by_their_place() -> None:
    chunks, failure = read(call_events(("call_1", '{"a"'), ("call_1", ":1}")))
    pieces = [
        call.function and call.function.arguments
        for chunk in chunks
        for call in chunk.choices[0].delta.tool_calls or ()
    ]

    assert failure is None
    assert pieces == ["", '{"a"', ":1}"]


@pytest.mark.parametrize("odd", [["odd"], {"a": 1}, None, 7])
def test_a_reason_of_another_type_is_no_reason(odd: Any) -> None:
    reply = whole(status="incomplete", incomplete_details={"reason": odd})

    assert reply.choices[0].finish_reason == "length"


def test_a_stream_that_was_cut_is_an_error() -> None:
    chunks, failure = read(events_of(response())[:-1])

    assert failure.kind is APIConnectionError
    assert fold_chunks(chunks).choices[0].message.content == "In Paris."


# What goes back


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("dumped", [False, True])
def test_an_answer_goes_back_item_by_item_as_it_came(streamed: bool, dumped: bool) -> None:
    reply = fold_chunks(read(events_of(response()))[0]) if streamed else whole()
    message: Any = reply.choices[0].message
    history: list[Any] = [*HI, message, {"role": "tool", "tool_call_id": "call_1", "content": "Sun."}]
    items = sent(history)["input"]

    assert json.dumps(items[1:6]) == json.dumps([REASONING, MESSAGE, CALL, PROGRAM, COMPACTION])
    assert items[6] == {"type": "function_call_output", "call_id": "call_1", "output": "Sun."}
    if dumped:  # a dictionary that the caller wrote has no items of ours in it
        assert sent([*HI, dict(message.model_dump(exclude_none=True))])["input"][1]["role"] == "assistant"


def test_thinking_that_nobody_stored_and_nobody_can_read_stays_behind() -> None:
    thoughts = {name: value for name, value in REASONING.items() if name != "encrypted_content"}
    message = whole(output=[thoughts, MESSAGE]).choices[0].message

    assert [item["type"] for item in sent([message])["input"]] == ["message"]
    assert [item["type"] for item in sent([message], store=True)["input"]] == ["reasoning", "message"]


def test_a_history_of_another_provider_s_becomes_items() -> None:
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}},
        {"id": "c2", "type": "custom", "custom": {"name": "shell", "input": "ls"}},
    ]
    items = sent(
        [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "Where?"}]},
            {"role": "assistant", "content": "Let me look.", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "c1", "content": "Sun."},
            {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "a.txt"}]},
        ]
    )["input"]

    assert items == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": [{"type": "input_text", "text": "Where?"}]},
        {"role": "assistant", "content": "Let me look."},
        {"type": "function_call", "name": "weather", "arguments": "{}", "call_id": "c1"},
        {"type": "custom_tool_call", "name": "shell", "input": "ls", "call_id": "c2"},
        {"type": "function_call_output", "call_id": "c1", "output": "Sun."},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "a.txt"}]},
    ]


# Asking


def test_parameters_have_the_names_of_the_responses_api() -> None:
    schema = {"type": "object", "properties": {}}
    body = sent(
        max_completion_tokens=9,
        reasoning_effort="low",
        response_format={"type": "json_schema", "json_schema": {"name": "city", "schema": schema}},
        verbosity="low",
        tools=[{"type": "function", "function": {"name": "weather"}}],
        tool_choice={"type": "function", "function": {"name": "weather"}},
        web_search_options={"user_location": {"type": "approximate", "approximate": {"city": "Rome"}}},
        n=1,
    )

    assert body == {
        "model": "m",
        "input": HI,
        "store": False,
        "max_output_tokens": 9,
        "reasoning": {"effort": "low"},
        "include": ["reasoning.encrypted_content"],
        "text": {"format": {"type": "json_schema", "name": "city", "schema": schema}, "verbosity": "low"},
        "tools": [
            {"type": "function", "name": "weather"},
            {"type": "web_search", "user_location": {"type": "approximate", "city": "Rome"}},
        ],
        "tool_choice": {"type": "function", "name": "weather"},
    }


def test_parts_of_messages_have_the_shape_of_the_responses_api() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": "https://t.test/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": "https://t.test/b.png"},
        {"type": "file", "file": {"file_id": "file_1"}},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
    ]

    assert sent([{"role": "user", "content": parts}])["input"][0]["content"] == [
        {"type": "input_image", "image_url": "https://t.test/a.png", "detail": "low"},
        {"type": "input_image", "image_url": "https://t.test/b.png"},
        {"type": "input_file", "file_id": "file_1"},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
    ]


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"stop": "x"}, "stop"),
        ({"n": 2}, "n"),
        ({"seed": 1}, "seed"),
        ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, r"messages\[0\] of role 'function'"),
        ({"messages": [{"role": "user", "name": "Ann", "content": "x"}]}, r"messages\[0\].name"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}]}, r"messages\[0\].content\[0\] of type"),
    ],
)
def test_what_this_wire_cannot_express_is_refused_or_left_out(params: dict[str, Any], name: str) -> None:
    with pytest.raises(UnsupportedParamsError, match=name):
        sent(**params)
    assert name not in sent(**params, drop_params=True)


def test_probabilities_pictures_refusals_and_other_citations_are_read() -> None:
    token = {"token": "In", "logprob": -0.1, "bytes": [73], "top_logprobs": []}
    cited = {"type": "file_citation", "file_id": "file_1", "index": 3}
    part = {"type": "output_text", "text": "In", "annotations": [cited], "logprobs": [token]}
    items = [
        {"type": "message", "id": "m", "content": [part, {"type": "refusal", "refusal": "No."}]},
        {"type": "custom_tool_call", "id": "i", "call_id": "c", "name": "shell", "input": "ls"},
        {"type": "image_generation_call", "id": "g", "result": "AAAA", "output_format": "webp"},
    ]
    for choice in (
        whole(output=items).choices[0],
        fold_chunks(read(events_of(response(output=items[1:])))[0]).choices[0],
    ):
        assert choice.message.tool_calls is not None
        assert choice.message.tool_calls[0].custom is not None
        assert choice.message.tool_calls[0].custom.input == "ls"
        assert choice.message.images == [{"type": "image_url", "image_url": {"url": "data:image/webp;base64,AAAA"}}]
    first = whole(output=items).choices[0]
    assert first.logprobs is not None
    assert first.logprobs.content is not None
    assert first.logprobs.content[0].token == "In"
    assert first.message.refusal == "No."
    assert first.message.annotations is not None
    assert (first.message.annotations[0].type, first.message.annotations[0]["file_id"]) == ("file_citation", "file_1")


def test_fragments_of_refusals_and_of_free_text_are_chunks() -> None:
    item = {"type": "custom_tool_call", "id": "i", "call_id": "c", "name": "shell", "input": ""}
    events: list[Any] = [
        {"type": "response.refusal.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "No."},
        {"type": "response.output_item.added", "output_index": 1, "item": item},
        {"type": "response.custom_tool_call_input.delta", "item_id": "i", "output_index": 1, "delta": "ls"},
        {"type": "response.output_item.done", "output_index": 1, "item": {**item, "input": "ls"}},
    ]
    folded = fold_chunks(read(events)[0]).choices[0].message

    assert folded.refusal == "No."
    assert folded.tool_calls is not None
    assert folded.tool_calls[0].custom is not None
    assert (folded.tool_calls[0].custom.name, folded.tool_calls[0].custom.input) == ("shell", "ls")


def test_choices_probabilities_refusals_and_parts_of_answers_are_written() -> None:
    nested = {"type": "function", "function": {"name": "weather"}}
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [nested]}}
    body = sent(
        [
            *HI,
            {"role": "assistant", "content": [{"type": "text", "text": "Well."}], "refusal": "No."},
            {"role": "user", "content": [{"type": "input_text", "text": "And?"}]},
        ],
        logprobs=True,
        top_logprobs=2,
        reasoning_effort={"effort": "low", "summary": "auto"},
        tool_choice=allowed,
        tools=[nested, {"type": "mcp", "server_label": "x"}],
    )

    flat = {"type": "function", "name": "weather"}
    assert body["include"] == ["reasoning.encrypted_content", "message.output_text.logprobs"]
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert body["tool_choice"] == {"type": "allowed_tools", "mode": "auto", "tools": [flat]}
    assert body["tools"] == [flat, {"type": "mcp", "server_label": "x"}]
    assert body["input"][1:] == [
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "assistant", "content": "Well."},
        {"role": "user", "content": [{"type": "input_text", "text": "And?"}]},
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "assistant", "content": [{"type": "audio", "data": "x"}]},
    ],
)
def test_what_an_answer_had_that_has_no_item_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError, match=r"messages\[1\]"):
        sent([*HI, message])
