"""The Responses API over the chat of any dialect."""

from __future__ import annotations

from typing import Any

import attrs

from ..._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from ..._types.responses_api.events import ResponseEvent, ResponseStatusEvent
from ..._types.responses_api.request import ResponsesRequest
from ..._types.responses_api.response import ResponsesAPIResponse
from ..contract import Endpoint, StreamEndpoint, WireCall
from .chat_request import chat_request
from .decoder import BridgedDecoder
from .events import EventWriter, chunk_of, write_whole


def responses_over(
    chat: Endpoint[ChatRequest, ModelResponse],
) -> Endpoint[ResponsesRequest, ResponsesAPIResponse]:
    """The endpoint of responses over one of chats."""

    def decode(call: WireCall[ResponsesRequest], body: bytes) -> ResponsesAPIResponse:
        response = chat.decode(_as_chat(call), body)
        last = write_whole(EventWriter(call.request), [chunk_of(response)])[-1]
        assert isinstance(last, ResponseStatusEvent)
        return last.response

    return Endpoint(lambda call: chat.encode(_as_chat(call)), decode)


def streamed_responses_over(
    chat: StreamEndpoint[ChatRequest, ModelResponseStream],
) -> StreamEndpoint[ResponsesRequest, ResponseEvent]:
    """The endpoint of streamed responses over one of streamed chats."""
    return StreamEndpoint(
        lambda call: chat.encode(_as_chat(call)),
        lambda call: BridgedDecoder(chat.open_decoder(_as_chat(call)), EventWriter(call.request)),
    )


def _as_chat(call: WireCall[ResponsesRequest]) -> WireCall[Any]:
    return attrs.evolve(call, request=chat_request(call.request))  # type: ignore[arg-type]  # another request
