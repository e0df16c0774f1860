"""Anthropic's Messages API.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", version 2023-06-01, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later
from .errors import decode_error
from .request import encode, encode_stream
from .stream import open_decoder
from .whole import decode

if TYPE_CHECKING:
    from ..._types.token_counts import CountTokensRequest, TokenCountResponse


@later
def _count_tokens() -> Endpoint[CountTokensRequest, TokenCountResponse]:
    from .counting import decode_count, encode_count

    return Endpoint(encode_count, decode_count)


ANTHROPIC: Final = Dialect(
    name="anthropic",
    decode_error=decode_error,
    chat=Endpoint(encode, decode),
    chat_stream=StreamEndpoint(encode_stream, open_decoder),
    count_tokens=_count_tokens,
)
"""Paths are relative to `https://api.anthropic.com`."""
