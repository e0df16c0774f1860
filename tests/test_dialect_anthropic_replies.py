"""Anthropic's replies: whole and streamed ones say the same, however the stream is cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.contract import ReplyIsError, StreamDecoder, WireCall
from trio_llm._types.chat import ChatRequest, Message, ModelResponse, ModelResponseStream
from trio_llm._types.errors import (
    APIConnectionError,
    APIError,
    InternalServerError,
    ServiceUnavailableError,
)
from trio_llm._types.folding import fold_chunks

FIXTURES = Path(__file__).parent / "fixtures" / "anthropic"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.sse"))
HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]
CALL = WireCall(ChatRequest("anthropic/claude-sonnet-4-5", HELLO), "claude-sonnet-4-5")


def asking(model: str = "claude-sonnet-4-5", **parameters: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest(f"anthropic/{model}", HELLO, **parameters), model)


def decode(body: object, call: WireCall[ChatRequest] = CALL) -> ModelResponse:
    assert ANTHROPIC.chat is not None
    return ANTHROPIC.chat.decode(call, json.dumps(body).encode())


def whole(name: str) -> ModelResponse:
    return decode(json.loads((FIXTURES / f"{name}.json").read_bytes()))


def streamed(name: str) -> bytes:
    return (FIXTURES / f"{name}.sse").read_bytes()


def opened(call: WireCall[ChatRequest] = CALL) -> StreamDecoder[ModelResponseStream]:
    assert ANTHROPIC.chat_stream is not None
    return ANTHROPIC.chat_stream.open_decoder(call)


def read(body: bytes, size: int = 0, call: WireCall[ChatRequest] = CALL) -> list[ModelResponseStream]:
    decoder = opened(call)
    chunks: list[ModelResponseStream] = []
    for at in range(0, len(body), size or len(body)):
        chunks += decoder.feed(body[at : at + (size or len(body))])
    chunks += decoder.close()
    assert decoder.failure is None
    assert decoder.finished
    return chunks


def events(*items: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(item).encode() + b"\n\n" for item in items)


def message_of(response: ModelResponse) -> Message:
    assert len(response.choices) == 1
    return response.choices[0].message


def comparable(response: ModelResponse) -> dict[str, Any]:
    """The response with arguments as values: their JSON text is the provider's in streams, ours in whole replies."""
    plain = response.model_dump()
    for call in plain["choices"][0]["message"]["tool_calls"] or ():
        call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return plain


START = {"type": "message_start", "message": {"id": "m", "model": "claude", "usage": {"input_tokens": 3}}}
TEXT = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
HI = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
STOP = {"type": "content_block_stop", "index": 0}
END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}
DONE = {"type": "message_stop"}


@pytest.mark.parametrize("name", NAMES)
def test_a_folded_stream_equals_the_whole_reply(name: str) -> None:
    assert comparable(fold_chunks(read(streamed(name)))) == comparable(whole(name))


