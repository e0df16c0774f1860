"""Files on their way to a provider: whatever the caller has, as a name, a type and blocks to read it in."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from mimetypes import guess_type
from pathlib import Path
from typing import IO, Any, Final, TypeAlias, cast

import attrs

from .errors import BadRequestError
from .http import RequestBody

FileContent: TypeAlias = str | os.PathLike[str] | bytes | IO[bytes]
"""A path, the bytes themselves, or a binary file object, which is read from where it stands."""
FileInput: TypeAlias = FileContent | tuple[str, FileContent] | tuple[str, FileContent, str]
"""A file's content, or (name, content), or (name, content, media type)."""

BLOCK_SIZE: Final = 65_536
"""Bytes that are read from a file at a time."""
_UNKNOWN_TYPE: Final = "application/octet-stream"
_TYPES: Final = {
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
    ".webp": "image/webp",
}
"""Types that `mimetypes` does not know everywhere, or calls by other names than providers do."""


@attrs.frozen
class Upload:
    """One file. Its content can be read more than once, for every attempt from its beginning."""

    name: str
    content: bytes | RequestBody = attrs.field(repr=False)
    media_type: str

    @property
    def size(self) -> int:
        """Length of the content in bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    def read(self) -> bytes:
        """All of the content, for wires that carry files inside of JSON."""
        return self.content if isinstance(self.content, bytes) else b"".join(self.content.blocks())


@attrs.frozen
class _PathContent:
    path: Path
    size: int

    def blocks(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            yield from _blocks(file)


@attrs.frozen
class _FileContent:
    file: IO[bytes]
    start: int
    size: int

    def blocks(self) -> Iterator[bytes]:
        self.file.seek(self.start)
        yield from _blocks(self.file)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK_SIZE):
        yield block


def as_upload(file: FileInput, field: str, default_name: str) -> Upload:
    """What the caller gave as a file, ready to be sent.

    A path is opened when it is sent, a file object stays the caller's. One that cannot be rewound is read at once.

    Raises:
        BadRequestError: if it is no file, or there is none; the message names `field`.
    """
    if isinstance(file, Upload):
        return file
    name, content, media_type = _taken_apart(file, field)
    try:
        body, own_name = _opened(content)
    except (OSError, ValueError) as error:
        raise BadRequestError(f"{field} cannot be read: {error}") from error
    except TypeError as error:
        raise BadRequestError(f"{field} {error}") from None
    name = name or own_name or default_name
    return Upload(name, body, media_type or _media_type(name))


def _taken_apart(file: FileInput, field: str) -> tuple[str | None, Any, str | None]:
    if not isinstance(file, tuple):
        return None, file, None
    match file:
        case (str() | None as name, content):
            return name, content, None
        case (str() | None as name, content, str() | None as media_type, *_):
            return name, content, media_type
        case _:
            raise BadRequestError(f"{field} must be (name, content) or (name, content, media type)")


def _opened(content: Any) -> tuple[bytes | RequestBody, str | None]:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(cast("bytes", content)), None
    if isinstance(content, str | os.PathLike):
        path = Path(cast("str", content))
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a directory")
        return _PathContent(path, path.stat().st_size), path.name
    if not hasattr(content, "read"):
        raise TypeError(f"must be a path, bytes or a binary file object, not {type(content).__name__}")
    return _from_file_object(content), _name_of(content)


def _from_file_object(file: IO[bytes]) -> bytes | RequestBody:
    if isinstance(file, io.TextIOBase):
        raise TypeError("must be opened in binary mode")
    if not (hasattr(file, "seekable") and file.seekable()):
        return file.read()
    start = file.tell()
    size = file.seek(0, os.SEEK_END) - start
    file.seek(start)
    return _FileContent(file, start, size)


def _name_of(file: IO[bytes]) -> str | None:
    name = getattr(file, "name", None)
    return os.path.basename(name) if isinstance(name, str) else None


def _media_type(name: str) -> str:
    return _TYPES.get(os.path.splitext(name)[1].lower()) or guess_type(name)[0] or _UNKNOWN_TYPE
