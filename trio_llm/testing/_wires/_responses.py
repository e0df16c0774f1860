"""OpenAI's Responses API, whole and streamed, and what is asked about stored responses.

Nothing is stored: a stored response is told by the next reply of the script, under the id that was asked for. So a
response in the background, which is queued, is complete at the first look.

Source: OpenAI API reference, "Responses" and "Streaming events", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from .._prompt import Prompt
from ._asked import choice, format_schema, tool
from ._model import (
    EVENT_STREAM,
    Answer,
    BodyEvent,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    arguments_text,
    data_event,
    fields,
    fragments,
    objects,
    positive,
    texts_of,
    whole,
)
from ._openai import CREATED, OPENAI

_INCOMPLETE: Final[Mapping[str, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}
_STORED: Final = re.compile(r"/responses/([^/]+)")


def _read(_path: str, body: Mapping[str, Any]) -> Prompt:
    given = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else objects(given)
    asked = [item for item in items if item.get("role") == "user"]
    said = tuple(text for item in items for text in texts_of(item.get("content") or item.get("output")))
    return Prompt(
        model=str(body.get("model", "")),
        texts=(*texts_of(body.get("instructions")), *said),
        last=" ".join(texts_of(asked[-1].get("content"))) if asked else "",
        stream=bool(body.get("stream")),
        max_tokens=positive(body.get("max_output_tokens")),
        body=body,
        tools=tuple(tool(one) for one in objects(body.get("tools")) if one.get("type") == "function"),
        choice=choice(body.get("tool_choice")),
        schema=format_schema(fields(body.get("text")).get("format")),
    )


def _read_stored(path: str, _body: Mapping[str, Any]) -> Prompt:
    found = _STORED.search(path)
    return Prompt(body={"id": found[1]} if found else {})


def _write(prompt: Prompt, answer: Answer) -> ReplyBody:
    if prompt.stream:
        return ReplyBody(EVENT_STREAM, list(_events(prompt, answer)))
    if prompt.body.get("background"):
        return whole(_response(prompt, answer, status="queued", output=[], usage=None))
    return whole(_complete(prompt, answer), tokens=answer_tokens(answer))


def _response(prompt: Prompt, answer: Answer, **told: Any) -> dict[str, Any]:
    return {
        "id": prompt.body.get("id") or f"resp_{answer.id}",
        "object": "response",
        "created_at": CREATED,
        "model": answer.model,
        "error": None,
        "incomplete_details": None,
        **told,
    }


def _complete(prompt: Prompt, answer: Answer) -> dict[str, Any]:
    reason = _INCOMPLETE.get(answer.finish_reason)
    return _response(
        prompt,
        answer,
        status="incomplete" if reason else "completed",
        incomplete_details={"reason": reason} if reason else None,
        output=_items(answer),
        usage=_usage(answer),
    )


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    prompt, said = usage.prompt_tokens_details, usage.completion_tokens_details
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": (prompt and prompt.cached_tokens) or 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": (said and said.reasoning_tokens) or 0},
        "total_tokens": usage.total_tokens,
    }


def _items(answer: Answer) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if answer.reasoning:
        part = {"type": "reasoning_text", "text": "".join(answer.reasoning)}
        items.append({"type": "reasoning", "id": f"rs_{answer.id}", "summary": [], "content": [part]})
    if answer.text:
        words = {"type": "output_text", "text": "".join(answer.text), "annotations": []}
        message = {"type": "message", "id": f"msg_{answer.id}", "role": "assistant", "content": [words]}
        items.append({**message, "status": "completed"})
    for place, call in enumerate(answer.tool_calls):
        named = {"call_id": call.id, "name": call.name, "arguments": arguments_text(call)}
        items.append({"type": "function_call", "id": f"fc_{answer.id}_{place}", **named, "status": "completed"})
    return items


def _events(prompt: Prompt, answer: Answer) -> Iterator[BodyEvent]:
    for number, (kind, tokens, told) in enumerate(_told(prompt, answer)):
        event = {"type": f"response.{kind}", "sequence_number": number, **told}
        yield data_event(event, name=f"response.{kind}", tokens=tokens)


_Told = tuple[str, int, dict[str, Any]]
"""An event's type, the tokens that it carries, and its fields."""


