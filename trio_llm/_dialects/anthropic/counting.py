"""Counts of tokens.

Source: Anthropic API reference, "Count tokens in a Message", 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..._types.http import HTTPRequest
from ..._types.token_counts import CountTokensRequest, TokenCountResponse
from ..contract import WireCall, json_request
from ..counting import body_of, chat_call, read_count
from .request import PATH, encode

_COUNTED: Final = frozenset(
    {"mcp_servers", "messages", "model", "output_config", "system", "thinking", "tool_choice", "tools"}
)
"""All that the count takes; the rest says how to answer."""


def encode_count(call: WireCall[CountTokensRequest]) -> HTTPRequest:
    """The request for a count."""
    chat = encode(chat_call(call))
    body = {name: value for name, value in body_of(chat).items() if name in _COUNTED}
    beside = tuple(field for field in chat.headers if field[0] != "content-type")
    return json_request(f"{PATH}/count_tokens", body, beside)


def decode_count(call: WireCall[CountTokensRequest], body: bytes) -> TokenCountResponse:
    """Read a count."""
    return read_count(call, body, "input_tokens", "anthropic")
