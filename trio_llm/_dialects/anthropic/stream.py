"""Streamed replies of the Messages API, event by event.

Source: Anthropic API reference, "Streaming Messages", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

import attrs

from ..._convert.converter import ConversionError, parse, structure
from ..._convert.narrow import as_mapping
from ..._framing.sse import ServerSentEvent
from ..._types.chat import ChatRequest, Delta, ModelResponseStream
from ..._types.mapping import Record
from ..contract import Call, ReplyIsError
from ..streaming import SSEStreamDecoder, TruncatedReply
from .blocks import BlockReader, WireDelta
from .errors import detail_of_event
from .response import (
    WireMessage,
    WireUsage,
    content_chunk,
    ending_chunk,
    head_chunk,
    neutral_usage,
)
from .tools import tool_names


class State(Enum):
    """Where in a reply the stream is."""

    BEFORE = "before message_start"
    CONTENT = "in the content"
    ENDING = "after message_delta"
    DONE = "after message_stop"


TRANSITIONS: Final[Mapping[tuple[State, str], State]] = {
    (State.BEFORE, "message_start"): State.CONTENT,
    (State.CONTENT, "content_block_start"): State.CONTENT,
    (State.CONTENT, "content_block_delta"): State.CONTENT,
    (State.CONTENT, "content_block_stop"): State.CONTENT,
    (State.CONTENT, "message_delta"): State.ENDING,
    # Gateways that write this format close their last block late, and tell the usage in a message_delta of its own.
    (State.ENDING, "content_block_stop"): State.ENDING,
    (State.ENDING, "message_delta"): State.ENDING,
    (State.ENDING, "message_stop"): State.DONE,
}
"""The legal order. Events that are not named here at all, such as `ping`, may come at any time and say nothing."""
EVENT_TYPES: Final = frozenset(kind for _, kind in TRANSITIONS)


@attrs.define
class _Event(Record):
    """One event; which fields it has goes by its type."""

    type: str = ""
    index: int = 0
    message: WireMessage | None = None
    content_block: dict[str, Any] = attrs.Factory(dict[str, Any])
    delta: WireDelta = attrs.Factory(WireDelta)
    usage: WireUsage | None = None


class MessageReader:
    """One streamed reply. Its usage so far is on a chunk after `message_start` and, final, on the last."""

    def __init__(self, call: Call[ChatRequest]) -> None:
        self._state = State.BEFORE
        self._blocks = BlockReader(tool_names(call))
        self._usage = WireUsage()

    @property
    def finished(self) -> bool:
        """Whether `message_stop` has been read."""
        return self._state is State.DONE

    def read(self, event: ServerSentEvent) -> Iterator[ModelResponseStream]:
        """The chunks that an event amounts to.

        Raises:
            ReplyIsError: for an error event.
            ConversionError: for an event that is malformed or out of order.
        """
        fields = parse(event.data)
        kind = as_mapping(fields).get("type", event.name)
        if kind == "error":
            raise ReplyIsError(detail_of_event(fields))
        if not isinstance(kind, str) or kind not in EVENT_TYPES:
            return
        self._advance(kind)
        told = structure(fields, _Event)
        if told.message is not None:
            yield head_chunk(told.message)
            yield from self._usage_chunks(told.message.usage)
        elif kind == "message_delta":
            extra = {**(told.delta.model_extra or {}), **(told.model_extra or {})}
            yield ending_chunk(told.delta.stop_reason, extra, self._blocks)
            yield from self._usage_chunks(told.usage)
        elif (delta := self._block_delta(kind, told)) is not None:
            yield content_chunk(delta)

    def close(self) -> Iterable[ModelResponseStream]:
        """Nothing: all is told when the last event has been read.

        Raises:
            TruncatedReply: if it has not.
        """
        if not self.finished:
            raise TruncatedReply(f"the stream ended {self._state.value}")
        return ()

    def _advance(self, kind: str) -> None:
        try:
            self._state = TRANSITIONS[self._state, kind]
        except KeyError:
            raise ConversionError(f"unexpected {kind} {self._state.value}", ".type") from None

    def _block_delta(self, kind: str, told: _Event) -> Delta | None:
        match kind:
            case "content_block_start":
                return self._blocks.begin(told.index, told.content_block)
            case "content_block_delta":
                return self._blocks.grow(told.index, told.delta)
            case "content_block_stop":
                return self._blocks.end(told.index)
            case _:
                return None

    def _usage_chunks(self, told: WireUsage | None) -> Iterator[ModelResponseStream]:
        if told is not None:
            self._usage = self._usage.merged(told)
            yield ModelResponseStream(usage=neutral_usage(self._usage))


def open_decoder(call: Call[ChatRequest]) -> SSEStreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply."""
    return SSEStreamDecoder(MessageReader(call))