def _told(prompt: Prompt, answer: Answer) -> Iterator[_Told]:
    begun = _response(prompt, answer, status="in_progress", output=[], usage=None)
    yield "created", 0, {"response": begun}
    yield "in_progress", 0, {"response": begun}
    for place, item in enumerate(_items(answer)):
        where = {"item_id": item["id"], "output_index": place}
        empty = {**item, "content": []} if "content" in item else {**item, "arguments": ""}
        yield "output_item.added", 0, {"output_index": place, "item": {**empty, "status": "in_progress"}}
        if item["type"] == "function_call":
            for piece in fragments(item["arguments"]):
                yield "function_call_arguments.delta", 1, {**where, "delta": piece}
            yield "function_call_arguments.done", 0, {**where, "arguments": item["arguments"]}
        else:
            pieces = answer.reasoning if item["type"] == "reasoning" else answer.text
            yield from _part({**where, "content_index": 0}, item["content"][0], pieces)
        yield "output_item.done", 0, {"output_index": place, "item": item}
    last = _complete(prompt, answer)
    yield last["status"], 0, {"response": last}


def _part(where: dict[str, Any], part: dict[str, Any], pieces: tuple[str, ...]) -> Iterator[_Told]:
    yield "content_part.added", 0, {**where, "part": {**part, "text": ""}}
    for piece in pieces:
        yield f"{part['type']}.delta", 1, {**where, "delta": piece}
    yield f"{part['type']}.done", 0, {**where, "text": part["text"]}
    yield "content_part.done", 0, {**where, "part": part}


def _write_cancelled(prompt: Prompt, answer: Answer) -> ReplyBody:
    return whole(_response(prompt, answer, status="cancelled", output=[], usage=None))


def _write_deleted(prompt: Prompt, _answer: Answer) -> ReplyBody:
    return whole({"id": prompt.body.get("id"), "object": "response", "deleted": True})


def _write_items(_prompt: Prompt, answer: Answer) -> ReplyBody:
    items = _items(answer)
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {}
    return whole({"object": "list", "data": items, "has_more": False, **ends})


def _write_compacted(prompt: Prompt, answer: Answer) -> ReplyBody:
    item = {"type": "compaction", "id": f"cmp_{answer.id}", "encrypted_content": "c2ltdWxhdGVk"}
    made = _response(prompt, answer, status="completed", output=[item], usage=_usage(answer))
    return whole({**made, "object": "response.compaction"}, tokens=answer_tokens(answer))


def _write_count(_prompt: Prompt, answer: Answer) -> ReplyBody:
    return whole({"object": "response.input_tokens", "input_tokens": answer.usage.prompt_tokens})


ENDPOINTS: Final = (
    SimulatedOperation("openai.responses", re.compile(r"/responses$"), OPENAI, _read, _write),
    SimulatedOperation("openai.compact", re.compile(r"/responses/compact$"), OPENAI, _read, _write_compacted),
    SimulatedOperation("openai.input_tokens", re.compile(r"/responses/input_tokens$"), OPENAI, _read, _write_count),
    SimulatedOperation(
        "openai.cancel", re.compile(r"/responses/[^/]+/cancel$"), OPENAI, _read_stored, _write_cancelled
    ),
    SimulatedOperation(
        "openai.input_items", re.compile(r"/responses/[^/]+/input_items$"), OPENAI, _read_stored, _write_items, "GET"
    ),
    SimulatedOperation(
        "openai.delete", re.compile(r"/responses/[^/]+$"), OPENAI, _read_stored, _write_deleted, "DELETE"
    ),
    SimulatedOperation("openai.stored", re.compile(r"/responses/[^/]+$"), OPENAI, _read_stored, _write, "GET"),
)
