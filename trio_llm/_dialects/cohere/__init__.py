"""Cohere's own API, version 2: chats, embeddings and reranking.

Paths are relative to `https://api.cohere.com/v2`.

Source: Cohere API reference, https://docs.cohere.com/reference, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later
from ..openai import OPENAI
from .errors import decode_error
from .reply import decode_chat, open_chat_decoder
from .request import encode_chat, encode_chat_stream

if TYPE_CHECKING:
    from ..._types.embeddings import EmbeddingRequest, EmbeddingResponse


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .embeddings import decode_embeddings, encode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


COHERE: Final = Dialect(
    name="cohere",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    embeddings=_embeddings,
    rerank=OPENAI.rerank,
)
