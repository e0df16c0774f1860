"""The Responses API's wire: what is asked, what is read, and what goes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from responses_wire import CALL, ITEMS, MESSAGE, REASONING, USAGE, events_of, response, stream_of

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm._dialects.openai.responses_api.reply import (
    decode_cancelled,
    decode_deleted,
    decode_input_items,
)
from trio_llm._dialects.openai.responses_api.request import (
    encode_cancel,
    encode_compact,
    encode_delete,
    encode_get,
    encode_get_stream,
    encode_input_items,
    encode_responses,
    encode_responses_stream,
)
from trio_llm._dialects.openai.responses_api.stream import open_event_decoder
from trio_llm._dialects.openai.responses_api.whole import decode_response
from trio_llm._dialects.quirks import NO_QUIRKS, Quirks
from trio_llm._types.errors import (
    APIConnectionError,
    APIResponseValidationError,
    BadRequestError,
    ContentPolicyViolationError,
    InternalServerError,
    RateLimitError,
    UnsupportedParamsError,
    class_for_status,
)
from trio_llm._types.responses_api.events import (
    ContentPartEvent,
    DeltaEvent,
    DoneEvent,
    OutputItemEvent,
    ResponseEvent,
    ResponseStatusEvent,
)
from trio_llm._types.responses_api.folding import fold_events
from trio_llm._types.responses_api.items import (
    CompactionItem,
    FunctionCallItem,
    OutputItem,
    OutputMessage,
    OutputText,
    ReasoningItem,
    read_item,
)
from trio_llm._types.responses_api.request import (
    CancelResponseRequest,
    CompactResponseRequest,
    DeleteResponseRequest,
    GetResponseRequest,
    InputItemsRequest,
    ResponsesRequest,
)

ASKED: Any = WireCall(ResponsesRequest("hi", "gpt-5"), "gpt-5")
STREAM = stream_of(events_of(response()))


def whole(reply: dict[str, Any]) -> Any:
    return decode_response(ASKED, json.dumps(reply).encode())


def body_of(request: ResponsesRequest, quirks: Quirks = NO_QUIRKS) -> Any:
    return json.loads(encode_responses(WireCall(request, request.model, quirks)).body)  # type: ignore[arg-type]


def read(data: bytes, size: int | None = None) -> tuple[list[ResponseEvent], Any]:
    decoder = open_event_decoder(ASKED)
    size = size or len(data)
    events = [event for at in range(0, len(data), size) for event in decoder.feed(data[at : at + size])]
    if not decoder.finished and decoder.failure is None:
        events += decoder.close()
    return events, decoder.failure


# Reading


def test_a_whole_reply_is_read_with_its_text_its_items_and_its_usage() -> None:
    reply = whole(response())

    assert reply.output_text == "In Paris."
    assert [type(item) for item in reply.output] == [
        ReasoningItem,
        OutputMessage,
        FunctionCallItem,
        OutputItem,
        CompactionItem,
    ]
    assert reply.output[2].arguments == '{"city":"Paris"}'
    assert reply.output[3].fingerprint == "f\u00fc="
    assert (reply.usage.input_tokens, reply.usage.input_tokens_details.cached_tokens) == (30, 8)
    assert (reply.id, reply.vendor_field) == ("resp_1", {"kept": True})
    assert reply.max_output_tokens is None


def test_usage_reads_the_same_under_the_names_of_chat() -> None:
    usage = whole(response()).usage.chat_usage

    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (30, 20, 50)
    assert usage.prompt_tokens_details.cache_creation_tokens == 4
    assert usage.completion_tokens_details.reasoning_tokens == 12


def test_counts_under_the_names_of_chat_are_counts() -> None:
    usage = whole(response(usage={"prompt_tokens": 3, "completion_tokens": 4})).usage

    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (3, 4, 7)


@pytest.mark.parametrize("odd", ["many", None, [], 3])
def test_an_odd_field_beside_the_answer_does_not_cost_the_answer(odd: Any) -> None:
    reply = whole(response(usage=odd, created_at=odd, tools=odd, incomplete_details=odd, text=odd))

    assert reply.output_text == "In Paris."


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ("text", "$.output[0]"),
        ({"type": "message", "content": [{"type": "output_text", "text": 5}]}, "$.output[0].content[0].text"),
        ({"type": "function_call", "name": [], "arguments": ""}, "$.output[0].name"),
    ],
)
def test_an_answer_that_makes_no_sense_is_an_error_with_its_path(item: Any, path: str) -> None:
    with pytest.raises(ConversionError) as caught:
        whole(response(output=[item]))

    assert str(caught.value).endswith(path)


def test_a_text_in_place_of_parts_and_arguments_as_an_object_are_read() -> None:
    call = {**CALL, "arguments": {"city": "Paris"}}
    reply = whole(response(output=[{**MESSAGE, "content": "In Rome."}, call]))

    assert reply.output_text == "In Rome."
    assert reply.output[1].arguments == '{"city":"Paris"}'


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "server_error", "message": "It broke."}, InternalServerError),
        ({"code": "rate_limit_exceeded", "message": "It broke."}, RateLimitError),
        ({"code": "invalid_prompt", "message": "It broke."}, ContentPolicyViolationError),
        ({"code": "invalid_image_format", "message": "It broke."}, BadRequestError),
    ],
)
def test_a_response_that_failed_is_an_error_by_its_code_with_what_there_is_of_it(error: Any, kind: type) -> None:
    failed = response(status="failed", error=error, output=[MESSAGE])
    with pytest.raises(ReplyIsError) as caught:
        whole(failed)
    _, streamed = read(stream_of(events_of(failed)))

    for detail in (caught.value.detail, streamed):
        assert detail.kind is kind or class_for_status(detail.status or 0) is kind
        assert (detail.message, detail.code) == ("It broke.", error["code"])
        assert detail.partial.output_text == "In Paris."


def test_a_failed_response_that_says_nothing_is_still_an_error() -> None:
    with pytest.raises(ReplyIsError, match="failed"):
        whole(response(status="failed", output=[]))


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(ReplyIsError, match="no such model"):
        whole({"error": {"message": "no such model", "code": "model_not_found"}})


def test_a_response_that_stops_at_its_limit_is_an_answer() -> None:
    reply = whole(response(status="incomplete", incomplete_details={"reason": "max_output_tokens"}))

    assert (reply.status, reply.incomplete_details) == ("incomplete", {"reason": "max_output_tokens"})


def test_a_response_that_was_stopped_before_it_failed_is_no_error() -> None:
    asked: Any = WireCall(CancelResponseRequest("resp_1", "gpt-5"), "gpt-5")
    reply = json.dumps(response(status="cancelled", output=[], usage=None)).encode()

    assert decode_cancelled(asked, reply).status == "cancelled"


def test_what_is_deleted_says_so() -> None:
    asked: Any = WireCall(DeleteResponseRequest("resp_1", "gpt-5"), "gpt-5")

    assert decode_deleted(asked, b'{"id": "resp_1", "object": "response", "deleted": true}').deleted
    with pytest.raises(ReplyIsError):
        decode_deleted(asked, b'{"id": "resp_1", "object": "response", "deleted": false}')


def test_input_items_are_items() -> None:
    asked: Any = WireCall(InputItemsRequest("resp_1", "gpt-5"), "gpt-5")
    page = decode_input_items(asked, json.dumps({"object": "list", "data": ITEMS, "has_more": True}).encode())

    assert isinstance(page.data[2], FunctionCallItem)
    assert page.has_more


# Streams


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100_000])
def test_every_split_of_a_stream_gives_the_same_events(size: int) -> None:
    events, failure = read(STREAM, size)

    assert failure is None
    assert [event.model_dump() for event in events] == events_of(response())


def test_events_have_classes_by_their_shape() -> None:
    kinds = {event.type: type(event) for event in read(STREAM)[0]}

    assert kinds["response.created"] is ResponseStatusEvent
    assert kinds["response.output_item.done"] is OutputItemEvent
    assert kinds["response.content_part.added"] is ContentPartEvent
    assert kinds["response.output_text.delta"] is DeltaEvent
    assert kinds["response.function_call_arguments.done"] is DoneEvent


def test_an_event_of_an_unknown_kind_is_handed_on_as_it_came() -> None:
    strange = {"type": "response.steer.pending", "sequence_number": 3, "steer": {"a": None}}
    events, _ = read(stream_of([strange, *events_of(response())]))

    assert events[0].model_dump() == strange
    assert events[0]["steer"] == {"a": None}


def test_an_event_may_have_its_type_in_its_name_alone() -> None:
    events, _ = read(b'event: response.output_text.delta\ndata: {"delta": "x", "output_index": 0}\n\n')

    assert isinstance(events[0], DeltaEvent)


def test_the_folded_stream_equals_the_whole_reply() -> None:
    assert fold_events(read(STREAM)[0]) == whole(response())


@pytest.mark.parametrize("left_out", [".done", ".added"])
def test_without_a_whole_response_at_the_end_items_are_put_together_from_what_came(left_out: str) -> None:
    items = [REASONING, MESSAGE, CALL]
    events = events_of(response(output=items))
    events[-1]["response"] = {**events[-1]["response"], "output": []}
    kept = [event for event in events if not event["type"].endswith(left_out)]
    folded: Any = fold_events(read(stream_of(kept))[0])

    assert folded.output_text == "In Paris."
    assert [item.type for item in folded.output] == ["reasoning", "message", "function_call"]
    assert folded.output[0].summary[0].text == "A tower. In Paris."
    assert folded.output[1].content[0].annotations == MESSAGE["content"][0]["annotations"]
    assert folded.output[2].arguments == CALL["arguments"]
    assert folded.usage == whole(response()).usage


@pytest.mark.parametrize("cut", range(1, len(events_of(response()))))
def test_a_stream_that_was_cut_is_an_error_and_what_came_is_kept(cut: int) -> None:
    events, failure = read(stream_of(events_of(response())[:cut]))

    assert failure.kind is APIConnectionError
    assert "In Paris.".startswith(fold_events(events).output_text)


def test_folding_leaves_the_events_as_they_are() -> None:
    events = read(stream_of(events_of(response())[:-1]))[0]
    before = [event.model_dump() for event in events]
    fold_events(events)

    assert [event.model_dump() for event in events] == before


def test_an_error_event_ends_the_stream_and_what_came_before_it_is_kept() -> None:
    said = {"type": "error", "code": "rate_limit_exceeded", "message": "Slower.", "param": None, "sequence_number": 9}
    events, failure = read(stream_of([*events_of(response())[:5], said]))

    assert (failure.status, failure.message, failure.code) == (429, "Slower.", "rate_limit_exceeded")
    assert len(events) == 5


def test_nonsense_in_a_stream_is_said_to_be_nonsense() -> None:
    _, failure = read(b"data: [1]\n\n")

    assert failure.kind is APIResponseValidationError


# Sending back


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
kinds = st.sampled_from(
    ["message", "reasoning", "function_call", "custom_tool_call", "compaction", "program", "mcp_call"]
)
names = st.sampled_from(
    ["id", "status", "caller", "encrypted_content", "summary", "phase", "call_id", "namespace", "fingerprint", "new"]
)


@given(kinds, st.dictionaries(names, json_values), st.booleans())
def test_what_was_read_goes_back_byte_for_byte(kind: str, fields: dict[str, Any], type_first: bool) -> None:
    item = {"type": kind, **fields} if type_first else {**fields, "type": kind}
    sent = body_of(ResponsesRequest([read_item(item)], "gpt-5"))["input"]

    assert json.dumps(sent) == json.dumps([item])


def test_a_whole_output_goes_back_byte_for_byte_and_a_stream_s_as_well() -> None:
    for reply in (whole(response()), fold_events(read(STREAM)[0])):
        sent = body_of(ResponsesRequest([*reply.output, {"role": "user", "content": "And?"}], "gpt-5"))["input"]
        assert json.dumps(sent[:-1]) == json.dumps(ITEMS)
        again = body_of(ResponsesRequest([item.model_dump() for item in reply.output], "gpt-5"))["input"]
        assert json.dumps(again) == json.dumps(ITEMS)


def test_what_a_program_changes_in_an_item_is_what_is_sent() -> None:
    item = read_item(json.loads(json.dumps(MESSAGE)))
    item.content[0].text = "In Rome."
    item.status = None
    del item.content[0].annotations[:]
    sent = body_of(ResponsesRequest([item], "gpt-5"))["input"][0]

    assert sent["content"][0] == {"type": "output_text", "annotations": [], "logprobs": [], "text": "In Rome."}
    assert list(sent) == list(MESSAGE)
    assert sent["status"] is None


def test_items_that_a_program_makes_have_what_it_gave_them() -> None:
    made = OutputMessage(content=[OutputText(text="Hello.")])

    assert body_of(ResponsesRequest([made], "gpt-5"))["input"] == [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]}
    ]


def test_parts_of_an_earlier_answer_may_stand_in_a_message_of_the_caller_s() -> None:
    content = whole(response()).output[1].content
    sent = body_of(ResponsesRequest([{"role": "assistant", "content": content}], "gpt-5"))["input"]

    assert sent == [{"role": "assistant", "content": MESSAGE["content"]}]


# Asking


def test_a_request_has_the_model_the_input_and_the_parameters() -> None:
    request = ResponsesRequest("hi", "gpt-5", temperature=0.5, background_options={"completion_window": "2h"})

    assert body_of(request) == {
        "model": "gpt-5",
        "input": "hi",
        "temperature": 0.5,
        "background_options": {"completion_window": "2h"},
    }


def test_a_stream_is_asked_for_and_extra_fields_are_merged() -> None:
    request = ResponsesRequest("hi", "gpt-5", text={"verbosity": "low"}, extra_body={"text": {"new": 1}})
    sent = json.loads(encode_responses_stream(WireCall(request, "gpt-5")).body)  # type: ignore[arg-type]

    assert sent == {"model": "gpt-5", "input": "hi", "text": {"verbosity": "low", "new": 1}, "stream": True}


def test_a_text_format_is_flat_on_this_wire() -> None:
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    format_ = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema, "strict": True}}
    sent = body_of(ResponsesRequest("hi", "gpt-5", text_format=format_, text={"verbosity": "low"}))

    flat = {"type": "json_schema", "name": "city", "schema": schema, "strict": True}
    assert sent["text"] == {"verbosity": "low", "format": flat}


def test_a_parameter_that_the_provider_refuses_is_an_error_or_left_out() -> None:
    quirks = Quirks(unsupported=frozenset({"prompt"}))
    with pytest.raises(UnsupportedParamsError, match="prompt"):
        body_of(ResponsesRequest("hi", "gpt-5", prompt={"id": "pmpt_1"}), quirks)
    assert "prompt" not in body_of(ResponsesRequest("hi", "gpt-5", prompt={"id": "p"}, drop_params=True), quirks)


def test_a_misspelt_parameter_names_the_nearest() -> None:
    with pytest.raises(UnsupportedParamsError, match="'max_output_tokens'"):
        ResponsesRequest("hi", "gpt-5", max_output_token=5)  # type: ignore[call-arg]


@pytest.mark.parametrize("given_input", [5, b"hi", {"role": "user"}, [5], whole(response())])
def test_an_input_that_is_none_is_refused(given_input: Any) -> None:
    with pytest.raises((BadRequestError, TypeError)):
        ResponsesRequest(given_input, "gpt-5")


def test_requests_about_stored_responses_name_them_in_their_path() -> None:
    get: Any = WireCall(GetResponseRequest("resp/1", "gpt-5", starting_after=4, include=["a", "b"]), "gpt-5")
    items: Any = WireCall(InputItemsRequest("resp_1", "gpt-5", limit=2, order="asc"), "gpt-5")

    asked = "starting_after=4&include%5B%5D=a&include%5B%5D=b"
    assert (encode_get(get).method, encode_get(get).path) == ("GET", f"/responses/resp%2F1?{asked}")
    assert encode_get_stream(get).path == f"/responses/resp%2F1?stream=true&{asked}"
    assert encode_input_items(items).path == "/responses/resp_1/input_items?limit=2&order=asc"
    delete: Any = WireCall(DeleteResponseRequest("resp_1", "gpt-5"), "gpt-5")
    assert (encode_delete(delete).method, encode_delete(delete).path) == ("DELETE", "/responses/resp_1")
    cancel: Any = WireCall(CancelResponseRequest("resp_1", "gpt-5"), "gpt-5")
    assert (encode_cancel(cancel).method, encode_cancel(cancel).path) == ("POST", "/responses/resp_1/cancel")


def test_a_conversation_is_compacted_by_its_items_or_by_its_last_response() -> None:
    items: Any = WireCall(CompactResponseRequest([MESSAGE], "gpt-5"), "gpt-5")
    last: Any = WireCall(CompactResponseRequest(None, "gpt-5", previous_response_id="resp_1"), "gpt-5")

    assert json.loads(encode_compact(items).body) == {"model": "gpt-5", "input": [MESSAGE]}  # type: ignore[arg-type]
    assert json.loads(encode_compact(last).body) == {  # type: ignore[arg-type]
        "model": "gpt-5",
        "previous_response_id": "resp_1",
    }
    assert encode_compact(last).path == "/responses/compact"


@pytest.mark.parametrize("identifier", ["", None, 5])
def test_an_id_that_is_none_is_refused(identifier: Any) -> None:
    with pytest.raises(BadRequestError, match="id"):
        DeleteResponseRequest(identifier, "gpt-5")


def test_usage_is_what_the_fixture_says() -> None:
    assert whole(response()).usage.model_dump() == USAGE
