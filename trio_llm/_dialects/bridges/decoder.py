"""Streams of another operation's events, written from the chunks of a chat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from ..._types.chat import ModelResponseStream
from ..contract import ErrorDetail, StreamDecoder

EventT = TypeVar("EventT")
EventT_co = TypeVar("EventT_co", covariant=True)


class Writer(Protocol[EventT_co]):
    """Writes the events of one reply."""

    def write(self, chunk: ModelResponseStream, /) -> Iterable[EventT_co]:
        """What a chunk amounts to."""

    def end(self) -> Iterable[EventT_co]:
        """What comes when the chat is complete."""


class BridgedDecoder(Generic[EventT]):
    """A `StreamDecoder` of events over one of chat chunks. The last event comes when the chat is complete."""

    def __init__(self, chat: StreamDecoder[ModelResponseStream], writer: Writer[EventT]) -> None:
        self._chat = chat
        self._writer = writer
        self.finished = False

    @property
    def complete(self) -> bool:
        """Whether the last event has been written; until then the chat's connection has to last."""
        return self.finished

    @property
    def failure(self) -> ErrorDetail | None:
        """The error that ended the chat."""
        return self._chat.failure

    def feed(self, data: bytes) -> list[EventT]:
        """The events that this piece completes."""
        return self._written(self._chat.feed(data), ended=self._chat.finished)

    def close(self) -> list[EventT]:
        """The events held back."""
        return self._written(self._chat.close(), ended=True)

    def _written(self, chunks: list[ModelResponseStream], *, ended: bool) -> list[EventT]:
        events = [event for chunk in chunks for event in self._writer.write(chunk)]
        if ended and self._chat.failure is None and not self.finished:
            self.finished = True
            events += self._writer.end()
        return events
