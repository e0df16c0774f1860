"""The Messages API over the chat of any dialect."""

from __future__ import annotations

from typing import Final

from ..._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from ..._types.folding import fold
from ..._types.messages_api.folding import MessageFolding
from ..._types.messages_api.reply import AnthropicMessagesResponse, MessageEvent
from ..._types.messages_api.request import MessagesRequest
from ..contract import Endpoint, StreamEndpoint, WireCall
from .decoder import BridgedDecoder
from .endpoints import ChatBridge
from .events import chunk_of
from .message_events import MessageWriter
from .messages_request import chat_request

_BRIDGE: Final = ChatBridge(chat_request, advice=frozenset({"user"}))


def messages_over(
    chat: Endpoint[ChatRequest, ModelResponse],
) -> Endpoint[MessagesRequest, AnthropicMessagesResponse]:
    """The endpoint of messages over one of chats."""

    def write(_: WireCall[MessagesRequest], response: ModelResponse) -> AnthropicMessagesResponse:
        writer = MessageWriter()
        return fold(MessageFolding(), [*writer.write(chunk_of(response)), *writer.end()])

    return _BRIDGE.whole(chat, write)


def streamed_messages_over(
    chat: StreamEndpoint[ChatRequest, ModelResponseStream],
) -> StreamEndpoint[MessagesRequest, MessageEvent]:
    """The endpoint of streamed messages over one of streamed chats."""
    return _BRIDGE.streamed(chat, lambda _, decoder: BridgedDecoder(decoder, MessageWriter()))
