"""Bedrock's Converse, whole and as an AWS event stream, and its count of tokens.

Source: Amazon Bedrock API reference, "Converse", "ConverseStream" and "CountTokens"; AWS, "Event stream encoding",
2026-11.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote
from zlib import crc32

from ..._convert import json as _json
from .._prompt import Prompt
from .._script import Failure
from ._model import (
    AWS_STREAM,
    Answer,
    Body,
    Endpoint,
    Event,
    Family,
    answer_tokens,
    arguments_object,
    arguments_text,
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
    "content_filter": "content_filtered",
}
_EXCEPTIONS: Final[Mapping[int, str]] = {
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
}
_SIGNATURE: Final = "c2ltdWxhdGVk"


def _exception(failure: Failure) -> str:
    usual = "ServiceUnavailableException" if failure.status >= 500 else "ValidationException"
    return failure.code or _EXCEPTIONS.get(failure.status, usual)


def _message(headers: Mapping[str, str], value: object) -> bytes:
    """One message of an event stream: lengths, their checksum, headers, payload, the checksum of all of it."""
    payload = _json.dumps(value)
    told = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text.encode()
        for name, text in headers.items()
    )
    lengths = struct.pack(">II", 16 + len(told) + len(payload), len(told))
    message = lengths + struct.pack(">I", crc32(lengths)) + told + payload
    return message + struct.pack(">I", crc32(message))


def _event(kind: str, value: Mapping[str, Any], tokens: int = 0) -> Event:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return Event(_message(headers, value), tokens)


def _broken(failure: Failure) -> bytes:
    name = _exception(failure)
    headers = {":exception-type": name[0].lower() + name[1:], ":message-type": "exception"}
    return _message(headers, {"message": failure.message})


BEDROCK: Final = Family(
    name="bedrock",
    error=lambda failure: {"__type": _exception(failure), "message": failure.message},
    error_event=_broken,
    keep_alive=_event("keepAlive", {}).data,
    limit_headers=lambda states: {},
)


def _read(path: str, body: Mapping[str, Any]) -> Prompt:
    messages = objects(body.get("messages"))
    asked = [message for message in messages if message.get("role") == "user"]
    said = tuple(text for message in messages for text in texts_of(message.get("content")))
    return Prompt(
        model=unquote(path.split("/")[-2]),
        texts=(*texts_of(body.get("system")), *said),
        last=" ".join(texts_of(asked[-1].get("content"))) if asked else "",
        stream=path.endswith("-stream"),
        max_tokens=positive(fields(body.get("inferenceConfig")).get("maxTokens")),
        body=body,
    )


def _write(prompt: Prompt, answer: Answer) -> Body:
    if prompt.stream:
        return Body(AWS_STREAM, list(_events(answer)))
    message = {"role": "assistant", "content": [block for block, _, _ in _blocks(answer)]}
    told = {"stopReason": _STOP_REASONS[answer.finish_reason], **_metadata(answer)}
    return whole({"output": {"message": message}, **told}, tokens=answer_tokens(answer))


def _blocks(answer: Answer) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None, list[dict[str, Any]]]]:
    """Each block as it stands in a whole reply, what begins it in a stream, and the deltas that follow."""
    if answer.reasoning:
        text = {"text": "".join(answer.reasoning), "signature": _SIGNATURE}
        deltas: list[dict[str, Any]] = [{"reasoningContent": {"text": piece}} for piece in answer.reasoning]
        yield (
            {"reasoningContent": {"reasoningText": text}},
            None,
            [*deltas, {"reasoningContent": {"signature": _SIGNATURE}}],
        )
    if answer.text:
        yield {"text": "".join(answer.text)}, None, [{"text": piece} for piece in answer.text]
    for call in answer.tool_calls:
        begun = {"toolUseId": call.id, "name": call.name}
        yield (
            {"toolUse": {**begun, "input": arguments_object(call)}},
            {"toolUse": begun},
            [{"toolUse": {"input": piece}} for piece in fragments(arguments_text(call))],
        )


def _events(answer: Answer) -> Iterator[Event]:
    yield _event("messageStart", {"role": "assistant"})
    for index, (_, begun, deltas) in enumerate(_blocks(answer)):
        place = {"contentBlockIndex": index}
        if begun is not None:
            yield _event("contentBlockStart", {"start": begun, **place})
        for delta in deltas:
            yield _event("contentBlockDelta", {"delta": delta, **place}, 1)
        yield _event("contentBlockStop", place)
    yield _event("messageStop", {"stopReason": _STOP_REASONS[answer.finish_reason]})
    yield _event("metadata", _metadata(answer))


def _metadata(answer: Answer) -> dict[str, Any]:
    # The wire counts cached tokens beside inputTokens, OpenAI's model inside.
    usage, details = answer.usage, answer.usage.prompt_tokens_details
    read = (details and details.cached_tokens) or 0
    written = (details and details.cache_creation_tokens) or 0
    counts = {
        "inputTokens": usage.prompt_tokens - read - written,
        "outputTokens": usage.completion_tokens,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
    }
    return {"usage": counts, "metrics": {"latencyMs": 1}}


def _read_count(path: str, body: Mapping[str, Any]) -> Prompt:
    return _read(path, fields(fields(body.get("input")).get("converse")))


def _write_count(_prompt: Prompt, answer: Answer) -> Body:
    return whole({"inputTokens": answer.usage.prompt_tokens})


ENDPOINTS: Final = (
    Endpoint("bedrock.converse", re.compile(r"/model/[^/]+/converse(-stream)?$"), BEDROCK, _read, _write),
    Endpoint("bedrock.count_tokens", re.compile(r"/model/[^/]+/count-tokens$"), BEDROCK, _read_count, _write_count),
)
