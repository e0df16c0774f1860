"""Parts of a message as Converse's content blocks.

Blocks in Converse's own shape, such as `{"guardContent": ...}` and `{"cachePoint": ...}`, are sent as they are.

Source: Amazon Bedrock API reference, "ContentBlock" and its members, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ..._convert.narrow import a_list, as_mapping, is_object
from ..._types.errors import BadRequestError

Block = dict[str, Any]
_OWN: Final = frozenset(
    {
        "audio",
        "cachePoint",
        "citationsContent",
        "document",
        "guardContent",
        "image",
        "reasoningContent",
        "searchResult",
        "text",
        "toolResult",
        "toolUse",
        "video",
    }
)
_DATA_URL: Final = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]*)*;base64,(?P<data>.*)", re.DOTALL)
_FORMATS: Final[Mapping[str, str]] = {
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "image/jpg": "jpeg",
    "text/markdown": "md",
    "text/plain": "txt",
    "video/3gpp": "three_gp",
    "video/quicktime": "mov",
    "video/x-flv": "flv",
    "video/x-matroska": "mkv",
    "video/x-ms-wmv": "wmv",
}
"""Formats of media types whose second half is not their name."""
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9\-()\[\] ]+")
_MOST_OF_A_NAME: Final = 200


def blocks_of(content: object, where: str) -> list[Block]:
    """The blocks of a message's content; blank texts, which Bedrock refuses, are left out.

    Raises:
        BadRequestError: for a part that the wire cannot carry; the message names its place.
    """
    if isinstance(content, str):
        return [{"text": content}] if content.strip() else []
    return [block for place, part in a_list(content, where) for block in _blocks(part, place)]


def cache_point(holder: Mapping[str, Any]) -> Iterator[Block]:
    """The mark behind a part, or a tool, that says `cache_control`."""
    mark = holder.get("cache_control")
    if mark is not None:
        lasts = as_mapping(mark).get("ttl")
        yield {"cachePoint": {"type": "default", **({} if lasts is None else {"ttl": lasts})}}


def _blocks(part: object, where: str) -> Iterator[Block]:
    if isinstance(part, str):
        part = {"type": "text", "text": part}
    if not is_object(part):
        raise BadRequestError(f"{where} must be an object, not {type(part).__name__}")
    kind = part.get("type")
    if kind is None and len(part) == 1 and _OWN.issuperset(part):
        yield dict(part)
        return
    reader = _READERS.get(str(kind))
    if reader is None and isinstance(part.get("text"), str):
        reader = _text
    if reader is None:
        raise BadRequestError(f"{where}: Bedrock has no content of type {kind!r}")
    block = reader(part, where)
    if block is not None:
        yield block
        yield from cache_point(part)


def _text(part: Mapping[str, Any], _: str) -> Block | None:
    text = part.get("text")
    return {"text": text} if isinstance(text, str) and text.strip() else None


def _guarded(part: Mapping[str, Any], _: str) -> Block:
    return {"guardContent": {"text": {"text": part.get("text", "")}}}


def _image(part: Mapping[str, Any], where: str) -> Block:
    format_, source = _source(_address(part.get("image_url")), where)
    return {"image": {"format": format_, "source": source}}


def _video(part: Mapping[str, Any], where: str) -> Block:
    format_, source = _source(_address(part.get("video_url")), where)
    return {"video": {"format": format_, "source": source}}


def _sound(part: Mapping[str, Any], where: str) -> Block:
    told = as_mapping(part.get("input_audio"))
    if not isinstance(told.get("data"), str) or not isinstance(told.get("format"), str):
        raise BadRequestError(f"{where}.input_audio needs data, in base64, and format")
    return {"audio": {"format": told["format"], "source": {"bytes": told["data"]}}}


def _file(part: Mapping[str, Any], where: str) -> Block:
    file = as_mapping(part.get("file"))
    data = file.get("file_data") or file.get("file_id") or file.get("file_url")
    if not isinstance(data, str):
        raise BadRequestError(f"{where}.file needs file_data, as a data URL, or the address of an object in S3")
    name = str(file.get("filename") or "document")
    format_, source = _source(data, where, name)
    title = _NO_NAME.sub(" ", name.rpartition(".")[0] or name).strip()[:_MOST_OF_A_NAME]
    document: Block = {"format": format_, "name": title or "document", "source": source}
    if (citations := part.get("citations") or file.get("citations")) is not None:
        document["citations"] = citations
    return {"document": document}


def _refused(part: Mapping[str, Any], where: str) -> Block | None:
    return _text({"text": part.get("refusal")}, where)


def _nothing(_: Mapping[str, Any], __: str) -> None:
    """Parts that the model's own messages have in other fields as well."""
    return


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Block | None]]] = {
    "file": _file,
    "guarded_text": _guarded,
    "image_url": _image,
    "input_audio": _sound,
    "input_text": _text,
    "output_text": _text,
    "redacted_thinking": _nothing,
    "refusal": _refused,
    "text": _text,
    "thinking": _nothing,
    "video_url": _video,
}


def _address(value: object) -> object:
    return value.get("url") if is_object(value) else value


def _source(url: object, where: str, name: str = "") -> tuple[str, Block]:
    """The format and the source of what stands at an address."""
    if isinstance(url, str) and url.startswith("s3://"):
        return _ending(url, where), {"s3Location": {"uri": url}}
    found = _DATA_URL.fullmatch(url) if isinstance(url, str) else None
    if found is None:
        raise BadRequestError(f"{where}: Bedrock takes data URLs in base64 and s3:// addresses, and fetches no other")
    media_type = found["type"].lower()
    format_ = _FORMATS.get(media_type) or media_type.rpartition("/")[2]
    if not format_ or format_ == "octet-stream":
        format_ = _ending(name, where)
    return format_, {"bytes": found["data"]}


def _ending(name: str, where: str) -> str:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if not ending:
        raise BadRequestError(f"{where}: the format is not known: give a media type, or a name with an ending")
    return {"jpg": "jpeg", "3gp": "three_gp", "htm": "html"}.get(ending, ending)
