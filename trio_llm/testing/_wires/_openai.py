"""OpenAI's chat completions, whole and streamed, and its error shape.

Source: OpenAI API reference, "Create chat completion" and "The chat completion chunk object", 2026-11.
`reasoning_content` is DeepSeek's, which most compatible vendors took over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .._actions import Failure
from .._prompt import Prompt
from ._asked import choice, format_schema, functions, stops
from ._limit_headers import openai_headers
from ._model import (
    EVENT_STREAM,
    Answer,
    BodyEvent,
    Family,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    arguments_text,
    copies,
    data_event,
    fields,
    fragments,
    objects,
    positive,
    texts_of,
    whole,
)

CREATED: Final = 1_700_000_000
"""The simulator has no calendar: every reply was made in November 2023."""
DONE: Final = BodyEvent(b"data: [DONE]\n\n")
_TYPES: Final[Mapping[int, str]] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def _error(failure: Failure) -> dict[str, Any]:
    usual = "server_error" if failure.status >= 500 else "invalid_request_error"
    kind = _TYPES.get(failure.status, usual)
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": failure.code}}


OPENAI: Final = Family(
    name="openai",
    error=_error,
    error_event=lambda failure: data_event(_error(failure)).data,
    keep_alive=b": keep-alive\n\n",
    limit_headers=openai_headers,
)


def read_chat(_path: str, body: Mapping[str, Any]) -> Prompt:
    """The question in a chat request."""
    messages = objects(body.get("messages"))
    asked = [message for message in messages if message.get("role") == "user"]
    return Prompt(
        model=str(body.get("model", "")),
        texts=tuple(text for message in messages for text in texts_of(message.get("content"))),
        last=" ".join(texts_of(asked[-1].get("content"))) if asked else "",
        stream=bool(body.get("stream")),
        max_tokens=positive(body.get("max_completion_tokens") or body.get("max_tokens")),
        body=body,
        tools=functions(body),
        choice=choice(body.get("tool_choice") or body.get("function_call")),
        schema=format_schema(body.get("response_format")),
        stop=stops(body.get("stop")),
    )


def usage_object(answer: Answer) -> dict[str, Any]:
    """Token counts in OpenAI's shape."""
    return answer.usage.model_dump(exclude_none=True)


def wants_usage(prompt: Prompt) -> bool:
    """Whether a stream is to end with a chunk that has the token counts."""
    return bool(fields(prompt.body.get("stream_options")).get("include_usage"))


def _write_chat(prompt: Prompt, answer: Answer) -> ReplyBody:
    return ReplyBody(EVENT_STREAM, _chunks(prompt, answer)) if prompt.stream else _whole_chat(prompt, answer)


def _whole_chat(prompt: Prompt, answer: Answer) -> ReplyBody:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(answer.text) or None}
    if answer.reasoning:
        message["reasoning_content"] = "".join(answer.reasoning)
    if answer.tool_calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments_text(call)}}
            for call in answer.tool_calls
        ]
    choices = [
        {"index": index, "message": message, "finish_reason": answer.finish_reason, "logprobs": None}
        for index in range(copies(prompt.body.get("n")))
    ]
    head = _head(answer, "chat.completion")
    return whole({**head, "choices": choices, "usage": usage_object(answer)}, tokens=answer_tokens(answer))


def _chunks(prompt: Prompt, answer: Answer) -> list[BodyEvent]:
    head = _head(answer, "chat.completion.chunk")

    def chunk(delta: Mapping[str, Any], *, finish: str | None = None, tokens: int = 0) -> list[BodyEvent]:
        return [
            data_event(
                {**head, "choices": [{"index": index, "delta": delta, "finish_reason": finish}]},
                tokens=tokens,
            )
            for index in range(copies(prompt.body.get("n")))
        ]

    events = chunk({"role": "assistant", "content": ""})
    for piece in answer.reasoning:
        events += chunk({"reasoning_content": piece}, tokens=1)
    for piece in answer.text:
        events += chunk({"content": piece}, tokens=1)
    for delta in _tool_deltas(answer):
        events += chunk({"tool_calls": [delta]}, tokens=1)
    events += chunk({}, finish=answer.finish_reason)
    if wants_usage(prompt):
        events.append(data_event({**head, "choices": [], "usage": usage_object(answer)}))
    return [*events, DONE]


def _tool_deltas(answer: Answer) -> Iterable[dict[str, Any]]:
    for index, call in enumerate(answer.tool_calls):
        function = {"name": call.name, "arguments": ""}
        yield {"index": index, "id": call.id, "type": "function", "function": function}
        for piece in fragments(arguments_text(call)):
            yield {"index": index, "function": {"arguments": piece}}


def _head(answer: Answer, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{answer.id}", "object": kind, "created": CREATED, "model": answer.model}


ENDPOINTS: Final = (
    SimulatedOperation("openai.chat", re.compile(r"/chat/completions$|/v1/chat$"), OPENAI, read_chat, _write_chat),
)
