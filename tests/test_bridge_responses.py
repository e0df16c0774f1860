"""The Responses API over chat: what is asked, which events come, and what goes back."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import pytest
from responses_wire import COMPACTION, MESSAGE, PROGRAM, events_of, response

from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.bridges.answers import responses_over, streamed_responses_over
from trio_llm._dialects.bridges.chat_request import chat_request
from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.openai import OPENAI
from trio_llm._types.dumping import ReplyDict
from trio_llm._types.errors import APIConnectionError, BadRequestError, UnsupportedParamsError
from trio_llm._types.responses_api.events import ResponseEvent
from trio_llm._types.responses_api.folding import fold_events
from trio_llm._types.responses_api.request import ResponsesRequest
from trio_llm._types.responses_api.response import ResponsesAPIResponse

assert OPENAI.chat is not None
assert OPENAI.chat_stream is not None
assert ANTHROPIC.chat is not None
WHOLE = responses_over(OPENAI.chat)
STREAMED = streamed_responses_over(OPENAI.chat_stream)
TOOL = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": None}


def call_of(given: Any = "hi", **params: Any) -> WireCall[ResponsesRequest]:
    return WireCall(ResponsesRequest(given, "m", **params), "m")


def sent(given: Any = "hi", **params: Any) -> Any:
    return json.loads(WHOLE.encode(call_of(given, **params)).body)  # type: ignore[arg-type]


def chunks(*deltas: dict[str, Any], finish: str = "stop", usage: dict[str, Any] | None = None) -> bytes:
    head = {"id": "c1", "created": 5, "model": "m-1", "object": "chat.completion.chunk"}
    lines = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    lines.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    lines.append({**head, "choices": [], "usage": usage or {"prompt_tokens": 3, "completion_tokens": 4}})
    return "".join(f"data: {json.dumps(line)}\n\n" for line in lines).encode() + b"data: [DONE]\n\n"


def read(data: bytes, size: int = 100_000, **params: Any) -> tuple[list[ResponseEvent], Any]:
    decoder = STREAMED.open_decoder(call_of(**params))
    events = [event for at in range(0, len(data), size) for event in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        events += decoder.close()
    return events, decoder.failure


def whole(message: dict[str, Any], finish: str = "stop", **params: Any) -> ResponsesAPIResponse:
    reply = {
        "id": "c1",
        "created": 5,
        "model": "m-1",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    }
    return WHOLE.decode(call_of(**params), json.dumps(reply).encode())


CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Rome"}'}},
]
DELTAS: list[dict[str, Any]] = [
    {"role": "assistant", "content": ""},
    {"reasoning_content": "A "},
    {"reasoning_content": "tower."},
    {"content": "In "},
    {"content": "Paris."},
    {"annotations": [{"type": "url_citation", "url_citation": {"url": "https://t.test", "title": "T"}}]},
    *({"tool_calls": [{"index": number, **call}]} for number, call in enumerate(CALLS)),
]
TYPES = [
    *("created", "in_progress"),
    *("output_item.added", "content_part.added", "reasoning_text.delta", "reasoning_text.delta"),
    *("reasoning_text.done", "content_part.done", "output_item.done"),
    *("output_item.added", "content_part.added", "output_text.delta", "output_text.delta"),
    *("output_text.annotation.added", "output_text.done", "content_part.done", "output_item.done"),
    *2 * ("output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"),
    "completed",
]


# Events


def test_events_come_in_the_order_of_the_responses_api() -> None:
    events, failure = read(chunks(*DELTAS, finish="tool_calls"))

    assert failure is None
    assert [event.type.removeprefix("response.") for event in events] == TYPES
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_words_and_a_call_give_the_same_types_as_a_provider_that_has_the_api() -> None:
    call = response()["output"][2]
    native = [event["type"] for event in events_of(response(output=[MESSAGE, call]))]
    arguments = call["arguments"]
    fragments = [
        {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": arguments[:5]}},
        {"index": 0, "function": {"arguments": arguments[5:]}},
    ]
    deltas = [*DELTAS[3:6], *({"tool_calls": [fragment]} for fragment in fragments)]
    bridged = [event.type for event in read(chunks(*deltas))[0]]

    assert bridged == native


@pytest.mark.parametrize("size", [1, 7, 64])
def test_every_split_of_the_chat_gives_the_same_events(size: int) -> None:
    data = chunks(*DELTAS)

    assert read(data, size)[0] == read(data)[0]


def test_the_folded_stream_equals_the_whole_reply_and_its_parts_put_together() -> None:
    events, _ = read(chunks(*DELTAS, finish="tool_calls"))
    annotations = DELTAS[5]["annotations"]
    message = {"content": "In Paris.", "reasoning_content": "A tower.", "annotations": annotations, "tool_calls": CALLS}

    assert fold_events(events).model_dump() == whole(message, "tool_calls").model_dump()
    parts = fold_events(events[:-1])
    assert [item.model_dump() for item in parts.output] == [item.model_dump() for item in fold_events(events).output]


def test_a_response_tells_what_the_chat_told() -> None:
    reply = whole({"content": "In Paris."}, instructions="Be short.", temperature=0.5)

    assert (reply.id, reply.model, reply.created_at, reply.status) == ("c1", "m-1", 5, "completed")
    assert (reply.output_text, reply.instructions, reply.temperature) == ("In Paris.", "Be short.", 0.5)
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.total_tokens) == (3, 4, 7)


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_stops_early_is_incomplete(finish: str, reason: str) -> None:
    reply = whole({"content": "In"}, finish)
    events, _ = read(chunks({"content": "In"}, finish=finish))

    assert (reply.status, reply.incomplete_details) == ("incomplete", {"reason": reason})
    assert events[-1].type == "response.incomplete"


def test_a_chat_that_breaks_off_is_an_error_and_what_came_is_kept() -> None:
    data = chunks(*DELTAS)
    events, failure = read(data[: data.index(b"annotations")])

    assert failure.kind is APIConnectionError
    assert fold_events(events).output_text == "In Paris."


def test_fragments_of_two_calls_in_turns_are_put_together() -> None:
    def fragment(number: int, arguments: str, **head: Any) -> dict[str, Any]:
        return {"tool_calls": [{"index": number, **head, "function": {"name": "weather", "arguments": arguments}}]}

    turns = [
        fragment(0, '{"city"', id="call_1"),
        fragment(1, '{"city"', id="call_2"),
        fragment(0, ':"Paris"}'),
        fragment(1, ':"Rome"}'),
    ]
    events, _ = read(chunks(*turns))
    output: Any = fold_events(events).output

    assert [(item.call_id, item.arguments) for item in output] == [
        ("call_1", '{"city":"Paris"}'),
        ("call_2", '{"city":"Rome"}'),
    ]


def test_a_refusal_and_a_picture_are_items() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    output: Any = whole({"content": None, "refusal": "No.", "images": [picture]}).output

    assert output[0].content[0].refusal == "No."
    assert (output[1].type, output[1].result) == ("image_generation_call", "AAAA")


# What goes back


def test_an_answer_goes_back_as_the_message_that_it_was() -> None:
    reply = whole({"content": "In Paris.", "tool_calls": CALLS})
    outputs = [{"type": "function_call_output", "call_id": call["id"], "output": "Sun."} for call in CALLS]
    messages = sent([{"role": "user", "content": "Where?"}, *reply.output, *outputs])["messages"]

    assert messages == [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "In Paris.", "tool_calls": CALLS},
        *({"role": "tool", "tool_call_id": call["id"], "content": "Sun."} for call in CALLS),
    ]


@pytest.mark.parametrize("as_dictionaries", [False, True])
def test_signatures_and_blocks_of_a_chat_go_back_as_they_were(as_dictionaries: bool) -> None:
    blocks = [
        {"type": "thinking", "thinking": "A tower.", "signature": "c2ln/+="},
        {"type": "redacted_thinking", "data": "\u00e9"},
        {"type": "text", "text": "In Paris."},
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Paris"}},
    ]
    over = responses_over(ANTHROPIC.chat)  # type: ignore[arg-type]
    reply = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": blocks,
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    output = over.decode(call_of(max_output_tokens=9), json.dumps(reply).encode()).output
    items: list[Any] = [item.model_dump() for item in output] if as_dictionaries else output
    result = {"type": "function_call_output", "call_id": "call_1", "output": "Sun."}
    request = call_of([{"role": "user", "content": "Where?"}, *items, result], max_output_tokens=9)
    body = json.loads(over.encode(request).body)  # type: ignore[arg-type]

    assert body["messages"][1] == {"role": "assistant", "content": blocks}


def test_signatures_of_calls_go_back_with_their_calls() -> None:
    signed = {**CALLS[0], "provider_specific_fields": {"thought_signature": "s1"}}
    output = whole({"tool_calls": [signed, CALLS[1]]}).output
    calls: Any = chat_request(ResponsesRequest(output, "m")).messages[0]["tool_calls"]

    assert isinstance(calls[0], ReplyDict)
    assert calls[0] == signed
    assert calls[1] == CALLS[1]


# Asking


def test_parameters_have_the_names_of_chat() -> None:
    schema = {"type": "object", "properties": {}}
    body = sent(
        instructions="Be short.",
        max_output_tokens=9,
        temperature=0.5,
        reasoning={"effort": "low", "summary": "auto"},
        text={"format": {"type": "json_schema", "name": "city", "schema": schema}, "verbosity": "low"},
        tools=[TOOL, {"type": "custom", "name": "shell"}, {"type": "vendor_search", "depth": 2}],
        tool_choice={"type": "function", "name": "weather"},
        top_logprobs=2,
        store=False,
        include=["reasoning.encrypted_content"],
    )

    assert body == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "hi"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}},
        "verbosity": "low",
        "tools": [
            {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}},
            {"type": "custom", "custom": {"name": "shell"}},
            {"type": "vendor_search", "depth": 2},
        ],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "top_logprobs": 2,
        "logprobs": True,
    }


def test_a_search_of_the_web_is_an_option_of_chat() -> None:
    tool = {
        "type": "web_search",
        "search_context_size": "low",
        "user_location": {"type": "approximate", "city": "Rome"},
    }

    assert sent(tools=[tool])["web_search_options"] == {
        "search_context_size": "low",
        "user_location": {"type": "approximate", "approximate": {"city": "Rome"}},
    }


def test_parts_of_messages_have_the_shape_of_chat() -> None:
    parts = [
        {"type": "input_text", "text": "What is it?"},
        {"type": "input_image", "image_url": "https://t.test/a.png", "detail": "low"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
    ]

    assert sent([{"role": "user", "content": parts}])["messages"][0]["content"] == [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "https://t.test/a.png", "detail": "low"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"}},
        {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
    ]


MEMORY: list[dict[str, Any]] = [
    {"previous_response_id": "resp_1"},
    {"conversation": "conv_1"},
    {"background": True},
    {"prompt": {"id": "pmpt_1"}},
    {"store": True},
    {"truncation": "auto"},
    {"context_management": [{"type": "compaction"}]},
    {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
    {"include": ["file_search_call.results"]},
    {"reasoning": {"context": "all"}},
    {"text": {"shape": "round"}},
    {"tool_choice": {"type": "mcp", "server_label": "x"}},
]
FILTERED = {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}}


@pytest.mark.parametrize("params", MEMORY, ids=lambda params: next(iter(params)))
def test_what_needs_the_provider_s_memory_or_tools_is_refused_or_left_out(params: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError, match=next(iter(params))):
        sent(**params)
    assert sent(**params, drop_params=True) == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_a_search_of_the_web_that_chats_cannot_ask_for_is_refused_or_left_out() -> None:
    with pytest.raises(UnsupportedParamsError, match=r"tools\[0\]\.filters"):
        sent(tools=[FILTERED])
    assert sent(tools=[FILTERED], drop_params=True)["web_search_options"] == {}


@pytest.mark.parametrize(
    "item",
    [
        COMPACTION,
        PROGRAM,
        {"type": "item_reference", "id": "msg_1"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
        {"role": "user", "content": [{"type": "input_image", "file_id": "file_1"}]},
    ],
)
def test_items_that_only_their_own_provider_can_read_are_refused_with_their_place(item: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError, match=r"input\[1\]"):
        sent([{"role": "user", "content": "hi"}, item])


@pytest.mark.parametrize("item", [{"type": "message"}, {"type": "function_call"}, {"role": "user", "content": 5}])
def test_items_that_make_no_sense_are_said_to(item: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=r"input\[0\]"):
        sent([item])


def test_what_the_caller_set_for_the_call_goes_with_it() -> None:
    made = chat_request(ResponsesRequest("hi", "m", extra_body={"a": 1}, timeout=3))

    assert (made.options.extra_body, made.options.timeout) == ({"a": 1}, 3)


def test_deltas_of_one_kind_make_one_run() -> None:
    kinds = [kind for kind, _ in groupby(event.type for event in read(chunks(*DELTAS))[0])]

    assert kinds.count("response.output_text.delta") == 1


def test_a_refusal_and_calls_that_take_free_text_go_back() -> None:
    call = {"type": "custom_tool_call", "call_id": "c1", "name": "shell", "input": "ls"}
    refusal = {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    output = {"type": "custom_tool_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "a.txt"}]}
    messages = sent(
        [{"role": "user", "content": "hi"}, refusal, {"role": "assistant", "content": "Well."}, call, output]
    )

    assert messages["messages"][1:] == [
        {"role": "assistant", "content": "", "refusal": "No."},
        {
            "role": "assistant",
            "content": "Well.",
            "tool_calls": [{"id": "c1", "type": "custom", "custom": {"name": "shell", "input": "ls"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "a.txt"},
    ]


def test_two_answers_in_a_row_are_two_messages() -> None:
    said = {"role": "assistant", "content": "One."}
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}

    assert [message["content"] for message in sent([said, said, thought, said])["messages"]] == ["One."] * 3


def test_files_by_id_or_address_and_parts_of_chat_s_own_are_handed_on() -> None:
    parts = [
        {"type": "input_file", "file_id": "file_1", "filename": "a.pdf"},
        {"type": "input_file", "file_url": "https://t.test/a.pdf"},
        {"type": "image_url", "image_url": {"url": "https://t.test/a.png"}},
    ]

    assert sent([{"role": "user", "content": parts}])["messages"][0]["content"] == [
        {"type": "file", "file": {"file_id": "file_1", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "https://t.test/a.pdf"}},
        parts[2],
    ]


def test_formats_choices_and_tools_in_either_shape_are_taken() -> None:
    format_ = {"type": "json_schema", "json_schema": {"name": "city", "schema": {"type": "object"}}}
    nested = {"type": "function", "function": {"name": "weather"}}
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "weather"}]}
    body = sent(text_format=format_, tools=[nested], tool_choice=allowed)

    assert body["response_format"] == format_
    assert body["tools"] == [nested]
    assert body["tool_choice"] == {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [nested]}}
    assert sent(tools=[TOOL], tool_choice="required")["tool_choice"] == "required"
    assert sent(text={"format": {"type": "json_object"}})["response_format"] == {"type": "json_object"}


def test_free_text_for_a_tool_a_citation_without_words_and_fields_beside_nothing_have_items() -> None:
    custom = {"id": "c1", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    output: Any = whole({"tool_calls": [custom]}).output
    assert (output[0].type, output[0].input) == ("custom_tool_call", "ls")
    cited: Any = whole({"annotations": DELTAS[5]["annotations"]}).output
    assert cited[0].content[0].annotations[0]["url"] == "https://t.test"
    beside: Any = whole({"provider_specific_fields": {"a": [1]}}).output
    assert beside[0].chat_fields == {"provider_specific_fields": {"a": [1]}}
