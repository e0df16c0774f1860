"""Streamed replies of `streamGenerateContent?alt=sse`: every event is a piece of the reply, whole in itself.

There is no closing event: a stream is complete when every answer has its finish reason and the body ends.

Source: Gemini API reference, "models.streamGenerateContent", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..._convert.converter import parse
from ..._framing.sse import ServerSentEvent
from ..._types.chat import ChatRequest, ModelResponseStream
from ..contract import Call, StreamDecoder
from ..streaming import SSEStreamDecoder, TruncatedReply
from .response import ReplyReader

_CLOSING_WORD = "[DONE]"
"""Gateways that speak both formats add OpenAI's closing event."""


def open_chat_decoder(call: Call[ChatRequest]) -> StreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply. Usage is cumulative: the last chunk that has it is right."""
    return SSEStreamDecoder(_StreamReader())


class _StreamReader:
    finished = False

    def __init__(self) -> None:
        self._reply = ReplyReader()

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        if event.data == _CLOSING_WORD:
            return []
        return [self._reply.read(parse(event.data))]

    def close(self) -> Iterable[ModelResponseStream]:
        if not self._reply.complete:
            raise TruncatedReply("the stream ended before the answer said why it finished")
        return self._reply.close()
