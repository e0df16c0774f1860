"""Anthropic's Messages API.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", version 2023-06-01, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later, later_stream
from .errors import decode_error
from .request import encode, encode_stream
from .stream import open_decoder
from .structured import enforced_by
from .whole import decode

if TYPE_CHECKING:
    from ..._types.messages_api.reply import AnthropicMessagesResponse, MessageEvent
    from ..._types.messages_api.request import MessagesRequest
    from ..._types.token_counts import CountTokensRequest, TokenCountResponse


@later
def _count_tokens() -> Endpoint[CountTokensRequest, TokenCountResponse]:
    from .counting import decode_count, encode_count

    return Endpoint(encode_count, decode_count)


@later
def _messages() -> Endpoint[MessagesRequest, AnthropicMessagesResponse]:
    from .passed import decode_message, encode_messages

    return Endpoint(encode_messages, decode_message)


@later_stream
def _streamed_messages() -> StreamEndpoint[MessagesRequest, MessageEvent]:
    from .passed import encode_messages_stream, open_message_decoder

    return StreamEndpoint(encode_messages_stream, open_message_decoder)


ANTHROPIC: Final = Dialect(
    name="anthropic",
    decode_error=decode_error,
    chat=Endpoint(encode, decode, enforced_by=enforced_by),
    chat_stream=StreamEndpoint(encode_stream, open_decoder, enforced_by=enforced_by),
    messages=_messages,
    messages_stream=_streamed_messages,
    count_tokens=_count_tokens,
)
"""Paths are relative to `https://api.anthropic.com`."""
