"""Messages of a conversation as Cohere has them.

An assistant's reasoning goes back as the plan of its tool calls, where it made some, else as a thinking block.

Source: Cohere API reference, "Chat API (v2)" (messages), 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..._convert import json as _json
from ..._convert.narrow import a_list, an_object, is_object
from ..._types.errors import BadRequestError
from ..history import function_of, id_of, results_after_calls, said_by
from ..media_names import named_right

_ROLES: Final[Mapping[str, str]] = {"developer": "system", "function": "tool"}


def wire_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages in order, with each tool's result behind its call.

    Raises:
        BadRequestError: for a part that the wire cannot carry; the message names its place.
    """
    return [_message(message, f"messages[{number}]") for number, message in enumerate(results_after_calls(messages))]


def _message(message: Mapping[str, Any], where: str) -> dict[str, Any]:
    role = _ROLES.get(str(message["role"]), str(message["role"]))
    content = _content(said_by(message), where)
    if role == "tool":
        name = "tool_call_id" if message["role"] == "tool" else "name"
        return {"role": role, "tool_call_id": id_of(message, name, where), "content": content}
    if role == "assistant":
        return _answered(message, content, where)
    return {"role": role, "content": content}


def _answered(message: Mapping[str, Any], content: Any, where: str) -> dict[str, Any]:
    written: dict[str, Any] = {"role": "assistant"}
    calls = [
        _call(an_object(call, place), place) for place, call in a_list(message.get("tool_calls"), f"{where}.tool_calls")
    ]
    if (function := message.get("function_call")) is not None:
        calls.append(_call({"id": an_object(function, where).get("name"), "function": function}, where))
    thought = message.get("reasoning_content")
    if calls:
        written["tool_calls"] = calls
        if thought:
            written["tool_plan"] = thought
    elif thought:
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) and content else content or []
        content = [{"type": "thinking", "thinking": thought}, *blocks]
    if content or not calls:
        written["content"] = content
    return written


def _call(call: Mapping[str, Any], where: str) -> dict[str, Any]:
    function = function_of(call, where)
    arguments = function.get("arguments")
    text = arguments if isinstance(arguments, str) else _json.dumps(arguments or {}).decode()
    return {
        "id": id_of(call, "id", where),
        "type": "function",
        "function": {"name": function.get("name"), "arguments": text or "{}"},
    }


def _content(content: object, where: str) -> Any:
    """One text, or a list of blocks where there is anything but texts."""
    if content is None or isinstance(content, str):
        return content or ""
    blocks = [_block(part, place) for place, part in a_list(content, f"{where}.content")]
    if all(block.get("type") == "text" for block in blocks):
        return "".join(block["text"] for block in blocks)
    return blocks


def _block(part: object, where: str) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not is_object(part):
        raise BadRequestError(f"{where} must be an object, not {type(part).__name__}")
    kind = part.get("type")
    if kind == "image_url":
        image = part.get("image_url")
        described = {"url": image} if isinstance(image, str) else dict(image or {})
        return {"type": "image_url", "image_url": {**described, "url": named_right(described.get("url"))}}
    if kind in ("document", "thinking"):
        return dict(part)
    text = part.get("refusal" if kind == "refusal" else "text")
    if isinstance(text, str):
        return {"type": "text", "text": text}
    raise BadRequestError(f"{where}: Cohere takes texts, images and documents, not {kind!r}")
