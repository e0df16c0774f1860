"""Streamed replies of the Messages API, event by event.

Source: Anthropic API reference, "Streaming Messages", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from ..._convert.converter import parse, structure
from ..._convert.narrow import as_mapping
from ..._framing.sse_decoder import ServerSentEvent
from ..._types.chat import ChatRequest, Delta, ModelResponseStream
from ..._types.mapping import ANSWER, Record
from ..contract import ErrorDetail, ReplyIsError, WireCall
from ..failing import retryable
from ..streaming import SSEStreamDecoder, TruncatedReply
from ..tool_calls import ConversationIds
from .blocks import BlockReader, WireDelta
from .errors import detail_of_event
from .response import (
    WireMessage,
    WireUsage,
    content_chunk,
    ending_chunk,
    failure_in,
    failure_of,
    head_chunk,
    read_message,
    usage_chunk,
    whole_chunks,
)
from .tools import tool_names

_BLOCKS: Final = ("content_block_start", "content_block_delta", "content_block_stop")
EVENT_TYPES: Final = frozenset({"message_start", *_BLOCKS, "message_delta", "message_stop"})
"""Events that say something. Others, such as `ping`, may come at any time and say nothing."""
_DONE: Final = "[DONE]"
"""OpenAI's last event, with which gateways close this format too."""


@attrs.define
class _Event(Record):
    """One event; which fields it has goes by its type."""

    type: str = attrs.field(default="", metadata=ANSWER)
    index: int = attrs.field(default=0, metadata=ANSWER)
    message: WireMessage | None = None
    content_block: dict[str, Any] = attrs.field(factory=dict[str, Any], metadata=ANSWER)
    delta: WireDelta = attrs.field(factory=WireDelta, metadata=ANSWER)
    usage: WireUsage | None = None


class MessageReader:
    """One streamed reply. Its usage so far is on a chunk after `message_start` and, final, on the last.

    In order, the events are `message_start`, those of the blocks, `message_delta` with the reason of the end, and
    `message_stop`. Gateways that write this format leave out the first or the last, close their blocks late, and tell
    the usage in a `message_delta` of its own; none of that is a reason to give an answer up. Only a reason of the end
    is demanded, for without one nobody knows whether the answer is whole.
    """

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self.finished = False
        self._blocks = BlockReader(tool_names(call), ConversationIds(call.request.messages))
        self._usage = WireUsage()
        self._stop_reason: str | None = None

    @property
    def complete(self) -> bool:
        """Whether the answer has said why it ends, and that is no failure."""
        return self._stop_reason is not None and self._failure() is None

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        """The chunks that an event amounts to.

        Raises:
            ReplyIsError: for an error event, and at the end of an answer that is none.
            ConversionError: for a piece of the answer that is malformed.
            TruncatedReply: at the end of a stream without a reason for it.
        """
        if event.data == _DONE:
            return self._end()
        fields = parse(event.data)
        told = as_mapping(fields)
        kind = told.get("type", event.name)
        if kind == "error" or told.get("error"):
            raise ReplyIsError(retryable(detail_of_event(fields)))
        if isinstance(kind, str) and kind in EVENT_TYPES:
            return self._read(kind, structure(fields, _Event))
        if kind == "message" and told.get("content"):
            return self._read_whole(told)
        if kind is None and (failure := failure_in(fields)) is not None:
            raise ReplyIsError(failure)
        return ()

    def _read(self, kind: str, told: _Event) -> Iterable[ModelResponseStream]:
        if kind == "content_block_delta" and told.message is None:  # as nearly every event
            return map(content_chunk, self._blocks.grow(told.index, told.delta))
        if kind == "message_stop":
            return self._end()
        if told.message is not None:
            return self._read_start(told.message)
        if kind == "message_delta":
            return self._read_message_delta(told)
        return map(content_chunk, self._block_deltas(kind, told))

    def _read_whole(self, told: Mapping[str, Any]) -> Iterator[ModelResponseStream]:
        """A whole reply in one event."""
        message = read_message(told)
        self._stop_reason = message.stop_reason
        yield from whole_chunks(self._blocks, message)

    def _read_start(self, message: WireMessage) -> Iterator[ModelResponseStream]:
        yield head_chunk(message)
        yield from self._usage_chunks(message.usage)

    def _read_message_delta(self, told: _Event) -> Iterator[ModelResponseStream]:
        self._stop_reason = told.delta.stop_reason or self._stop_reason
        extra = {**(told.delta.model_extra or {}), **(told.model_extra or {})}
        yield ending_chunk(told.delta.stop_reason, extra, self._blocks)
        yield from self._usage_chunks(told.usage)

    def close(self) -> Iterable[ModelResponseStream]:
        """What blocks without an end hold back. Raises as `read` does at the end."""
        return () if self.finished else self._end()

    def _end(self) -> Iterator[ModelResponseStream]:
        self.finished = True
        for delta in self._blocks.end_all():
            yield content_chunk(delta)
        if (failure := self._failure()) is not None:
            raise ReplyIsError(failure)
        if self._stop_reason is None:
            raise TruncatedReply("the stream ended before it said why")

    def _failure(self) -> ErrorDetail | None:
        blocks = self._blocks
        without_call = blocks.has_lost_input and not blocks.has_calls and self._stop_reason == "tool_use"
        return failure_of(self._stop_reason, says_something=blocks.says_something and not without_call)

    def _block_deltas(self, kind: str, told: _Event) -> Iterator[Delta]:
        match kind:
            case "content_block_start":
                return self._blocks.begin(told.index, told.content_block)
            case "content_block_stop":
                return self._blocks.end(told.index)
            case _:
                return iter(())

    def _usage_chunks(self, told: WireUsage | None) -> Iterator[ModelResponseStream]:
        if told is not None:
            self._usage = self._usage.merged(told)
            yield usage_chunk(self._usage)


def open_decoder(call: WireCall[ChatRequest]) -> SSEStreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply."""
    return SSEStreamDecoder(MessageReader(call))
