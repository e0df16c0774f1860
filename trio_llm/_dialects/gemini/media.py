"""Images, audio, video and files of a message as Gemini's parts: bytes in place, or an address.

Source: Gemini API guides "Image understanding", "Audio understanding", "Video understanding", "Document
understanding" and "Files API"; reference, "Blob" and "FileData"; 2026-11.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from ..._convert.narrow import is_object
from ..._types.errors import BadRequestError

Part = dict[str, Any]

# An own table, as the standard library's depends on the machine.
_MIME_TYPES: Final[Mapping[str, str]] = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
    "heic": "image/heic", "heif": "image/heif", "avif": "image/avif", "bmp": "image/bmp",
    "wav": "audio/wav", "mp3": "audio/mp3", "aiff": "audio/aiff", "aac": "audio/aac", "ogg": "audio/ogg",
    "flac": "audio/flac", "m4a": "audio/m4a", "opus": "audio/opus",
    "mp4": "video/mp4", "mpeg": "video/mpeg", "mpg": "video/mpg", "mov": "video/mov", "avi": "video/avi",
    "flv": "video/x-flv", "webm": "video/webm", "wmv": "video/wmv", "3gp": "video/3gpp",
    "pdf": "application/pdf", "json": "application/json", "txt": "text/plain", "md": "text/markdown",
    "html": "text/html", "css": "text/css", "csv": "text/csv", "xml": "text/xml", "rtf": "text/rtf",
    "js": "text/javascript", "py": "text/x-python",
}  # fmt: skip
_OTHER_NAMES: Final[Mapping[str, str]] = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"}
"""Names that browsers and programs give to media types, which the service does not know."""
_FILES_HOST = "generativelanguage.googleapis.com"
_TYPED_BY_THE_SERVICE: Final = (_FILES_HOST, "www.youtube.com", "youtube.com", "youtu.be")
"""Hosts whose addresses need no media type: uploaded files and videos, of which the service knows it."""
_UPLOADED = "files/"
_RESOLUTIONS: Final[Mapping[str, str]] = {"low": "MEDIA_RESOLUTION_LOW", "high": "MEDIA_RESOLUTION_HIGH"}


def media_part(part: Mapping[str, Any], where: str) -> Part | None:
    """An OpenAI content part that is no text, or None if its type is unknown.

    Takes `image_url`, `audio_url`, `video_url`, `input_audio` and `file`; an address whose ending does not tell the
    media type needs it in `format`, beside the address.

    Raises:
        BadRequestError: if it is incomplete or its media type cannot be known; the message begins with `where`.
    """
    kind = part.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return None
    value: Any = part.get(str(kind))
    if isinstance(value, str):
        value = {"url": value}
    if not is_object(value):
        raise BadRequestError(f"{where}: a part of type {kind!r} needs the field {kind!r}")
    return reader(value, f"{where}.{kind}")


def resolution(part: Mapping[str, Any]) -> dict[str, str] | None:
    """The `detail` of an image as media resolution; None leaves it to the model."""
    image = part.get("image_url")
    detail = image.get("detail") if is_object(image) else None
    level = _RESOLUTIONS.get(detail) if isinstance(detail, str) else None
    return None if level is None else {"level": level}


def _by_address(value: Mapping[str, Any], where: str) -> Part:
    return _addressed(_text_of(value, "url", where), value.get("format"), where)


def _spoken(value: Mapping[str, Any], where: str) -> Part:
    data, name = _text_of(value, "data", where), _text_of(value, "format", where)
    return _inline(_MIME_TYPES.get(name, f"audio/{name}"), data)


def _file(value: Mapping[str, Any], where: str) -> Part:
    mime_type = value.get("format") or _guessed(value.get("filename") or "")
    if data := value.get("file_data"):
        if data.startswith("data:"):
            return _from_data_url(data, where)
        if mime_type is None:
            raise BadRequestError(f"{where}: file_data needs a data: URL, a filename with a known ending, or a format")
        return _inline(mime_type, data)
    file_id = _text_of(value, "file_id", where)
    if file_id.startswith(_UPLOADED):
        file_id = f"https://{_FILES_HOST}/v1beta/{file_id}"
    return _addressed(file_id, mime_type, where)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], str], Part]]] = {
    "image_url": _by_address,
    "audio_url": _by_address,
    "video_url": _by_address,
    "input_audio": _spoken,
    "file": _file,
}


def _text_of(value: Mapping[str, Any], name: str, where: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise BadRequestError(f"{where}.{name} is missing")
    return text


def _addressed(url: str, mime_type: str | None, where: str) -> Part:
    if url.startswith("data:"):
        return _from_data_url(url, where)
    address = urlsplit(url)
    if address.scheme not in ("gs", "https", "http"):
        raise BadRequestError(f"{where} must be a data:, gs: or https: address, not {url[:60]!r}")
    mime_type = mime_type or _guessed(address.path)
    if mime_type is None and address.hostname not in _TYPED_BY_THE_SERVICE:
        raise BadRequestError(f"{where}: the ending of {url[:60]!r} does not tell the media type; add format")
    return {"fileData": {"fileUri": url} | ({"mimeType": mime_type} if mime_type else {})}


def _from_data_url(url: str, where: str) -> Part:
    head, comma, data = url.removeprefix("data:").partition(",")
    mime_type, *options = head.split(";")
    if not comma or not mime_type:
        raise BadRequestError(f"{where} is not a data: URL with a media type: {url[:60]!r}")
    if "base64" not in options:  # RFC 2397: without the word the bytes are percent-encoded
        data = base64.b64encode(unquote_to_bytes(data)).decode()
    return _inline(mime_type, data)


def _inline(mime_type: str, data: str) -> Part:
    return {"inlineData": {"mimeType": _OTHER_NAMES.get(mime_type.lower(), mime_type), "data": data}}


def _guessed(path: str) -> str | None:
    return _MIME_TYPES.get(path.rpartition(".")[2].lower())
