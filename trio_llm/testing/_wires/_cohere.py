"""Cohere's own API, version 2: chats, whole and streamed, and vectors.

Source: Cohere API reference, "Chat API (v2)", "Chat API (v2), streaming" and "Embed API (v2)"; "Errors", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from .._actions import Failure
from .._prompt import Prompt
from ._asked import choice, format_schema, functions, stops
from ._limit_headers import no_headers
from ._model import (
    EVENT_STREAM,
    Answer,
    BodyEvent,
    Family,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    arguments_text,
    data_event,
    fragments,
    items,
    objects,
    positive,
    texts_of,
    whole,
)
from ._openai import read_chat
from ._vectors import DEFAULT_DIMENSIONS, vector

_FINISH: Final[Mapping[str, str]] = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "content_filter": "ERROR_TOXIC",
}


def _error(failure: Failure) -> dict[str, Any]:
    return {"message": failure.message, **({"code": failure.code} if failure.code else {})}


def _broken(failure: Failure) -> bytes:
    told = {"finish_reason": "ERROR", "error": failure.message}
    return data_event({"type": "message-end", "delta": told}, name="message-end").data


COHERE: Final = Family("cohere", _error, _broken, b": keep-alive\n\n", no_headers)


def _read(path: str, body: Mapping[str, Any]) -> Prompt:
    return attrs.evolve(
        read_chat(path, body),
        tools=functions(body),
        choice=choice(body.get("tool_choice")),
        schema=format_schema(body.get("response_format")),
        stop=stops(body.get("stop_sequences")),
    )


def _write(prompt: Prompt, answer: Answer) -> ReplyBody:
    if prompt.stream:
        return ReplyBody(EVENT_STREAM, list(_events(answer)))
    thought, said = "".join(answer.reasoning), "".join(answer.text)
    message: dict[str, Any] = {"role": "assistant"}
    blocks = [{"type": "text", "text": said}] if said else []
    if answer.tool_calls:
        message["tool_calls"] = [_call(answer, place) for place in range(len(answer.tool_calls))]
    message["content"] = [*([{"type": "thinking", "thinking": thought}] if thought else []), *blocks]
    told = {"id": answer.id, "finish_reason": _FINISH[answer.finish_reason], "usage": _usage(answer)}
    return whole({**told, "message": message}, tokens=answer_tokens(answer))


def _call(answer: Answer, place: int) -> dict[str, Any]:
    call = answer.tool_calls[place]
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments_text(call)}}


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    counts = {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens}
    cached = (usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens) or 0
    return {"billed_units": counts, "tokens": counts, "cached_tokens": cached}


def _event(kind: str, *, tokens: int = 0, index: int | None = None, **told: Any) -> BodyEvent:
    place = {} if index is None else {"index": index}
    return data_event({"type": kind, **place, **told}, name=kind, tokens=tokens)


def _events(answer: Answer) -> Iterator[BodyEvent]:
    start = {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}
    yield _event("message-start", id=answer.id, delta=start)
    index = 0
    for kind, field, pieces in (("thinking", "thinking", answer.reasoning), ("text", "text", answer.text)):
        if not pieces:
            continue
        yield _event("content-start", index=index, delta=_content({"type": kind, field: ""}))
        for piece in pieces:
            yield _event("content-delta", tokens=1, index=index, delta=_content({field: piece}))
        yield _event("content-end", index=index)
        index += 1
    for place, call in enumerate(answer.tool_calls):
        begun = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        yield _event("tool-call-start", index=place, delta={"message": {"tool_calls": begun}})
        for piece in fragments(arguments_text(call)):
            more = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            yield _event("tool-call-delta", tokens=1, index=place, delta=more)
        yield _event("tool-call-end", index=place)
    yield _event("message-end", delta={"finish_reason": _FINISH[answer.finish_reason], "usage": _usage(answer)})


def _content(block: dict[str, Any]) -> dict[str, Any]:
    return {"message": {"content": block}}


def _read_embedding(_path: str, body: Mapping[str, Any]) -> Prompt:
    contents = [" ".join(texts_of(one.get("content"))) for one in objects(body.get("inputs"))]
    texts = (*texts_of_list(body.get("texts")), *contents)
    return Prompt(model=str(body.get("model", "")), texts=texts, last=texts[-1] if texts else "", body=body)


def texts_of_list(value: object) -> tuple[str, ...]:
    """The texts of a list of texts, or a text alone."""
    return (value,) if isinstance(value, str) else tuple(texts_of(value))


def _write_embedding(prompt: Prompt, answer: Answer) -> ReplyBody:
    size = positive(prompt.body.get("output_dimension")) or DEFAULT_DIMENSIONS
    form = str(next(iter(items(prompt.body.get("embedding_types"))), "float"))
    vectors = [vector(text, size) for text in prompt.texts]
    meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": answer.usage.prompt_tokens}}
    return whole({"id": answer.id, "embeddings": {form: vectors}, "texts": list(prompt.texts), "meta": meta})


ENDPOINTS: Final = (
    SimulatedOperation("cohere.chat", re.compile(r"(^|/v2|/cohere)/chat$"), COHERE, _read, _write),
    SimulatedOperation("cohere.embeddings", re.compile(r"/embed$"), COHERE, _read_embedding, _write_embedding),
)
