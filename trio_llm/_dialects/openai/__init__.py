"""OpenAI's wire format, and that of the many who follow it.

Source: OpenAI API reference, 2026-11. `replies` lists the departures that are borne in what vendors send.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later, later_stream
from .chat import decode_chat, encode_chat, encode_chat_stream
from .chat_stream import open_chat_decoder
from .errors import decode_error

if TYPE_CHECKING:
    from ..._types.decided import DecisionRequest, DecisionResponse
    from ..._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from ..._types.image_edits import ImageEditRequest
    from ..._types.image_variations import ImageVariationRequest
    from ..._types.images import ImageChunk, ImageRequest, ImageResponse
    from ..._types.moderations import ModerationRequest, ModerationResponse
    from ..._types.reranking import RerankRequest, RerankResponse
    from ..._types.spoken import SpeechRequest, SpeechResponse
    from ..._types.text_completions import TextCompletionRequest, TextCompletionResponse
    from ..._types.transcriptions import TranscriptionChunk, TranscriptionRequest, TranscriptionResponse


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .embeddings import decode_embeddings, encode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


@later
def _images() -> Endpoint[ImageRequest, ImageResponse]:
    from .images import decode_images, encode_images

    return Endpoint(encode_images, decode_images)


@later_stream
def _images_stream() -> StreamEndpoint[ImageRequest, ImageChunk]:
    from .images import encode_images_stream, open_image_decoder

    return StreamEndpoint(encode_images_stream, open_image_decoder)


@later
def _image_edit() -> Endpoint[ImageEditRequest, ImageResponse]:
    from .images import decode_images, encode_image_edit

    return Endpoint(encode_image_edit, decode_images)


@later_stream
def _image_edit_stream() -> StreamEndpoint[ImageEditRequest, ImageChunk]:
    from .images import encode_image_edit_stream, open_image_decoder

    return StreamEndpoint(encode_image_edit_stream, open_image_decoder)


@later
def _image_variation() -> Endpoint[ImageVariationRequest, ImageResponse]:
    from .images import decode_images, encode_image_variation

    return Endpoint(encode_image_variation, decode_images)


@later
def _transcription() -> Endpoint[TranscriptionRequest, TranscriptionResponse]:
    from .transcriptions import decode_transcription, encode_transcription

    return Endpoint(encode_transcription, decode_transcription)


@later_stream
def _transcription_stream() -> StreamEndpoint[TranscriptionRequest, TranscriptionChunk]:
    from .transcriptions import encode_transcription_stream, open_transcription_decoder

    return StreamEndpoint(encode_transcription_stream, open_transcription_decoder)


@later
def _speech() -> Endpoint[SpeechRequest, SpeechResponse]:
    from .sounds import decode_speech, encode_speech

    return Endpoint(encode_speech, decode_speech)


@later_stream
def _speech_stream() -> StreamEndpoint[SpeechRequest, bytes]:
    from .sounds import encode_speech, open_sound_decoder

    return StreamEndpoint(encode_speech, open_sound_decoder)


@later
def _text_completion() -> Endpoint[TextCompletionRequest, TextCompletionResponse]:
    from .completions import decode_text_completion, encode_text_completion

    return Endpoint(encode_text_completion, decode_text_completion)


@later_stream
def _text_completion_stream() -> StreamEndpoint[TextCompletionRequest, TextCompletionResponse]:
    from .completions import encode_text_completion_stream, open_text_completion_decoder

    return StreamEndpoint(encode_text_completion_stream, open_text_completion_decoder)


@later
def _moderation() -> Endpoint[ModerationRequest, ModerationResponse]:
    from .moderations import decode_moderation, encode_moderation

    return Endpoint(encode_moderation, decode_moderation)


@later
def _decisions() -> Endpoint[DecisionRequest, DecisionResponse]:
    from .decided import decode_decisions, encode_decisions

    return Endpoint(encode_decisions, decode_decisions)


@later
def _rerank() -> Endpoint[RerankRequest, RerankResponse]:
    from .reranking import decode_rerank, encode_rerank

    return Endpoint(encode_rerank, decode_rerank)


OPENAI: Final = Dialect(
    name="openai",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    embeddings=_embeddings,
    images=_images,
    images_stream=_images_stream,
    image_edit=_image_edit,
    image_edit_stream=_image_edit_stream,
    image_variation=_image_variation,
    transcription=_transcription,
    transcription_stream=_transcription_stream,
    speech=_speech,
    speech_stream=_speech_stream,
    text_completion=_text_completion,
    text_completion_stream=_text_completion_stream,
    moderation=_moderation,
    rerank=_rerank,
    decisions=_decisions,
)
