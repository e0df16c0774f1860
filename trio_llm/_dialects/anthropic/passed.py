"""Requests of the Messages API itself, sent as they are, and its replies as typed objects.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject, as_object, is_object, parse_object
from ..._framing.sse_decoder import ServerSentEvent
from ..._types.http import HTTPRequest
from ..._types.messages_api.reply import AnthropicMessagesResponse, MessageEvent, read_event
from ..._types.messages_api.request import MESSAGES_PARAMETERS, MessagesRequest
from ..contract import ReplyIsError, WireCall, json_request, merge_extra_body, supported_parameters
from ..streaming import SSEStreamDecoder, TruncatedReply
from .errors import detail_of_event
from .request import PATH, VERSION

_DONE: Final = "[DONE]"


def encode_messages(call: WireCall[MessagesRequest]) -> HTTPRequest:
    """The request for a whole message."""
    return json_request(PATH, merge_extra_body(_body(call), call.request.options.extra_body), (VERSION,))


def encode_messages_stream(call: WireCall[MessagesRequest]) -> HTTPRequest:
    """The request for the events of a message."""
    body = merge_extra_body({**_body(call), "stream": True}, call.request.options.extra_body)
    return json_request(PATH, body, (VERSION,))


def _body(call: WireCall[MessagesRequest]) -> dict[str, Any]:
    request = call.request
    drop = request.options.drop_params
    parameters = supported_parameters(request.parameters, call, MESSAGES_PARAMETERS, drop=drop)
    return {"model": call.model, "max_tokens": request.max_tokens, "messages": request.messages, **parameters}


def decode_message(_: WireCall[MessagesRequest], body: bytes) -> AnthropicMessagesResponse:
    """Read a message."""
    reply = parse_object(body)
    if reply.get("type") == "error" or (reply.get("error") and not reply.get("content")):
        raise ReplyIsError(detail_of_event(as_object(reply.get("error")) or reply))
    if not isinstance(reply.get("content"), list):
        raise ConversionError(f"expected a list, got {reply.get('content')!r:.60}", ".content")
    for place, block in enumerate(reply["content"]):
        _check_block(block, f".content[{place}]")
    return AnthropicMessagesResponse.read(reply)


def _check_block(block: Any, path: str) -> None:
    if not is_object(block):
        raise ConversionError(f"expected an object, got {block!r:.60}", path)
    for name in ("text", "thinking", "name"):
        if not isinstance(block.get(name), str | None):
            raise ConversionError(f"expected text, got {block[name]!r:.60}", f"{path}.{name}")


def open_message_decoder(_: WireCall[MessagesRequest]) -> SSEStreamDecoder[MessageEvent]:
    """A decoder for one streamed message."""
    return SSEStreamDecoder(MessageEventsReader())


class MessageEventsReader:
    """The reading of one streamed message, event by event."""

    def __init__(self) -> None:
        self.finished = False
        self.complete = False
        """Whether the reason to stop has come; only the last event may still follow."""

    def read(self, event: ServerSentEvent) -> Iterable[MessageEvent]:
        """The typed event."""
        if event.data.strip() == _DONE:
            return ()
        value: JSONObject = parse_object(event.data)
        if not value.get("type") and event.name:
            value["type"] = event.name
        kind = value.get("type")
        if kind == "error":
            raise ReplyIsError(detail_of_event(as_object(value.get("error")) or value))
        self.complete = self.complete or (kind == "message_delta" and bool(as_object(value.get("delta"))))
        self.finished = kind == "message_stop"
        return (read_event(value),)

    def close(self) -> Iterable[MessageEvent]:
        """Nothing is held back. Raises `TruncatedReply` if the reason to stop has not come."""
        if not self.complete:
            raise TruncatedReply("the stream ended before the message did")
        return ()
