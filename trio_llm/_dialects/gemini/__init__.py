"""The `generateContent` dialect: the Gemini API (v1beta) and, with other embeddings, Vertex AI (v1).

Paths are relative to `https://generativelanguage.googleapis.com/v1beta`, for Vertex AI to
`https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}/publishers/google`.

Source: Gemini API reference, https://ai.google.dev/api/generate-content, and Vertex AI reference, 2026-11.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..contract import Dialect, Endpoint, StreamEndpoint
from .embeddings import (
    decode_embeddings,
    decode_predicted_embeddings,
    encode_embeddings,
    encode_predicted_embeddings,
)
from .errors import decode_error
from .images import decode_image, encode_image, encode_image_edit
from .request import encode_chat, encode_chat_stream
from .response import decode_chat
from .sound import decode_speech, decode_transcription, encode_speech, encode_transcription
from .stream import open_chat_decoder

__all__ = ["GEMINI", "VERTEX"]

GEMINI: Final = Dialect(
    name="gemini",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    embeddings=Endpoint(encode_embeddings, decode_embeddings),
    images=Endpoint(encode_image, decode_image),
    image_edit=Endpoint(encode_image_edit, decode_image),
    speech=Endpoint(encode_speech, decode_speech),
    transcription=Endpoint(encode_transcription, decode_transcription),
)
VERTEX: Final = attrs.evolve(
    GEMINI, name="vertex", embeddings=Endpoint(encode_predicted_embeddings, decode_predicted_embeddings)
)