@given(name=st.sampled_from(NAMES), size=st.integers(1, 40))
def test_every_split_of_a_stream_gives_the_same_chunks(name: str, size: int) -> None:
    assert read(streamed(name), size) == read(streamed(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_cut_after_any_event_but_the_last_is_a_failure_that_keeps_what_came(name: str) -> None:
    pieces = [piece + b"\n\n" for piece in streamed(name).split(b"\n\n") if piece]
    full = read(streamed(name))
    for kept in range(len(pieces) - 1):  # the last event says nothing that the one before it did not
        decoder = opened()
        chunks = decoder.feed(b"".join(pieces[:kept]))
        decoder.close()
        assert decoder.failure is not None
        assert decoder.failure.kind is APIConnectionError
        assert chunks == full[: len(chunks)]


@pytest.mark.parametrize("name", NAMES)
def test_usage_so_far_is_told_as_soon_as_it_is_known_and_then_corrected(name: str) -> None:
    told = [chunk.usage for chunk in read(streamed(name)) if chunk.usage is not None]
    assert [usage.completion_tokens for usage in told] == [1, told[-1].completion_tokens]
    assert told[0].prompt_tokens == told[1].prompt_tokens == 90


def test_cache_tokens_are_part_of_the_prompt_and_every_other_count_is_readable() -> None:
    usage = whole("thinking_and_tools").usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (20 + 30 + 40, 12, 102)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 40
    assert usage.prompt_tokens_details.cache_creation_tokens == 30
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 7
    assert usage["cache_creation"] == {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
    assert usage["cache_read_input_tokens"] == 40
    assert usage["output_tokens_details"]["thinking_tokens"] == 7


def test_text_is_content_and_the_service_tier_is_told() -> None:
    response = whole("text")
    assert message_of(response).content == "A trio is three voices, ½ of a sextet."
    assert message_of(response).role == "assistant"
    assert (response.id, response.model) == ("msg_text", "claude-sonnet-4-5-20250929")
    assert response.service_tier == "standard"
    assert response.choices[0].finish_reason == "stop"


def test_thinking_is_reasoning_and_its_blocks_keep_their_signatures() -> None:
    message = message_of(whole("thinking_and_tools"))
    assert message.reasoning_content == "Two cities, so two calls."
    assert message.thinking_blocks == [
        {"type": "thinking", "thinking": "Two cities, so two calls.", "signature": "c2lnbmF0dXJl"},
        {"type": "redacted_thinking", "data": "aGlkZGVu"},
    ]
    assert message.provider_specific_fields is None


def test_tool_calls_have_an_index_each_and_arguments_that_are_json() -> None:
    response = whole("thinking_and_tools")
    calls = message_of(response).tool_calls or []
    first, second = (call.function for call in calls)
    assert [call.id for call in calls] == ["toolu_1", "toolu_2"]
    assert first is not None
    assert second is not None
    assert (first.name, json.loads(first.arguments)) == ("weather", {"city": "Oslo", "days": [1, 2]})
    assert (second.name, second.arguments) == ("now", "{}")
    assert calls[1].provider_specific_fields == {"caller": {"type": "direct"}}
    assert response.choices[0].finish_reason == "tool_calls"


def test_the_first_fragment_of_a_streamed_call_has_its_id_and_name_and_the_others_only_arguments() -> None:
    chunks = read(streamed("thinking_and_tools"))
    fragments = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    heads = [call for call in fragments if call.id]
    assert [(call.index, call.id) for call in heads] == [(0, "toolu_1"), (1, "toolu_2")]
    assert all(call.function and call.function.name is None for call in fragments if not call.id)
    joined = "".join(call.function.arguments for call in fragments if call.function and call.index == 0)
    assert json.loads(joined) == {"city": "Oslo", "days": [1, 2]}


def test_the_provider_s_own_tools_are_no_tool_calls_but_blocks() -> None:
    response = whole("web_search")
    message = message_of(response)
    assert message.tool_calls is None
    assert message.content == "I will search. It is 2,962 m high."
    assert response.choices[0].finish_reason == "stop"
    sent = json.loads((FIXTURES / "web_search.json").read_bytes())["content"]
    assert (message.provider_specific_fields or {})["content_blocks"] == sent


def test_a_web_citation_is_an_annotation_of_the_text_that_it_supports() -> None:
    message = message_of(whole("web_search"))
    (annotation,) = message.annotations or []
    cited = annotation.url_citation
    assert cited is not None
    assert (cited.url, cited.title) == ("https://peaks.example/zugspitze", "Zugspitze")
    assert (message.content or "")[cited.start_index : cited.end_index] == "It is 2,962 m high"
    assert (message.provider_specific_fields or {})["citations"][0][0]["cited_text"] == "2,962 m"


def test_a_citation_of_a_document_is_kept_in_the_provider_s_words() -> None:
    message = message_of(whole("documents"))
    assert message.annotations is None
    assert (message.provider_specific_fields or {})["citations"][0][0]["document_index"] == 0


def test_blocks_in_an_order_that_no_request_would_repeat_are_kept_in_that_order() -> None:
    kinds = [block["type"] for block in whole_blocks("interleaved_thinking")]
    assert kinds == ["thinking", "tool_use", "thinking", "tool_use"]


def whole_blocks(name: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = (message_of(whole(name)).provider_specific_fields or {})["content_blocks"]
    return blocks


def test_fields_without_a_place_are_fields_of_the_response() -> None:
    paused = whole("mcp_and_pause")
    assert paused["stop_reason"] == "pause_turn"
    assert paused["container"]["id"] == "container_1"
    assert whole("stop_sequence")["stop_sequence"] == "three"
    assert whole("refusal")["stop_details"]["category"] == "bio"
    assert "type" not in paused
    assert "role" not in paused


REASONS = [
    ("end_turn", "stop"),
    ("stop_sequence", "stop"),
    ("pause_turn", "stop"),
    ("tool_use", "tool_calls"),
    ("max_tokens", "length"),
    ("model_context_window_exceeded", "length"),
    ("compaction", "length"),
    ("refusal", "content_filter"),
    ("newest_reason", "newest_reason"),
]


@pytest.mark.parametrize(("word", "reason"), REASONS)
def test_stop_reasons_become_finish_reasons(word: str, reason: str) -> None:
    body = {"content": [{"type": "tool_use", "id": "t", "name": "now", "input": {}}], "stop_reason": word}
    expected = "tool_calls" if reason in ("stop", "tool_calls") else reason
    assert decode(body).choices[0].finish_reason == expected
    text = {"content": [{"type": "text", "text": "x"}], "stop_reason": word}
    assert decode(text).choices[0].finish_reason == reason


def test_a_reply_without_usage_or_reason_is_read_as_far_as_it_goes() -> None:
    response = decode({"content": [{"type": "text", "text": "Hi", "citations": None}]})
    assert message_of(response).content == "Hi"
    assert response.usage is None
    assert response.choices[0].finish_reason is None
    assert response.model_extra is None


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(ReplyIsError, match="Overloaded") as caught:
        decode({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    assert caught.value.detail.kind is ServiceUnavailableError


@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["content", "type", "text", "usage", "input", "citations", "url", "stop_reason", "name"]
                ),
                inner | st.sampled_from(["text", "thinking", "tool_use", "server_tool_use"]),
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_nonsense_is_a_conversion_error_and_nothing_else(body: object) -> None:
    for reply in (body, {"content": [body, {"type": "text", "text": body}], "usage": body}):
        try:
            decode(reply)
        except (ConversionError, ReplyIsError) as error:
            assert str(error)
    decoder = opened()
    decoder.feed(events(START, {"type": "content_block_start", "content_block": body}, {"type": body}))
    decoder.close()
    assert decoder.failure is not None


def test_a_ping_and_events_of_the_future_say_nothing_wherever_they_come() -> None:
    noise: list[dict[str, Any]] = [{"type": "ping"}, {"type": "content_block_sparkle", "index": "x", "delta": 3}]
    plain: list[dict[str, Any]] = [START, TEXT, HI, STOP, END, DONE]
    noisy = [event for one in plain for event in (*noise, one)]
    assert read(events(*noisy)) == read(events(*plain))


def test_deltas_of_the_future_say_nothing() -> None:
    unknown = {"type": "content_block_delta", "index": 0, "delta": {"type": "sparkle_delta", "sparkle": 1}}
    assert read(events(START, TEXT, unknown, HI, STOP, END, DONE)) == read(events(START, TEXT, HI, STOP, END, DONE))


def test_the_event_s_name_serves_where_the_data_has_no_type() -> None:
    body = streamed("text").replace(b'"type": "message_stop"', b'"unnamed": true')
    assert read(body) == read(streamed("text"))


def test_what_a_block_holds_when_it_begins_is_not_lost() -> None:
    full = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "t", "name": "now", "input": {"zone": "UTC"}},
    ]
    blocks = [
        item
        for index, block in enumerate(full)
        for item in ({"type": "content_block_start", "index": index, "content_block": block}, {**STOP, "index": index})
    ]
    message = message_of(fold_chunks(read(events(START, *blocks, END, DONE))))
    assert (message.reasoning_content, message.content) == ("Hm.", "Hi")
    assert message.tool_calls is not None
    assert message.tool_calls[0].function is not None
    assert json.loads(message.tool_calls[0].function.arguments) == {"zone": "UTC"}


def test_a_call_of_the_provider_s_tool_that_was_cut_off_keeps_its_text() -> None:
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use", "id": "s"}}
    grow = {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"q'}}
    message = message_of(fold_chunks(read(events(START, start, grow, STOP, END, DONE))))
    assert (message.provider_specific_fields or {})["content_blocks"][0]["input"] == '{"q'


def test_gateways_may_end_the_last_block_late_and_tell_usage_apart() -> None:
    usage = {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 9}}
    response = fold_chunks(read(events(START, TEXT, HI, END, STOP, usage, DONE)))
    assert message_of(response).content == "Hi"
    assert response.choices[0].finish_reason == "stop"
    assert response.usage is not None
    assert response.usage.completion_tokens == 9


def test_a_message_delta_without_usage_keeps_the_usage_of_the_start() -> None:
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "context_management": {"applied_edits": []}}
    response = fold_chunks(read(events(START, TEXT, HI, STOP, end, DONE)))
    assert response.usage is not None
    assert response.usage.prompt_tokens == 3
    assert response["context_management"] == {"applied_edits": []}


@pytest.mark.parametrize(
    "left_out", [(START,), (TEXT,), (STOP,), (DONE,), (START, TEXT), (STOP, DONE), (START, TEXT, STOP, DONE)]
)
def test_an_answer_that_says_why_it_ends_is_whole_whatever_event_around_it_is_missing(
    left_out: tuple[object, ...],
) -> None:
    told = [event for event in (START, TEXT, HI, STOP, END, DONE) if event not in left_out]
    response = fold_chunks(read(events(*told)))
    assert (message_of(response).content, response.choices[0].finish_reason) == ("Hi", "stop")


@pytest.mark.parametrize("ending", [[], [DONE]])
def test_an_answer_that_does_not_say_why_it_ends_is_not_whole(ending: list[dict[str, Any]]) -> None:
    decoder = opened()
    decoder.feed(events(START, TEXT, HI, STOP, *ending))
    decoder.close()
    assert decoder.failure is not None
    assert decoder.failure.kind is APIConnectionError


def test_openais_closing_event_ends_an_answer_and_an_unfinished_one_is_an_error() -> None:
    closing = b"data: [DONE]\n\n"
    assert message_of(fold_chunks(read(events(START, TEXT, HI, STOP, END) + closing))).content == "Hi"
    decoder = opened()
    decoder.feed(events(START, TEXT, HI, STOP) + closing)
    assert decoder.failure is not None


def test_fragments_of_a_block_that_is_not_open_belong_to_the_open_one_of_their_kind() -> None:
    call = {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "f"}}
    grow = {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": '{"a":1}'}}
    message = message_of(fold_chunks(read(events(START, call, grow, {**HI, "index": 9}, END, DONE))))
    assert message.content == "Hi"
    assert message.tool_calls is not None
    assert [call.function and call.function.arguments for call in message.tool_calls] == ['{"a":1}']


def fragment(text: str, index: int = 0) -> dict[str, Any]:
    return {
        "type": "content_block_delta",
        "index": index,
        "delta": {"type": "input_json_delta", "partial_json": text},
    }


USE = {"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "f"}}
TOOL_END = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}}


def test_input_of_a_call_that_nobody_began_does_not_cost_the_answer() -> None:
    assert message_of(fold_chunks(read(events(START, TEXT, HI, STOP, fragment("{", 7), END, DONE)))).content == "Hi"


def test_an_answer_whose_only_call_was_lost_is_a_failure() -> None:
    decoder = opened()
    decoder.feed(events(START, TEXT, HI, STOP, fragment("{", 7), TOOL_END, DONE))
    assert decoder.failure is not None
    assert decoder.failure.kind is InternalServerError


@pytest.mark.parametrize("ended_after", [1, 2, 3])
def test_a_call_that_ends_early_goes_on(ended_after: int) -> None:
    told = [fragment(text) for text in ('{"a"', ":", "1}")]
    told.insert(ended_after, STOP)
    response = fold_chunks(read(events(START, USE, *told, TOOL_END, DONE)))
    message = message_of(response)

    assert message.tool_calls is not None
    assert [call.function and call.function.arguments for call in message.tool_calls] == ['{"a":1}']
    assert message.provider_specific_fields is None


def test_whole_input_that_is_said_again_is_said_once() -> None:
    told = [fragment(text) for text in ('{"a"', ":1}", '{"a":1}')]
    message = message_of(fold_chunks(read(events(START, USE, *told, STOP, TOOL_END, DONE))))

    assert message.tool_calls is not None
    assert [call.function and call.function.arguments for call in message.tool_calls] == ['{"a":1}']


def test_a_block_that_begins_again_with_the_same_id_goes_on() -> None:
    use = {"type": "tool_use", "id": "t", "name": "f"}
    told = []
    for index, text in enumerate(['{"a"', ":1}"]):
        told.append({"type": "content_block_start", "index": index, "content_block": use})
        delta = {"type": "input_json_delta", "partial_json": text}
        told.append({"type": "content_block_delta", "index": index, "delta": delta})
    message = message_of(fold_chunks(read(events(START, *told, END, DONE))))
    assert message.tool_calls is not None
    assert [(call.id, call.function and call.function.arguments) for call in message.tool_calls] == [("t", '{"a":1}')]


def test_nothing_is_read_after_the_end() -> None:
    decoder = opened()
    decoder.feed(streamed("text") + b"data: [DONE]\n\n")
    assert decoder.finished
    assert decoder.failure is None


@pytest.mark.parametrize(
    ("kind", "status", "exact"),
    [
        ("invalid_request_error", 400, None),
        ("authentication_error", 401, None),
        ("billing_error", 402, None),
        ("permission_error", 403, None),
        ("not_found_error", 404, None),
        ("request_too_large", 413, None),
        ("api_error", 500, None),
        ("timeout_error", 504, None),
        ("overloaded_error", 529, ServiceUnavailableError),
        ("newest_error", None, InternalServerError),
    ],
)
def test_an_error_event_ends_the_stream_with_the_provider_s_words(
    kind: str, status: int | None, exact: type[APIError] | None
) -> None:
    decoder = opened()
    error = {"type": "error", "error": {"type": kind, "message": "In its own words"}}
    chunks = decoder.feed(events(START, TEXT, HI, error, HI))
    assert fold_chunks(chunks).choices[0].message.content == "Hi"
    assert decoder.failure is not None
    assert (decoder.failure.message, decoder.failure.code) == ("In its own words", kind)
    assert (decoder.failure.status, decoder.failure.kind) == (status, exact)


FREE_TEXT = {"type": "custom", "custom": {"name": "python", "description": "Runs code"}}


def custom_events(*fragments: str) -> bytes:
    block = {"type": "tool_use", "id": "toolu_1", "name": "python", "input": {}}
    start = {"type": "content_block_start", "index": 0, "content_block": block}
    grown = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": fragment}}
        for fragment in fragments
    ]
    return events(START, start, *grown, STOP, END, DONE)


