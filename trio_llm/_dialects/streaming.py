"""The stream decoder of every dialect over server-sent events; the dialect brings the reading of one event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Generic, Protocol, TypeVar

from .._convert.converter import ConversionError
from .._framing.sse import EventTooLarge, ServerSentEvent, SSEDecoder
from .._types.errors import APIConnectionError, APIResponseValidationError
from .contract import ErrorDetail, ReplyIsError

ChunkT = TypeVar("ChunkT")
ChunkT_co = TypeVar("ChunkT_co", covariant=True)

_FIELDS: Final = (b":", b"data:", b"event:", b"id:", b"retry:")
_QUOTED: Final = 80
"""Characters that are quoted of a reply that is no stream."""
_MOST_BYTES: Final = 4
"""Bytes of one character of UTF-8, at most."""


class TruncatedReply(Exception):
    """The stream ended before the event that completes a reply."""


class EventReader(Protocol[ChunkT_co]):
    """A dialect's reading of one streamed reply, event by event.

    `read` and `close` may raise `ReplyIsError` for an error event and `ConversionError` for nonsense.
    """

    @property
    def finished(self) -> bool:
        """Whether the event after which nothing comes has been read."""

    def read(self, event: ServerSentEvent) -> Iterable[ChunkT_co]:
        """The chunks that an event amounts to."""

    def close(self) -> Iterable[ChunkT_co]:
        """The chunks held back until the end. Raises `TruncatedReply` if the reply was cut short."""


class SSEStreamDecoder(Generic[ChunkT]):
    """A `StreamDecoder`: framing, then the dialect's reader. An error is kept until asked for."""

    def __init__(self, reader: EventReader[ChunkT]) -> None:
        self._frames = SSEDecoder()
        self._reader = reader
        self._opening = b""
        self._has_events = False
        self.failure: ErrorDetail | None = None

    @property
    def finished(self) -> bool:
        """Whether the reply is complete."""
        return self._reader.finished

    def feed(self, data: bytes) -> list[ChunkT]:
        """The chunks that this piece completes."""
        chunks: list[ChunkT] = []
        if not self._has_events:
            self._keep_opening(data)
        try:
            for event in self._frames.feed(data):
                self._has_events = True
                if self.failure is None and not self._reader.finished:
                    for chunk in self._reader.read(event):  # one by one: what came before an error counts
                        chunks.append(chunk)
        except (ReplyIsError, ConversionError, EventTooLarge) as error:
            self.failure = _detail_of(error)
        return chunks

    def close(self) -> list[ChunkT]:
        """The chunks held back; a cut stream sets `failure`."""
        chunks: list[ChunkT] = []
        try:
            for event in self._frames.close():
                self._has_events = True
                chunks += self._read_last(event)
            if self.failure is None and not self._has_events:
                self.failure = self._other_than_events()
            if self.failure is None:
                chunks += self._reader.close()
        except (ReplyIsError, ConversionError, TruncatedReply) as error:
            self.failure = _detail_of(error)
        return chunks

    def _keep_opening(self, data: bytes) -> None:
        if not self._opening:
            data = data.lstrip()
        self._opening += data[: _QUOTED * _MOST_BYTES - len(self._opening)]

    def _other_than_events(self) -> ErrorDetail | None:
        """A page of some gateway, which came where a stream was asked for, is told from a stream that was cut."""
        opening = self._opening.removeprefix(b"\xef\xbb\xbf")
        if any(opening.startswith(field) or field.startswith(opening) for field in _FIELDS):
            return None
        text = opening.decode("utf-8", "replace")[:_QUOTED]
        return ErrorDetail(f"expected server-sent events, got {text!r}", kind=APIResponseValidationError)

    def _read_last(self, event: ServerSentEvent) -> Iterable[ChunkT]:
        if self.failure is not None or self._reader.finished:
            return ()
        try:
            return list(self._reader.read(event))
        except ConversionError as error:
            raise TruncatedReply("the stream ended inside an event") from error


def _detail_of(error: Exception) -> ErrorDetail:
    if isinstance(error, ReplyIsError):
        return error.detail
    kind = APIConnectionError if isinstance(error, TruncatedReply) else APIResponseValidationError
    return ErrorDetail(str(error), kind=kind)
