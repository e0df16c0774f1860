"""Files on their way to a provider: whatever the caller has, as a name, a type and blocks to read it in.

A file is measured when its request is made, and read when an attempt sends it. Nothing of it is held in memory but the
block under way, except what can be read only once: a pipe is read when the request is made.

- A path is opened by each attempt.
- A file object is read from where it stood when the request was made; one that stood at its end, as after writing, from
  its beginning. Each block is read with a seek before and after it, so that the caller finds the object where it was,
  and attempts and calls that share it do not disturb each other. Threads that share one do: give each its own.
- `io.BytesIO` is read as it was when the request was made, whatever is written to it afterwards.
- Of a file that has grown meanwhile, as many bytes are sent as were measured. One that has shrunk is an error.

Whatever goes wrong with a file is a `BadRequestError` that names it: a transport takes an `OSError` for the network's.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator
from inspect import iscoroutinefunction
from mimetypes import guess_type
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeAlias, cast

import attrs

from .errors import BadRequestError
from .http import RequestBody


class AsyncFile(Protocol):
    """A file object for async code around a plain one: FastAPI's `UploadFile`, `anyio.open_file`, `trio.open_file`."""

    async def read(self, size: int = -1, /) -> bytes: ...


FileContent: TypeAlias = str | os.PathLike[str] | bytes | IO[bytes] | AsyncFile
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
    field: str

    def blocks(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                yield from _measured(lambda offset, size: file.read(size), self.size)
        except (OSError, ValueError) as error:
            raise _unreadable(self.field, error) from error


@attrs.frozen
class _FileContent:
    file: IO[bytes]
    start: int
    size: int
    field: str

    def blocks(self) -> Iterator[bytes]:
        try:
            yield from _measured(self._read_at, self.size)
        except Exception as error:  # whatever it unpacks or decrypts has errors of its own
            raise _unreadable(f"{self.field} ({_name_of(self.file) or 'a file object'})", error) from error

    def _read_at(self, offset: int, size: int) -> bytes:
        place = self.file.tell()
        try:
            self.file.seek(self.start + offset)
            return _bytes_of(self.file.read(size))
        finally:
            self.file.seek(place)


@attrs.frozen
class _HeldContent:
    """What a file in memory held when it was given."""

    held: memoryview

    @property
    def size(self) -> int:
        return len(self.held)

    def blocks(self) -> Iterator[bytes]:
        for start in range(0, self.size, BLOCK_SIZE):
            yield bytes(self.held[start : start + BLOCK_SIZE])


def _measured(read: Callable[[int, int], bytes], size: int) -> Iterator[bytes]:
    """As many bytes as were measured, by a function of offset and number of bytes."""
    offset = 0
    while offset < size:
        block = read(offset, min(BLOCK_SIZE, size - offset))
        if not block:
            raise ValueError(f"it has become shorter: {offset} bytes in place of {size}")
        offset += len(block)
        yield block


class _NoFileError(Exception):
    """What was given cannot be a file; the message goes on behind the name of the field."""


def _unreadable(what: str, error: Exception) -> BadRequestError:
    lacking = isinstance(error, io.UnsupportedOperation)  # its text is the name of a method
    problem = f"it has no {error}, as if it was not opened for reading" if lacking else str(error) or repr(error)
    return BadRequestError(f"{what} cannot be read: {problem}")


def as_upload(file: FileInput, field: str, default_name: str) -> Upload:
    """What the caller gave as a file, ready to be sent; see the head of this module.

    Raises:
        BadRequestError: if it is no file, or there is none; the message names `field`.
    """
    if isinstance(file, Upload):
        return file
    name, content, media_type = _taken_apart(file, field)
    media_type = media_type or _text_of(content, "content_type")
    try:
        body, own_name = _opened(content, field)
    except _NoFileError as error:
        raise BadRequestError(f"{field} {error}") from None
    except Exception as error:  # whatever it unpacks or decrypts has errors of its own
        raise _unreadable(field, error) from error
    # Names of files may have bytes that are no text; a form has no place for them.
    name = (name or own_name or default_name).encode("utf-8", "replace").decode()
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


def _opened(content: Any, field: str) -> tuple[bytes | RequestBody, str | None]:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(cast("bytes", content)), None
    if isinstance(content, str | os.PathLike):
        path = Path(cast("str", content))
        return _at_path(path, field), path.name
    name = _name_of(content) or os.path.basename(_text_of(content, "filename") or "")
    file = _plain_file(content)
    return _from_file_object(file, field), name or _name_of(file)


def _at_path(path: Path, field: str) -> bytes | RequestBody:
    found = path.stat()
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(f"{path} is a directory")
    if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        raise ValueError(f"{path} is a device")
    if stat.S_ISREG(found.st_mode) and found.st_size:
        with path.open("rb"):
            return _PathContent(path, found.st_size, field)
    return path.read_bytes()  # a pipe, or a file of the kernel's, whose size nobody knows before


def _plain_file(content: Any) -> Any:
    """The file object itself, where one for async code is around it.

    Raises:
        _NoFileError: if there is none.
    """
    read = getattr(content, "read", None)
    if read is None:
        raise _NoFileError(f"must be a path, bytes or a binary file object, not {type(content).__name__}")
    if not iscoroutinefunction(read):
        return content
    for name in ("wrapped", "file"):  # anyio's and Trio's; Starlette's
        inner = getattr(content, name, None)
        if hasattr(inner, "read"):
            return inner
    raise _NoFileError(f"is a {type(content).__name__}, which only async code can read: pass `await file.read()`")


def _from_file_object(file: Any, field: str) -> bytes | RequestBody:
    if isinstance(file, io.BytesIO):
        held = memoryview(file.getvalue())
        return _HeldContent(held[_start(file.tell(), len(held)) :])
    if not (hasattr(file, "seekable") and file.seekable()):
        return _bytes_of(file.read())
    _bytes_of(file.read(0))
    place = file.tell()
    end = file.seek(0, os.SEEK_END)
    end = file.tell() if end is None else end  # as SpooledTemporaryFile did before Python 3.11
    file.seek(place)
    start = _start(place, end)
    return _FileContent(file, start, end - start, field)


def _start(place: int, end: int) -> int:
    return place if place < end else 0


def _bytes_of(content: object) -> bytes:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(cast("bytes", content))
    if isinstance(content, str):
        raise _NoFileError("must be opened in binary mode")
    getattr(content, "close", bool)()  # of a coroutine, which would be reported as never awaited
    raise _NoFileError(f"gives {type(content).__name__} in place of bytes when it is read")


def _text_of(content: Any, name: str) -> str | None:
    value = getattr(content, name, None)
    return value if isinstance(value, str) and value else None


def _name_of(file: Any) -> str | None:
    name = _text_of(file, "name")
    return os.path.basename(name) if name is not None else None


def _media_type(name: str) -> str:
    return _TYPES.get(os.path.splitext(name)[1].lower()) or guess_type(name)[0] or _UNKNOWN_TYPE