def test_a_call_of_a_custom_tool_is_free_text_again() -> None:
    call = asking(tools=[FREE_TEXT])
    block = {"type": "tool_use", "id": "toolu_1", "name": "python", "input": {"input": 'print("½")'}}
    for response in (
        decode({"content": [block], "stop_reason": "tool_use"}, call),
        fold_chunks(read(custom_events('{"input": "pr', 'int(\\"½\\")"}'), call=call)),
    ):
        (made,) = message_of(response).tool_calls or []
        assert (made.type, made.id) == ("custom", "toolu_1")
        assert made.custom is not None
        assert (made.custom.name, made.custom.input) == ("python", 'print("½")')
        assert response.choices[0].finish_reason == "tool_calls"


def test_a_call_of_a_custom_tool_that_was_cut_off_keeps_what_came() -> None:
    (made,) = message_of(fold_chunks(read(custom_events('{"inp'), call=asking(tools=[FREE_TEXT])))).tool_calls or []
    assert made.custom is not None
    assert made.custom.input == '{"inp'


def test_a_call_of_a_custom_tool_whose_input_is_no_text_is_kept_as_json() -> None:
    block = {"type": "tool_use", "id": "t", "name": "python", "input": {"input": [1]}}
    (made,) = message_of(decode({"content": [block]}, asking(tools=[FREE_TEXT]))).tool_calls or []
    assert made.custom is not None
    assert made.custom.input == "[1]"


