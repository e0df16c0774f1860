"""Gemini's generateContent, whole and streamed as server-sent events, and its embeddings.

Source: Gemini API reference, "Generating content" and "Embeddings", v1beta, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .._prompt import Prompt
from .._script import Failure
from ._model import (
    EVENT_STREAM,
    Answer,
    Body,
    Endpoint,
    Family,
    answer_tokens,
    arguments_object,
    data_event,
    fields,
    objects,
    positive,
    texts_of,
    whole,
)
from ._vectors import vector

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
_DEFAULT_DIMENSIONS: Final = 8


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
    limit_headers=lambda states: {},
)


def _read(path: str, body: Mapping[str, Any]) -> Prompt:
    contents = objects(body.get("contents"))
    asked = [content for content in contents if content.get("role", "user") == "user"]
    system = fields(body.get("systemInstruction") or body.get("system_instruction"))
    return Prompt(
        model=_model(path),
        texts=tuple(text for content in [system, *contents] for text in texts_of(content.get("parts"))),
        last=" ".join(texts_of(asked[-1].get("parts"))) if asked else "",
        stream=":streamGenerateContent" in path,
        max_tokens=positive(fields(body.get("generationConfig")).get("maxOutputTokens")),
        body=body,
    )


def _model(path: str) -> str:
    return path.rpartition("/")[2].partition(":")[0]


def _write(prompt: Prompt, answer: Answer) -> Body:
    parts = [part for part, _ in _parts(answer)]
    if not prompt.stream:
        return whole(_candidate(answer, _merged(answer, parts), last=True), tokens=answer_tokens(answer))
    events = [data_event(_candidate(answer, [part], last=False), tokens=tokens) for part, tokens in _parts(answer)]
    last = data_event(_candidate(answer, [{"text": ""}], last=True))
    return Body(EVENT_STREAM, [*events, last])


def _parts(answer: Answer) -> list[tuple[dict[str, Any], int]]:
    """The parts as they are streamed, and the tokens of each."""
    thoughts = [({"text": piece, "thought": True}, 1) for piece in answer.reasoning]
    texts = [({"text": piece}, 1) for piece in answer.text]
    calls = [
        ({"functionCall": {"id": call.id, "name": call.name, "args": arguments_object(call)}}, 1)
        for call in answer.tool_calls
    ]
    return [*thoughts, *texts, *calls]


def _merged(answer: Answer, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts of a whole reply: one of thinking, one of text, then the calls."""
    thought = [{"text": "".join(answer.reasoning), "thought": True}] if answer.reasoning else []
    text = [{"text": "".join(answer.text)}] if answer.text else []
    return [*thought, *text, *(part for part in parts if "functionCall" in part)]


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
    texts = tuple(" ".join(texts_of(fields(one.get("content")).get("parts"))) for one in _requests(body))
    return Prompt(model=_model(path), texts=texts, last=texts[-1] if texts else "", body=body)


def _requests(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return objects(body.get("requests")) or [body]


def _write_embedding(prompt: Prompt, _answer: Answer) -> Body:
    sizes = [positive(one.get("outputDimensionality")) or _DEFAULT_DIMENSIONS for one in _requests(prompt.body)]
    vectors = [{"values": vector(text, size)} for text, size in zip(prompt.texts, sizes, strict=True)]
    return whole({"embeddings": vectors} if "requests" in prompt.body else {"embedding": vectors[0]})


ENDPOINTS: Final = (
    Endpoint("gemini.chat", re.compile(r":(streamG|g)enerateContent$"), GEMINI, _read, _write),
    Endpoint(
        "gemini.embeddings",
        re.compile(r":(embedContent|batchEmbedContents)$"),
        GEMINI,
        _read_embedding,
        _write_embedding,
    ),
)
