"""Chats. Source: IBM watsonx.ai API reference, "Text chat" and "Text chat stream", 2026-11."""

from __future__ import annotations

from typing import Any, Final

from ..._types.chat import ChatRequest
from ..._types.errors import UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..asked_tools import plain_choice
from ..contract import WireCall
from ..openai import chat as openai_chat, chat_stream as openai_chat_stream
from .requests import watsonx_request

_FIELDS: Final = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "n",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "seed",
        "stop",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
    }
)
"""What a request may have. watsonx passes over what it does not know, so that nothing would tell."""

decode_chat: Final = openai_chat.decode_chat
open_chat_decoder: Final = openai_chat_stream.open_chat_decoder


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a whole reply.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    return watsonx_request(call, "/chat", _body(call))


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a streamed reply. Usage comes unasked. Raises as `encode_chat` does."""
    return watsonx_request(call, "/chat_stream", _body(call))


def _body(call: WireCall[ChatRequest]) -> dict[str, Any]:
    body = openai_chat.chat_body(call)
    del body["model"]
    body.pop("stream_options", None)
    unknown = sorted(body.keys() - _FIELDS)
    if unknown and not call.request.options.drop_params:
        message = f"cannot express {', '.join(unknown)}; drop_params=True leaves it out"
        raise UnsupportedParamsError(message, model=call.model)
    body = {name: value for name, value in body.items() if name in _FIELDS}
    if isinstance(choice := plain_choice(body.get("tool_choice")), str):  # a word has a field of its own
        del body["tool_choice"]
        body["tool_choice_option"] = choice
    if isinstance(stop := body.get("stop"), str):
        body["stop"] = [stop]
    return body
