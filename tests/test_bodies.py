"""Bodies of replies: what they are, their bytes tell, on every wire that has chats."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.contract import Dialect, ReplyIsError, WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._dialects.openai import OPENAI
from trio_llm._types.chat import ChatRequest, ModelResponse
from trio_llm._types.errors import APIConnectionError, InternalServerError, ServiceUnavailableError
from trio_llm._types.folding import fold_chunks
from trio_llm._types.text_completions import TextCompletionRequest

ASK = ChatRequest("m", [{"role": "user", "content": "Hi"}])
CALL = WireCall(ASK, "m")
TEXT_CALL = WireCall(TextCompletionRequest("m", "Hi"), "m")
WHOLE: dict[str, Any] = {
    "openai": {"id": "r", "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]},
    "anthropic": {"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"},
    "gemini": {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]},
}
PIECES: dict[str, list[Any]] = {
    "openai": [
        {"id": "r", "choices": [{"index": 0, "delta": {"content": "hi"}}]},
        {"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ],
    "anthropic": [
        {"type": "message_start", "message": {"content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    ],
    "gemini": [
        {"candidates": [{"content": {"parts": [{"text": "hi"}]}}]},
        {"candidates": [{"finishReason": "STOP"}]},
    ],
}
DIALECTS: dict[str, Dialect] = {"openai": OPENAI, "anthropic": ANTHROPIC, "gemini": GEMINI}
every_wire = pytest.mark.parametrize("wire", DIALECTS)


def decode(wire: str, body: bytes) -> ModelResponse:
    chat = DIALECTS[wire].chat
    assert chat is not None
    return chat.decode(CALL, body)


def events(pieces: list[Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces)


def read(wire: str, body: bytes) -> tuple[ModelResponse, Any]:
    stream = DIALECTS[wire].chat_stream
    assert stream is not None
    decoder = stream.open_decoder(CALL)
    chunks = decoder.feed(body)
    if not decoder.finished:
        chunks += decoder.close()
    return fold_chunks(chunks), decoder.failure


@every_wire
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("\n \n", "\n"),
        ("\ufeff", ""),
        (": wait\n\n: wait\n", ""),
        ("", "\n\ndata: [DONE]\n\n"),
        ("", "[DONE]"),
    ],
)
def test_a_whole_reply_is_read_whatever_is_around_it(wire: str, before: str, after: str) -> None:
    body = f"{before}{json.dumps(WHOLE[wire])}{after}".encode()
    assert decode(wire, body).choices[0].message.content == "hi"


@every_wire
@pytest.mark.parametrize("closing", [b"", b"data: [DONE]\n\n"])
def test_events_in_place_of_a_whole_reply_are_read_one_by_one(wire: str, closing: bytes) -> None:
    response = decode(wire, b": wait\n\n" + events(PIECES[wire]) + closing)
    assert (response.choices[0].message.content, response.choices[0].finish_reason) == ("hi", "stop")


@every_wire
def test_pieces_that_come_a_line_each_are_read_as_events(wire: str) -> None:
    body = b"\n".join(json.dumps(piece).encode() for piece in PIECES[wire])
    assert decode(wire, body).choices[0].message.content == "hi"


def test_geminis_list_of_pieces_is_one_reply() -> None:
    assert decode("gemini", json.dumps(PIECES["gemini"]).encode()).choices[0].message.content == "hi"


@every_wire
def test_events_that_break_off_are_an_error_with_what_came(wire: str) -> None:
    with pytest.raises(ReplyIsError) as caught:
        decode(wire, events(PIECES[wire][:-1]))
    assert caught.value.detail.kind is APIConnectionError
    assert caught.value.detail.partial.choices[0].message.content == "hi"


@every_wire
def test_a_page_is_neither(wire: str) -> None:
    with pytest.raises(ConversionError, match="<html>"):
        decode(wire, b"<html>")


NO_ANSWERS: list[tuple[Any, str]] = [
    ({}, "no answer"),
    ({"error": {"message": "out of lamps"}}, "out of lamps"),
    ({"error": "out of lamps"}, "out of lamps"),
    ({"code": 500, "msg": "out of lamps", "success": False}, "out of lamps"),
    ({"code": "Throttling", "message": "out of lamps", "request_id": "r"}, "out of lamps"),
    ({"detail": "out of lamps"}, "out of lamps"),
    ({"error_code": 18, "error_msg": "out of lamps"}, "out of lamps"),
    ({"base_resp": {"status_code": 1000, "status_msg": "out of lamps"}, "choices": None}, "out of lamps"),
    ([{"error": {"message": "out of lamps"}}], "out of lamps"),
]


@every_wire
@pytest.mark.parametrize(("body", "words"), NO_ANSWERS)
def test_a_reply_without_an_answer_is_an_error_with_the_providers_words(wire: str, body: Any, words: str) -> None:
    with pytest.raises(ReplyIsError, match=words) as caught:
        decode(wire, json.dumps(body).encode())
    assert caught.value.detail.kind is not None or caught.value.detail.status is not None


@every_wire
@pytest.mark.parametrize(("body", "words"), NO_ANSWERS[1:-1])
def test_an_error_among_events_is_an_error_with_the_providers_words(wire: str, body: Any, words: str) -> None:
    _, failure = read(wire, events([body]) + b"data: [DONE]\n\n")
    assert failure is not None
    assert words in failure.message


@every_wire
@pytest.mark.parametrize(
    "body", [b"", b"data: [DONE]\n\n", b": ping\n\n", b"data: {}\n\n", b"data: \n\ndata: [DONE]\n\n"]
)
def test_a_stream_without_an_answer_is_an_error_that_another_attempt_may_cure(wire: str, body: bytes) -> None:
    _, failure = read(wire, body)
    assert failure is not None
    assert failure.kind is APIConnectionError


def finished(wire: str, word: str) -> tuple[Any, list[Any]]:
    """A whole reply and a stream whose answer ends with a word."""
    whole, pieces = json.loads(json.dumps([WHOLE[wire], PIECES[wire]]))
    if wire == "openai":
        whole["choices"][0]["finish_reason"] = pieces[-1]["choices"][0]["finish_reason"] = word
    elif wire == "anthropic":
        whole["stop_reason"] = pieces[-1]["delta"]["stop_reason"] = word
    else:
        whole["candidates"][0]["finishReason"] = pieces[-1]["candidates"][0]["finishReason"] = word
    return whole, pieces


@every_wire
@pytest.mark.parametrize(
    "word", ["error", "network_error", "ABORT", "MALFORMED_FUNCTION_CALL", "insufficient_system_resource"]
)
def test_a_finish_that_names_a_failure_is_one_that_keeps_what_came_and_its_usage(wire: str, word: str) -> None:
    whole, pieces = finished(wire, word)
    kind = ServiceUnavailableError if word == "insufficient_system_resource" else InternalServerError
    with pytest.raises(ReplyIsError, match=word) as caught:
        decode(wire, json.dumps(whole).encode())
    assert (caught.value.detail.kind, caught.value.detail.code) == (kind, word)
    assert caught.value.detail.partial.choices[0].message.content == "hi"

    response, failure = read(wire, events(pieces))
    assert (failure.kind, failure.code) == (kind, word)
    assert response.choices[0].message.content == "hi"


@pytest.mark.parametrize(
    "word", ["OTHER", "NO_IMAGE", "UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE", "IMAGE_OTHER"]
)
def test_gemini_says_why_it_gave_up(word: str) -> None:
    body = {"candidates": [{"finishReason": word, "finishMessage": "out of lamps"}]}
    with pytest.raises(ReplyIsError, match=f"{word}: out of lamps"):
        decode("gemini", json.dumps(body).encode())


@every_wire
def test_an_unknown_finish_word_beside_an_answer_is_handed_on_and_alone_is_no_answer(wire: str) -> None:
    whole, pieces = finished(wire, "word_of_next_year")
    assert decode(wire, json.dumps(whole).encode()).choices[0].finish_reason == "word_of_next_year"
    response, failure = read(wire, events(pieces))
    assert (response.choices[0].finish_reason, failure) == ("word_of_next_year", None)

    _, failure = read(wire, events([pieces[0]] * (wire == "anthropic") + pieces[-1:]))
    assert failure is not None


@every_wire
def test_a_stream_that_ends_without_a_finish_is_an_error_with_what_came(wire: str) -> None:
    response, failure = read(wire, events(PIECES[wire][:-1]))
    assert response.choices[0].message.content == "hi"
    assert failure is not None
    assert failure.kind is APIConnectionError


HEARTBEATS = [
    b"data:\n\n", b"data: \n\n", b"event: ping\ndata: ping\n\n", b"event: keepalive\ndata: {}\n\n", b": wait\n\n",
    b'data: {"type": "ping"}\n\n', b"data: null\n\n", b'event: heartbeat\ndata: {"message": "still here"}\n\n',
]  # fmt: skip


@every_wire
@pytest.mark.parametrize("beat", HEARTBEATS)
def test_frames_that_carry_nothing_are_passed_over_wherever_they_come(wire: str, beat: bytes) -> None:
    parts = [events([piece]) for piece in PIECES[wire]]
    response, failure = read(wire, beat + beat.join(parts) + beat)
    assert (response.choices[0].message.content, failure) == ("hi", None)


@every_wire
def test_words_between_frames_are_quoted_where_the_answer_is_never_completed(wire: str) -> None:
    _, failure = read(wire, events(PIECES[wire][:-1]) + b"data: upstream died\n\n")
    assert failure is not None
    assert "upstream died" in failure.message


@every_wire
def test_words_of_an_event_named_error_are_an_error(wire: str) -> None:
    _, failure = read(wire, events(PIECES[wire][:-1]) + b"event: error\ndata: upstream died\n\n")
    assert failure is not None
    assert (failure.message, failure.kind) == ("upstream died", InternalServerError)


@every_wire
@pytest.mark.parametrize(
    "rest",
    [b"data: {broken\n\n", b"data: [DONE]\n\n", b"data: DONE\n\n", b'data: {"type":"message_stop"}\n\n', b"data: {"],
)
def test_behind_a_finished_answer_nothing_but_an_error_counts(wire: str, rest: bytes) -> None:
    response, failure = read(wire, events(PIECES[wire]) + rest)
    assert (response.choices[0].message.content, failure) == ("hi", None)


UNUSUAL: list[tuple[str, Any]] = [
    ("openai", {"choices": [{"message": {"content": ["h", "i"]}, "finish_reason": "stop"}]}),
    (
        "openai",
        {"choices": [{"message": {"content": [{"type": "output_text", "text": "hi"}]}, "finish_reason": "stop"}]},
    ),
    (
        "openai",
        {"choices": [{"message": {"content": [{"text": "h"}, {"text": {"value": "i"}}]}, "finish_reason": "stop"}]},
    ),
    ("openai", {"choices": [{"message": {"content": {"type": "text", "text": "hi"}}, "finish_reason": "stop"}]}),
    ("openai", {"choices": [{"delta": {"content": "hi"}, "finish_reason": "stop"}]}),
    ("openai", {"choices": [{"text": "hi", "finish_reason": "stop"}]}),
    ("openai", [{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}]),
    ("anthropic", {"content": "hi", "stop_reason": "end_turn"}),
    ("anthropic", {"content": ["hi"], "stop_reason": "end_turn"}),
    ("anthropic", {"content": [{"text": "hi"}], "stop_reason": "end_turn"}),
    ("anthropic", {"content": [{"type": "output_text", "text": "hi"}], "stop_reason": "end_turn"}),
    (
        "gemini",
        {"candidates": [{"content": {"parts": [{"text": "hi", "partMetadata": {"a": 1}}]}, "finishReason": "STOP"}]},
    ),
]


@pytest.mark.parametrize(("wire", "body"), UNUSUAL)
def test_text_in_unusual_places_is_read(wire: str, body: Any) -> None:
    assert decode(wire, json.dumps(body).encode()).choices[0].message.content == "hi"


def test_a_message_in_place_of_a_delta_is_read_but_not_twice() -> None:
    told = [{"choices": [{"index": 0, "message": {"content": text}}]} for text in ("h", "i")]
    ending = {"choices": [{"index": 0, "delta": {}, "message": {"content": "hi"}, "finish_reason": "stop"}]}
    response, failure = read("openai", events([*told, ending]))
    assert (response.choices[0].message.content, failure) == ("hi", None)


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"text": "hi", "finish_reason": "stop"}, "hi"),
        ({"message": {"content": "hi"}, "finish_reason": "stop"}, "hi"),
        ({"text": ["h", "i"], "finish_reason": "stop"}, "hi"),
        ({"text": "hi", "finish_reason": "word_of_next_year"}, "hi"),
        ({"text": "", "finish_reason": "stop"}, ""),
    ],
)
def test_a_text_completion_is_read_wherever_its_text_is(choice: Any, text: str) -> None:
    assert OPENAI.text_completion is not None
    assert OPENAI.text_completion.decode(TEXT_CALL, json.dumps({"choices": [choice]}).encode()).choices[0].text == text


@pytest.mark.parametrize(
    "choices", [None, [], [{}], [{"text": "h", "finish_reason": "error"}], [{"finish_reason": "new"}]]
)
def test_a_text_completion_without_an_answer_is_an_error(choices: Any) -> None:
    assert OPENAI.text_completion is not None
    with pytest.raises(ReplyIsError) as caught:
        OPENAI.text_completion.decode(TEXT_CALL, json.dumps({"choices": choices}).encode())
    assert caught.value.detail.kind is InternalServerError


@pytest.mark.parametrize(
    "body", [b"", b"data: [DONE]\n\n", b'data: {"choices":[{"text":"h","finish_reason":"abort"}]}\n\n']
)
def test_a_streamed_text_completion_without_an_answer_is_an_error(body: bytes) -> None:
    assert OPENAI.text_completion_stream is not None
    decoder = OPENAI.text_completion_stream.open_decoder(TEXT_CALL)
    decoder.feed(body)
    if not decoder.finished:
        decoder.close()
    assert decoder.failure is not None
