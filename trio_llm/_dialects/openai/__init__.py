"""OpenAI's wire format, and that of the many who follow it.

Source: OpenAI API reference, 2026-11. `replies` lists the departures that are borne in what vendors send.
"""

from __future__ import annotations

from typing import Final

from ..._dialect import Dialect, Endpoint, StreamEndpoint
from .chat import decode_chat, encode_chat, encode_chat_stream
from .chat_stream import open_chat_decoder
from .embeddings import decode_embeddings, encode_embeddings
from .errors import decode_error
from .images import decode_images, encode_images

OPENAI: Final = Dialect(
    name="openai",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    embeddings=Endpoint(encode_embeddings, decode_embeddings),
    images=Endpoint(encode_images, decode_images),
)
