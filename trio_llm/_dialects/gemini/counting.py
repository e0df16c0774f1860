"""Counts of tokens: a whole request in Gemini's own API, its contents in Vertex AI's.

Source: Gemini API reference, "models.countTokens"; Vertex AI reference, "CountTokens"; 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..._convert.narrow import parse_object
from ..._types.http import HTTPRequest
from ..._types.token_counts import CountTokensRequest, TokenCountResponse
from ..contract import WireCall, json_request
from ..counting import body_of, chat_call, read_count
from .models import model_path, resource_name
from .request import encode_chat

_COUNTED: Final = frozenset({"contents", "generationConfig", "systemInstruction", "tools"})
"""All that Vertex AI takes."""
_OF_COUNTS: Final = frozenset(
    {"cacheTokensDetails", "cachedContentTokenCount", "promptTokensDetails", "totalBillableCharacters"}
)
"""Fields of a count beside the number."""


def encode_count(call: WireCall[CountTokensRequest]) -> HTTPRequest:
    """The request for a count by Gemini's own API."""
    asked = {"model": resource_name(call.model), **body_of(encode_chat(chat_call(call)))}
    return json_request(model_path(call.model, "countTokens"), {"generateContentRequest": asked})


def encode_vertex_count(call: WireCall[CountTokensRequest]) -> HTTPRequest:
    """The request for a count by Vertex AI."""
    body = body_of(encode_chat(chat_call(call)))
    counted = {name: value for name, value in body.items() if name in _COUNTED}
    return json_request(model_path(call.model, "countTokens"), counted)


def decode_count(call: WireCall[CountTokensRequest], body: bytes) -> TokenCountResponse:
    """Read a count. That of nothing lacks the number, and may have no field at all."""
    told = parse_object(body)
    is_empty = "totalTokens" not in told and _OF_COUNTS.issuperset(told)
    return read_count(call, b'{"totalTokens": 0}' if is_empty else body, "totalTokens", "gemini")
