"""Ollama's native API: chats, completions and vectors, whole and as lines of JSON.

Source: Ollama API reference, https://github.com/ollama/ollama/blob/main/docs/api.md, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from .._actions import Failure
from .._prompt import Prompt
from ._asked import functions, stops
from ._cohere import texts_of_list
from ._limit_headers import no_headers
from ._model import (
    LINES,
    Answer,
    BodyEvent,
    Family,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    arguments_object,
    fields,
    line_event,
    positive,
    whole,
)
from ._openai import read_chat
from ._vectors import DEFAULT_DIMENSIONS, vector

_CREATED: Final = "2023-11-14T22:13:20.000000000Z"


def _error(failure: Failure) -> dict[str, Any]:
    return {"error": failure.message}


OLLAMA: Final = Family("ollama", _error, lambda failure: line_event(_error(failure)).data, b"\n", no_headers)


def _read(path: str, body: Mapping[str, Any]) -> Prompt:
    return attrs.evolve(read_chat(path, body), tools=functions(body), **_settings(body))


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    """What chats and completions have in common. A reply is streamed unless the request says no."""
    options = fields(body.get("options"))
    form = body.get("format")
    return {
        "stream": body.get("stream", True) is not False,
        "max_tokens": positive(options.get("num_predict")),
        "stop": stops(options.get("stop")),
        "schema": {"type": "object"} if form == "json" else fields(form) or None,
    }


def _head(answer: Answer) -> dict[str, Any]:
    return {"model": answer.model, "created_at": _CREATED}


def _ending(answer: Answer) -> dict[str, Any]:
    reason = "length" if answer.finish_reason == "length" else "stop"
    if answer.finish_reason == "content_filter":
        reason = "content_filter"  # which Ollama has not, but its cloud hands on
    usage = answer.usage
    times = {"total_duration": 3, "load_duration": 1, "prompt_eval_duration": 1, "eval_duration": 1}
    counts = {"prompt_eval_count": usage.prompt_tokens, "eval_count": usage.completion_tokens}
    return {"done": True, "done_reason": reason, **times, **counts}


def _write(prompt: Prompt, answer: Answer) -> ReplyBody:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(answer.text)}
    calls = [{"function": {"name": call.name, "arguments": arguments_object(call)}} for call in answer.tool_calls]
    if not prompt.stream:
        message |= {"thinking": "".join(answer.reasoning)} if answer.reasoning else {}
        message |= {"tool_calls": calls} if calls else {}
        return whole({**_head(answer), "message": message, **_ending(answer)}, tokens=answer_tokens(answer))

    def line(**said: Any) -> BodyEvent:
        told = {"role": "assistant", "content": "", **said}
        return line_event({**_head(answer), "message": told, "done": False}, tokens=1)

    thoughts = [line(thinking=piece) for piece in answer.reasoning]
    texts = [line(content=piece) for piece in answer.text]
    made = [line(tool_calls=[call]) for call in calls]
    last = {**_head(answer), "message": {"role": "assistant", "content": ""}, **_ending(answer)}
    return ReplyBody(LINES, [*thoughts, *texts, *made, line_event(last)])


def _read_prompt(_path: str, body: Mapping[str, Any]) -> Prompt:
    text = str(body.get("prompt", ""))
    system = texts_of_list(body.get("system") or "")
    return Prompt(str(body.get("model", "")), (*system, text), text, body=body, **_settings(body))


def _write_text(prompt: Prompt, answer: Answer) -> ReplyBody:
    if not prompt.stream:
        told = {**_head(answer), "response": "".join(answer.text), **_ending(answer)}
        return whole(told, tokens=answer_tokens(answer))
    lines = [line_event({**_head(answer), "response": piece, "done": False}, tokens=1) for piece in answer.text]
    return ReplyBody(LINES, [*lines, line_event({**_head(answer), "response": "", **_ending(answer)})])


def _read_embedding(_path: str, body: Mapping[str, Any]) -> Prompt:
    texts = texts_of_list(body.get("input"))
    return Prompt(str(body.get("model", "")), texts, texts[-1] if texts else "", body=body)


def _write_embedding(prompt: Prompt, answer: Answer) -> ReplyBody:
    size = positive(prompt.body.get("dimensions")) or DEFAULT_DIMENSIONS
    vectors = [vector(text, size) for text in prompt.texts]
    times = {"total_duration": 2, "load_duration": 1}
    return whole(
        {"model": answer.model, "embeddings": vectors, **times, "prompt_eval_count": answer.usage.prompt_tokens}
    )


ENDPOINTS: Final = (
    SimulatedOperation("ollama.chat", re.compile(r"/api/chat$"), OLLAMA, _read, _write),
    SimulatedOperation("ollama.generate", re.compile(r"/api/generate$"), OLLAMA, _read_prompt, _write_text),
    SimulatedOperation("ollama.embeddings", re.compile(r"/api/embed$"), OLLAMA, _read_embedding, _write_embedding),
)