def answer_events(*fragments: str) -> bytes:
    return custom_events(*fragments).replace(b'"python"', b'"json_answer"')


@pytest.mark.parametrize("fragments", [('{"height"', ": 2962}"), ()], ids=["in pieces", "whole"])
def test_the_input_of_the_answer_tool_is_the_content(fragments: tuple[str, ...]) -> None:
    call = asking(response_format={"type": "json_object"})
    response = fold_chunks(read(answer_events(*fragments), call=call))
    assert json.loads(message_of(response).content or "") == ({"height": 2962} if fragments else {})
    assert message_of(response).tool_calls is None
    assert message_of(response).provider_specific_fields is None
    assert response.choices[0].finish_reason == "stop"


def test_the_answer_tool_is_a_tool_like_others_where_it_was_not_asked_for() -> None:
    assert message_of(fold_chunks(read(answer_events()))).tool_calls


@pytest.mark.parametrize(
    ("start", "delta", "counts"),
    [
        (
            {"input_tokens": 25, "cache_read_input_tokens": 10},
            {"input_tokens": 0, "cache_read_input_tokens": 0},
            (35, 10),
        ),
        ({"input_tokens": 0}, {"input_tokens": 4522, "cache_read_input_tokens": 10}, (4532, 10)),
        ({"input_tokens": 0}, {"input_tokens": 3, "cache_read_input_tokens": 0}, (3, 0)),
        ({"input_tokens": 25}, {"input_tokens": 60}, (60, None)),
    ],
)
def test_totals_of_a_stream_become_nothing_less(start: Any, delta: Any, counts: tuple[int, int | None]) -> None:
    body = events(
        {"type": "message_start", "message": {"id": "m", "model": "claude", "usage": {**start, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {**delta, "output_tokens": 15}},
        {"type": "message_stop"},
    )
    usage = fold_chunks(read(body)).usage

    assert usage is not None
    details = usage.prompt_tokens_details
    assert (usage.prompt_tokens, details.cached_tokens if details else None) == counts
    assert usage.completion_tokens == 15
