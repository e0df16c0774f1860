"""Content parts of messages as content blocks.

Source: Anthropic API reference, "Create a Message" (input content blocks), "Vision", "PDF support" and "Files API",
2026-11.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from ..._convert.narrow import a_list, an_object
from ..._types.errors import BadRequestError, UnsupportedParamsError

Block = dict[str, Any]
Part = Mapping[str, Any]

_IMAGE_TYPES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_WEB: Final = ("https://", "http://")
_OWN_BLOCKS: Final = frozenset(
    {"image", "document", "search_result", "tool_reference", "container_upload", "thinking", "redacted_thinking"}
)
"""Anthropic's own kinds of block, which a caller may write as they are."""


def blocks_of(content: object, where: str) -> list[Block]:
    """The blocks of a message's `content`: a text, a list of parts, or nothing.

    Texts without a visible character are left out, as the provider refuses them. `where` names the message in
    errors.

    Raises:
        UnsupportedParamsError: for a part that the wire cannot express, such as sound.
        BadRequestError: for a part that is malformed.
    """
    if isinstance(content, str):
        return list(_text({"text": content}, where))
    return [block for place, part in a_list(content, f"{where}.content") for block in _block(part, place)]


def _block(part: object, where: str) -> Iterable[Block]:
    if isinstance(part, str):
        return _text({"text": part}, where)
    fields = an_object(part, where)
    kind = str(fields.get("type"))
    if kind in _OWN_BLOCKS:
        return [dict(fields)]
    if kind not in _BUILDERS:
        raise BadRequestError(f"{where} has a type that is not known: {kind}")
    blocks = list(_BUILDERS[kind](fields, where))
    if blocks and (mark := cache_mark(fields)):
        blocks[-1]["cache_control"] = mark
    return blocks


def cache_mark(holder: Part) -> Any:
    """The mark that the cache reaches to the end of this: Anthropic's own, or OpenAI's word for the same."""
    return holder.get("cache_control") or ({"type": "ephemeral"} if holder.get("prompt_cache_breakpoint") else None)


def _text(part: Part, where: str) -> Iterable[Block]:
    text = part.get("text", part.get("refusal"))
    if not isinstance(text, str):
        raise BadRequestError(f"{where} has no text")
    block: Block = {"type": "text", "text": text}
    if part.get("citations"):
        block["citations"] = part["citations"]
    return [block] if text.strip() else []


def _image(part: Part, where: str) -> Iterable[Block]:
    """An image by address or as data. `detail` has no counterpart: the provider scales images by itself."""
    image = part.get("image_url")
    url = image if isinstance(image, str) else an_object(image, f"{where}.image_url").get("url")
    if not isinstance(url, str):
        raise BadRequestError(f"{where}.image_url has no url")
    if url.startswith(_WEB):
        return [{"type": "image", "source": {"type": "url", "url": url}}]
    if not url.startswith("data:"):
        raise UnsupportedParamsError(f"{where}: an image can be given by an http(s) or data URL, not {url[:40]!r}")
    return [_data_block(*_split_data_url(url, where), where)]


def _file(part: Part, where: str) -> Iterable[Block]:
    """A document: inline, by address, or by the id that the provider's own Files API gave it."""
    file = an_object(part.get("file"), f"{where}.file")
    identifier, data = file.get("file_id"), file.get("file_data")
    if isinstance(data, str):
        block = _file_block(data, file, where)
    elif isinstance(identifier, str):
        block = _stored_file(identifier, where)
    else:
        raise BadRequestError(f"{where}.file has neither file_data nor file_id")
    if block["type"] == "document" and file.get("filename"):
        block["title"] = file["filename"]
    return [block]


def _stored_file(identifier: str, where: str) -> Block:
    if identifier.startswith(_WEB):
        return {"type": "document", "source": {"type": "url", "url": identifier}}
    if identifier.startswith("file-"):  # Anthropic's own begin with "file_"
        raise UnsupportedParamsError(f"{where}: cannot express file {identifier!r}: it is a file of OpenAI's")
    return {"type": "document", "source": {"type": "file", "file_id": identifier}}


def _file_block(data: str, file: Part, where: str) -> Block:
    if data.startswith(_WEB):
        return {"type": "document", "source": {"type": "url", "url": data}}
    if data.startswith("data:"):
        return _data_block(*_split_data_url(data, where), where)
    is_text = str(file.get("filename")).endswith((".txt", ".md"))
    return _data_block("text/plain" if is_text else "application/pdf", _decoded(data, where), where)


def _data_block(media_type: str, data: bytes, where: str) -> Block:
    if media_type.startswith("text/"):
        text = data.decode("utf-8", "replace")
        return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}}
    source = {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}
    if media_type == "application/pdf":
        return {"type": "document", "source": source}
    if media_type in _IMAGE_TYPES:
        return {"type": "image", "source": source}
    raise UnsupportedParamsError(f"{where}: cannot express an image or file of type {media_type!r}")


def _split_data_url(url: str, where: str) -> tuple[str, bytes]:
    """Media type and bytes of a data URL (RFC 2397)."""
    head, comma, data = url.removeprefix("data:").partition(",")
    if not comma:
        raise BadRequestError(f"{where}: a data URL without data")
    media_type, *options = head.lower().split(";")
    media_type = {"": "text/plain", "image/jpg": "image/jpeg"}.get(media_type, media_type)
    return media_type, _decoded(data, where) if "base64" in options else unquote_to_bytes(data)


def _decoded(data: str, where: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"{where}: data that is no base64: {error}") from error


def _inexpressible(part: Part, where: str) -> Iterable[Block]:
    raise UnsupportedParamsError(f"{where}: cannot express {part['type']}")


_BUILDERS: Final[Mapping[str, Callable[[Part, str], Iterable[Block]]]] = {
    "text": _text,
    "refusal": _text,
    "image_url": _image,
    "file": _file,
    "input_audio": _inexpressible,
    "video_url": _inexpressible,
}
