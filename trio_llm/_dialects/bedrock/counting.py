"""Counts of tokens: of a chat as Converse would have it, or as InvokeModel would.

`modelId` has to be that of a foundation model here: inference profiles are refused as models that do not count. So a
profile that is named after its model is counted by the model.

Source: Amazon Bedrock API reference, "CountTokens", and botocore 1.44; user guide, "Monitor your token usage by
counting tokens before running inference"; 2026-11.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final

from ..._types.http import HTTPRequest
from ..._types.token_counts import CountTokensRequest, TokenCountResponse
from ..contract import WireCall, json_request
from ..counting import body_of, chat_call, read_count
from .request import encode_chat, model_path

_COUNTED: Final = frozenset({"additionalModelRequestFields", "messages", "system", "toolConfig"})
"""All that the count takes of a request of Converse."""
_PROFILE: Final = re.compile(r"^(arn:\S+:inference-profile/)?[a-z-]{2,6}\.(?=(ai21|[a-z]+)\.)")
"""What a profile's name has before its model's: the group of regions, as in `us.anthropic.claude-sonnet-4-6`."""


def encode_count(call: WireCall[CountTokensRequest]) -> HTTPRequest:
    """The request for a count."""
    body = body_of(encode_chat(chat_call(call)))
    counted = {name: value for name, value in body.items() if name in _COUNTED}
    return json_request(model_path(_PROFILE.sub("", call.model), "count-tokens"), {"input": {"converse": counted}})


def count_of_invoked(call: WireCall[CountTokensRequest], chat: HTTPRequest) -> HTTPRequest:
    """The request for a count of what InvokeModel would be sent."""
    assert isinstance(chat.body, bytes)
    body = b64encode(chat.body).decode()
    return json_request(
        model_path(_PROFILE.sub("", call.model), "count-tokens"), {"input": {"invokeModel": {"body": body}}}
    )


def decode_count(call: WireCall[CountTokensRequest], body: bytes) -> TokenCountResponse:
    """Read a count."""
    return read_count(call, body, "inputTokens", "bedrock")
