"""Replicate: predictions, which run any model with any input; language models and models that make pictures.

A prediction begins, is looked at until it has ended, and can be cancelled. Paths are relative to
`https://api.replicate.com/v1`. A model is `owner/name`, `owner/name:version`, or `deployments/owner/name`.

What a model takes is for its own page to say: inputs without a parameter here go through `extra_body={"input": ...}`.

Source: Replicate, "HTTP API reference" and "Streaming output", https://replicate.com/docs, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ..._types.chat import ChatRequest
from ..contract import Dialect, Endpoint, StreamEndpoint, later_polled
from .chat import decode_chat, encode_chat, encode_chat_stream, open_chat_decoder
from .predictions import ERRORS, decode_place

if TYPE_CHECKING:
    from ..._types.images import ImageRequest


@later_polled
def _images() -> Endpoint[ImageRequest, Any]:
    from .images import decode_images, encode_images

    return Endpoint(encode_images, decode_images)


_chat: Final[Endpoint[ChatRequest, Any]] = Endpoint(encode_chat, decode_chat, polled=True)
REPLICATE: Final = Dialect(
    name="replicate",
    decode_error=ERRORS.of_reply,
    chat=_chat,
    chat_stream=StreamEndpoint(
        encode_chat_stream, open_chat_decoder, opened_by=Endpoint(encode_chat_stream, decode_place)
    ),
    images=_images,
)
