"""The Responses API over the chat of any dialect."""

from __future__ import annotations

from typing import Final

from ..._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from ..._types.responses_api.events import ResponseEvent, ResponseStatusEvent
from ..._types.responses_api.request import ResponsesRequest
from ..._types.responses_api.response import ResponsesAPIResponse
from ..contract import Endpoint, StreamEndpoint, WireCall
from .chat_request import chat_request
from .decoder import BridgedDecoder
from .endpoints import ChatBridge
from .events import EventWriter, chunk_of, write_whole

_BRIDGE: Final = ChatBridge(chat_request)


def responses_over(
    chat: Endpoint[ChatRequest, ModelResponse],
) -> Endpoint[ResponsesRequest, ResponsesAPIResponse]:
    """The endpoint of responses over one of chats."""

    def write(call: WireCall[ResponsesRequest], response: ModelResponse) -> ResponsesAPIResponse:
        last = write_whole(EventWriter(call.request), [chunk_of(response)])[-1]
        assert isinstance(last, ResponseStatusEvent)
        return last.response

    return _BRIDGE.whole(chat, write)


def streamed_responses_over(
    chat: StreamEndpoint[ChatRequest, ModelResponseStream],
) -> StreamEndpoint[ResponsesRequest, ResponseEvent]:
    """The endpoint of streamed responses over one of streamed chats."""
    return _BRIDGE.streamed(chat, lambda call, decoder: BridgedDecoder(decoder, EventWriter(call.request)))
