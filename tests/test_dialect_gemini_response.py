"""Replies of `generateContent` as chat responses."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._types.chat import ChatRequest, ChoiceLogprobs, ModelResponse, ModelResponseStream, TokenLogprob
from trio_llm._types.errors import ContentPolicyViolationError, InternalServerError
from trio_llm._types.folding import fold_chunks

FIXTURES = Path(__file__).parent / "fixtures" / "gemini"
CALL = WireCall(ChatRequest("gemini-9-flash", [{"role": "user", "content": "Where?"}]), "gemini-9-flash")


def decode(body: bytes) -> ModelResponse:
    assert GEMINI.chat is not None
    return GEMINI.chat.decode(CALL, body)


def reply(*parts: dict[str, Any], finish: str | None = "STOP", **beside: Any) -> ModelResponse:
    candidate = {"content": {"parts": list(parts)}, **({"finishReason": finish} if finish else {}), **beside}
    return decode(json.dumps({"candidates": [candidate]}).encode())


def stream(data: bytes, size: int | None = None) -> tuple[list[ModelResponseStream], Any]:
    assert GEMINI.chat_stream is not None
    decoder = GEMINI.chat_stream.open_decoder(CALL)
    step = size or len(data) or 1
    chunks = [chunk for start in range(0, len(data), step) for chunk in decoder.feed(data[start : start + step])]
    assert not decoder.finished  # no event closes the stream, only its end does
    return chunks + decoder.close(), decoder.failure


def test_a_whole_reply_keeps_text_thoughts_calls_and_signatures() -> None:
    response = decode((FIXTURES / "chat.json").read_bytes())
    message = response.choices[0].message

    assert (response.id, response.model, response.service_tier) == ("r1", "gemini-9-flash", "standard")
    assert response.created == 1793613600
    assert response["modelStatus"] == {"modelStage": "STABLE"}
    assert message.content == "Söderhamn lies on the Baltic."
    assert message.reasoning_content == "The user wants a harbour."
    assert response.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls is not None
    assert [(call.id, call.function and call.function.name) for call in message.tool_calls] == [
        ("call_5a93fc8639212b694bc5cb83", "tide"),
        ("fc-9", "wind"),
    ]
    assert message.tool_calls[0].function is not None
    assert json.loads(message.tool_calls[0].function.arguments) == {"port": "Söderhamn"}
    assert message.tool_calls[0].provider_specific_fields == {"thought_signature": "c2lnLTI="}
    assert message.tool_calls[1].function is not None
    assert message.tool_calls[1].function.arguments == "{}"
    assert message.provider_specific_fields is not None
    assert message.provider_specific_fields["thought_signatures"] == ["c2lnLTE="]
    assert "safetyRatings" in message.provider_specific_fields


def test_usage_counts_thoughts_as_output_and_what_tools_read_as_input() -> None:
    usage = decode((FIXTURES / "chat.json").read_bytes()).usage

    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (35, 20, 55)
    assert (usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens_details.image_tokens) == (16, 10)
    assert usage.completion_tokens_details.reasoning_tokens == 8
    assert (usage["trafficType"], usage["toolUsePromptTokenCount"]) == ("ON_DEMAND", 5)


def test_a_total_that_is_not_told_is_added_up() -> None:
    body = {"candidates": [{"finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 3, "thoughtsTokenCount": 2}}
    response = decode(json.dumps(body).encode())

    assert response.usage is not None
    assert response.usage.total_tokens == 5


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("WORD_OF_NEXT_YEAR", "WORD_OF_NEXT_YEAR"),
    ],
)
def test_finish_reasons_are_put_in_openais_words_and_others_stay_readable(wire: str, reason: str) -> None:
    choice = reply({"text": "x"}, finish=wire).choices[0]
    kept = (choice.message.provider_specific_fields or {}).get("finishReason")

    assert choice.finish_reason == reason
    assert kept == (None if wire in ("STOP", "MAX_TOKENS") else wire)


def test_a_cut_off_call_still_says_that_it_was_cut_off() -> None:
    assert reply({"functionCall": {"name": "f"}}, finish="MAX_TOKENS").choices[0].finish_reason == "length"


def test_a_reply_that_does_not_say_why_it_ended_is_taken_as_it_is() -> None:
    assert reply({"text": "x"}, finish=None).choices[0].finish_reason is None
    assert reply({"functionCall": {"name": "f"}}, finish=None).choices[0].finish_reason == "tool_calls"


def test_code_that_the_provider_ran_is_kept_as_it_came() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "print(1)"}, "thoughtSignature": "c2ln"}
    result = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}
    sketch = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thought": True}
    message = reply(code, result, sketch, {"text": "One."}).choices[0].message

    assert message.content == "One."
    assert message.provider_specific_fields == {"parts": [code, result, sketch]}


def test_images_are_data_urls_with_their_signature() -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}
    message = reply(part, {**part, "thoughtSignature": "c2ln"}).choices[0].message
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}

    assert message.images == [image, {**image, "thought_signature": "c2ln"}]


@given(st.lists(st.binary(max_size=7), min_size=1, max_size=5), st.booleans())
def test_pieces_of_audio_join_to_the_bytes_that_were_sent(pieces: list[bytes], streamed: bool) -> None:
    encoded = [base64.b64encode(raw).decode() for raw in pieces]
    parts = [{"inlineData": {"mimeType": "audio/L16;rate=24000", "data": data}} for data in encoded]
    response = fold_chunks(stream(events(parts))[0]) if streamed else reply(*parts)
    message = response.choices[0].message

    assert message.audio is not None
    assert base64.b64decode(message.audio.data or "") == b"".join(pieces)
    assert (message.provider_specific_fields or {})["audio_mime_type"] == "audio/L16;rate=24000"


def test_audio_that_is_no_base64_is_malformed() -> None:
    with pytest.raises(ConversionError, match="base64"):
        reply({"inlineData": {"mimeType": "audio/wav", "data": "A"}})


def test_log_probabilities_have_their_rivals() -> None:
    chosen = {"token": "å", "logProbability": -0.5, "tokenId": 7}
    result = {"chosenCandidates": [chosen], "topCandidates": [{"candidates": [chosen]}]}
    logprobs = reply({"text": "å"}, logprobsResult=result).choices[0].logprobs
    token = TokenLogprob("å", -0.5, [195, 165], model_extra={"tokenId": 7})

    assert logprobs == ChoiceLogprobs([TokenLogprob("å", -0.5, [195, 165], [token], model_extra={"tokenId": 7})])


def test_citations_count_characters_of_the_text_where_the_wire_counts_bytes_of_a_part() -> None:
    metadata = {
        "groundingChunks": [{"web": {"uri": "https://example.org", "title": "Isles"}}, {"note": "no source"}],
        "groundingSupports": [
            {"segment": {"partIndex": 2, "startIndex": 3, "endIndex": 7}, "groundingChunkIndices": [0, 1]},
            {"segment": {}, "groundingChunkIndices": [5]},
        ],
    }
    parts: list[dict[str, Any]] = [{"text": "hm", "thought": True}, {"text": "Öar: "}, {"text": "Åland"}]
    message = reply(*parts, groundingMetadata=metadata).choices[0].message
    assert message.annotations is not None
    first, second = (annotation.url_citation for annotation in message.annotations)

    assert first is not None
    assert second is not None
    assert (first.url, first.title) == ("https://example.org", "Isles")
    assert (first.start_index, first.end_index) == (7, 10)
    assert (second.url, second.title) == (None, None)
    assert message.provider_specific_fields == {"groundingMetadata": [metadata]}


@pytest.mark.parametrize("name", ["citationSources", "citations"])
def test_recited_works_are_cited(name: str) -> None:
    metadata = {name: [{"startIndex": 1, "endIndex": 3, "uri": "https://example.org/poem"}, {"uri": "b"}]}
    message = reply({"text": "abcd"}, citationMetadata=metadata).choices[0].message
    assert message.annotations is not None
    places = [
        (cited.url, cited.start_index, cited.end_index)
        for annotation in message.annotations
        if (cited := annotation.url_citation)
    ]

    assert places == [("https://example.org/poem", 1, 3), ("b", 0, None)]


def test_a_blocked_prompt_is_a_content_policy_violation() -> None:
    for words, message in (({}, "the prompt was blocked: SAFETY"), ({"blockReasonMessage": "No."}, "No.")):
        with pytest.raises(ReplyIsError) as caught:
            decode(json.dumps({"promptFeedback": {"blockReason": "SAFETY", **words}}).encode())
        assert caught.value.detail.kind is ContentPolicyViolationError
        assert (caught.value.detail.message, caught.value.detail.code) == (message, "SAFETY")


def test_feedback_that_blocks_nothing_is_no_error() -> None:
    body = {"candidates": [{"finishReason": "STOP"}], "promptFeedback": {"safetyRatings": []}}

    assert decode(json.dumps(body).encode()).choices[0].finish_reason == "stop"


def test_an_error_with_status_200_is_an_error() -> None:
    with pytest.raises(ReplyIsError) as caught:
        decode(b'{"error": {"message": "Broken."}}')

    assert caught.value.detail.kind is InternalServerError


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"candidates": [{"content": 1}]}'])
def test_a_reply_that_makes_no_sense_is_malformed(body: bytes) -> None:
    with pytest.raises(ConversionError):
        decode(body)


def test_a_time_that_cannot_be_read_is_left_out() -> None:
    body = {"candidates": [{"finishReason": "STOP"}], "createTime": "soon"}

    assert decode(json.dumps(body).encode()).created is None


def test_several_answers_are_told_apart() -> None:
    parts = [{"functionCall": {"name": "f"}}]
    body = {"candidates": [{"index": n, "content": {"parts": parts}, "finishReason": "STOP"} for n in (0, 1)]}
    response = decode(json.dumps(body).encode())

    ids = [call.id for choice in response.choices for call in choice.message.tool_calls or ()]
    assert len(set(ids)) == 2


# Streams


def events(parts: list[dict[str, Any]], finish: str | None = "STOP") -> bytes:
    pieces: list[dict[str, Any]] = [{"content": {"parts": [part]}} for part in parts]
    if finish:
        pieces.append({"finishReason": finish})
    replies = [{"candidates": [piece], "responseId": "r"} for piece in pieces]
    return b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in replies)


signatures: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}), st.fixed_dictionaries({"thoughtSignature": st.sampled_from(["YQ==", "Yg=="])})
)
kinds = st.one_of(
    st.fixed_dictionaries({"text": st.text(max_size=5)}),
    st.fixed_dictionaries({"text": st.text(max_size=5), "thought": st.just(True)}),
    st.fixed_dictionaries({"functionCall": st.fixed_dictionaries({"name": st.just("f"), "args": st.just({"a": 1})})}),
    st.just({"executableCode": {"code": "1"}}),
    st.just({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}),
)
parts_of_a_reply = st.lists(st.builds(lambda kind, signature: {**kind, **signature}, kinds, signatures), max_size=6)


@given(parts_of_a_reply, st.sampled_from(["STOP", "MAX_TOKENS", "SAFETY"]))
def test_a_folded_stream_is_the_whole_reply(parts: list[dict[str, Any]], finish: str) -> None:
    whole = {"candidates": [{"content": {"parts": parts}, "finishReason": finish}], "responseId": "r"}
    chunks, failure = stream(events(parts, finish))

    assert failure is None
    assert fold_chunks(chunks) == decode(json.dumps(whole).encode())


@given(st.sampled_from(["stream.sse", "stream_grounded.sse"]), st.integers(1, 200))
def test_every_split_of_a_stream_gives_the_same_chunks(name: str, size: int) -> None:
    data = (FIXTURES / name).read_bytes()

    assert stream(data, size) == stream(data)


def test_a_stream_ends_with_its_reason_and_its_last_usage() -> None:
    chunks, failure = stream((FIXTURES / "stream.sse").read_bytes())
    response = fold_chunks(chunks)
    message = response.choices[0].message

    assert failure is None
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 6 + ["tool_calls"]
    assert {chunk.id for chunk in chunks} == {"s1"}
    assert [chunk.choices[0].delta.role for chunk in chunks[:2]] == ["assistant", None]
    assert (message.content, message.reasoning_content) == ("Mind the reef at Kråkön.", "Check the chart.")
    told = [(call.index, chunk is chunks[-1]) for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
    assert told == [(0, False), (1, False), (1, True)]  # that it has no arguments is known at the end
    assert response.usage is not None
    assert (response.usage.prompt_tokens, response.usage.completion_tokens, response.usage.total_tokens) == (7, 15, 22)


def test_a_stream_that_is_cut_before_its_reason_fails_with_what_had_arrived() -> None:
    pieces = (FIXTURES / "stream.sse").read_bytes().split(b"\r\n\r\n")[:-1]
    whole = fold_chunks(stream((FIXTURES / "stream.sse").read_bytes())[0]).choices[0].message.content or ""
    for count in range(len(pieces)):
        chunks, failure = stream(b"".join(piece + b"\r\n\r\n" for piece in pieces[:count]))
        partial = fold_chunks(chunks)

        assert failure is not None
        assert len(chunks) == count
        assert all(whole.startswith(choice.message.content or "") for choice in partial.choices)
        assert (partial.usage is not None) == (count > 0)


def test_sources_of_a_stream_are_sent_once_and_cited_by_number() -> None:
    message = fold_chunks(stream((FIXTURES / "stream_grounded.sse").read_bytes())[0]).choices[0].message
    assert message.content is not None
    assert message.annotations is not None
    cited = [annotation.url_citation for annotation in message.annotations]

    assert [(one.title, message.content[one.start_index : one.end_index]) for one in cited if one] == [
        ("Reefs", "Grönö is rocky."),
        ("Buoys", "Buoys help."),
    ]
    assert len((message.provider_specific_fields or {})["groundingMetadata"]) == 2


def test_a_part_of_a_stream_is_counted_once_however_many_events_it_came_in() -> None:
    support = {"segment": {"partIndex": 2, "startIndex": 1, "endIndex": 2}, "groundingChunkIndices": [0]}
    metadata = {"groundingChunks": [{"web": {"title": "T"}}], "groundingSupports": [support]}
    end = {"candidates": [{"finishReason": "STOP", "groundingMetadata": metadata}]}
    texts = [{"text": "a"}, {"text": "b"}, {"text": "c"}]
    parts: list[dict[str, Any]] = [*texts, {"executableCode": {"code": "1"}}, {"text": "ef"}]
    data = events(parts, None) + b"data: " + json.dumps(end).encode()
    message = fold_chunks(stream(data)[0]).choices[0].message
    assert message.annotations is not None
    citation = message.annotations[0].url_citation

    assert citation is not None
    assert (message.content or "")[citation.start_index : citation.end_index] == "f"


def test_a_stream_is_cut_if_only_one_of_two_answers_has_ended() -> None:
    body = {"candidates": [{"index": 0, "finishReason": "STOP"}, {"index": 1, "content": {"parts": [{"text": "x"}]}}]}

    assert stream(b"data: " + json.dumps(body).encode())[1] is not None


def test_an_error_inside_a_stream_ends_it_and_names_its_status() -> None:
    error = b'data: {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}\n\n'
    chunks, failure = stream(events([{"text": "Hal"}], None) + error)

    assert [chunk.choices[0].delta.content for chunk in chunks] == ["Hal"]
    assert (failure.message, failure.status, failure.code) == ("Overloaded.", 503, "UNAVAILABLE")


def test_a_stream_that_is_not_json_is_malformed() -> None:
    assert stream(b"data: {broken\n\n")[1] is not None


def test_openais_closing_event_is_passed_over() -> None:
    assert stream(events([{"text": "x"}]) + b"data: [DONE]\n\n") == stream(events([{"text": "x"}]))


def partial(call: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """An event with a piece of a call."""
    ending = {"finishReason": finish} if finish else {}
    return {"candidates": [{"content": {"parts": [{"functionCall": call}]}, **ending}]}


def calls_of(*pieces: dict[str, Any], finish: str = "STOP") -> list[tuple[str | None, str]]:
    """Names and arguments of the calls of a stream."""
    events = [*map(partial, pieces), {"candidates": [{"finishReason": finish}]}]
    chunks, failure = stream(b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events))
    assert failure is None
    made = fold_chunks(chunks).choices[0].message.tool_calls or ()
    return [(call.function.name, call.function.arguments) for call in made if call.function]


def value(path: str, name: str, given: Any, *, goes_on: bool = False) -> dict[str, Any]:
    return {"partialArgs": [{"jsonPath": path, name: given, "willContinue": goes_on}], "willContinue": True}


def test_a_call_that_is_said_again_is_one_call() -> None:
    call: dict[str, Any] = {"name": "f", "args": {"a": 1}}
    told: list[dict[str, Any]] = [
        {"functionCall": {**call, "id": "x"}, "thoughtSignature": "s"},
        {"functionCall": {**call, "id": "x"}},
    ]
    calls = reply(*told).choices[0].message.tool_calls
    assert calls is not None
    assert [(one.id, one.provider_specific_fields) for one in calls] == [("x", {"thought_signature": "s"})]
    cases: list[list[dict[str, Any]]] = [[{**call, "id": "y"}], [{**call, "args": {"a": 2}, "id": "x"}], [call]]
    for others in cases:
        more = reply(told[0], *({"functionCall": other} for other in others)).choices[0].message.tool_calls
        assert more is not None
        assert len({one.id for one in more}) == 2


def test_arguments_that_come_value_by_value_are_put_together() -> None:
    pieces = [
        {"name": "sail", "willContinue": True},
        value("$.port", "stringValue", "Söder", goes_on=True),
        value("$.port", "stringValue", "hamn"),
        value("$.crew[0].name", "stringValue", "Ann"),
        value("$.crew[1]['is captain']", "boolValue", True),
        value("$.depth", "numberValue", 3),
        value("$.port", "stringValue", "Gävle"),
        value("$.until", "nullValue", "NULL_VALUE"),
        {},
    ]
    wanted = {"port": "Gävle", "crew": [{"name": "Ann"}, {"is captain": True}], "depth": 3, "until": None}
    (name, arguments), following = calls_of(*pieces, {"name": "rest"})

    assert (name, json.loads(arguments)) == ("sail", wanted)
    assert following == ("rest", "{}")
    once = {"name": "f", "partialArgs": [{"jsonPath": "$.a", "stringValue": "x"}]}
    assert calls_of(once, once) == [("f", '{"a":"x"}'), ("f", '{"a":"x"}')]
    assert calls_of({"name": "f", "willContinue": True}, {"name": "g"}) == [("f", "{}"), ("g", "{}")]


def test_arguments_that_were_cut_off_are_not_whole() -> None:
    pieces = [{"name": "f", "willContinue": True}, value("$.a", "stringValue", "half", goes_on=True)]

    assert calls_of(*pieces, finish="MAX_TOKENS") == [("f", '{"a":"half"')]
    assert calls_of(*pieces) == [("f", '{"a":"half"}')]


@pytest.mark.parametrize("path", ["$", "", "$.a[1]", "$.b.c", "$..a", "$.a b[", None])
def test_a_path_that_leads_nowhere_is_malformed(path: Any) -> None:
    with pytest.raises(ConversionError, match="the path of an argument"):
        reply(
            {"functionCall": {"name": "f", **value("$.b", "numberValue", 1)}},
            {"functionCall": value(path, "stringValue", "")},
        )
