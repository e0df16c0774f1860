"""The body of a reply: its content coding undone (RFC 9110, 8.4.1), in pieces of bounded size, up to a limit."""

from __future__ import annotations

import zlib

from . import ReplyError

ACCEPTED = "gzip, deflate"
"""What to send as Accept-Encoding. Decompressing costs 4 µs a kilobyte, and embeddings shrink to a half."""
_PIECE_SIZE = 1_048_576
_GZIP_OR_ZLIB = 47
_RAW_DEFLATE = -15
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_PLAIN = frozenset({"", "identity"})


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
        coding = coding.strip().lower()
        self._inflater = _Inflater() if coding in _COMPRESSED else None
        self._unknown = None if coding in _COMPRESSED | _PLAIN else coding

    def feed(self, data: bytes) -> None:
        """Add bytes as they came."""
        self._pending.append(data)

    def read(self) -> bytes:
        """What has been fed, decoded: all of it, or about a mebibyte; `b""` if more has to be fed first.

        Raises:
            ReplyError: if it cannot be decoded, or is too long.
        """
        if self._unknown is not None:
            raise ReplyError(f"the reply has the content-encoding {self._unknown!r}, which was not asked for")
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
    __slots__ = ("_first", "_is_chosen", "_zlib")

    def __init__(self) -> None:
        self._first = b""
        self._is_chosen = False
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)

    def inflate(self, data: bytes) -> bytes:
        """Decompress a piece of limited size; the rest waits for the next call. Data after the end is ignored."""
        if not self._is_chosen:
            data = self._first = self._first + data
            if len(data) < 2:
                return b""
            self._choose()
        if self._zlib.eof:
            return b""
        try:
            return self._zlib.decompress(self._zlib.unconsumed_tail + data, _PIECE_SIZE)
        except zlib.error as exc:
            raise ReplyError(f"the body of the reply cannot be decompressed: {exc}") from exc

    @property
    def is_complete(self) -> bool:
        """Whether the data came to its end, or never began."""
        return self._zlib.eof or not self._first

    def _choose(self) -> None:
        """Some servers send deflate without the zlib frame that the RFC asks for."""
        self._is_chosen = True
        is_gzip = self._first.startswith(b"\x1f\x8b")
        is_zlib = self._first[0] & 0x0F == 8 and int.from_bytes(self._first[:2]) % 31 == 0  # RFC 1950, 2.2
        if not (is_gzip or is_zlib):
            self._zlib = zlib.decompressobj(_RAW_DEFLATE)
