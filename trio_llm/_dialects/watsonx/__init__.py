"""IBM watsonx.ai's own API: chats, text generation and vectors.

Every request names a project or a space: `extra_body={"project_id": ...}` or `{"space_id": ...}`. A chat is OpenAI's
under a few other names, and its reply is in OpenAI's shape.

Paths are relative to `https://{region}.ml.cloud.ibm.com/ml/v1/text`.

Source: IBM watsonx.ai API reference, https://cloud.ibm.com/apidocs/watsonx-ai ("Text chat", "Text generation", "Text
embeddings" and their streams), 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later, later_stream
from ..openai import OPENAI
from .chat import decode_chat, encode_chat, encode_chat_stream, open_chat_decoder

if TYPE_CHECKING:
    from ..._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from ..._types.text_completions import TextCompletionRequest, TextCompletionResponse


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .embeddings import decode_embeddings, encode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


@later
def _text_completion() -> Endpoint[TextCompletionRequest, TextCompletionResponse]:
    from .generation import decode_generation, encode_generation

    return Endpoint(encode_generation, decode_generation)


@later_stream
def _text_completion_stream() -> StreamEndpoint[TextCompletionRequest, TextCompletionResponse]:
    from .generation import encode_generation_stream, open_generation_decoder

    return StreamEndpoint(encode_generation_stream, open_generation_decoder)


WATSONX: Final = Dialect(
    name="watsonx",
    decode_error=OPENAI.decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    embeddings=_embeddings,
    text_completion=_text_completion,
    text_completion_stream=_text_completion_stream,
)
