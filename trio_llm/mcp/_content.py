"""What servers say, as content parts and messages of chat calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp import types

Content = str | list[Mapping[str, Any]]


def content_of(blocks: Sequence[Any]) -> Content:
    """Blocks of the protocol as content: a text where there is nothing else."""
    parts = [part_of(block) for block in blocks]
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def part_of(block: Any) -> Mapping[str, Any]:
    """One block as a content part. What no part can say is told as text."""
    match block.type:
        case "text":
            return _text(block.text)
        case "image" | "audio":
            return _media(block.mime_type, block.data, block.type)
        case "resource":
            return resource_part(block.resource)
        case "resource_link":
            return _text(" ".join(filter(None, [f"{block.name}:", block.uri, block.description])))
        case _:
            return _text(block.model_dump_json(by_alias=True, exclude_none=True))


def resource_part(resource: types.TextResourceContents | types.BlobResourceContents) -> Mapping[str, Any]:
    """What a resource has, as a content part."""
    text = getattr(resource, "text", None)
    if text is not None:
        return _text(text)
    return _media(resource.mime_type or "application/octet-stream", getattr(resource, "blob", ""), resource.uri)


def messages_of(messages: Sequence[Any]) -> list[dict[str, Any]]:
    """Messages of the protocol as those of chat calls."""
    return [told for message in messages for told in _messages_of(message)]


def _messages_of(message: Any) -> Iterator[dict[str, Any]]:
    """Results of tools are messages of their own, and stand before what the user says besides."""
    blocks: list[Any] = message.content if isinstance(message.content, list) else [message.content]
    for block in blocks:
        if block.type == "tool_result":
            told = content_of(block.content) if block.content else json.dumps(block.structured_content)
            yield {"role": "tool", "tool_call_id": block.tool_use_id, "content": told}
    calls = [_call_of(block) for block in blocks if block.type == "tool_use"]
    said = [block for block in blocks if block.type not in ("tool_use", "tool_result")]
    if said or calls or not blocks:
        content = content_of(said) if said or not calls else None
        yield {"role": message.role, "content": content, **({"tool_calls": calls} if calls else {})}


def _call_of(block: types.ToolUseContent) -> dict[str, Any]:
    function = {"name": block.name, "arguments": json.dumps(block.input, ensure_ascii=False)}
    return {"id": block.id, "type": "function", "function": function}


def _text(text: str) -> Mapping[str, Any]:
    return {"type": "text", "text": text}


def _media(mime_type: str, data: str, name: str) -> Mapping[str, Any]:
    kind, _, form = mime_type.partition("/")
    url = f"data:{mime_type};base64,{data}"
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": url}}
    if kind == "audio":
        # OpenAI's word for the commonest of them.
        return {"type": "input_audio", "input_audio": {"data": data, "format": {"mpeg": "mp3"}.get(form, form)}}
    return {"type": "file", "file": {"filename": name.rpartition("/")[2] or name, "file_data": url}}
