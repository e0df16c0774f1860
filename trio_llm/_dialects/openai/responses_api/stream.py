"""Responses as a stream of typed events.

Source: OpenAI API reference, "Streaming events", 2026-11. What is borne: events whose type stands in the name alone, no
`[DONE]`, no beginning of items and parts.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...._convert.narrow import JSONObject, as_object, parse_object
from ...._framing.sse_decoder import ServerSentEvent
from ...._types.responses_api.events import FINAL, ResponseEvent, ResponseStatusEvent, read_event
from ...._types.responses_api.request import GetResponseRequest, ResponsesRequest
from ...contract import ReplyIsError, WireCall
from ...streaming import SSEStreamDecoder, TruncatedReply
from ..errors import error_event
from .reply import failure, read_response, settle_item

_DONE = "[DONE]"


def open_event_decoder(
    _: WireCall[ResponsesRequest] | WireCall[GetResponseRequest],
) -> SSEStreamDecoder[ResponseEvent]:
    """A decoder for one streamed reply."""
    return SSEStreamDecoder(EventsReader())


class EventsReader:
    """The reading of one streamed reply, event by event. It ends with the event that has the whole response."""

    def __init__(self) -> None:
        self.finished = False

    @property
    def complete(self) -> bool:
        """Whether the event with the whole response has come."""
        return self.finished

    def read(self, event: ServerSentEvent) -> Iterable[ResponseEvent]:
        """The typed event. One that says that the response failed comes first, and then raises."""
        if event.data.strip() == _DONE:
            return
        value = parse_object(event.data)
        if not value.get("type") and event.name:
            value["type"] = event.name
        if not value.get("type") and value.get("object") == "response":  # a whole reply in one event
            value = {"type": "response.completed", "response": value}
        _raise_error(value)
        typed = _settled(value)
        yield typed
        if isinstance(typed, ResponseStatusEvent) and typed.type in FINAL:
            if is_failed(typed):
                raise ReplyIsError(failure(typed.response))
            self.finished = True

    def close(self) -> Iterable[ResponseEvent]:
        """Nothing is held back. Raises `TruncatedReply` if the last event has not come."""
        if not self.finished:
            raise TruncatedReply("the stream ended before the event that has the whole response")
        return ()


def is_failed(event: ResponseStatusEvent) -> bool:
    """Whether a last event says that the response failed, by its type or by the response in it."""
    return event.type == "response.failed" or event.response.status == "failed"


def _raise_error(value: JSONObject) -> None:
    kind = value.get("type")
    if kind == "error" or (not kind and value.get("error")):
        said = {name: item for name, item in value.items() if name != "type"} if kind == "error" else value
        raise ReplyIsError(error_event(said))


def _settled(value: JSONObject) -> ResponseEvent:
    if isinstance(value.get("item"), dict):
        settle_item(value["item"], ".item")
    typed = read_event(value)
    if isinstance(typed, ResponseStatusEvent):
        typed.response = read_response(as_object(value.get("response")))
    return typed
