"""What was asked and answered, in the form of OpenTelemetry's conventions: JSON text of messages made of parts.

Source: OpenTelemetry semantic conventions for generative AI 0.1, the schemas of input and output messages, 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .._types.request import AnyRequest
from . import _names as names


def asked(request: AnyRequest) -> dict[str, str]:
    """Attributes with what a request asks."""
    messages: Iterable[Mapping[str, Any]] | None = getattr(request, "messages", None)
    if messages is None:
        said = getattr(request, "input", None) or getattr(request, "prompt", None)
        return {} if said is None else {names.INPUT_MESSAGES: _text([{"role": "user", "parts": _parts(said)}])}
    messages = list(messages)
    system = [message for message in messages if message.get("role") in ("system", "developer")]
    others = [_message(message) for message in messages if message.get("role") not in ("system", "developer")]
    attributes = {names.INPUT_MESSAGES: _text(others)}
    instructions = [part for message in system for part in _parts(message.get("content"))]
    if given := request.parameters.get("system"):
        instructions += _parts(given)
    if instructions:
        attributes[names.SYSTEM_INSTRUCTIONS] = _text(instructions)
    if tools := request.parameters.get("tools"):
        attributes[names.TOOL_DEFINITIONS] = _text(tools)
    return attributes


def answered(response: Any) -> dict[str, str]:
    """Attributes with what was answered; of a stream that broke, with what had arrived."""
    messages: list[dict[str, Any]] = []
    for choice in getattr(response, "choices", None) or ():
        message = getattr(choice, "message", None)
        made = _message(message) if message is not None else {"role": "assistant", "parts": _parts(choice.text)}
        messages.append({**made, "finish_reason": choice.finish_reason})
    if not messages and getattr(response, "output_text", None):
        messages.append({"role": "assistant", "parts": _parts(response.output_text), "finish_reason": "stop"})
    return {names.OUTPUT_MESSAGES: _text(messages)} if messages else {}


def of_tool(told: Mapping[str, Any]) -> dict[str, str]:
    """Attributes with the arguments of a tool, as the model wrote them, and its result, as the model gets it."""
    named = {names.TOOL_ARGUMENTS: told.get("arguments"), names.TOOL_RESULT: told.get("result")}
    return {
        name: value if isinstance(value, str) else _text(value) for name, value in named.items() if value is not None
    }


def _message(message: Any) -> dict[str, Any]:
    role, content = message.get("role"), message.get("content")
    if role == "tool":
        part = {"type": "tool_call_response", "id": message.get("tool_call_id"), "response": content}
        return {"role": "tool", "parts": [part]}
    parts = _parts(content)
    if thought := message.get("reasoning_content"):
        parts.insert(0, {"type": "reasoning", "content": thought})
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        called = {"name": function.get("name"), "arguments": function.get("arguments")}
        parts.append({"type": "tool_call", "id": call.get("id"), **called})
    return {"role": role, "parts": parts}


def _parts(content: Any) -> list[dict[str, Any]]:
    if content is None or isinstance(content, str):
        return [{"type": "text", "content": content}] if content else []
    if not isinstance(content, list | tuple):
        return [{"type": "text", "content": str(content)}]
    return [
        {"type": "text", "content": part if isinstance(part, str) else part["text"]}
        if isinstance(part, str) or (isinstance(part, Mapping) and isinstance(part.get("text"), str))
        else part
        for part in content
    ]


def _text(value: object) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else str(value)
