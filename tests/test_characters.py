"""Characters in two halves: joined across chunks, and never left alone in anything that leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.characters import has_halves, whole_characters
from trio_llm._dialects.contract import Dialect, WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._dialects.openai import OPENAI
from trio_llm._dialects.openai.responses_api import RESPONSES
from trio_llm._types.chat import ChatRequest
from trio_llm._types.folding import fold_chunks
from trio_llm._types.messages_api.request import MessagesRequest
from trio_llm._types.responses_api.request import ResponsesRequest

CALL = WireCall(ChatRequest("m", [{"role": "user", "content": "Hi"}]), "m")
TEXTS = st.text(st.sampled_from("aé\u4f60\U0001f600\U0001d11e"), min_size=1, max_size=8)


def units(text: str) -> list[str]:
    """The UTF-16 units of a text, as JSON escapes."""
    raw = text.encode("utf-16-be")
    return [f"\\u{raw[at : at + 2].hex()}" for at in range(0, len(raw), 2)]


def event(template: Any, escaped: str) -> bytes:
    return b"data: " + json.dumps(template).replace("TEXT", escaped).encode() + b"\n\n"


def openai(fields: str) -> Any:
    inner: Any = {fields: "TEXT"}
    if fields == "arguments":
        inner = {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "TEXT"}}]}
    return {"choices": [{"index": 0, "delta": inner}]}


WIRES: list[tuple[str, Dialect, Any, list[Any], list[Any]]] = [
    (name, OPENAI, openai(name), [], [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}])
    for name in ("content", "reasoning_content", "arguments")
]
WIRES += [
    (
        "content",
        ANTHROPIC,
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "TEXT"}},
        [{"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}],
        [{"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}],
    ),
    (
        "content",
        GEMINI,
        {"candidates": [{"content": {"parts": [{"text": "TEXT"}]}}]},
        [],
        [{"candidates": [{"finishReason": "STOP"}]}],
    ),
]


def raw_bytes(text: str) -> list[bytes]:
    """The bytes of a text in UTF-8, one by one."""
    return [bytes([byte]) for byte in text.encode()]


def cut(template: Any, text: str, *, escaped: bool) -> bytes:
    """The text in many events, each with one half or one byte of a character, or with a whole small one."""
    if escaped:
        return b"".join(event(template, unit) for unit in units(text))
    return b"".join(event(template, "TEXT").replace(b"TEXT", byte) for byte in raw_bytes(text))


@pytest.mark.parametrize("escaped", [True, False], ids=["as escapes", "as bytes"])
@pytest.mark.parametrize("wire", WIRES)
@given(text=TEXTS)
def test_halves_in_two_events_are_one_character(
    wire: tuple[str, Dialect, Any, list[Any], list[Any]], escaped: bool, text: str
) -> None:
    place, dialect, template, before, after = wire
    assert dialect.chat_stream is not None
    decoder = dialect.chat_stream.open_decoder(CALL)
    body = b"".join(event(one, "") for one in before) + cut(template, text, escaped=escaped)
    chunks = decoder.feed(body + b"".join(event(one, "") for one in after)) + decoder.close()
    message = fold_chunks(chunks).choices[0].message

    assert decoder.failure is None
    if place == "arguments":
        assert message.tool_calls is not None
        assert message.tool_calls[0].function is not None
        assert message.tool_calls[0].function.arguments == text
    else:
        assert message[place] == text
    for chunk in chunks:
        chunk.model_dump_json().encode()


RESPONSES_DELTA = {"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "delta": "TEXT"}
MESSAGES_DELTA = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "TEXT"}}


@pytest.mark.parametrize("escaped", [True, False], ids=["as escapes", "as bytes"])
@given(text=TEXTS)
def test_halves_in_two_events_are_one_character_for_those_who_read_events(escaped: bool, text: str) -> None:
    assert RESPONSES.responses_stream is not None
    assert ANTHROPIC.messages_stream is not None
    of_responses = RESPONSES.responses_stream.open_decoder(WireCall(ResponsesRequest("Hi", "m"), "m"))
    of_messages = ANTHROPIC.messages_stream.open_decoder(
        WireCall(MessagesRequest(9, [{"role": "user", "content": "Hi"}], "m"), "m")
    )
    typed = [one.delta for one in of_responses.feed(cut(RESPONSES_DELTA, text, escaped=escaped))]  # type: ignore[attr-defined]
    texts = [one.delta.text for one in of_messages.feed(cut(MESSAGES_DELTA, text, escaped=escaped))]  # type: ignore[attr-defined]

    assert "".join(typed) == text
    assert "".join(texts) == text


@pytest.mark.parametrize("tail", [b"\xf0\x9f", b"\xff", b"\x80"])
def test_bytes_that_stay_alone_are_no_text_anywhere(tail: bytes) -> None:
    assert OPENAI.chat_stream is not None
    decoder = OPENAI.chat_stream.open_decoder(CALL)
    last = event({"choices": [{"index": 0, "delta": {"content": "!"}, "finish_reason": "stop"}]}, "")
    chunks = decoder.feed(event(openai("content"), "TEXT").replace(b"TEXT", b"a" + tail) + last) + decoder.close()
    content = fold_chunks(chunks).choices[0].message.content

    assert decoder.failure is None
    assert content is not None
    assert content.replace("\ufffd", "") == "a!"
    assert "\ufffd" in content


@pytest.mark.parametrize("half", [b"\\ud83d", b"\xf0\x9f", b"\xe9"])
@pytest.mark.parametrize("wire", WIRES)
def test_a_half_that_still_waits_when_the_answer_ends_is_not_dropped(
    wire: tuple[str, Dialect, Any, list[Any], list[Any]], half: bytes
) -> None:
    place, dialect, template, before, after = wire
    assert dialect.chat_stream is not None
    decoder = dialect.chat_stream.open_decoder(CALL)
    body = b"".join(event(one, "") for one in before) + event(template, "aTEXT").replace(b"TEXT", half)
    chunks = decoder.feed(body + b"".join(event(one, "") for one in after)) + decoder.close()

    assert decoder.failure is None
    if place != "arguments":
        assert fold_chunks(chunks).choices[0].message[place] == "a\ufffd"


def test_a_whole_reply_that_was_cut_inside_a_character_is_read() -> None:
    assert OPENAI.chat is not None
    body = b'{"choices":[{"message":{"content":"a\xf0\x9f"},"finish_reason":"length"}]}'

    assert OPENAI.chat.decode(CALL, body).choices[0].message.content == "a\ufffd"


def test_a_half_that_stays_alone_is_no_text_anywhere() -> None:
    assert OPENAI.chat is not None
    message = '{"content":"a\\ud83d","annotations":[{"x":"\\ude00"}]}'
    body = f'{{"choices":[{{"message":{message},"finish_reason":"stop"}}],"y":"\\ud800"}}'
    response = OPENAI.chat.decode(CALL, body.encode())

    assert response.choices[0].message.content == "a\ufffd"
    response.model_dump_json().encode()


JSON = st.recursive(
    st.integers() | st.text(st.characters(codec=None), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_what_has_whole_characters_can_be_written_and_stays_as_it_is(value: Any) -> None:
    made = whole_characters(value)

    json.dumps(made, ensure_ascii=False).encode()
    assert whole_characters(made) == made
    if not has_halves(json.dumps(value)):
        assert made == value
