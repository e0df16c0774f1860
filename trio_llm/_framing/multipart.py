"""`multipart/form-data` as a request body (RFC 7578, RFC 2046 section 5.1): fields and files, in bounded memory.

Pure: the boundary is an argument. It has to be one that nobody who writes a file's content can guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import attrs

from .._types.http import RequestBody

_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,./:=?-]{1,70}")
"""RFC 2046, 5.1.1, without the space."""
# As browsers do ("Multipart form data" of the HTML standard): RFC 7578 forbids the older encodings.
_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


@attrs.frozen
class FormField:
    """One field of a form; with a file name it is a file."""

    name: str
    content: bytes | RequestBody
    file_name: str | None = None
    media_type: str | None = None

    @property
    def size(self) -> int:
        """Length of the content in bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size

    def blocks(self) -> Iterable[bytes]:
        """The content in pieces, from its beginning."""
        return [self.content] if isinstance(self.content, bytes) else self.content.blocks()

    def head(self) -> bytes:
        """Its header lines."""
        disposition = f'form-data; name="{self.name.translate(_ESCAPES)}"'
        if self.file_name is not None:
            disposition += f'; filename="{self.file_name.translate(_ESCAPES)}"'
        lines = [f"Content-Disposition: {disposition}"]
        if self.media_type is not None:
            lines.append(f"Content-Type: {self.media_type}")
        return "\r\n".join([*lines, "\r\n"]).encode()


def text_part(name: str, value: str | float) -> FormField:
    """A plain field; true and false are written in lower case, as in JSON."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return FormField(name, text.encode())


@attrs.frozen
class MultipartBody:
    """A `RequestBody` of parts. Their contents are read when they are sent, and again for every attempt."""

    parts: Sequence[FormField]
    boundary: str

    def __attrs_post_init__(self) -> None:
        if not _BOUNDARY.fullmatch(self.boundary):
            raise ValueError(f"not a boundary: {self.boundary!r}")
        for part in self.parts:
            if part.media_type is not None and not (part.media_type.isascii() and part.media_type.isprintable()):
                raise ValueError(f"not a media type: {part.media_type!r}")

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        return f'multipart/form-data; boundary="{self.boundary}"'

    @property
    def size(self) -> int:
        """Length in bytes."""
        overhead = len(self._opening) + len(b"\r\n")
        return sum(overhead + len(part.head()) + part.size for part in self.parts) + len(self._end)

    def blocks(self) -> Iterator[bytes]:
        """The body from its beginning, in pieces."""
        for part in self.parts:
            yield self._opening + part.head()
            yield from part.blocks()
            yield b"\r\n"
        yield self._end

    @property
    def _opening(self) -> bytes:
        return f"--{self.boundary}\r\n".encode()

    @property
    def _end(self) -> bytes:
        return f"--{self.boundary}--\r\n".encode()
