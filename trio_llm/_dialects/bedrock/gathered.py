"""Blocks of a stream that say nothing until they are whole.

Those are images, calls of the provider's own tools and their results, and kinds that are not known yet.

Source: Amazon Bedrock API reference, "ContentBlockStart" and "ContentBlockDelta", 2026-11.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from ..._convert import json as _json
from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject, as_list, as_object, as_objects, is_object

_HANDED_ON: Final = frozenset({"text", "toolUse", "reasoningContent", "citation"})


def is_gathered(piece: JSONObject) -> bool:
    """Whether the beginning of a block, or a piece of one, is of a kind that is put together first."""
    return bool(piece) and _HANDED_ON.isdisjoint(piece)


class GatheredBlock:
    """One block that is being put together, to be what a whole reply would have."""

    def __init__(self, start: JSONObject) -> None:
        self._block: JSONObject = {kind: dict(value) if is_object(value) else value for kind, value in start.items()}
        self._input: list[str] = []

    def add(self, delta: JSONObject) -> None:
        """Take a piece."""
        for kind, piece in delta.items():
            if kind == "toolUse":
                self._input.append(str(as_object(piece).get("input") or ""))
            elif kind == "toolResult":
                held = self._block.setdefault(kind, {})
                held["content"] = _with_pieces(as_list(held.get("content")), as_objects(piece))
            elif kind == "image":
                _grow_image(self._block.setdefault(kind, {}), as_object(piece))
            else:
                self._block[kind] = _grown(self._block.get(kind), piece)

    def whole(self) -> JSONObject:
        """The block, now that nothing more of it comes."""
        if self._input:
            self._block["toolUse"]["input"] = _value("".join(self._input))
        return self._block


def _with_pieces(content: list[Any], pieces: list[JSONObject]) -> list[Any]:
    """Content of a result with what follows; pieces of a text are one text."""
    for piece in pieces:
        last, text = as_object(content[-1]) if content else {}, piece.get("text")
        if isinstance(text, str) and isinstance(last.get("text"), str):
            content[-1] = {**last, "text": last["text"] + text}
        else:
            content.append(piece)
    return content


def _grow_image(image: JSONObject, piece: JSONObject) -> None:
    data = as_object(piece.get("source")).get("bytes")
    before = as_object(image.get("source")).get("bytes")
    image.update(piece)
    if isinstance(data, str) and isinstance(before, str):
        image["source"] = {"bytes": base64.b64encode(_decoded(before) + _decoded(data)).decode()}


def _grown(held: Any, more: Any) -> Any:
    if isinstance(held, dict) and isinstance(more, dict):
        return {**held, **{name: _grown(held.get(name), value) for name, value in more.items()}}
    return held + more if type(held) is type(more) and isinstance(more, str | list) else more


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data)
    except binascii.Error as error:
        raise ConversionError("an image is not base64") from error


def _value(text: str) -> Any:
    """An input as a value; as text where it was cut off."""
    try:
        return _json.loads(text) if text else {}
    except ValueError:
        return text
