"""OpenAI's wire format, and that of the many who follow it.

Source: OpenAI API reference, 2026-11. `replies` lists the departures that are borne in what vendors send.
"""

from __future__ import annotations

from typing import Final

from ..contract import Dialect, Endpoint, StreamEndpoint
from .chat import decode_chat, encode_chat, encode_chat_stream
from .chat_stream import open_chat_decoder
from .completions import (
    decode_text_completion,
    encode_text_completion,
    encode_text_completion_stream,
    open_text_completion_decoder,
)
from .embeddings import decode_embeddings, encode_embeddings
from .errors import decode_error
from .images import (
    decode_images,
    encode_image_edit,
    encode_image_edit_stream,
    encode_image_variation,
    encode_images,
    encode_images_stream,
    open_image_decoder,
)
from .moderations import decode_moderation, encode_moderation
from .rerank import decode_rerank, encode_rerank
from .speech import decode_speech, encode_speech, open_sound_decoder
from .transcriptions import (
    decode_transcription,
    encode_transcription,
    encode_transcription_stream,
    open_transcription_decoder,
)

OPENAI: Final = Dialect(
    name="openai",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    embeddings=Endpoint(encode_embeddings, decode_embeddings),
    images=Endpoint(encode_images, decode_images),
    images_stream=StreamEndpoint(encode_images_stream, open_image_decoder),
    image_edit=Endpoint(encode_image_edit, decode_images),
    image_edit_stream=StreamEndpoint(encode_image_edit_stream, open_image_decoder),
    image_variation=Endpoint(encode_image_variation, decode_images),
    transcription=Endpoint(encode_transcription, decode_transcription),
    transcription_stream=StreamEndpoint(encode_transcription_stream, open_transcription_decoder),
    speech=Endpoint(encode_speech, decode_speech),
    speech_stream=StreamEndpoint(encode_speech, open_sound_decoder),
    text_completion=Endpoint(encode_text_completion, decode_text_completion),
    text_completion_stream=StreamEndpoint(encode_text_completion_stream, open_text_completion_decoder),
    moderation=Endpoint(encode_moderation, decode_moderation),
    rerank=Endpoint(encode_rerank, decode_rerank),
)
