"""Amazon SageMaker: endpoints that hand a request on to a container of the user's, and its reply back.

What a container speaks is its own affair. Here those are served that large models are deployed in: chats in OpenAI's
shape (TGI, vLLM and LMI containers, Nova), text completions and vectors in Hugging Face's.

A stream is an AWS event stream whose payloads, put together, are what the container streams: server-sent events.

Source: Amazon SageMaker Runtime API reference, "InvokeEndpoint" and "InvokeEndpointWithResponseStream"; Amazon
SageMaker developer guide, "Deploy models with TorchServe/TGI" and "LMI, chat completions API schema"; 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later, later_stream
from .chat import decode_chat, encode_chat, encode_chat_stream, open_chat_decoder
from .containers import decode_error

if TYPE_CHECKING:
    from ..._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from ..._types.text_completions import TextCompletionRequest, TextCompletionResponse


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from ..tgi.features import decode_embeddings
    from .completions import encode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


@later
def _text_completion() -> Endpoint[TextCompletionRequest, TextCompletionResponse]:
    from ..tgi.generation import decode_generation
    from .completions import encode_generation

    return Endpoint(encode_generation, decode_generation)


@later_stream
def _text_completion_stream() -> StreamEndpoint[TextCompletionRequest, TextCompletionResponse]:
    from .completions import encode_generation_stream, open_generation_decoder

    return StreamEndpoint(encode_generation_stream, open_generation_decoder)


SAGEMAKER: Final = Dialect(
    name="sagemaker",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    embeddings=_embeddings,
    text_completion=_text_completion,
    text_completion_stream=_text_completion_stream,
)
