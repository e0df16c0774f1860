"""The body of a reply: its content coding undone (RFC 9110, 8.4.1), in pieces of bounded size, up to a limit.

Bytes wait as they came until somebody reads. A read decodes about a mebibyte at most, so that a small reply that stands
for a huge one costs no memory; the rest waits for the next read. The form of compression is chosen by the first two
bytes that come, and stays. `end` says whether compressed data is all there. Gateways that decompress what they hand on
forget to say so: text that is said to be gzip is text.
"""

from __future__ import annotations

import re
import zlib

from . import ReplyError

ACCEPTED = "gzip, deflate"
"""What to send as Accept-Encoding. Decompressing costs 4 µs a kilobyte, and embeddings shrink to a half."""
_PIECE_SIZE = 1_048_576
_GZIP_OR_ZLIB = 47
_RAW_DEFLATE = -15
_GZIP_MAGIC = b"\x1f\x8b"
_TEXT = re.compile(rb"(\xef\xbb|[\t\r\n -~]{2})")
"""How text begins."""
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_PLAIN = frozenset({"", "identity", "none", "utf-8", "utf8", "us-ascii", "iso-8859-1"})
"""What is no coding of the content, and servers send all the same: `none`, and the names of character sets."""


def check_size(size: int, limit: int) -> None:
    """Raises `ReplyError` for a body that is longer than it may be."""
    if size > limit:
        raise ReplyError(f"the reply is longer than {limit} bytes")


class Body:
    """One body. Feed it what arrives; read until there is nothing; in the end, `end` it.

    Args:
        coding: the value of Content-Encoding, empty if there is none.
        limit: how many bytes it may have, decoded.
    """

    __slots__ = ("_inflater", "_limit", "_pending", "_size", "_unknown")

    def __init__(self, coding: str, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pending: list[bytes] = []
        codings = [name for one in coding.lower().split(",") if (name := one.strip()) not in _PLAIN]
        is_known = not codings or (len(codings) == 1 and codings[0] in _COMPRESSED)
        self._inflater = _Inflater(is_gzip=codings != ["deflate"]) if codings and is_known else None
        self._unknown = None if is_known else ", ".join(codings)

    def feed(self, data: bytes) -> None:
        """Add bytes as they came."""
        self._pending.append(data)

    def read(self) -> bytes:
        """What has been fed, decoded: all of it, or about a mebibyte; `b""` if more has to be fed first.

        Raises:
            ReplyError: if it cannot be decoded, or is too long.
        """
        if self._unknown is not None:
            message = f"the reply has the content-encoding {self._unknown!r}, which was not asked for"
            raise ReplyError(message, lasting=True)
        data = b"".join(self._pending)
        self._pending.clear()
        if self._inflater is not None:
            data = self._inflater.inflate(data)
        self._size += len(data)
        check_size(self._size, self._limit)
        return data

    def end(self) -> None:
        """Check that nothing is missing, once everything has been read.

        Raises:
            ReplyError: if compressed data breaks off.
        """
        if self._inflater is not None and not self._inflater.is_complete:
            raise ReplyError("the compressed body of the reply is cut off")


class _Inflater:
    __slots__ = ("_has_members", "_is_begun", "_is_chosen", "_is_gzip", "_is_text", "_rest", "_zlib")

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._is_text = False
        self._rest = b""
        """What has not been decompressed yet."""
        self._is_begun = False
        self._is_chosen = False
        self._has_members = False
        """Whether another member of gzip may follow the end of one (RFC 1952, 2.2)."""
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)

    def inflate(self, data: bytes) -> bytes:
        """Decompress a piece of limited size; the rest waits for the next call. What follows the end is ignored."""
        self._rest += data
        self._is_begun = self._is_begun or bool(data)
        if not self._is_chosen and not self._choose():
            return b""
        if self._is_text:
            piece, self._rest = self._rest, b""
            return piece
        pieces: list[bytes] = []
        room = _PIECE_SIZE
        while room and (not self._zlib.eof or self._begin_member()):
            piece = self._decompress(room)
            pieces.append(piece)
            room -= len(piece)
            if not (piece or self._zlib.eof):
                break
        return b"".join(pieces)

    def _decompress(self, room: int) -> bytes:
        try:
            piece = self._zlib.decompress(self._rest, room)
        except zlib.error as exc:
            raise ReplyError(f"the body of the reply cannot be decompressed: {exc}") from exc
        self._rest = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
        return piece

    @property
    def is_complete(self) -> bool:
        """Whether the data came to its end, or never began."""
        return self._zlib.eof or self._is_text or not self._is_begun

    def _choose(self) -> bool:
        """Choose how to decompress, by the first two bytes; False if these have not come yet.

        Some servers send deflate without the zlib frame that the RFC asks for, and some call plain text gzip.
        """
        if len(self._rest) < 2:
            return False
        self._is_chosen = True
        self._has_members = self._rest.startswith(_GZIP_MAGIC)
        is_zlib = self._rest[0] & 0x0F == 8 and int.from_bytes(self._rest[:2]) % 31 == 0  # RFC 1950, 2.2
        if not (self._has_members or is_zlib):
            self._is_text = self._is_gzip and _TEXT.match(self._rest) is not None
            self._zlib = zlib.decompressobj(_RAW_DEFLATE)
        return True

    def _begin_member(self) -> bool:
        """Whether another member follows the one that has ended, as far as is known."""
        if self._has_members and _GZIP_MAGIC.startswith(self._rest[:2]) and len(self._rest) < 2:
            return False
        self._has_members = self._has_members and self._rest.startswith(_GZIP_MAGIC)
        if self._has_members:
            self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
        else:
            self._rest = b""
        return self._has_members
