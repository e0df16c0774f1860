"""AWS event streams (`application/vnd.amazon.eventstream`): a feed/close decoder.

A message is: its length and that of its headers (4 bytes each, big-endian), the CRC-32 of these 8 bytes, the headers,
the payload, and the CRC-32 of all before it. The first checksum is verified before the rest is waited for, so that a
broken length is never believed.

Source: AWS, "Event stream encoding" (Amazon Transcribe and Lex developer guides) and the Smithy specification "Amazon
Event Stream", limits included, 2026-11.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID
from zlib import crc32

import attrs

from .._convert import json as _json
from .frames import FrameCut, FrameTooLarge, FramingError

HeaderValue: TypeAlias = bool | int | bytes | str | datetime | UUID

MAX_PAYLOAD: Final = 25_165_824
MAX_HEADERS: Final = 131_072
_PRELUDE: Final = struct.Struct(">III")
_OVERHEAD: Final = _PRELUDE.size + 4
_NUMBERS: Final = {2: struct.Struct(">b"), 3: struct.Struct(">h"), 4: struct.Struct(">i"), 5: struct.Struct(">q")}
_BYTES, _TEXT, _TIMESTAMP, _UUID = 6, 7, 8, 9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FAILURES: Final = {"exception": ":exception-type", "error": ":error-code"}


@attrs.frozen
class EventMessage:
    """One message."""

    headers: Mapping[str, HeaderValue]
    payload: bytes

    @property
    def event_type(self) -> str:
        """Which event it is; empty for what is none."""
        return self._text(":event-type")

    @property
    def error(self) -> dict[str, Any] | None:
        """The error that the message is, as `{"code": ..., "message": ...}` and what its payload says; else None.

        An exception is one of the service's own, told in the payload; an error is one of the stream, told in headers.
        """
        kind = _FAILURES.get(self._text(":message-type"))
        if kind is None:
            return None
        try:
            told = _json.loads(self.payload)
        except ValueError:
            told = {"message": self._text(":error-message") or self.payload.decode("utf-8", "replace")}
        fields: dict[str, Any] = told if isinstance(told, dict) else {"message": told}
        return {**fields, "code": self._text(kind)}

    def _text(self, name: str) -> str:
        value = self.headers.get(name)
        return value if isinstance(value, str) else ""


class EventStreamDecoder:
    """Splits a byte stream into messages, whatever the pieces."""

    name: Final = "messages of an AWS event stream"

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self.failure: FramingError | None = None
        self._max_size = max_payload + MAX_HEADERS + _OVERHEAD
        self._rest = bytearray()

    def may_begin(self, opening: bytes) -> bool:
        """Whether an event stream can begin like this. The first byte of a length is 0 or 1."""
        if len(opening) < _PRELUDE.size:
            return opening[:1] in (b"", b"\x00", b"\x01")
        return crc32(opening[:8]) == int.from_bytes(opening[8 : _PRELUDE.size], "big")

    def feed(self, data: bytes) -> list[EventMessage]:
        """The messages that this piece completes. What breaks the format, or its limits, is a `failure`."""
        messages: list[EventMessage] = []
        if self.failure is not None:
            return messages
        self._rest += data
        at = 0
        try:
            while size := self._size(at):
                messages.append(_message(bytes(self._rest[at : at + size])))
                at += size
        except FramingError as error:
            self.failure = error
        del self._rest[:at]
        return messages

    def close(self) -> list[EventMessage]:
        """Nothing: every message says where it ends. Bytes of an unfinished one are a `failure`."""
        if self._rest and self.failure is None:
            self.failure = FrameCut("the body ended inside a message")
        return []

    def _size(self, at: int) -> int:
        """The length of the message there, once it is there as a whole; else 0."""
        if len(self._rest) - at < _PRELUDE.size:
            return 0
        size, headers, checksum = _PRELUDE.unpack_from(self._rest, at)
        if crc32(self._rest[at : at + 8]) != checksum:
            raise FramingError("a prelude does not have the checksum that it says")
        if size > self._max_size or headers > MAX_HEADERS:
            raise FrameTooLarge(f"a message of {size} bytes, {headers} of them headers")
        if size < headers + _OVERHEAD:
            raise FramingError(f"{headers} bytes of headers in a message of {size}")
        return size if len(self._rest) - at >= size else 0


def _message(data: bytes) -> EventMessage:
    _, headers, _ = _PRELUDE.unpack_from(data)
    if crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        raise FramingError("a message does not have the checksum that it says")
    end = _PRELUDE.size + headers
    return EventMessage(_headers(data[_PRELUDE.size : end]), data[end:-4])


def _headers(data: bytes) -> dict[str, HeaderValue]:
    found: dict[str, HeaderValue] = {}
    at = 0
    try:
        while at < len(data):
            name, at = _sized(data, at, 1)
            kind, at = data[at], at + 1
            value, at = _value(kind, data, at)
            if name.decode() in found:
                raise FramingError(f"the header {name.decode()!r} twice")
            found[name.decode()] = value
    except (IndexError, struct.error, UnicodeDecodeError, OverflowError) as error:
        raise FramingError(f"malformed headers: {error}") from None
    return found


def _value(kind: int, data: bytes, at: int) -> tuple[HeaderValue, int]:
    """A value of a kind, and where the next header begins."""
    if kind in (0, 1):
        return kind == 0, at
    if kind in _NUMBERS:
        (number,) = _NUMBERS[kind].unpack_from(data, at)
        return number, at + _NUMBERS[kind].size
    if kind in (_BYTES, _TEXT):
        raw, at = _sized(data, at, 2)
        return raw.decode() if kind == _TEXT else raw, at
    if kind == _TIMESTAMP:
        (milliseconds,) = _NUMBERS[5].unpack_from(data, at)
        return _EPOCH + timedelta(milliseconds=milliseconds), at + 8
    if kind == _UUID and len(data) >= at + 16:
        return UUID(bytes=data[at : at + 16]), at + 16
    raise FramingError(f"a header of the unknown kind {kind}, or cut short")


def _sized(data: bytes, at: int, width: int) -> tuple[bytes, int]:
    """Bytes behind their length, and where they end."""
    begin = at + width
    size = int.from_bytes(data[at:begin], "big")
    if begin + size > len(data):
        raise IndexError("they end inside one")
    return data[begin : begin + size], begin + size
