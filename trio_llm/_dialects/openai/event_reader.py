"""Streams of which every event is a chunk by itself: pictures and transcripts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from ..._convert.converter import structure
from ..._convert.narrow import as_object, parse_object
from ..._framing.sse_decoder import ServerSentEvent
from ..streaming import TruncatedReply
from .replies import raise_error, settle_usage

ChunkT = TypeVar("ChunkT")


_BESIDE: Final = {"type", "usage"}
"""Fields of an event that are no piece of an answer."""


class EventReader(Generic[ChunkT]):
    """The reading of one streamed reply, event by event: a `FrameReader`."""

    def __init__(self, kind: type[ChunkT], is_last: Callable[[ChunkT], bool], end: str) -> None:
        """`kind` is the class of chunks, and `is_last` tells which one completes the answer.

        `end` says in an error before what a stream that was cut off ended.
        """
        self.finished = False
        self.complete = False
        self._says_something = False
        self._kind = kind
        self._is_last = is_last
        self._end = end

    def read(self, event: ServerSentEvent) -> Iterable[ChunkT]:
        """The chunk that an event is; none for the mark of the end."""
        if event.data.strip() == "[DONE]":
            self.finished = True
            if not (self.complete or self._says_something):
                raise TruncatedReply("the stream ended without an answer")
            return ()
        told = parse_object(event.data)
        raise_error(told, event.name)
        if told.get("usage") is not None:
            settle_usage(as_object(told["usage"]))
        chunk = structure(told, self._kind)
        self.complete = self.complete or self._is_last(chunk)
        self._says_something = self._says_something or any(told[name] for name in told.keys() - _BESIDE)
        return (chunk,)

    def close(self) -> Iterable[ChunkT]:
        """Nothing is held back. The end is an error unless the answer is complete or `[DONE]` came."""
        if not (self.finished or self.complete):
            raise TruncatedReply(f"the stream ended before {self._end}")
        return ()
