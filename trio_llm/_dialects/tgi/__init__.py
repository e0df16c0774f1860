"""Hugging Face's own formats: text generation (TGI), and vectors by feature extraction.

Paths of generation are relative to the server, those of vectors to `https://router.huggingface.co/hf-inference/models`.

Source: Text Generation Inference, https://huggingface.github.io/text-generation-inference; Hugging Face, "Inference
Providers, Feature Extraction", https://huggingface.co/docs/inference-providers/tasks/feature-extraction; 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..continuations import ERRORS
from ..contract import Dialect, Endpoint, StreamEndpoint, later, later_stream

if TYPE_CHECKING:
    from ..._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from ..._types.text_completions import TextCompletionRequest, TextCompletionResponse


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .features import decode_embeddings, encode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


@later
def _text_completion() -> Endpoint[TextCompletionRequest, TextCompletionResponse]:
    from .generation import decode_generation, encode_generation

    return Endpoint(encode_generation, decode_generation)


@later_stream
def _text_completion_stream() -> StreamEndpoint[TextCompletionRequest, TextCompletionResponse]:
    from .generation import encode_generation_stream, open_generation_decoder

    return StreamEndpoint(encode_generation_stream, open_generation_decoder)


TGI: Final = Dialect(
    name="tgi",
    decode_error=ERRORS.of_reply,
    embeddings=_embeddings,
    text_completion=_text_completion,
    text_completion_stream=_text_completion_stream,
)
