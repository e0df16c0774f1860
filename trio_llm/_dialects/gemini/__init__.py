"""The `generateContent` dialect: the Gemini API (v1beta) and, with other embeddings, Vertex AI (v1).

Paths are relative to `https://generativelanguage.googleapis.com/v1beta`, for Vertex AI to
`https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}/publishers/google`.

Source: Gemini API reference, https://ai.google.dev/api/generate-content, and Vertex AI reference, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from ..contract import Dialect, Endpoint, StreamEndpoint, later
from .errors import decode_error
from .request import encode_chat, encode_chat_stream
from .response import decode_chat, open_chat_decoder

if TYPE_CHECKING:
    from ..._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from ..._types.image_edits import ImageEditRequest
    from ..._types.images import ImageRequest, ImageResponse
    from ..._types.spoken import SpeechRequest, SpeechResponse
    from ..._types.token_counts import CountTokensRequest, TokenCountResponse
    from ..._types.transcriptions import TranscriptionRequest, TranscriptionResponse

__all__ = ["GEMINI", "VERTEX"]


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .embeddings import decode_embeddings, encode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


@later
def _predicted_embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .embeddings import decode_predicted_embeddings, encode_predicted_embeddings

    return Endpoint(encode_predicted_embeddings, decode_predicted_embeddings)


@later
def _count_tokens() -> Endpoint[CountTokensRequest, TokenCountResponse]:
    from .counting import decode_count, encode_count

    return Endpoint(encode_count, decode_count)


@later
def _vertex_count_tokens() -> Endpoint[CountTokensRequest, TokenCountResponse]:
    from .counting import decode_count, encode_vertex_count

    return Endpoint(encode_vertex_count, decode_count)


@later
def _images() -> Endpoint[ImageRequest, ImageResponse]:
    from .images import decode_image, encode_image

    return Endpoint(encode_image, decode_image)


@later
def _image_edit() -> Endpoint[ImageEditRequest, ImageResponse]:
    from .images import decode_image, encode_image_edit

    return Endpoint(encode_image_edit, decode_image)


@later
def _speech() -> Endpoint[SpeechRequest, SpeechResponse]:
    from .sound import decode_speech, encode_speech

    return Endpoint(encode_speech, decode_speech)


@later
def _transcription() -> Endpoint[TranscriptionRequest, TranscriptionResponse]:
    from .sound import decode_transcription, encode_transcription

    return Endpoint(encode_transcription, decode_transcription)


GEMINI: Final = Dialect(
    name="gemini",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    count_tokens=_count_tokens,
    embeddings=_embeddings,
    images=_images,
    image_edit=_image_edit,
    speech=_speech,
    transcription=_transcription,
)
VERTEX: Final = attrs.evolve(GEMINI, name="vertex", count_tokens=_vertex_count_tokens, embeddings=_predicted_embeddings)
