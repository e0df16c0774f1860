"""Content codings (RFC 9110, 8.4.1): gzip and deflate, in pieces of bounded size."""

from __future__ import annotations

import zlib

_PIECE_SIZE = 1_048_576
_GZIP_OR_ZLIB = 47
_RAW_DEFLATE = -15
_CODINGS = frozenset({"gzip", "x-gzip", "deflate"})


def open_decoder(coding: str) -> ContentDecoder | None:
    """A decoder for the value of Content-Encoding; None if the body is sent as it is.

    Raises:
        ValueError: if the coding is not one that was asked for.
    """
    coding = coding.strip().lower()
    if coding in {"", "identity"}:
        return None
    if coding not in _CODINGS:
        raise ValueError(f"unknown content-encoding {coding!r}")
    return ContentDecoder()


class ContentDecoder:
    """Decompresses one body. Feed it what arrives, then read until there is nothing."""

    __slots__ = ("_pending", "_started", "_zlib")

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._pending = b""
        self._started = False

    def feed(self, data: bytes) -> None:
        """Add compressed bytes."""
        self._pending += data

    def read(self) -> bytes:
        """Up to a mebibyte of what has been fed, decompressed; `b""` if more has to be fed first.

        Bytes after the end of the compressed data are ignored.

        Raises:
            zlib.error: if it is not gzip or deflate.
        """
        data, self._pending = self._zlib.unconsumed_tail + self._pending, b""
        if self._zlib.eof or not (data or self._started):
            return b""
        try:
            piece = self._zlib.decompress(data, _PIECE_SIZE)
        except zlib.error:
            if self._started:
                raise
            # Some servers send deflate without the zlib frame that the RFC asks for.
            self._zlib = zlib.decompressobj(_RAW_DEFLATE)
            piece = self._zlib.decompress(data, _PIECE_SIZE)
        self._started = True
        return piece

    @property
    def is_complete(self) -> bool:
        """Whether the compressed data came to its end, or never began."""
        return self._zlib.eof or not self._started
