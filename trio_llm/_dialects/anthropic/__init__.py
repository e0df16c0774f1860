"""Anthropic's Messages API.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", version 2023-06-01, 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..contract import Dialect, Endpoint, StreamEndpoint
from .errors import decode_error
from .request import encode, encode_stream
from .stream import open_decoder
from .whole import decode

ANTHROPIC: Final = Dialect(
    name="anthropic",
    decode_error=decode_error,
    chat=Endpoint(encode, decode),
    chat_stream=StreamEndpoint(encode_stream, open_decoder),
)
"""Paths are relative to `https://api.anthropic.com`."""
