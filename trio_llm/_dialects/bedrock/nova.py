"""Nova's own wire format, by InvokeModel: the messages of Converse, whose stream has its events' names inside.

Source: Amazon Nova user guide, "Complete request schema", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ..._convert.narrow import json_text
from ..._framing.aws_event_stream import EventMessage, EventStreamDecoder
from ..._types.chat import ChatRequest, ModelResponseStream
from ..._types.http import HTTPRequest
from ..contract import StreamDecoder, WireCall, json_request
from ..counting import body_of
from ..streaming import FrameStreamDecoder
from .completing import INVOKE, INVOKE_STREAM
from .reply import ConverseReader
from .request import encode_chat, model_path
from .unwrapping import unwrapped

_OF_CONVERSE: Final = ("additionalModelRequestFields", "outputConfig", "serviceTier")
"""Fields of Converse's that InvokeModel has not, or has at the top."""
_SCHEMA: Final = {"schemaVersion": "messages-v1"}


def encode_nova_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The request for a whole reply. Raises as Converse's does."""
    return json_request(model_path(call.model, INVOKE), _body(call))


def encode_nova_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The request for a stream. Raises as Converse's does."""
    return json_request(model_path(call.model, INVOKE_STREAM), _body(call))


def _body(call: WireCall[ChatRequest]) -> dict[str, Any]:
    body = body_of(encode_chat(call))
    fields = {name: value for name, value in body.items() if name not in _OF_CONVERSE}
    return {**_SCHEMA, **fields, **body.get("additionalModelRequestFields", {})}


def open_nova_decoder(call: WireCall[ChatRequest]) -> StreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply."""
    return FrameStreamDecoder(EventStreamDecoder(), _NovaUnwrapping(call))


class _NovaUnwrapping:
    """Each event, given to Converse's reader as one of Converse's."""

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self._reader = ConverseReader(call)

    @property
    def finished(self) -> bool:
        return self._reader.finished

    @property
    def complete(self) -> bool:
        return self._reader.complete

    def read(self, message: EventMessage) -> Iterable[ModelResponseStream]:
        for kind, told in unwrapped(message).items():
            headers = {":message-type": "event", ":event-type": kind}
            yield from self._reader.read(EventMessage(headers, json_text(told).encode()))

    def close(self) -> Iterable[ModelResponseStream]:
        return self._reader.close()
