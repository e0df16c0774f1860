"""Odd replies that servers and gateways were seen to send, on every wire that has chats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from aws_frames import event as aws_event

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.bedrock import CONVERSE
from trio_llm._dialects.cohere import COHERE
from trio_llm._dialects.contract import Dialect, ReplyIsError, WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._dialects.ollama import OLLAMA
from trio_llm._dialects.openai import OPENAI
from trio_llm._types.chat import ChatRequest, Message, ModelResponse
from trio_llm._types.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    ContentPolicyViolationError,
    RateLimitError,
    class_for_status,
)
from trio_llm._types.folding import fold_chunks

CALL = WireCall(ChatRequest("m", [{"role": "user", "content": "Hi"}]), "m")


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


def calls_of(message: Message) -> list[tuple[Any, ...]]:
    made = [(call.id, call.function) for call in message.tool_calls or ()]
    return [(identifier, part.name, part.arguments) for identifier, part in made if part is not None]


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


CALLING: dict[str, Any] = {
    "openai": {"choices": [{"message": {"tool_calls": "CALL"}, "finish_reason": "tool_calls"}]},
    "anthropic": {"type": "message", "content": ["CALL"], "stop_reason": "tool_use"},
    "gemini": {"candidates": [{"content": {"parts": ["CALL"]}, "finishReason": "STOP"}]},
    "cohere": {"message": {"tool_calls": "CALL"}, "finish_reason": "TOOL_CALL"},
    "ollama": {"message": {"tool_calls": "CALL"}, "done": True},
    "converse": {"output": {"message": {"content": ["CALL"]}}, "stopReason": "tool_use"},
}
CALL_OF_OPENAI = {"id": "t", "function": {"name": "f", "arguments": '{"a":1}'}}
CALLS: list[tuple[str, Any]] = [
    *[
        (name, call)
        for name in ("openai", "cohere", "ollama")
        for call in (
            CALL_OF_OPENAI,
            [None, CALL_OF_OPENAI],
            [{"id": "t", "name": "f", "arguments": {"a": 1}}],
            [{"id": "t", "name": "f", "input": {"a": 1}}],
            json.dumps([CALL_OF_OPENAI]),
        )
    ],
    ("anthropic", {"type": "tool_use", "id": "t", "name": "f", "input": '{"a":1}'}),
    ("gemini", {"functionCall": {"id": "t", "name": "f", "args": '{"a":1}'}}),
    ("converse", {"toolUse": {"toolUseId": "t", "name": "f", "input": '{"a":1}'}}),
]


@pytest.mark.parametrize(("name", "call"), CALLS)
def test_calls_in_other_shapes_are_calls(name: str, call: Any) -> None:
    body = json.dumps(CALLING[name]).replace('"CALL"', json.dumps(call)).encode()
    choice = decode(WIRES[name], body).choices[0]

    assert choice.finish_reason == "tool_calls"
    assert calls_of(choice.message) == [("t", "f", '{"a":1}')]


def test_calls_in_other_shapes_are_calls_in_streams_too() -> None:
    for call in (
        {"index": 0, "id": "t", "name": "f", "arguments": "{}"},
        [None, {"id": "t", "name": "f", "arguments": "{}"}],
        '[{"id": "t", "name": "f", "arguments": "{}"}]',
    ):
        pieces = [{"choices": [{"delta": {"tool_calls": call}}]}, {"choices": [{"finish_reason": "tool_calls"}]}]
        response, failure = read(WIRES["openai"], stream_of(WIRES["openai"], pieces))
        assert (calls_of(response.choices[0].message), failure) == ([("t", "f", "{}")], None)


EMPTY: list[tuple[str, Any]] = [
    ("openai", {"choices": [{"finish_reason": "stop"}]}),
    ("openai", {"choices": [{"message": None, "finish_reason": "stop"}]}),
    ("openai", {"choices": [None]}),
    ("openai", {"choices": [{"message": {"content": None}, "finish_reason": "tool_calls"}]}),
    ("openai", {"choices": [{"message": {"content": "", "tool_calls": []}, "finish_reason": "tool_calls"}]}),
    ("anthropic", {"type": "message", "stop_reason": "end_turn"}),
    ("anthropic", {"type": "message", "content": [], "stop_reason": "tool_use"}),
    ("gemini", {"candidates": [None]}),
    ("cohere", {"message": None, "finish_reason": "COMPLETE"}),
    ("cohere", {"message": {"content": []}, "finish_reason": "TOOL_CALL"}),
    ("ollama", {"message": None, "done": True, "done_reason": "stop"}),
    ("ollama", {"done": True, "done_reason": "stop"}),
    ("ollama", {"message": {"content": ""}, "done": True, "done_reason": "load"}),
    ("ollama", {"message": {"content": ""}, "done": True, "done_reason": "unload"}),
    ("converse", {"stopReason": "end_turn"}),
    ("converse", {"output": {"message": None}, "stopReason": "end_turn"}),
    ("converse", {"output": {"message": {"content": []}}, "stopReason": "tool_use"}),
]


@pytest.mark.parametrize(("name", "body"), EMPTY)
def test_a_reply_without_its_message_is_no_answer_whatever_its_finish_says(name: str, body: Any) -> None:
    with pytest.raises((ReplyIsError, ConversionError)):
        decode(WIRES[name], json.dumps(body).encode())


@pytest.mark.parametrize("name", ["anthropic", "converse"])
def test_a_stop_for_tools_that_are_not_there_is_not_made_a_plain_stop(name: str) -> None:
    body = json.dumps(WIRES[name].whole).replace("end_turn", "tool_use").encode()
    choice = decode(WIRES[name], body).choices[0]

    assert (choice.message.content, choice.finish_reason) == ("hi", "tool_calls")


PLACES: list[tuple[str, Any]] = [
    ("openai", {"choices": [None, {"message": "hi", "finish_reason": "stop"}]}),
    ("openai", {"choices": [{"message": {"content": None, "text": "hi"}, "finish_reason": "stop"}]}),
    ("anthropic", {"type": "message", "content": [None, {"text": "hi"}], "stop_reason": "end_turn"}),
    ("gemini", {"candidates": [{"content": {"parts": {"text": "hi"}}, "finishReason": "STOP"}]}),
    ("gemini", {"candidates": [{"content": {"parts": "hi"}, "finishReason": "STOP"}]}),
    ("gemini", {"candidates": [None, {"content": {"parts": [None, "h", "i"]}, "finishReason": "STOP"}]}),
    ("cohere", {"message": {"content": {"text": "hi"}}, "finish_reason": "COMPLETE"}),
    ("ollama", {"message": {"content": [{"type": "text", "text": "h"}, "i"]}, "done": True}),
    ("ollama", {"message": "hi", "done": True}),
    ("ollama", {"message": {"content": "hi"}}),
    ("ollama", {"response": "hi", "done": True}),
    ("converse", {"output": {"message": {"content": "hi"}}, "stopReason": "end_turn"}),
    ("converse", {"output": {"message": {"content": [None, "h", {"text": "i"}]}}, "stopReason": "end_turn"}),
]


@pytest.mark.parametrize(("name", "body"), PLACES)
def test_text_in_unusual_places_is_read(name: str, body: Any) -> None:
    assert text_of(decode(WIRES[name], json.dumps(body).encode())) == "hi"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("cohere", {"message": {"content": [{"type": "hologram", "x": 1}]}, "finish_reason": "COMPLETE"}),
        ("converse", {"output": {"message": {"content": [{"hologram": {"x": 1}}]}}, "stopReason": "end_turn"}),
    ],
)
def test_a_block_of_a_kind_that_nobody_knows_is_handed_out(name: str, body: Any) -> None:
    message = decode(WIRES[name], json.dumps(body).encode()).choices[0].message

    assert "hologram" in str(message.provider_specific_fields)


PIECES: list[tuple[str, list[Any]]] = [
    ("openai", [{"choices": [{"delta": "h"}]}, {"choices": [None, {"delta": "i", "finish_reason": "stop"}]}]),
    (
        "openai",
        [
            {"choices": [{"delta": {"text": "h"}, "finish_reason": "null"}]},
            {"choices": [{"delta": {"text": "i"}, "finish_reason": "stop"}]},
        ],
    ),
    (
        "openai",
        [
            {"choices": [{"delta": {"content": "h"}}]},
            {"choices": [{"delta": {"content": "i"}}]},
            {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]},
        ],
    ),
    ("anthropic", [{"type": "message", "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}]),
    ("gemini", [[{"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]}]]),
    ("ollama", [{"response": "h", "done": False}, {"response": "i", "done": False}, {"response": "", "done": True}]),
]


@pytest.mark.parametrize(("name", "pieces"), PIECES)
def test_text_in_unusual_places_of_a_stream_is_read_once(name: str, pieces: list[Any]) -> None:
    response, failure = read(WIRES[name], stream_of(WIRES[name], pieces))

    assert (text_of(response), failure) == ("hi", None)


@every_wire
@pytest.mark.parametrize("around", ["data", "response", "result", "body"])
@pytest.mark.parametrize("as_text", [True, False])
def test_an_answer_inside_what_a_gateway_puts_around_it_is_read(wire: Wire, around: str, *, as_text: bool) -> None:
    inner = json.dumps(wire.whole) if as_text else wire.whole
    assert text_of(decode(wire, json.dumps({"code": 0, around: inner}).encode())) == "hi"
    assert text_of(decode(wire, json.dumps(json.dumps(wire.whole)).encode())) == "hi"


@pytest.mark.parametrize("name", ["openai", "gemini"])
def test_chunks_inside_what_a_gateway_puts_around_them_are_read(name: str) -> None:
    wire = WIRES[name]
    response, failure = read(wire, stream_of(wire, [{"code": 0, "data": piece} for piece in wire.pieces]))

    assert (text_of(response), failure) == ("hi", None)


@every_wire
@pytest.mark.parametrize("inner", [{}, [], "x", "{", '{"a": 1}', {"choices": []}, None])
def test_what_is_wrapped_and_no_answer_is_none(wire: Wire, inner: Any) -> None:
    with pytest.raises((ReplyIsError, ConversionError)):
        decode(wire, json.dumps({"code": 0, "data": inner}).encode())


@pytest.mark.parametrize("nothing", [{"args": {}}, {}])
def test_geminis_arguments_may_come_behind_the_name(nothing: Any) -> None:
    def piece(*calls: Any, **more: Any) -> Any:
        return {"candidates": [{"content": {"parts": [{"functionCall": call} for call in calls]}, **more}]}

    pieces = [
        piece({"name": "f", **nothing}),
        piece({"args": {"a": 1}}),
        piece({}),
        piece({"name": "g", **nothing}, finishReason="STOP"),
    ]
    response, failure = read(WIRES["gemini"], stream_of(WIRES["gemini"], pieces))

    assert failure is None
    assert [call[1:] for call in calls_of(response.choices[0].message)] == [("f", '{"a":1}'), ("g", "{}")]


SENSITIVE = {"base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}
FINE = {"base_resp": {"status_code": 0, "status_msg": "success"}}


@pytest.mark.parametrize("content", ["", None])
def test_an_error_beside_an_answer_that_says_nothing_is_one(content: str | None) -> None:
    whole = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    with pytest.raises(ReplyIsError, match="output new_sensitive") as caught:
        decode(WIRES["openai"], json.dumps({**whole, **SENSITIVE}).encode())
    assert caught.value.detail.kind is ContentPolicyViolationError
    assert text_of(decode(WIRES["openai"], json.dumps({**whole, **FINE}).encode())) == content

    piece = {"choices": [{"delta": {"content": content}, "finish_reason": "stop"}]}
    _, failure = read(WIRES["openai"], stream_of(WIRES["openai"], [{**piece, **SENSITIVE}]))
    assert failure.kind is ContentPolicyViolationError
    assert read(WIRES["openai"], stream_of(WIRES["openai"], [{**piece, **FINE}]))[1] is None


def test_an_answer_is_kept_whatever_error_stands_beside_it() -> None:
    assert text_of(decode(WIRES["openai"], json.dumps({**WIRES["openai"].whole, **SENSITIVE}).encode())) == "hi"


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1002, RateLimitError), (1004, AuthenticationError), (1008, APIError), (1027, ContentPolicyViolationError)],
)
def test_minimaxs_codes_say_whose_fault_it_is(code: int, kind: type[APIError]) -> None:
    body = json.dumps({"base_resp": {"status_code": code, "status_msg": "Sorry"}, "choices": None}).encode()
    with pytest.raises(ReplyIsError, match="Sorry") as caught:
        decode(WIRES["openai"], body)
    detail = caught.value.detail

    assert (detail.kind or class_for_status(detail.status or 500)) is kind
    assert detail.code == str(code)


def test_counts_that_came_as_text_are_added_up() -> None:
    body = {
        "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": "3", "completion_tokens": 2.0, "total_tokens": None},
    }
    assert OPENAI.chat is not None
    usage = OPENAI.chat.decode(CALL, json.dumps(body).encode()).usage

    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (3, 2, 5)


def test_a_summary_among_the_parts_of_an_answer_is_its_thinking() -> None:
    summary = [{"type": "summary_text", "text": "Hm"}, {"type": "summary_text", "text": "m"}]
    content = [{"type": "reasoning", "summary": summary}, {"type": "text", "text": "Hi"}]
    body = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    assert OPENAI.chat is not None
    message = OPENAI.chat.decode(CALL, json.dumps(body).encode()).choices[0].message

    assert (message.content, message.reasoning_content) == ("Hi", "Hmm")
