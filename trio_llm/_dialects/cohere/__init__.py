"""Cohere's own API, version 2: embeddings and reranking.

Paths are relative to `https://api.cohere.com/v2`.

Source: Cohere API reference, https://docs.cohere.com/reference, 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..contract import Dialect, Endpoint
from ..openai.errors import decode_error
from ..openai.rerank import decode_rerank, encode_rerank
from .embeddings import decode_embeddings, encode_embeddings

COHERE: Final = Dialect(
    name="cohere",
    decode_error=decode_error,
    embeddings=Endpoint(encode_embeddings, decode_embeddings),
    rerank=Endpoint(encode_rerank, decode_rerank),
)
