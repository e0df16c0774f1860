"""Anthropic's messages, whole and streamed.

Source: Anthropic API reference, "Create a Message" and "Streaming messages", version 2023-06-01, as of 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .._actions import Failure
from .._prompt import Prompt
from ._asked import choice, format_schema, stops, tool
from ._limit_headers import anthropic_headers
from ._model import (
    EVENT_STREAM,
    Answer,
    BodyEvent,
    Family,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    arguments_object,
    arguments_text,
    data_event,
    fields,
    fragments,
    objects,
    positive,
    texts_of,
    whole,
)

_STOP_REASONS: Final[Mapping[str, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_TYPES: Final[Mapping[int, str]] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_SIGNATURE: Final = "c2ltdWxhdGVk"


def _error(failure: Failure) -> dict[str, Any]:
    usual = "api_error" if failure.status >= 500 else "invalid_request_error"
    kind = failure.code or _TYPES.get(failure.status, usual)
    return {"type": "error", "error": {"type": kind, "message": failure.message}}


ANTHROPIC: Final = Family(
    name="anthropic",
    error=_error,
    error_event=lambda failure: data_event(_error(failure), name="error").data,
    keep_alive=b'event: ping\ndata: {"type":"ping"}\n\n',
    limit_headers=anthropic_headers,
)


def _read(_path: str, body: Mapping[str, Any]) -> Prompt:
    messages = objects(body.get("messages"))
    asked = [message for message in messages if message.get("role") == "user"]
    said = tuple(text for message in messages for text in texts_of(message.get("content")))
    return Prompt(
        model=str(body.get("model", "")),
        texts=(*texts_of(body.get("system")), *said),
        last=" ".join(texts_of(asked[-1].get("content"))) if asked else "",
        stream=bool(body.get("stream")),
        max_tokens=positive(body.get("max_tokens")),
        body=body,
        tools=tuple(tool(one, "input_schema") for one in objects(body.get("tools")) if "input_schema" in one),
        choice=choice(body.get("tool_choice")),
        schema=format_schema(fields(body.get("output_config")).get("format") or body.get("output_format")),
        stop=stops(body.get("stop_sequences")),
    )


def _write(prompt: Prompt, answer: Answer) -> ReplyBody:
    if prompt.stream:
        return ReplyBody(EVENT_STREAM, list(_events(answer)))
    message = {
        **_head(answer),
        "content": [block for block, _ in _blocks(answer)],
        "stop_reason": _STOP_REASONS[answer.finish_reason],
        "stop_sequence": None,
        "usage": {**_input_usage(answer), "output_tokens": answer.usage.completion_tokens},
    }
    return whole(message, tokens=answer_tokens(answer))


def _head(answer: Answer) -> dict[str, Any]:
    return {"id": f"msg_{answer.id}", "type": "message", "role": "assistant", "model": answer.model}


def _input_usage(answer: Answer) -> dict[str, int]:
    # The wire counts cached tokens beside input_tokens, OpenAI's model inside.
    details = answer.usage.prompt_tokens_details
    read = (details and details.cached_tokens) or 0
    written = (details and details.cache_creation_tokens) or 0
    return {
        "input_tokens": answer.usage.prompt_tokens - read - written,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written,
    }


def _blocks(answer: Answer) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each block as it stands in a whole reply, with the deltas that it is streamed in."""
    if answer.reasoning:
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in answer.reasoning]
        signature = {"type": "signature_delta", "signature": _SIGNATURE}
        yield (
            {"type": "thinking", "thinking": "".join(answer.reasoning), "signature": _SIGNATURE},
            [*deltas, signature],
        )
    if answer.text:
        yield (
            {"type": "text", "text": "".join(answer.text)},
            [{"type": "text_delta", "text": piece} for piece in answer.text],
        )
    for call in answer.tool_calls:
        yield (
            {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments_object(call)},
            [{"type": "input_json_delta", "partial_json": piece} for piece in fragments(arguments_text(call))],
        )


_EMPTY: Final[Mapping[str, Mapping[str, Any]]] = {
    "thinking": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool_use": {"input": {}},
}


def _events(answer: Answer) -> Iterator[BodyEvent]:
    usage = {**_input_usage(answer), "output_tokens": 1}
    message: dict[str, Any] = {
        **_head(answer),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    yield _event("message_start", message=message)
    for index, (block, deltas) in enumerate(_blocks(answer)):
        yield _event("content_block_start", index=index, content_block={**block, **_EMPTY[block["type"]]})
        for delta in deltas:
            yield _event("content_block_delta", tokens=1, index=index, delta=delta)
        yield _event("content_block_stop", index=index)
    ending = {"stop_reason": _STOP_REASONS[answer.finish_reason], "stop_sequence": None}
    yield _event("message_delta", delta=ending, usage={"output_tokens": answer.usage.completion_tokens})
    yield _event("message_stop")


def _event(kind: str, *, tokens: int = 0, **fields: object) -> BodyEvent:
    return data_event({"type": kind, **fields}, name=kind, tokens=tokens)


def _write_count(_prompt: Prompt, answer: Answer) -> ReplyBody:
    return whole({"input_tokens": answer.usage.prompt_tokens})


ENDPOINTS: Final = (
    SimulatedOperation("anthropic.messages", re.compile(r"/messages$"), ANTHROPIC, _read, _write),
    SimulatedOperation(
        "anthropic.count_tokens", re.compile(r"/messages/count_tokens$"), ANTHROPIC, _read, _write_count
    ),
)
