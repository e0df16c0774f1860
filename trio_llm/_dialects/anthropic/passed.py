"""Requests of the Messages API itself, sent as they are, and its replies as typed objects.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from attrs import evolve

from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject, as_object, is_object, parse_object
from ..._framing.sse_decoder import ServerSentEvent
from ..._types.folding import fold
from ..._types.http import HTTPRequest
from ..._types.messages_api.folding import MessageFolding
from ..._types.messages_api.reply import AnthropicMessagesResponse, MessageEvent, read_event
from ..._types.messages_api.request import MESSAGES_PARAMETERS, MessagesRequest
from ..bodies import ReadingOfEvents, read_body, unwrapped
from ..contract import ErrorDetail, ReplyIsError, WireCall, json_request, merge_extra_body
from ..failing import no_answer
from ..parameters import supported_parameters
from ..streaming import SSEStreamDecoder, TruncatedReply
from ..told_schema import told_in_system
from .errors import detail_of_event
from .request import PATH, VERSION
from .response import blocks_of, failure_in, failure_of

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
    told = told_in_system(dict(request.parameters), call.quirks)
    parameters = supported_parameters(told, call, MESSAGES_PARAMETERS, drop=drop)
    return {"model": call.model, "max_tokens": request.max_tokens, "messages": request.messages, **parameters}


def decode_message(_: WireCall[MessagesRequest], body: bytes) -> AnthropicMessagesResponse:
    """Read a message, or the events that came in place of one."""
    return read_body(body, _read_message, ReadingOfEvents(partial(open_message_decoder, _), _folded))


def _folded(events: Iterable[MessageEvent]) -> AnthropicMessagesResponse:
    return fold(MessageFolding(), events)


def _read_message(document: Any) -> AnthropicMessagesResponse:
    reply = as_object(unwrapped(document, "content"))
    if reply.get("type") == "error" or (reply.get("error") and not reply.get("content")):
        raise ReplyIsError(detail_of_event(as_object(reply.get("error")) or reply))
    if "content" not in reply or not (reply["content"] or reply.get("stop_reason")):
        raise ReplyIsError(failure_in(document) or no_answer(document))
    reply["content"] = blocks_of(reply["content"] or [])
    if not isinstance(reply["content"], list):
        raise ConversionError(f"expected a list, got {reply['content']!r:.60}", ".content")
    for place, block in enumerate(reply["content"]):
        _check_block(block, f".content[{place}]")
    message = AnthropicMessagesResponse.read(reply)
    if (failure := failure_of(message.stop_reason, says_something=bool(message.content))) is not None:
        raise ReplyIsError(evolve(failure, partial=message))
    return message


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
        self._stop_reason: str | None = None
        self._says_something = False

    @property
    def complete(self) -> bool:
        """Whether the reason to stop has come, and is no failure; only the last event may still follow."""
        return self._stop_reason is not None and self._failure() is None

    def read(self, event: ServerSentEvent) -> Iterable[MessageEvent]:
        """The typed event. Raises at the last one if the message is none."""
        if event.data.strip() == _DONE:
            return ()
        value: JSONObject = parse_object(event.data)
        if not value.get("type") and event.name:
            value["type"] = event.name
        kind = value.get("type")
        if kind == "error" or (kind is None and value.get("error")):
            raise ReplyIsError(detail_of_event(as_object(value.get("error")) or value))
        if kind == "message" and value.get("content"):  # a whole reply in one event
            value = {"type": "message_start", "message": _read_message(value)}
            self._note(value["message"].stop_reason, says_something=True)
        elif kind == "message_delta":
            self._note(as_object(value.get("delta")).get("stop_reason"))
        elif kind in ("content_block_start", "content_block_delta"):
            self._says_something = True
        elif kind == "message_stop":
            self.finished = True
            self._check_end()
        return (read_event(value),)

    def _note(self, stop_reason: object, *, says_something: bool = False) -> None:
        self._stop_reason = stop_reason if isinstance(stop_reason, str) else self._stop_reason
        self._says_something = self._says_something or says_something

    def _failure(self) -> ErrorDetail | None:
        return failure_of(self._stop_reason, says_something=self._says_something)

    def _check_end(self) -> None:
        if (failure := self._failure()) is not None:
            raise ReplyIsError(failure)
        if self._stop_reason is None:
            raise TruncatedReply("the stream ended before the message did")

    def close(self) -> Iterable[MessageEvent]:
        """Nothing is held back. Raises `TruncatedReply` if the reason to stop has not come."""
        self._check_end()
        return ()
