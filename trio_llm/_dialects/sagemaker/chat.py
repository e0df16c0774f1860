"""Chats with containers that have OpenAI's shape."""

from __future__ import annotations

from typing import Any, Final

from ..._types.chat import ChatRequest, ModelResponseStream
from ..._types.http import HTTPRequest
from ..contract import WireCall
from ..openai import chat as openai_chat
from ..openai.chat_stream import OpenAIChatReader
from ..streaming import SSEStreamDecoder
from .containers import ContainerEvents, invocation

decode_chat: Final = openai_chat.decode_chat


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a whole reply. Raises as OpenAI's dialect does."""
    body = openai_chat.chat_body(call)
    body.pop("stream_options", None)
    return invocation(call, body)


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a streamed reply, with its usage. Raises as OpenAI's dialect does."""
    body: dict[str, Any] = openai_chat.chat_body(call)
    options = {**(body.get("stream_options") or {}), "include_usage": True}
    return invocation(call, {**body, "stream": True, "stream_options": options}, streamed=True)


def open_chat_decoder(call: WireCall[ChatRequest]) -> SSEStreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply."""
    return SSEStreamDecoder(OpenAIChatReader(call), ContainerEvents())
