"""Chats that have to be asked by the Responses API: with tools, of models that think.

"Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions. To use function tools, use
/v1/responses or set reasoning_effort to 'none'." Everything else of these models is asked as ever.

Source: OpenAI API, recorded in BerriAI/litellm#34569 and openai/openai-openapi#541, 2026.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import attrs

from ..._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from ..._types.http import HTTPRequest
from ..contract import WireCall
from ..efforts import asks_for_summary
from ..parameters import asked_effort
from ..streaming import SSEStreamDecoder


@attrs.frozen(eq=False, repr=False)
class OtherChats:
    """A way to chat by another API of the same provider."""

    encode: Callable[[WireCall[ChatRequest]], HTTPRequest]
    encode_stream: Callable[[WireCall[ChatRequest]], HTTPRequest]
    decode: Callable[[WireCall[ChatRequest], bytes], ModelResponse]
    open_decoder: Callable[[WireCall[ChatRequest]], SSEStreamDecoder[ModelResponseStream]]


def thinks_elsewhere(call: WireCall[ChatRequest]) -> bool:
    """Whether a request has tools, or wants its thinking summed up, and does not keep the model from thinking."""
    parameters: Any = call.request.parameters
    wants = bool(parameters.get("tools")) or asks_for_summary(parameters.get("reasoning_effort"))
    return wants and asked_effort(parameters, call.quirks) != "none"


@cache
def by_responses() -> OtherChats:
    """Chats by the Responses API; imports it."""
    from .responses_api.chat import encode_chat, encode_chat_stream
    from .responses_api.chat_reply import decode_chat, open_chat_decoder

    return OtherChats(encode_chat, encode_chat_stream, decode_chat, open_chat_decoder)
