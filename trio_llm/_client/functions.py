"""LiteLLM's functions beside chat, on the default client of the running event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack, overload

from .._engine.operations import Request
from .._types.embeddings import EmbeddingInput, EmbeddingParams, EmbeddingRequest, EmbeddingResponse
from .._types.image_edits import ImageEditParams, ImageEditRequest, ImageInput
from .._types.image_variations import ImageVariationParams, ImageVariationRequest
from .._types.images import ImageParams, ImageRequest, ImageResponse
from .._types.moderations import ModerationInput, ModerationRequest, ModerationResponse
from .._types.request import ControlParams
from .._types.reranking import RerankParams, RerankRequest, RerankResponse
from .._types.spoken import SpeechParams, SpeechRequest, SpeechResponse, Voice
from .._types.text_completions import TextCompletionParams, TextCompletionRequest, TextCompletionResponse, TextPrompt
from .._types.transcriptions import TranscriptionParams, TranscriptionRequest, TranscriptionResponse
from .._types.upload import FileInput
from .default import default_client
from .operations import DEFAULT_MODERATION_MODEL, ImageStream, TextStream, TranscriptionStream


async def _call(request: Request) -> Any:
    return await (await default_client()).call(request)


async def aembedding(model: str, input: EmbeddingInput, **params: Unpack[EmbeddingParams]) -> EmbeddingResponse:
    """`Client.embedding` on the default client."""
    response: EmbeddingResponse = await _call(EmbeddingRequest(model, input, **params))
    return response


async def aimage_variation(
    image: FileInput, model: str = "dall-e-2", **params: Unpack[ImageVariationParams]
) -> ImageResponse:
    """`Client.image_variation` on the default client."""
    response: ImageResponse = await _call(ImageVariationRequest(image, model, **params))
    return response


async def aspeech(model: str, input: str, voice: Voice | None = None, **params: Unpack[SpeechParams]) -> SpeechResponse:
    """`Client.speech` on the default client."""
    response: SpeechResponse = await _call(SpeechRequest(model, input, voice, **params))
    return response


async def amoderation(
    input: ModerationInput, model: str = DEFAULT_MODERATION_MODEL, **params: Unpack[ControlParams]
) -> ModerationResponse:
    """`Client.moderation` on the default client."""
    response: ModerationResponse = await _call(ModerationRequest(input, model, **params))
    return response


async def arerank(
    model: str, query: str, documents: Sequence[str | Mapping[str, Any]], **params: Unpack[RerankParams]
) -> RerankResponse:
    """`Client.rerank` on the default client."""
    response: RerankResponse = await _call(RerankRequest(model, query, documents, **params))
    return response


@overload
async def aimage_generation(
    prompt: str, model: str, *, stream: Literal[False] | None = None, **params: Unpack[ImageParams]
) -> ImageResponse: ...
@overload
async def aimage_generation(
    prompt: str, model: str, *, stream: Literal[True], **params: Unpack[ImageParams]
) -> ImageStream: ...
async def aimage_generation(
    prompt: str, model: str, *, stream: bool | None = None, **params: Unpack[ImageParams]
) -> ImageResponse | ImageStream:
    """`Client.image_generation` on the default client."""
    response: ImageResponse | ImageStream = await _call(ImageRequest(prompt, model, stream=stream, **params))
    return response


@overload
async def aimage_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: Literal[False] | None = None,
    **params: Unpack[ImageEditParams],
) -> ImageResponse: ...
@overload
async def aimage_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: Literal[True],
    **params: Unpack[ImageEditParams],
) -> ImageStream: ...
async def aimage_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: bool | None = None,
    **params: Unpack[ImageEditParams],
) -> ImageResponse | ImageStream:
    """`Client.image_edit` on the default client."""
    response: ImageResponse | ImageStream = await _call(
        ImageEditRequest(image, prompt, model, mask=mask, stream=stream, **params)
    )
    return response


@overload
async def atranscription(
    model: str, file: FileInput, *, stream: Literal[False] | None = None, **params: Unpack[TranscriptionParams]
) -> TranscriptionResponse: ...
@overload
async def atranscription(
    model: str, file: FileInput, *, stream: Literal[True], **params: Unpack[TranscriptionParams]
) -> TranscriptionStream: ...
async def atranscription(
    model: str, file: FileInput, *, stream: bool | None = None, **params: Unpack[TranscriptionParams]
) -> TranscriptionResponse | TranscriptionStream:
    """`Client.transcription` on the default client."""
    response: TranscriptionResponse | TranscriptionStream = await _call(
        TranscriptionRequest(model, file, stream=stream, **params)
    )
    return response


@overload
async def atext_completion(
    model: str, prompt: TextPrompt, *, stream: Literal[False] | None = None, **params: Unpack[TextCompletionParams]
) -> TextCompletionResponse: ...
@overload
async def atext_completion(
    model: str, prompt: TextPrompt, *, stream: Literal[True], **params: Unpack[TextCompletionParams]
) -> TextStream: ...
async def atext_completion(
    model: str, prompt: TextPrompt, *, stream: bool | None = None, **params: Unpack[TextCompletionParams]
) -> TextCompletionResponse | TextStream:
    """`Client.text_completion` on the default client."""
    response: TextCompletionResponse | TextStream = await _call(
        TextCompletionRequest(model, prompt, stream=stream, **params)
    )
    return response
