"""LiteLLM's synchronous functions beside chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, Unpack, overload

from .._engine.operations import Request
from .._engine.stream import Stream
from .._types.embeddings import EmbeddingInput, EmbeddingParams, EmbeddingRequest, EmbeddingResponse
from .._types.image_edits import ImageEditParams, ImageEditRequest, ImageInput
from .._types.image_variations import ImageVariationParams, ImageVariationRequest
from .._types.images import ImageChunk, ImageParams, ImageRequest, ImageResponse
from .._types.moderations import ModerationInput, ModerationRequest, ModerationResponse
from .._types.request import ControlParams
from .._types.reranking import RerankParams, RerankRequest, RerankResponse
from .._types.spoken import SpeechParams, SpeechRequest, SpeechResponse, Voice
from .._types.text_completions import TextCompletionParams, TextCompletionRequest, TextCompletionResponse, TextPrompt
from .._types.transcriptions import TranscriptionChunk, TranscriptionParams, TranscriptionRequest, TranscriptionResponse
from .._types.upload import FileInput
from .chat_twins import SyncStream
from .default import default_client
from .operations import DEFAULT_MODERATION_MODEL
from .portal import SYNC_THREAD


def _call(request: Request) -> Any:
    result: Stream[Any, Any] | Any = SYNC_THREAD.call(partial(_call_there, request))
    return SyncStream[Any, Any](result) if isinstance(result, Stream) else result


async def _call_there(request: Request) -> Any:
    return await (await default_client()).call(request)


def embedding(model: str, input: EmbeddingInput, **params: Unpack[EmbeddingParams]) -> EmbeddingResponse:
    """`aembedding` for synchronous code."""
    response: EmbeddingResponse = _call(EmbeddingRequest(model, input, **params))
    return response


def image_variation(image: FileInput, model: str = "dall-e-2", **params: Unpack[ImageVariationParams]) -> ImageResponse:
    """`aimage_variation` for synchronous code."""
    response: ImageResponse = _call(ImageVariationRequest(image, model, **params))
    return response


def speech(model: str, input: str, voice: Voice | None = None, **params: Unpack[SpeechParams]) -> SpeechResponse:
    """`aspeech` for synchronous code."""
    response: SpeechResponse = _call(SpeechRequest(model, input, voice, **params))
    return response


def moderation(
    input: ModerationInput, model: str = DEFAULT_MODERATION_MODEL, **params: Unpack[ControlParams]
) -> ModerationResponse:
    """`amoderation` for synchronous code."""
    response: ModerationResponse = _call(ModerationRequest(input, model, **params))
    return response


def rerank(
    model: str, query: str, documents: Sequence[str | Mapping[str, Any]], **params: Unpack[RerankParams]
) -> RerankResponse:
    """`arerank` for synchronous code."""
    response: RerankResponse = _call(RerankRequest(model, query, documents, **params))
    return response


@overload
def image_generation(
    prompt: str, model: str, *, stream: Literal[False] | None = None, **params: Unpack[ImageParams]
) -> ImageResponse: ...
@overload
def image_generation(
    prompt: str, model: str, *, stream: Literal[True], **params: Unpack[ImageParams]
) -> SyncStream[ImageChunk, ImageResponse]: ...
def image_generation(
    prompt: str, model: str, *, stream: bool | None = None, **params: Unpack[ImageParams]
) -> ImageResponse | SyncStream[ImageChunk, ImageResponse]:
    """`aimage_generation` for synchronous code."""
    response: ImageResponse | SyncStream[ImageChunk, ImageResponse] = _call(
        ImageRequest(prompt, model, stream=stream, **params)
    )
    return response


@overload
def image_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: Literal[False] | None = None,
    **params: Unpack[ImageEditParams],
) -> ImageResponse: ...
@overload
def image_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: Literal[True],
    **params: Unpack[ImageEditParams],
) -> SyncStream[ImageChunk, ImageResponse]: ...
def image_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: bool | None = None,
    **params: Unpack[ImageEditParams],
) -> ImageResponse | SyncStream[ImageChunk, ImageResponse]:
    """`aimage_edit` for synchronous code."""
    response: ImageResponse | SyncStream[ImageChunk, ImageResponse] = _call(
        ImageEditRequest(image, prompt, model, mask=mask, stream=stream, **params)
    )
    return response


@overload
def transcription(
    model: str, file: FileInput, *, stream: Literal[False] | None = None, **params: Unpack[TranscriptionParams]
) -> TranscriptionResponse: ...
@overload
def transcription(
    model: str, file: FileInput, *, stream: Literal[True], **params: Unpack[TranscriptionParams]
) -> SyncStream[TranscriptionChunk, TranscriptionResponse]: ...
def transcription(
    model: str, file: FileInput, *, stream: bool | None = None, **params: Unpack[TranscriptionParams]
) -> TranscriptionResponse | SyncStream[TranscriptionChunk, TranscriptionResponse]:
    """`atranscription` for synchronous code."""
    response: TranscriptionResponse | SyncStream[TranscriptionChunk, TranscriptionResponse] = _call(
        TranscriptionRequest(model, file, stream=stream, **params)
    )
    return response


@overload
def text_completion(
    model: str, prompt: TextPrompt, *, stream: Literal[False] | None = None, **params: Unpack[TextCompletionParams]
) -> TextCompletionResponse: ...
@overload
def text_completion(
    model: str, prompt: TextPrompt, *, stream: Literal[True], **params: Unpack[TextCompletionParams]
) -> SyncStream[TextCompletionResponse, TextCompletionResponse]: ...
def text_completion(
    model: str, prompt: TextPrompt, *, stream: bool | None = None, **params: Unpack[TextCompletionParams]
) -> TextCompletionResponse | SyncStream[TextCompletionResponse, TextCompletionResponse]:
    """`atext_completion` for synchronous code."""
    response: TextCompletionResponse | SyncStream[TextCompletionResponse, TextCompletionResponse] = _call(
        TextCompletionRequest(model, prompt, stream=stream, **params)
    )
    return response
