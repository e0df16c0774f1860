"""The stream decoder of every dialect: a framing cuts the body into frames, the dialect's reader reads each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Generic, Protocol, TypeVar

import attrs

from .._convert.converter import ConversionError, parse
from .._convert.pages import words_of
from .._framing.frames import FrameCut, Framing
from .._framing.sse_decoder import ServerSentEvent, SSEDecoder
from .._types.errors import APIConnectionError, APIResponseValidationError, InternalServerError
from .characters import Joint, has_halves, has_raw_bytes, whole_characters
from .contract import ErrorDetail, ReplyIsError
from .error_bodies import ErrorReading
from .failing import is_heartbeat, retryable

FrameT = TypeVar("FrameT")
FrameT_contra = TypeVar("FrameT_contra", contravariant=True)
ChunkT = TypeVar("ChunkT")
ChunkT_co = TypeVar("ChunkT_co", covariant=True)

_QUOTED: Final = 300
"""Characters that are quoted of a reply that is no stream."""
_OPENING: Final = 4_096
"""Bytes that are kept of it."""
_CLOSING_WORD: Final = "[DONE]"
"""OpenAI's last event, which others add to every format."""
_FRAMED: Final = re.compile(r"(?:event:[^\n]*\n)?data:\s*(?=[\[{])")
"""The beginning of an event inside of an event's data, as servers write it that frame what is framed already."""


class TruncatedReply(Exception):
    """The stream ended before the frame that completes a reply."""


class FrameReader(Protocol[FrameT_contra, ChunkT_co]):
    """A dialect's reading of one streamed reply, frame by frame.

    `read` and `close` may raise `ReplyIsError` for an error event and `ConversionError` for nonsense.
    """

    @property
    def finished(self) -> bool:
        """Whether the frame after which nothing comes has been read."""

    @property
    def complete(self) -> bool:
        """Whether the answer is all there; what still follows is of no consequence."""

    def read(self, event: FrameT_contra, /) -> Iterable[ChunkT_co]:
        """The chunks that a frame amounts to."""

    def close(self) -> Iterable[ChunkT_co]:
        """The chunks held back until the end. Raises `TruncatedReply` if the reply was cut short."""


class FrameStreamDecoder(Generic[FrameT, ChunkT]):
    """A `StreamDecoder`: framing, then the dialect's reader. An error is kept until asked for.

    Behind a complete answer nothing is an error any more but an error event.
    """

    def __init__(self, framing: Framing[FrameT], reader: FrameReader[FrameT, ChunkT]) -> None:
        self._framing = framing
        self._reader = reader
        self._opening = b""
        self._has_frames = False
        self.failure: ErrorDetail | None = None

    @property
    def finished(self) -> bool:
        """Whether the reply is complete."""
        return self._reader.finished

    @property
    def complete(self) -> bool:
        """Whether the answer is all there."""
        return self.failure is None and self._reader.complete

    def feed(self, data: bytes) -> list[ChunkT]:
        """The chunks that this piece completes."""
        chunks: list[ChunkT] = []
        if not self._has_frames:
            self._keep_opening(data)
        try:
            for frame in self._framing.feed(data):
                if self.failure is None and not self._reader.finished:
                    # A frame that says something before it fails: what it said is kept.
                    chunks.extend(self._read(frame))
                self._has_frames = True
        except (ReplyIsError, ConversionError, TruncatedReply) as error:
            self._fail(error)
        self._note_failure()
        return chunks

    def close(self) -> list[ChunkT]:
        """The chunks held back; a cut stream sets `failure`."""
        chunks: list[ChunkT] = []
        if not self._has_frames and self.failure is None:
            self.failure = self._other_than_frames()
        try:
            for frame in self._framing.close():
                self._has_frames = True
                self._read_last(frame, chunks)
            self._note_failure()
            if self.failure is None:
                chunks.extend(self._held_back())
        except (ReplyIsError, ConversionError, TruncatedReply) as error:
            self._fail(error)
        return chunks

    def _read(self, frame: FrameT) -> Iterable[ChunkT]:
        return self._reader.read(frame)

    def _held_back(self) -> Iterable[ChunkT]:
        return self._reader.close()

    def _fail(self, error: Exception) -> None:
        if isinstance(error, ReplyIsError) or not self._reader.complete:
            page = isinstance(error, ConversionError) and not self._has_frames
            self.failure = (self._other_than_frames() if page else None) or _detail_of(error)

    def _note_failure(self) -> None:
        """What broke the framing counts where the reader was content, and not after the end of the reply."""
        broken = self._framing.failure
        if broken is not None and self.failure is None and not (self._reader.finished or self._reader.complete):
            self.failure = (None if self._has_frames else self._other_than_frames()) or _detail_of(broken)

    def _keep_opening(self, data: bytes) -> None:
        if not self._opening:
            data = data.lstrip()
        self._opening += data[: _OPENING - len(self._opening)]

    def _other_than_frames(self) -> ErrorDetail | None:
        """A page of some gateway, which came where a stream was asked for, is told from a stream that was cut."""
        if self._framing.may_begin(self._opening):
            return None
        text = words_of(self._opening, _QUOTED)
        return ErrorDetail(f"expected {self._framing.name}, got {text!r}", kind=APIResponseValidationError)

    def _read_last(self, frame: FrameT, chunks: list[ChunkT]) -> None:
        if self.failure is not None or self._reader.finished:
            return
        try:
            chunks.extend(self._read(frame))
        except ConversionError as error:
            raise TruncatedReply("the stream ended inside an event") from error


