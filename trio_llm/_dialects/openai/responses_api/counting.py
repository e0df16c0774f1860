"""Counts of tokens.

Source: OpenAI API reference, "Get input token counts", 2026-11.
"""

from __future__ import annotations

from typing import Final

from ...._types.http import HTTPRequest
from ...._types.token_counts import CountTokensRequest, TokenCountResponse
from ...contract import WireCall, json_request
from ...counting import body_of, chat_call, read_count
from .chat import encode_chat
from .request import PATH

_COUNTED: Final = frozenset({"input", "model", "parallel_tool_calls", "reasoning", "text", "tool_choice", "tools"})
"""All of a chat that the count takes; the rest says how to answer."""


def encode_count(call: WireCall[CountTokensRequest]) -> HTTPRequest:
    """The request for a count."""
    body = body_of(encode_chat(chat_call(call)))
    return json_request(f"{PATH}/input_tokens", {name: value for name, value in body.items() if name in _COUNTED})


def decode_count(call: WireCall[CountTokensRequest], body: bytes) -> TokenCountResponse:
    """Read a count."""
    return read_count(call, body, "input_tokens", "responses")
