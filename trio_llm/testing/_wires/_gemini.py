"""Gemini's generateContent, whole and streamed as server-sent events, and its embeddings.

Source: Gemini API reference, "Generating content" and "Embeddings", v1beta, 2026-11.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .._actions import Failure
from .._prompt import OfferedTool, Prompt
from ._asked import choice, stops, tool
from ._limit_headers import no_headers
from ._model import (
    EVENT_STREAM,
    Answer,
    Family,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    arguments_object,
    data_event,
    fields,
    objects,
    positive,
    texts_of,
    whole,
)
from ._other import PIXEL
from ._vectors import DEFAULT_DIMENSIONS, vector

_FINISH_REASONS: Final[Mapping[str, str]] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",  # the wire has no word for it
    "content_filter": "SAFETY",
}
_STATUSES: Final[Mapping[int, str]] = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _error(failure: Failure) -> dict[str, Any]:
    usual = "INTERNAL" if failure.status >= 500 else "INVALID_ARGUMENT"
    status = failure.code or _STATUSES.get(failure.status, usual)
    error: dict[str, Any] = {"code": failure.status, "message": failure.message, "status": status}
    if failure.retry_after is not None:
        delay = f"{failure.retry_after:g}s"
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    return {"error": error}


GEMINI: Final = Family(
    name="gemini",
    error=_error,
    error_event=lambda failure: data_event(_error(failure)).data,
    keep_alive=b": keep-alive\n\n",
    limit_headers=no_headers,
)


def _read(path: str, body: Mapping[str, Any]) -> Prompt:
    contents = objects(body.get("contents"))
    asked = [content for content in contents if content.get("role", "user") == "user"]
    config = fields(body.get("generationConfig"))
    system = fields(body.get("systemInstruction") or body.get("system_instruction"))
    return Prompt(
        model=_model(path),
        texts=tuple(text for content in [system, *contents] for text in texts_of(content.get("parts"))),
        last=" ".join(texts_of(asked[-1].get("parts"))) if asked else "",
        stream=":streamGenerateContent" in path,
        max_tokens=positive(config.get("maxOutputTokens")),
        body=body,
        tools=tuple(_tools(body)),
        choice=_choice(body),
        schema=_schema(config),
        stop=stops(config.get("stopSequences")),
    )


def _tools(body: Mapping[str, Any]) -> Iterator[OfferedTool]:
    for holder in objects(body.get("tools")):
        for one in objects(holder.get("functionDeclarations") or holder.get("function_declarations")):
            yield tool(one, "parametersJsonSchema" if "parametersJsonSchema" in one else "parameters")


def _choice(body: Mapping[str, Any]) -> str:
    config = fields(fields(body.get("toolConfig")).get("functionCallingConfig"))
    allowed = config.get("allowedFunctionNames")
    word = choice(config.get("mode", "AUTO"))
    return str(allowed[0]) if word == "required" and isinstance(allowed, list) and len(allowed) == 1 else word


def _schema(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Newer requests have the schema in a list of formats."""
    given = fields(config.get("responseJsonSchema")) or fields(config.get("responseSchema"))
    formats = fields(fields(config.get("responseFormat")).get("text"))
    given = given or fields(formats.get("schema"))
    wanted = given or config.get("responseMimeType") == "application/json"
    return (given or {"type": "object"}) if wanted else None


def _modalities(prompt: Prompt) -> list[str]:
    """What the answer is to consist of, beside text."""
    given = fields(prompt.body.get("generationConfig")).get("responseModalities")
    return [str(one).upper() for one in given] if isinstance(given, list) else []


def _model(path: str) -> str:
    return path.rpartition("/")[2].partition(":")[0]


def _write(prompt: Prompt, answer: Answer) -> ReplyBody:
    if not prompt.stream:
        return whole(_candidate(answer, _whole_parts(prompt, answer), last=True), tokens=answer_tokens(answer))
    events = [data_event(_candidate(answer, [part], last=False), tokens=tokens) for part, tokens in _parts(answer)]
    last = data_event(_candidate(answer, [{"text": ""}], last=True))
    return ReplyBody(EVENT_STREAM, [*events, last])


def _parts(answer: Answer) -> list[tuple[dict[str, Any], int]]:
    """The parts as they are streamed, and the tokens of each."""
    thoughts = [({"text": piece, "thought": True}, 1) for piece in answer.reasoning]
    texts = [({"text": piece}, 1) for piece in answer.text]
    calls = [
        ({"functionCall": {"id": call.id, "name": call.name, "args": arguments_object(call)}}, 1)
        for call in answer.tool_calls
    ]
    return [*thoughts, *texts, *calls]


def _whole_parts(prompt: Prompt, answer: Answer) -> list[dict[str, Any]]:
    """The parts of a whole reply: a picture or a sound, or one of thinking, one of text, then the calls."""
    modalities = _modalities(prompt)
    if "IMAGE" in modalities:
        return [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}]
    if "AUDIO" in modalities:
        sound = b64encode(f"ID3 {prompt.last}".encode()).decode()
        return [{"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": sound}}]
    thought = [{"text": "".join(answer.reasoning), "thought": True}] if answer.reasoning else []
    text = [{"text": "".join(answer.text)}] if answer.text else []
    return [*thought, *text, *(part for part, _ in _parts(answer) if "functionCall" in part)]


def _candidate(answer: Answer, parts: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = _FINISH_REASONS[answer.finish_reason]
    return {
        "candidates": [candidate],
        "usageMetadata": _usage(answer) if last else {"promptTokenCount": answer.usage.prompt_tokens},
        "modelVersion": answer.model,
        "responseId": answer.id,
    }


def _usage(answer: Answer) -> dict[str, int]:
    # The wire counts thoughts beside the candidates, OpenAI's model inside.
    usage = answer.usage
    thoughts = (usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens) or 0
    cached = (usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens) or 0
    return {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": usage.completion_tokens - thoughts,
        "thoughtsTokenCount": thoughts,
        "cachedContentTokenCount": cached,
        "totalTokenCount": usage.total_tokens,
    }


def _read_embedding(path: str, body: Mapping[str, Any]) -> Prompt:
    texts = tuple(" ".join(_embedded(fields(one.get("content")).get("parts"))) for one in _requests(body))
    return Prompt(model=_model(path), texts=texts, last=texts[-1] if texts else "", body=body)


def _embedded(parts: object) -> Iterator[str]:
    """The texts of the parts, and what tells one picture from another."""
    for part in objects(parts):
        yield from texts_of(part)
        yield from (str(told) for name in ("inlineData", "fileData") for told in fields(part.get(name)).values())


def _requests(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return objects(body.get("requests")) or [body]


def _write_embedding(prompt: Prompt, _answer: Answer) -> ReplyBody:
    sizes = [positive(one.get("outputDimensionality")) or DEFAULT_DIMENSIONS for one in _requests(prompt.body)]
    vectors = [{"values": vector(text, size)} for text, size in zip(prompt.texts, sizes, strict=True)]
    return whole({"embeddings": vectors} if "requests" in prompt.body else {"embedding": vectors[0]})


ENDPOINTS: Final = (
    SimulatedOperation("gemini.chat", re.compile(r":(streamG|g)enerateContent$"), GEMINI, _read, _write),
    SimulatedOperation(
        "gemini.embeddings",
        re.compile(r":(embedContent|batchEmbedContents)$"),
        GEMINI,
        _read_embedding,
        _write_embedding,
    ),
)
