"""Endpoints of another API over those of chats: what one asks becomes a chat, and the answer is written back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from ..._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from ..._types.errors import UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..._types.receipt import EnforcedBy
from ..._types.request import changed
from ..contract import Endpoint, NotYet, StreamDecoder, StreamEndpoint, WireCall
from ..told_schema import with_told_schema

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
EventT = TypeVar("EventT")


@attrs.frozen
class ChatBridge:
    """How requests of one API become chats."""

    chat_request: Callable[[Any], ChatRequest]
    advice: frozenset[str] = frozenset()
    """Parameters of the chat that are left out where they cannot be said: they only tell who asks."""

    def whole(
        self,
        chat: Endpoint[ChatRequest, ModelResponse],
        write: Callable[[WireCall[RequestT], ModelResponse], ResponseT],
    ) -> Endpoint[RequestT, Any]:
        """The endpoint of a whole answer, which `write` makes of a chat's."""

        def decode(call: WireCall[RequestT], body: bytes) -> ResponseT | NotYet:
            response: ModelResponse | NotYet = chat.decode(self._as_chat(call), body)
            return response if isinstance(response, NotYet) else write(call, response)

        return Endpoint(lambda call: self._encoded(chat, call), decode, chat.polled, self._as_chats(chat.enforced_by))

    def streamed(
        self,
        chat: StreamEndpoint[ChatRequest, ModelResponseStream],
        open_decoder: Callable[[WireCall[RequestT], StreamDecoder[ModelResponseStream]], StreamDecoder[EventT]],
    ) -> StreamEndpoint[RequestT, EventT]:
        """The endpoint of a streamed answer, whose decoder `open_decoder` makes of a chat's."""
        opened_by = chat.opened_by
        return StreamEndpoint(
            lambda call: self._encoded(chat, call),
            lambda call: open_decoder(call, chat.open_decoder(self._as_chat(call))),
            chat.of_documents,
            None if opened_by is None else self._opening(opened_by),
            self._as_chats(chat.enforced_by),
        )

    def _opening(self, opened_by: Endpoint[ChatRequest, NotYet]) -> Endpoint[RequestT, NotYet]:
        return Endpoint(
            lambda call: self._encoded(opened_by, call),
            lambda call, body: opened_by.decode(self._as_chat(call), body),
            opened_by.polled,
        )

    def _encoded(
        self, chat: Endpoint[ChatRequest, Any] | StreamEndpoint[ChatRequest, Any], call: WireCall[Any]
    ) -> HTTPRequest:
        asked = self._as_chat(call)
        try:
            return chat.encode(asked)
        except UnsupportedParamsError:
            if self.advice.isdisjoint(asked.request.parameters):
                raise
        told = {name: value for name, value in asked.request.parameters.items() if name not in self.advice}
        return chat.encode(attrs.evolve(asked, request=changed(asked.request, parameters=told)))

    def _as_chats(
        self, question: Callable[[WireCall[ChatRequest]], EnforcedBy | None] | None
    ) -> Callable[[WireCall[RequestT]], EnforcedBy | None] | None:
        return None if question is None else lambda call: question(self._as_chat(call))

    def _as_chat(self, call: WireCall[RequestT]) -> WireCall[ChatRequest]:
        request: Any = with_told_schema(self.chat_request(call.request), call.quirks)
        made: Any = attrs.evolve(call, request=request)
        return made  # type: ignore[no-any-return]  # a call of another request
