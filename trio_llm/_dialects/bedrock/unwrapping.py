"""A maker's own stream inside an AWS event stream: each message holds one of its events, in base64.

Source: Amazon Bedrock API reference, "InvokeModelWithResponseStream" (`PayloadPart`), 2026-11.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject, as_object, json_text, parse_object
from ..._framing.aws_event_stream import EventMessage, EventStreamDecoder
from ..contract import ReplyIsError, StreamDecoder, WireCall
from ..failing import retryable
from ..streaming import FrameStreamDecoder
from .errors import ERRORS

ChunkT = TypeVar("ChunkT")
METRICS: Final = "amazon-bedrock-invocationMetrics"
"""What Bedrock adds to the last event of every maker, or sends as one of its own: tokens and times."""
_COUNTS: Final = ("inputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount", "outputTokenCount")
"""Tokens of the prompt beside the cache, from it and into it, and of the answer."""


def unwrapped(message: EventMessage) -> JSONObject:
    """The maker's event in a message; empty if there is none in it.

    Raises:
        ReplyIsError: if the message is an exception of Bedrock's.
        ConversionError: if it makes no sense.
    """
    if (error := message.error) is not None:
        raise ReplyIsError(retryable(ERRORS.of_value(error)))
    data = parse_object(message.payload).get("bytes") if message.payload else None
    if data is None:
        return {}
    try:
        return parse_object(b64decode(data))
    except (TypeError, ValueError) as error:
        raise ConversionError(f"expected base64 text, got {data!r:.60}", ".bytes") from error


def unwrapping(
    open_decoder: Callable[[WireCall[Any]], StreamDecoder[ChunkT]], *, counted: bool = False
) -> Callable[[WireCall[Any]], StreamDecoder[ChunkT]]:
    """What opens the decoder of a maker's stream of server-sent events, where Bedrock has wrapped them.

    With `counted`, Bedrock's counts are given to the decoder as OpenAI's `usage`, where the maker has told none.
    """
    return lambda call: FrameStreamDecoder(EventStreamDecoder(), _Unwrapping(open_decoder(call), counted=counted))


def _with_usage(event: JSONObject) -> JSONObject:
    metrics = as_object(event.get(METRICS))
    new, read, kept, written = (count if type(count := metrics.get(name)) is int else 0 for name in _COUNTS)
    asked = new + read + kept
    usage = {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}
    details = {"prompt_tokens_details": {"cached_tokens": read}} if read else {}
    return {"choices": [], **event, "usage": {**usage, **details}}


class _Unwrapping:
    """The decoder of the maker's own wire, given each event as it would have come from the maker."""

    def __init__(self, decoder: StreamDecoder[ChunkT], *, counted: bool) -> None:
        self._decoder = decoder
        self._uncounted = counted

    @property
    def finished(self) -> bool:
        return self._decoder.finished

    @property
    def complete(self) -> bool:
        return self._decoder.complete

    def read(self, message: EventMessage) -> Iterable[Any]:
        event = unwrapped(message)
        self._uncounted = self._uncounted and not event.get("usage")
        if self._uncounted and as_object(event.get(METRICS)):
            event = _with_usage(event)
        if event.keys() - {METRICS}:
            yield from self._decoder.feed(b"data: %b\n\n" % json_text(event).encode())
        self._check()

    def close(self) -> Iterable[Any]:
        yield from self._decoder.close()
        self._check()

    def _check(self) -> None:
        if (failure := self._decoder.failure) is not None:
            raise ReplyIsError(failure)
