"""What the provider of the benchmarks answers, encoded once: the server's work must not show in the measurement."""

from __future__ import annotations

import base64
import json
import random
from array import array
from typing import Any, Final

ANSWER: Final = "Hello! How can I help you today?"
CHUNKS: Final = 200
"""Chunks with text in a streamed answer."""
TEXTS: Final = 16
"""Vectors in a reply to an embedding call, whatever was asked: the clients ask for as many."""
DIMENSIONS: Final = 1_536

_MODEL: Final = "gpt-4o-mini"
_COMMON: Final = "x-request-id: req_1\r\ndate: Mon, 23 Nov 2026 00:00:00 GMT\r\nserver: benchmark\r\n"
_USAGE: Final = {
    "prompt_tokens": 9,
    "completion_tokens": CHUNKS,
    "total_tokens": 9 + CHUNKS,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}


def whole(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """A reply with its body in one piece."""
    head = (
        f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{_COMMON}{headers}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def stream_head() -> bytes:
    """The head of a streamed reply."""
    return f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{_COMMON}transfer-encoding: chunked\r\n\r\n".encode()


def openai_chat() -> bytes:
    """A chat completion, as the page "The chat completion object" of OpenAI's API reference shows one (2026-11)."""
    message = {"role": "assistant", "content": ANSWER, "refusal": None, "annotations": []}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return _json(_openai("chat.completion", [choice], usage=_USAGE, service_tier="default"))


def openai_stream() -> list[bytes]:
    """The events of a streamed chat completion: role, text 200 times, finish reason, usage, end."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": f"token{number} "} for number in range(CHUNKS)]
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas]
    choices.append({"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"})
    chunks = [_openai("chat.completion.chunk", [choice], usage=None) for choice in choices]
    chunks.append(_openai("chat.completion.chunk", [], usage=_USAGE))
    return [_event(_json(chunk)) for chunk in chunks] + [_event(b"[DONE]") + b"0\r\n\r\n"]


def anthropic_chat() -> bytes:
    """A message, as Anthropic's API reference shows one (2026-11)."""
    usage = {"input_tokens": 9, "output_tokens": CHUNKS}
    content = [{"type": "text", "text": ANSWER}]
    return _json(_anthropic(content, stop_reason="end_turn", usage=usage))


def anthropic_stream() -> list[bytes]:
    """The events of a streamed message with 200 text deltas."""
    message = _anthropic([], stop_reason=None, usage={"input_tokens": 9, "output_tokens": 1})
    start = {"index": 0, "content_block": {"type": "text", "text": ""}}
    deltas = [{"index": 0, "delta": {"type": "text_delta", "text": f"token{number} "}} for number in range(CHUNKS)]
    end = {"delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": CHUNKS}}
    return [
        _named("message_start", {"message": message}),
        _named("content_block_start", start),
        *[_named("content_block_delta", delta) for delta in deltas],
        _named("content_block_stop", {"index": 0}),
        _named("message_delta", end),
        _named("message_stop", {}) + b"0\r\n\r\n",
    ]


def embeddings(*, as_base64: bool) -> bytes:
    """A large reply: 16 vectors of 1,536 numbers, 130 kB as base64 and half a megabyte as numbers."""
    chance = random.Random(0)
    vectors = [array("f", [chance.uniform(-0.1, 0.1) for _ in range(DIMENSIONS)]) for _ in range(TEXTS)]
    data = [
        {"object": "embedding", "index": index, "embedding": _text(vector) if as_base64 else vector.tolist()}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": 64, "total_tokens": 64}
    return _json({"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage})


def failure() -> bytes:
    """An error that passes, and when. No 429, after which trio_llm spares the whole account, as the others do not."""
    error = {"message": "try again", "type": "server_error", "param": None, "code": None}
    return whole(_json({"error": error}), "500 Internal Server Error", "retry-after: 0.02\r\nretry-after-ms: 20\r\n")


def _openai(kind: str, choices: list[Any], **fields: Any) -> dict[str, Any]:
    named = {"id": "chatcmpl-123", "object": kind, "created": 1_700_000_000, "model": _MODEL}
    return {**named, "system_fingerprint": "fp_1", "choices": choices, **fields}


def _anthropic(content: list[Any], **fields: Any) -> dict[str, Any]:
    named = {"id": "msg_123", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
    return {**named, "content": content, "stop_sequence": None, **fields}


def _named(name: str, fields: dict[str, Any]) -> bytes:
    return _event(_json({"type": name, **fields}), f"event: {name}\n".encode())


def _event(data: bytes, name: bytes = b"") -> bytes:
    event = name + b"data: " + data + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(event), event)


def _text(vector: array[float]) -> str:
    return base64.b64encode(vector.tobytes()).decode()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
