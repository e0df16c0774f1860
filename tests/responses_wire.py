"""Replies of the Responses API as a provider writes them, made for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

REASONING: dict[str, Any] = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "A tower. In Paris."}],
    "encrypted_content": "gAAAA/+=\u00e9",
    "status": None,
}
MESSAGE: dict[str, Any] = {
    "type": "message",
    "id": "msg_1",
    "status": "completed",
    "role": "assistant",
    "phase": "final_answer",
    "content": [
        {
            "type": "output_text",
            "annotations": [{"type": "url_citation", "url": "https://tower.test", "start_index": 0, "end_index": 3}],
            "logprobs": [],
            "text": "In Paris.",
        }
    ],
}
CALL: dict[str, Any] = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city":"Paris"}',
    "status": "completed",
    "caller": {"type": "program", "caller_id": "prog_1"},
}
PROGRAM = {"type": "program", "id": "prog_1", "call_id": "call_p", "code": "weather()", "fingerprint": "f\u00fc="}
COMPACTION = {"id": "cmp_1", "type": "compaction", "encrypted_content": "gBBB", "created_by": "me"}
ITEMS: list[dict[str, Any]] = [REASONING, MESSAGE, CALL, PROGRAM, COMPACTION]
USAGE: dict[str, Any] = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 12},
    "total_tokens": 50,
}


def response(**fields: Any) -> dict[str, Any]:
    """A response object."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5",
        "output": ITEMS,
        "usage": USAGE,
        "vendor_field": {"kept": True},
        **fields,
    }


def begun(item: dict[str, Any]) -> dict[str, Any]:
    """An item as it is when it begins."""
    empty = {"content": [], "arguments": "", "summary": []}
    return {**item, **{name: value for name, value in empty.items() if name in item}, "status": "in_progress"}


def item_events(place: int, item: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of one item, text in two fragments."""
    where = {"item_id": item["id"], "output_index": place}
    events: list[dict[str, Any]] = [{"type": "response.output_item.added", "output_index": place, "item": begun(item)}]
    if item["type"] == "message":
        part = item["content"][0]
        at = {**where, "content_index": 0}
        events += [
            {"type": "response.content_part.added", **at, "part": {**part, "text": "", "annotations": []}},
            {"type": "response.output_text.delta", **at, "delta": part["text"][:4], "logprobs": []},
            {"type": "response.output_text.delta", **at, "delta": part["text"][4:], "logprobs": []},
            {
                "type": "response.output_text.annotation.added",
                **at,
                "annotation_index": 0,
                "annotation": part["annotations"][0],
            },
            {"type": "response.output_text.done", **at, "text": part["text"], "logprobs": []},
            {"type": "response.content_part.done", **at, "part": part},
        ]
    elif item["type"] == "reasoning":
        at = {**where, "summary_index": 0}
        part = item["summary"][0]
        events += [
            {"type": "response.reasoning_summary_part.added", **at, "part": {**part, "text": ""}},
            {"type": "response.reasoning_summary_text.delta", **at, "delta": part["text"][:3]},
            {"type": "response.reasoning_summary_text.delta", **at, "delta": part["text"][3:]},
            {"type": "response.reasoning_summary_text.done", **at, "text": part["text"]},
            {"type": "response.reasoning_summary_part.done", **at, "part": part},
        ]
    elif item["type"] == "function_call":
        events += [
            {"type": "response.function_call_arguments.delta", **where, "delta": item["arguments"][:5]},
            {"type": "response.function_call_arguments.delta", **where, "delta": item["arguments"][5:]},
            {"type": "response.function_call_arguments.done", **where, "arguments": item["arguments"]},
        ]
    return [*events, {"type": "response.output_item.done", "output_index": place, "item": item}]


def events_of(reply: dict[str, Any]) -> list[dict[str, Any]]:
    """The events of a whole stream that amounts to a response."""
    early = {**reply, "status": "in_progress", "output": [], "usage": None}
    events = [{"type": "response.created", "response": early}, {"type": "response.in_progress", "response": early}]
    for place, item in enumerate(reply["output"]):
        events += item_events(place, item)
    events.append({"type": f"response.{reply['status']}", "response": reply})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def stream_of(events: Iterable[dict[str, Any]]) -> bytes:
    """Server-sent events."""
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()