class EventFraming(Framing[ServerSentEvent], Protocol):
    """What cuts a body into server-sent events."""

    @property
    def has_raw_bytes(self) -> bool:
        """Whether any event had bytes that are no UTF-8."""


class SSEStreamDecoder(FrameStreamDecoder[ServerSentEvent, ChunkT]):
    """The decoder of server-sent events, which most dialects send.

    Events that carry nothing are passed over: blank data, and words that are no JSON, as heartbeats have them. Should
    the answer never be completed, such words are quoted, for they may say why.
    """

    def __init__(self, reader: FrameReader[ServerSentEvent, ChunkT], events: EventFraming | None = None) -> None:
        self._events: EventFraming = events or SSEDecoder()
        super().__init__(self._events, reader)
        self._joint = Joint()
        self._words = ""

    def _read(self, frame: ServerSentEvent) -> Iterable[ChunkT]:
        data = frame.data
        if frame.name == "error":
            return self._read_error(frame)
        if data[:1] != "{":
            data = data.strip().strip('"')
            if data[:1] not in ("[", "") and (framed := _FRAMED.match(data)):
                data = data[framed.end() :].rstrip()
                frame = ServerSentEvent(frame.name, data)
            if data.upper() == _CLOSING_WORD:
                return self._end()
            if data[:1] not in ("{", "["):
                return self._pass_over(frame.name, data)
        if self._joint.waiting or "\\" in data or self._events.has_raw_bytes:
            return self._read_pieces(frame, data)
        return self._reader.read(frame)

    def _read_pieces(self, frame: ServerSentEvent, data: str) -> Iterable[ChunkT]:
        """Read an event in which there may be a part of a character."""
        if self._joint.waiting or has_halves(data) or (self._events.has_raw_bytes and has_raw_bytes(data)):
            return self._joint.join(self._reader.read(frame))
        return self._reader.read(frame)

    def _held_back(self) -> Iterable[ChunkT]:
        held = self._reader.close()
        return self._joint.join(held) if self._joint.waiting else held

    def _end(self) -> Iterable[ChunkT]:
        """Read OpenAI's last event. Where words came in place of the end of an answer, they say that there is none."""
        yield from self._reader.read(ServerSentEvent(None, _CLOSING_WORD))
        if self._words and self._reader.finished and not (self._reader.complete or is_heartbeat(self._words)):
            raise TruncatedReply("the stream ended before its finish reason")

    def _read_error(self, frame: ServerSentEvent) -> Iterable[ChunkT]:
        """Read an event that is named an error, which it is even where the dialect knows no such event."""
        data = frame.data.strip()
        if data[:1] not in ("{", "["):
            self._pass_over(frame.name, data.strip('"'))
            return
        yield from self._reader.read(frame)
        raise ReplyIsError(retryable(ErrorReading().of_value(parse(data))))

    def _pass_over(self, name: str | None, words: str) -> Iterable[ChunkT]:
        words = whole_characters(words)
        if words and name == "error":
            raise ReplyIsError(ErrorDetail(words, kind=InternalServerError))
        self._words = words or self._words
        return ()

    def _fail(self, error: Exception) -> None:
        super()._fail(error)
        if isinstance(error, TruncatedReply) and self._words and self.failure is not None:
            message = f"{self.failure.message}; it said {self._words[:_QUOTED]!r}"
            self.failure = ErrorDetail(message, kind=self.failure.kind)


def _detail_of(error: Exception) -> ErrorDetail:
    if isinstance(error, ReplyIsError):
        message = whole_characters(error.detail.message)
        return error.detail if message is error.detail.message else attrs.evolve(error.detail, message=message)
    cut = isinstance(error, TruncatedReply | FrameCut)
    return ErrorDetail(whole_characters(str(error)), kind=APIConnectionError if cut else APIResponseValidationError)
