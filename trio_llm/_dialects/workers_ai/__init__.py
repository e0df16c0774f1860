"""The format in which Cloudflare's Workers AI runs any of its models: `/ai/run/{model}`.

A chat's request is OpenAI's without a model; its reply has a text and calls side by side, inside the envelope of all of
Cloudflare's replies. What is read is brought into OpenAI's shape, and read by OpenAI's dialect.

Paths are relative to `https://api.cloudflare.com/client/v4/accounts/{account}/ai`.

Source: Cloudflare docs, "Workers AI, Execute AI model" and the pages of its models, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later
from .chat import decode_chat, encode_chat, encode_chat_stream, open_chat_decoder
from .envelope import decode_error

if TYPE_CHECKING:
    from ..._types.embeddings import EmbeddingRequest, EmbeddingResponse


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .embeddings import decode_embeddings, encode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


WORKERS_AI: Final = Dialect(
    name="workers_ai",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    embeddings=_embeddings,
)
