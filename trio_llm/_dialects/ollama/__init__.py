"""Ollama's native API: chats, completions and embeddings.

Paths are relative to `http://localhost:11434`. Streams are lines of JSON.

Source: Ollama API reference, https://github.com/ollama/ollama/blob/main/docs/api.md, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later, later_documents
from .errors import decode_error
from .reply import decode_chat, open_chat_decoder
from .request import encode_chat, encode_chat_stream

if TYPE_CHECKING:
    from ..._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from ..._types.text_completions import TextCompletionRequest, TextCompletionResponse


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .embeddings import decode_embeddings, encode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


@later
def _text_completion() -> Endpoint[TextCompletionRequest, TextCompletionResponse]:
    from .completions import decode_text_completion, encode_text_completion

    return Endpoint(encode_text_completion, decode_text_completion)


@later_documents
def _text_completion_stream() -> StreamEndpoint[TextCompletionRequest, TextCompletionResponse]:
    from .completions import encode_text_completion_stream, open_text_completion_decoder

    return StreamEndpoint(encode_text_completion_stream, open_text_completion_decoder)


OLLAMA: Final = Dialect(
    name="ollama",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder, of_documents=True),
    embeddings=_embeddings,
    text_completion=_text_completion,
    text_completion_stream=_text_completion_stream,
)
