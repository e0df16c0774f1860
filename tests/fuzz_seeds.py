"""What providers could say, for every dialect that there is: what `fuzz_replies` mutates.

The simulator writes it, where it speaks the dialect; else it stands here, or in `tests/fixtures/<dialect>`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import attrs
from aws_frames import wrapped

from trio_llm import ChatRequest, EmbeddingRequest, Provider
from trio_llm._catalog.provider import Wire
from trio_llm._dialects.contract import Dialect, WireCall
from trio_llm._types.decided import DecisionRequest
from trio_llm._types.images import ImageRequest
from trio_llm._types.moderations import ModerationRequest
from trio_llm._types.reranking import RerankRequest
from trio_llm._types.responses_api.request import ResponsesRequest
from trio_llm._types.text_completions import TextCompletionRequest
from trio_llm._types.transcriptions import TranscriptionRequest
from trio_llm.testing import Failure, Reply, Simulator, ToolUse
from trio_llm.types import ServerKind

FIXTURES: Final = Path(__file__).parent / "fixtures"
QUESTION: Final = [{"role": "user", "content": "How are you?"}]
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
LINES: Final = "application/x-ndjson"
AWS: Final = "application/vnd.amazon.eventstream"
REPLIES: Final = (
    Reply("Hello there, how is the weather in Z\u00fcrich? \U0001f600"),
    Reply("Four.", reasoning="Two and two."),
    Reply("", tool_calls=[ToolUse("weather", {"city": "Paris"}), ToolUse("time", {"zone": "UTC"})]),
    Reply("And so", finish_reason="length"),
)
REQUESTS: Final[dict[str, Callable[[str, bool], Any]]] = {
    "chat": lambda model, stream: ChatRequest(model, QUESTION, stream=stream, max_tokens=99),
    "decisions": lambda model, _: DecisionRequest(
        model, "a", [{"type": "predicate", "instructions": "b"}, {"type": "score", "levels": [{"label": "c"}]}]
    ),
    "embeddings": lambda model, _: EmbeddingRequest(model, ["a", "b"]),
    "images": lambda model, stream: ImageRequest("a quay", model, stream=stream),
    "moderation": lambda model, _: ModerationRequest("a", model),
    "rerank": lambda model, _: RerankRequest(model, "a", ["b", "c"]),
    "responses": lambda model, stream: ResponsesRequest("a", model, stream=stream),
    "transcription": lambda model, stream: TranscriptionRequest(model, ("a.wav", b"RIFF"), stream=stream),
    "text_completion": lambda model, stream: TextCompletionRequest(model, "a", stream=stream),
}
"""A request of each operation that is tried, by the field of `Dialect` that reads its replies."""
SAID: Final[dict[str, Any]] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_790_000_000,
    "status": "completed",
    "model": "some-model",
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Two calls."}]},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Hello there", "annotations": []}],
        },
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "tide", "arguments": '{"a": 1}'},
    ],
    "usage": {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8},
}
TIDE: Final = {"function": {"name": "tide", "arguments": {"harbour": "Oban"}}}
DONE: Final = {"done": True, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 5, "total_duration": 9}
OTHERS: Final[dict[str, dict[str, Any]]] = {
    "invoke_cohere": {
        "embeddings": {"embeddings": [[0.5, 1], [0, 1]]},
        "rerank": {"results": [{"index": 1, "relevance_score": 0.5}, {"index": 0, "relevance_score": 0.1}]},
    },
    "invoke_stability": {"images": {"images": ["iVBORw0KGgo="], "finish_reasons": [None], "seeds": [1]}},
    "invoke_titan": {"images": {"images": ["iVBORw0KGgo="], "error": None}},
    "aleph_alpha": {
        "text_completion": {
            "completions": [{"completion": " there", "finish_reason": "maximum_tokens"}],
            "num_tokens_prompt_total": 1,
            "num_tokens_generated": 2,
        }
    },
    "bfl": {
        "images": {
            "id": "t1",
            "status": "Ready",
            "result": {"sample": "https://cdn.example/a.png", "seed": 4},
            "cost": 3,
        }
    },
    "cohere": {
        "embeddings": {
            "id": "e",
            "embeddings": {"float": [[0.5, 1], [0, 1]]},
            "meta": {"billed_units": {"input_tokens": 2}},
        }
    },
    "deepgram": {
        "transcription": {
            "metadata": {"duration": 1.5},
            "results": {
                "channels": [
                    {
                        "detected_language": "en",
                        "alternatives": [{"transcript": "hi", "words": [{"word": "hi", "start": 0, "end": 1.5}]}],
                    }
                ]
            },
        }
    },
    "responses": {"responses": SAID},
    "ollama": {
        "chat": {
            "model": "some-model",
            "created_at": "2026-11-20T10:00:00Z",
            "message": {"role": "assistant", "content": "Hello there", "thinking": "Hm.", "tool_calls": [TIDE]},
            **DONE,
        },
        "embeddings": {"model": "some-model", "embeddings": [[0.5, 1], [0, 1]], "prompt_eval_count": 2},
    },
    "replicate": {
        "chat": {
            "id": "p1",
            "status": "succeeded",
            "output": ["Hello", " there"],
            "error": None,
            "metrics": {"input_token_count": 3, "output_token_count": 2},
        }
    },
    "tgi": {
        "embeddings": [[0.5, 1], [0, 1]],
        "text_completion": {
            "generated_text": " there",
            "details": {"finish_reason": "length", "generated_tokens": 2, "prefill": [{"id": 1}]},
        },
    },
    "voyage": {"embeddings": {"data": [{"index": 0, "embedding": [0.5, 1]}], "usage": {"total_tokens": 2}}},
    "workers_ai": {"embeddings": {"result": {"data": [[0.5, 1], [0, 1]]}, "success": True}},
    "elevenlabs": {
        "transcription": {"language_code": "en", "text": "hi", "words": [{"text": "hi", "start": 0, "end": 1.5}]}
    },
}
"""Whole replies that the simulator does not write, by dialect and operation."""
PART: Final = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
LINE: Final = {"model": "some-model", "created_at": "2026-11-20T10:00:00Z", "done": False}
STREAMED: Final[dict[str, dict[str, Sequence[dict[str, Any]]]]] = {
    "ollama": {
        "chat": [
            {**LINE, "message": {"role": "assistant", "content": "", "thinking": "Two calls."}},
            {**LINE, "message": {"role": "assistant", "content": "Hello there"}},
            {**LINE, "message": {"role": "assistant", "content": "", "tool_calls": [TIDE]}},
            {**LINE, "message": {"role": "assistant", "content": ""}, **DONE},
        ]
    },
    "tgi": {
        "text_completion": [
            {"index": 1, "token": {"id": 1, "text": " there", "special": False}, "generated_text": None},
            {
                "index": 2,
                "token": {"id": 2, "text": "!", "special": False},
                "generated_text": " there!",
                "details": {"finish_reason": "length", "generated_tokens": 2, "input_length": 1},
            },
        ]
    },
    "responses": {
        "responses": [
            {
                "type": "response.created",
                "sequence_number": 0,
                "response": {**SAID, "status": "in_progress", "output": []},
            },
            {"type": "response.output_item.added", "sequence_number": 1, "output_index": 1, "item": SAID["output"][1]},
            {"type": "response.output_text.delta", "sequence_number": 2, **PART, "delta": "Hello there"},
            {"type": "response.output_text.done", "sequence_number": 3, **PART, "text": "Hello there"},
            {"type": "response.output_item.done", "sequence_number": 4, "output_index": 1, "item": SAID["output"][1]},
            {"type": "response.completed", "sequence_number": 5, "response": SAID},
        ]
    },
}
"""The same as streams: events, or lines for those dialects that stream lines."""
_MESSAGE: Final[dict[str, Any]] = {"id": "m", "type": "message", "role": "assistant", "model": "claude"}
_METRICS: Final = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 3, "outputTokenCount": 2}}
_CHOICE: Final = {"index": 0, "finish_reason": "stop"}
INVOKED: Final[dict[str, tuple[Any, Sequence[Any]]]] = {
    "invoke_chats": (
        {"id": "c", "choices": [{**_CHOICE, "message": {"role": "assistant", "content": "Hello there"}}]},
        [
            {"id": "c", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}}]},
            {"id": "c", "choices": [{**_CHOICE, "delta": {"content": " there"}}]},
            _METRICS,
        ],
    ),
    "invoke_claude": (
        {
            **_MESSAGE,
            "content": [{"type": "text", "text": "Hello there"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 3, "output_tokens": 2},
        },
        [
            {"type": "message_start", "message": {**_MESSAGE, "content": [], "usage": {"input_tokens": 3}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello there"}},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
            {"type": "message_stop", **_METRICS},
        ],
    ),
    "invoke_claude_2": (
        {"completion": "Hello there", "stop_reason": "stop_sequence"},
        [{"completion": "Hello there", "stop_reason": None}, {"completion": "", "stop_reason": "max_tokens"}],
    ),
    "invoke_cohere": (
        {"text": "Hello there", "finish_reason": "COMPLETE"},
        [{"text": "Hello there"}, {"is_finished": True, "finish_reason": "COMPLETE", **_METRICS}],
    ),
    "invoke_command": (
        {"generations": [{"text": "Hello", "finish_reason": "COMPLETE"}, {"text": "A", "finish_reason": "MAX_TOKENS"}]},
        [{"index": 1, "text": "A"}, {"index": 1, "finish_reason": "MAX_TOKENS"}, {"index": 0, "text": "B"}, _METRICS],
    ),
    "invoke_jurassic": (
        {"completions": [{"data": {"text": "Hello there"}, "finishReason": {"reason": "endoftext"}}]},
        [{"completions": [{"data": {"text": "Hello"}, "finishReason": {"reason": "length"}}]}, _METRICS],
    ),
    "invoke_llama": (
        {"generation": "Hello there", "prompt_token_count": 3, "generation_token_count": 2, "stop_reason": "stop"},
        [
            {"generation": "Hello", "prompt_token_count": 3, "generation_token_count": 1, "stop_reason": None},
            {"generation": " there", "generation_token_count": 2, "stop_reason": "length", **_METRICS},
        ],
    ),
    "invoke_mistral": (
        {"outputs": [{"text": "Hello there", "stop_reason": "stop"}]},
        [{"outputs": [{"text": "Hello", "stop_reason": None}]}, {"outputs": [{"text": "", "stop_reason": "stop"}]}],
    ),
    "invoke_nova": (
        {
            "output": {"message": {"role": "assistant", "content": [{"text": "Hello there"}]}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 3, "outputTokens": 2, "cacheReadInputTokenCount": 1},
        },
        [
            {"messageStart": {"role": "assistant"}},
            {"contentBlockDelta": {"delta": {"text": "Hello there"}, "contentBlockIndex": 0}},
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 3, "outputTokens": 2}}, **_METRICS},
        ],
    ),
    "invoke_titan": (
        {
            "inputTextTokenCount": 3,
            "results": [{"tokenCount": 2, "outputText": "Hello there", "completionReason": "FINISH"}],
        },
        [
            {"outputText": "Hello", "index": 0, "completionReason": None, "inputTextTokenCount": 3},
            {"outputText": " there", "index": 0, "completionReason": "LENGTH", "totalOutputTextTokenCount": 2},
        ],
    ),
}
"""Whole replies of InvokeModel, and the events inside its stream."""
TAKE_ONE_TEXT: Final = frozenset({"invoke_nova", "invoke_titan"})
"""Dialects whose embeddings need a row that says so."""
STREAMS_LINES: Final = frozenset({"ollama"})


@attrs.frozen
class Seed:
    """What a provider could say."""

    operation: str
    body: bytes
    content_type: str = JSON
    status: int = 200


def row_of(wire: Wire) -> Provider:
    """A vendor that speaks a dialect, on this machine and without a key."""
    name = f"fuzzed_{wire.name.lower()}"
    return Provider(
        name=name, base_url="http://localhost/v1", documentation="-", wire=wire, server=ServerKind.SELF_HOSTED
    )


def dialect_of(wire: Wire) -> Dialect:
    """The dialect itself."""
    return row_of(wire).service().dialect


@cache
def seeds_of(wire: Wire) -> Sequence[Seed]:
    """Whole replies, streams and errors of a dialect."""
    dialect = dialect_of(wire)
    found = [seed for operation in REQUESTS for seed in _simulated(dialect, operation)]
    found += [Seed(operation, json.dumps(reply).encode()) for operation, reply in OTHERS.get(dialect.name, {}).items()]
    for operation, told in STREAMED.get(dialect.name, {}).items():
        texts = [json.dumps(one).encode() for one in told]
        if dialect.name in STREAMS_LINES:
            found.append(Seed(operation, b"".join(text + b"\n" for text in texts), LINES))
        else:
            found.append(Seed(operation, b"".join(b"data: " + text + b"\n\n" for text in texts), EVENTS))
    if dialect.name in INVOKED:
        reply, events = INVOKED[dialect.name]
        found += [Seed("chat", json.dumps(reply).encode()), Seed("chat", b"".join(map(wrapped, events)), AWS)]
    return [*found, *_recorded(dialect.name)]


def _simulated(dialect: Dialect, operation: str) -> Iterator[Seed]:
    for field, stream in ((operation, False), (f"{operation}_stream", True)):
        endpoint: Any = getattr(dialect, field, None)
        if endpoint is None or (operation == "embeddings" and dialect.name in TAKE_ONE_TEXT):
            continue
        http = endpoint.encode(WireCall(REQUESTS[operation]("some-model", stream), "some-model"))
        if not isinstance(http.body, bytes):
            http.body = b"".join(http.body.blocks())
        failures = (
            [] if stream else [Failure(status, "That did not work.") for status in (400, 401, 404, 429, 500, 529)]
        )
        actions: list[Reply | Failure] = [*REPLIES, *failures]
        for action in actions:
            said = Simulator(action).respond(http)
            if said.head is None or (said.head.status != 200 and not isinstance(action, Failure)):
                continue
            body = b"".join(piece.data for piece in said.timeline)
            yield Seed(operation, body, said.head.headers.get("content-type", JSON), said.head.status)


def _recorded(name: str) -> Iterator[Seed]:
    for path in sorted(FIXTURES.joinpath(name).glob("*.*")):
        kind = {".json": JSON, ".sse": EVENTS, ".ndjson": LINES, ".aws": AWS}.get(path.suffix)
        if kind is not None:
            yield Seed("chat", path.read_bytes(), kind)
