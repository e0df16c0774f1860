"""Bedrock's Converse, whole and as an AWS event stream, and its count of tokens.

Source: Amazon Bedrock API reference, "Converse", "ConverseStream" and "CountTokens"; AWS, "Event stream encoding",
2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from ..._convert import json as _json
from .._actions import Failure
from .._prompt import OfferedTool, Prompt
from ._asked import stops
from ._limit_headers import no_headers
from ._model import (
    AWS_STREAM,
    Answer,
    BodyEvent,
    Family,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    arguments_object,
    arguments_text,
    aws_event,
    aws_message,
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


def exception_name(failure: Failure) -> str:
    """AWS's name of a failure."""
    usual = "ServiceUnavailableException" if failure.status >= 500 else "ValidationException"
    return failure.code or _EXCEPTIONS.get(failure.status, usual)


def _event(kind: str, value: Mapping[str, Any], tokens: int = 0) -> BodyEvent:
    return aws_event(kind, _json.dumps(value), tokens=tokens)


def aws_exception(failure: Failure) -> bytes:
    """An exception in the middle of a stream."""
    name = exception_name(failure)
    headers = {":exception-type": name[0].lower() + name[1:], ":message-type": "exception"}
    return aws_message(headers, _json.dumps({"message": failure.message}))


BEDROCK: Final = Family(
    name="bedrock",
    error=lambda failure: {"__type": exception_name(failure), "message": failure.message},
    error_event=aws_exception,
    keep_alive=_event("keepAlive", {}).data,
    limit_headers=no_headers,
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
        tools=tuple(_tools(body)),
        choice=_choice(fields(fields(body.get("toolConfig")).get("toolChoice"))),
        schema=_schema(body),
        stop=stops(fields(body.get("inferenceConfig")).get("stopSequences")),
    )


def _tools(body: Mapping[str, Any]) -> Iterator[OfferedTool]:
    for one in objects(fields(body.get("toolConfig")).get("tools")):
        if spec := fields(one.get("toolSpec")):
            yield OfferedTool(str(spec.get("name", "")), fields(fields(spec.get("inputSchema")).get("json")))


def _choice(given: Mapping[str, Any]) -> str:
    """`{"any": {}}`, `{"auto": {}}` or `{"tool": {"name": ...}}`."""
    if "tool" in given:
        return str(fields(given["tool"]).get("name", "required"))
    return "required" if "any" in given else "auto"


def _schema(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of the output, which comes as text."""
    form = fields(fields(fields(body.get("outputConfig")).get("textFormat")).get("structure"))
    text = fields(form.get("jsonSchema")).get("schema")
    return fields(_json.loads(text)) if isinstance(text, str) else None


def _write(prompt: Prompt, answer: Answer) -> ReplyBody:
    if prompt.stream:
        return ReplyBody(AWS_STREAM, [_event(*event) for event in converse_events(answer)])
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


def converse_events(answer: Answer) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Each event of a stream: its type, what it tells, and the tokens that it carries."""
    yield "messageStart", {"role": "assistant"}, 0
    for index, (_, begun, deltas) in enumerate(_blocks(answer)):
        place = {"contentBlockIndex": index}
        if begun is not None:
            yield "contentBlockStart", {"start": begun, **place}, 0
        for delta in deltas:
            yield "contentBlockDelta", {"delta": delta, **place}, 1
        yield "contentBlockStop", place, 0
    yield "messageStop", {"stopReason": _STOP_REASONS[answer.finish_reason]}, 0
    yield "metadata", _metadata(answer), 0


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


def _write_count(_prompt: Prompt, answer: Answer) -> ReplyBody:
    return whole({"inputTokens": answer.usage.prompt_tokens})


ENDPOINTS: Final = (
    SimulatedOperation("bedrock.converse", re.compile(r"/model/[^/]+/converse(-stream)?$"), BEDROCK, _read, _write),
    SimulatedOperation(
        "bedrock.count_tokens", re.compile(r"/model/[^/]+/count-tokens$"), BEDROCK, _read_count, _write_count
    ),
)
