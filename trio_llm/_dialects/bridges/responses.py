"""The Responses API over the chat of any dialect."""

from __future__ import annotations

from typing import Any, TypeVar

import attrs

from ..._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from ..._types.responses_api.events import ResponseEvent, ResponseStatusEvent
from ..._types.responses_api.request import ResponsesRequest
from ..._types.responses_api.response import ResponsesAPIResponse
from ..contract import Call, Endpoint, ErrorDetail, StreamDecoder, StreamEndpoint
from .chat_request import chat_request
from .events import EventWriter, chunk_of, write_whole

RequestT = TypeVar("RequestT")


def responses_over(
    chat: Endpoint[ChatRequest, ModelResponse],
) -> Endpoint[ResponsesRequest, ResponsesAPIResponse]:
    """The endpoint of responses over one of chats."""

    def decode(call: Call[ResponsesRequest], body: bytes) -> ResponsesAPIResponse:
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


def _as_chat(call: Call[ResponsesRequest]) -> Call[Any]:
    return attrs.evolve(call, request=chat_request(call.request))  # type: ignore[arg-type]  # another request


class BridgedDecoder:
    """A `StreamDecoder` of events over one of chat chunks. The last event comes when the chat is complete."""

    def __init__(self, chat: StreamDecoder[ModelResponseStream], writer: EventWriter) -> None:
        self._chat = chat
        self._writer = writer
        self.finished = False

    @property
    def complete(self) -> bool:
        """Whether the last event has been written; until then the chat's connection has to last."""
        return self.finished

    @property
    def failure(self) -> ErrorDetail | None:
        """The error that ended the chat."""
        return self._chat.failure

    def feed(self, data: bytes) -> list[ResponseEvent]:
        """The events that this piece completes."""
        return self._written(self._chat.feed(data), ended=self._chat.finished)

    def close(self) -> list[ResponseEvent]:
        """The events held back."""
        return self._written(self._chat.close(), ended=True)

    def _written(self, chunks: list[ModelResponseStream], *, ended: bool) -> list[ResponseEvent]:
        events = [event for chunk in chunks for event in self._writer.write(chunk)]
        if ended and self._chat.failure is None and not self.finished:
            self.finished = True
            events += self._writer.end()
        return events
