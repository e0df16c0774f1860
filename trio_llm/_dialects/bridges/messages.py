"""The Messages API over the chat of any dialect."""

from __future__ import annotations

from typing import Any

import attrs

from ..._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from ..._types.folding import fold
from ..._types.messages_api.folding import MessageFolding
from ..._types.messages_api.reply import AnthropicMessagesResponse, MessageEvent
from ..._types.messages_api.request import MessagesRequest
from ..contract import Endpoint, StreamEndpoint, WireCall
from .decoder import BridgedDecoder
from .events import chunk_of
from .message_events import MessageWriter
from .messages_request import chat_request


def messages_over(
    chat: Endpoint[ChatRequest, ModelResponse],
) -> Endpoint[MessagesRequest, AnthropicMessagesResponse]:
    """The endpoint of messages over one of chats."""

    def decode(call: WireCall[MessagesRequest], body: bytes) -> AnthropicMessagesResponse:
        writer = MessageWriter()
        chunk = chunk_of(chat.decode(_as_chat(call), body))
        return fold(MessageFolding(), [*writer.write(chunk), *writer.end()])

    return Endpoint(lambda call: chat.encode(_as_chat(call)), decode)


def streamed_messages_over(
    chat: StreamEndpoint[ChatRequest, ModelResponseStream],
) -> StreamEndpoint[MessagesRequest, MessageEvent]:
    """The endpoint of streamed messages over one of streamed chats."""
    return StreamEndpoint(
        lambda call: chat.encode(_as_chat(call)),
        lambda call: BridgedDecoder(chat.open_decoder(_as_chat(call)), MessageWriter()),
    )


def _as_chat(call: WireCall[MessagesRequest]) -> WireCall[Any]:
    return attrs.evolve(call, request=chat_request(call.request))  # type: ignore[arg-type]  # another request
