"""Messages of a conversation as Ollama has them: one text, pictures beside it, calls with arguments as objects.

Source: Ollama API reference, "Generate a chat completion" (message), 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..._convert.narrow import a_list, an_object, as_list, as_mapping, is_object
from ..._types.errors import BadRequestError
from ..history import arguments_object, function_of, results_after_calls, said_by

_ROLES: Final[Mapping[str, str]] = {"developer": "system", "function": "tool"}
_DATA: Final = ";base64,"


def wire_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages in order, with each tool's result behind its call and named after its tool.

    Raises:
        BadRequestError: for a part that the wire cannot carry; the message names its place.
    """
    names: dict[str, str] = {}
    written: list[dict[str, Any]] = []
    for number, message in enumerate(results_after_calls(messages)):
        for call in as_list(message.get("tool_calls")):
            called = as_mapping(as_mapping(call).get("function") or as_mapping(call).get("custom"))
            names[str(as_mapping(call).get("id"))] = str(called.get("name"))
        written.append(_message(message, names, f"messages[{number}]"))
    return written


def _message(message: Mapping[str, Any], names: Mapping[str, str], where: str) -> dict[str, Any]:
    role = str(message["role"])
    texts, images = _content(said_by(message), where)
    written: dict[str, Any] = {"role": _ROLES.get(role, role), "content": "\n".join(texts)}
    if images:
        written["images"] = images
    if role == "assistant":
        written |= _answered(message, where)
    if role in ("tool", "function"):
        written["tool_name"] = message.get("name") or names.get(str(message.get("tool_call_id")), "")
    return written


def _answered(message: Mapping[str, Any], where: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if isinstance(thinking := message.get("reasoning_content"), str) and thinking:
        fields["thinking"] = thinking
    calls = [
        _call(an_object(call, place), place) for place, call in a_list(message.get("tool_calls"), f"{where}.tool_calls")
    ]
    if (function := message.get("function_call")) is not None:
        calls.append(_call({"function": function}, where))
    if calls:
        fields["tool_calls"] = calls
    return fields


def _call(call: Mapping[str, Any], where: str) -> dict[str, Any]:
    function = function_of(call, where)
    return {"function": {"name": function.get("name"), "arguments": arguments_object(function.get("arguments"))}}


def _content(content: object, where: str) -> tuple[list[str], list[str]]:
    """The texts and the pictures, in base64, of a message."""
    if content is None or isinstance(content, str):
        return [content] if content else [], []
    texts: list[str] = []
    images: list[str] = []
    for place, part in a_list(content, f"{where}.content"):
        if isinstance(part, str):
            texts.append(part)
        elif is_object(part) and isinstance(text := part.get("text", part.get("refusal")), str):
            texts.append(text)
        elif is_object(part) and part.get("type") == "image_url":
            images.append(_image(part.get("image_url"), place))
        elif not (is_object(part) and part.get("type") == "thinking"):
            kind = part.get("type") if is_object(part) else type(part).__name__
            raise BadRequestError(f"{place}: Ollama takes texts and images, not {kind!r}")
    return texts, images


def _image(value: object, where: str) -> str:
    url = as_mapping(value).get("url") if is_object(value) else value
    if not isinstance(url, str) or not url.startswith("data:") or _DATA not in url:
        raise BadRequestError(f"{where}: Ollama takes images as data URLs in base64, and fetches no address")
    return url.partition(_DATA)[2]
