"""Odd replies that servers and gateways were seen to send, on every wire that has chats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from tests.aws_frames import event as aws_event
from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.bedrock import CONVERSE
from trio_llm._dialects.cohere import COHERE
from trio_llm._dialects.contract import Call, Dialect
from trio_llm._dialects.gemini import GEMINI
from trio_llm._dialects.ollama import OLLAMA
from trio_llm._dialects.openai import OPENAI
from trio_llm._types.chat import ChatRequest, ModelResponse
from trio_llm._types.errors import APIConnectionError
from trio_llm._types.folding import fold_chunks

CALL = Call(ChatRequest("m", [{"role": "user", "content": "Hi"}]), "m")


def event(piece: Any) -> bytes:
    return b"data: %b\n\n" % json.dumps(piece).encode()


def line(piece: Any) -> bytes:
    return json.dumps(piece).encode() + b"\n"


def aws(piece: Any) -> bytes:
    ((kind, payload),) = piece.items()
    return aws_event(kind, payload)


@attrs.frozen
class Wire:
    """One dialect, and how it says "hi"."""

    dialect: Dialect
    whole: Any
    pieces: list[Any]
    frame: Callable[[Any], bytes] = event


WIRES = {
    "openai": Wire(
        OPENAI,
        {"id": "r", "choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]},
        [
            {"id": "r", "choices": [{"index": 0, "delta": {"content": "hi"}}]},
            {"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        ],
    ),
    "anthropic": Wire(
        ANTHROPIC,
        {"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"},
        [
            {"type": "message_start", "message": {"content": []}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        ],
    ),
    "gemini": Wire(
        GEMINI,
        {"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]},
        [{"candidates": [{"content": {"parts": [{"text": "hi"}]}}]}, {"candidates": [{"finishReason": "STOP"}]}],
    ),
    "cohere": Wire(
        COHERE,
        {"message": {"content": [{"type": "text", "text": "hi"}]}, "finish_reason": "COMPLETE"},
        [
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "hi"}}}},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
        ],
    ),
    "ollama": Wire(
        OLLAMA,
        {"message": {"content": "hi"}, "done": True, "done_reason": "stop"},
        [{"message": {"content": "hi"}, "done": False}, {"message": {}, "done": True, "done_reason": "stop"}],
        line,
    ),
    "converse": Wire(
        CONVERSE,
        {"output": {"message": {"content": [{"text": "hi"}]}}, "stopReason": "end_turn"},
        [
            {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "hi"}}},
            {"messageStop": {"stopReason": "end_turn"}},
        ],
        aws,
    ),
}
every_wire = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
every_wire_of_events = pytest.mark.parametrize(
    "wire",
    [wire for wire in WIRES.values() if wire.frame is event],
    ids=[n for n, w in WIRES.items() if w.frame is event],
)


def decode(wire: Wire, body: bytes) -> ModelResponse:
    assert wire.dialect.chat is not None
    return wire.dialect.chat.decode(CALL, body)


def read(wire: Wire, body: bytes, size: int = 100_000) -> tuple[ModelResponse, Any]:
    """What a stream amounts to that is cut into pieces of a size."""
    assert wire.dialect.chat_stream is not None
    decoder = wire.dialect.chat_stream.open_decoder(CALL)
    chunks = [chunk for at in range(0, len(body), size) for chunk in decoder.feed(body[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return fold_chunks(chunks), decoder.failure


def stream_of(wire: Wire, pieces: list[Any]) -> bytes:
    return b"".join(map(wire.frame, pieces))


def text_of(response: ModelResponse) -> str | None:
    return response.choices[0].message.content


@every_wire
def test_the_wires_say_hi(wire: Wire) -> None:
    response, failure = read(wire, stream_of(wire, wire.pieces))

    assert (text_of(response), failure) == ("hi", None)
    assert text_of(decode(wire, json.dumps(wire.whole).encode())) == "hi"


@every_wire
def test_line_breaks_and_tabs_that_nobody_escaped_cost_no_answer(wire: Wire) -> None:
    body = json.dumps(wire.whole).replace('"hi"', '"h\n\ti"').encode()

    assert text_of(decode(wire, body)) == "h\n\ti"


@every_wire
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("upstream connect error or disconnect/reset before headers. reset reason: overflow", None),
        ("额度不足", None),  # out of credits
        (
            "<!DOCTYPE html>\n<html><head><style>body {width: 35em}</style><title>502 Bad Gateway</title>",
            "502 Bad Gateway",
        ),
    ],
)
def test_words_in_place_of_a_reply_are_quoted_as_they_were_written(wire: Wire, body: str, words: str | None) -> None:
    with pytest.raises(ConversionError, match=words or body):
        decode(wire, body.encode())
    _, failure = read(wire, body.encode())
    assert (words or body) in failure.message or wire.frame is aws
    assert "<" not in failure.message


UNFRAMED = [
    b'error: {"code":500,"message":"out of lamps"}\n\n',
    b'error: {"code":500,"message":"out of lamps"}\n\ndata: [DONE]\n\n',
    b'{"error":{"message":"out of lamps"}}\n\n',
    b'{"error":{"message":"out of lamps"}}',
    b'{"message":"out of lamps"}\n\ndata: [DONE]\n\n',
    b'{\n  "error": {\n    "message": "out of lamps"\n  }\n}\n\ndata: [DONE]\n\n',
    b'event: error\ndata: {"message":"out of lamps"}\n\n',
    b'data: {"type":"error","message":"out of lamps"}\n\n',
    b'event: error\ndata: {"type":"overloaded","text":"x","message":"out of lamps"}\n\ndata: [DONE]\n\n',
]


@every_wire_of_events
@pytest.mark.parametrize("body", UNFRAMED)
@pytest.mark.parametrize("pieces", [0, -1])
@pytest.mark.parametrize("size", [1, 100_000])
def test_an_error_among_events_is_one_however_it_is_framed(wire: Wire, body: bytes, pieces: int, size: int) -> None:
    before = wire.pieces[:pieces]
    response, failure = read(wire, stream_of(wire, before) + body, size)

    assert failure is not None
    assert failure.kind is not APIConnectionError
    assert "out of lamps" in failure.message
    assert not before or text_of(response) == "hi"


@every_wire_of_events
@pytest.mark.parametrize("size", [1, 100_000])
@pytest.mark.parametrize("closing", [b"", b"data: [DONE]\n"])
@pytest.mark.parametrize("name", [b"", b"event: message\n", b"event: ping\ndata: {}\nevent: message\n"])
def test_blank_lines_that_a_server_forgets_between_events_cost_no_answer(
    wire: Wire, name: bytes, closing: bytes, size: int
) -> None:
    body = b"".join(name + event(piece).rstrip() + b"\n" for piece in wire.pieces) + closing
    response, failure = read(wire, body, size)

    assert (text_of(response), failure) == ("hi", None)


@every_wire_of_events
@pytest.mark.parametrize("name", [b"", b"event: message\ndata: "])
def test_events_that_were_framed_twice_are_read(wire: Wire, name: bytes) -> None:
    body = b"".join(b"data: " + name + event(piece).replace(b"\n\n", b"\ndata: \ndata: \n\n") for piece in wire.pieces)
    response, failure = read(wire, body + b"data: data: [DONE]\n\n")

    assert (text_of(response), failure) == ("hi", None)


@every_wire_of_events
def test_words_in_place_of_the_end_of_an_answer_say_that_there_is_none(wire: Wire) -> None:
    body = stream_of(wire, wire.pieces[:-1]) + b"data: upstream died\n\ndata: [DONE]\n\n"
    response, failure = read(wire, body)

    assert failure is not None
    assert "upstream died" in failure.message
    assert text_of(response) == "hi"


def test_lines_of_json_that_came_as_events_are_read() -> None:
    wire = WIRES["ollama"]
    body = b": wait\n\nevent: message\n" + b"".join(map(event, wire.pieces)) + b"data: [DONE]\n\n"
    response, failure = read(wire, body, 1)

    assert (text_of(response), failure) == ("hi", None)
