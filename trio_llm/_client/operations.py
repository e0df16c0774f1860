"""The calls of a client beside chat: each makes its request value and hands it to `call`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal, TypeAlias, Unpack, overload

from .._engine.operations import Request
from .._engine.stream import PumpedStream, Stream
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

TextStream: TypeAlias = Stream[TextCompletionResponse, TextCompletionResponse]
"""What `text_completion(stream=True)` returns."""
ImageStream: TypeAlias = Stream[ImageChunk, ImageResponse]
"""What `image_generation(stream=True)` and `image_edit(stream=True)` return."""
TranscriptionStream: TypeAlias = Stream[TranscriptionChunk, TranscriptionResponse]
"""What `transcription(stream=True)` returns."""
SpeechStream: TypeAlias = PumpedStream[bytes, None]
"""What `async with client.stream_speech(...)` gives."""
DEFAULT_MODERATION_MODEL = "omni-moderation-latest"
"""OpenAI's."""


class EndpointCalls(ABC):
    """Everything beside chat that can be asked of whatever makes calls. Every method raises `APIError`s only."""

    @abstractmethod
    async def call(self, request: Request) -> Any:
        """Make the call that a request describes; one with `stream` set gives a stream."""

    @abstractmethod
    def open_pumped(self, request: Request) -> AbstractAsyncContextManager[PumpedStream[Any, Any]]:
        """A streamed reply, read ahead by a task of the block."""

    async def embedding(
        self, model: str, input: EmbeddingInput, **params: Unpack[EmbeddingParams]
    ) -> EmbeddingResponse:
        """Turn texts, or texts as token ids, into vectors; `data` is in the order of the input.

        More inputs than the provider takes at once are sent in several requests at the same time, under the client's
        limits; if one of them fails, the call does.

        Raises:
            APIError: whatever went wrong.
        """
        response: EmbeddingResponse = await self.call(EmbeddingRequest(model, input, **params))
        return response

    @overload
    async def image_generation(
        self, prompt: str, model: str, *, stream: Literal[False] | None = None, **params: Unpack[ImageParams]
    ) -> ImageResponse: ...
    @overload
    async def image_generation(
        self, prompt: str, model: str, *, stream: Literal[True], **params: Unpack[ImageParams]
    ) -> ImageStream: ...
    async def image_generation(
        self, prompt: str, model: str, *, stream: bool | None = None, **params: Unpack[ImageParams]
    ) -> ImageResponse | ImageStream:
        """Generate images from a prompt; each is an address or base64 text.

        With `stream`, and `partial_images` for how many, pictures come while the image is being made.

        Raises:
            APIError: whatever went wrong.
        """
        response: ImageResponse | ImageStream = await self.call(ImageRequest(prompt, model, stream=stream, **params))
        return response

    @overload
    async def image_edit(
        self,
        image: ImageInput,
        prompt: str,
        model: str,
        *,
        mask: FileInput | None = None,
        stream: Literal[False] | None = None,
        **params: Unpack[ImageEditParams],
    ) -> ImageResponse: ...
    @overload
    async def image_edit(
        self,
        image: ImageInput,
        prompt: str,
        model: str,
        *,
        mask: FileInput | None = None,
        stream: Literal[True],
        **params: Unpack[ImageEditParams],
    ) -> ImageStream: ...
    async def image_edit(
        self,
        image: ImageInput,
        prompt: str,
        model: str,
        *,
        mask: FileInput | None = None,
        stream: bool | None = None,
        **params: Unpack[ImageEditParams],
    ) -> ImageResponse | ImageStream:
        """Change an image, or make one out of several, as a prompt says.

        Args:
            image: a path, bytes, a binary file object, or (name, content, media type); or a list of those.
            prompt: what to do.
            model: `"provider/name"`, or a bare name.
            mask: an image whose transparent places may be changed.
            stream: return a stream of pictures.
            params: OpenAI's parameters and the control parameters of `CallOptions`.

        Raises:
            APIError: whatever went wrong.
        """
        request = ImageEditRequest(image, prompt, model, mask=mask, stream=stream, **params)
        response: ImageResponse | ImageStream = await self.call(request)
        return response

    async def image_variation(
        self, image: FileInput, model: str = "dall-e-2", **params: Unpack[ImageVariationParams]
    ) -> ImageResponse:
        """Make images like an image, which is given as for `image_edit`.

        Raises:
            APIError: whatever went wrong.
        """
        response: ImageResponse = await self.call(ImageVariationRequest(image, model, **params))
        return response

    @overload
    async def transcription(
        self,
        model: str,
        file: FileInput,
        *,
        stream: Literal[False] | None = None,
        **params: Unpack[TranscriptionParams],
    ) -> TranscriptionResponse: ...
    @overload
    async def transcription(
        self, model: str, file: FileInput, *, stream: Literal[True], **params: Unpack[TranscriptionParams]
    ) -> TranscriptionStream: ...
    async def transcription(
        self, model: str, file: FileInput, *, stream: bool | None = None, **params: Unpack[TranscriptionParams]
    ) -> TranscriptionResponse | TranscriptionStream:
        """Write down what is said in a sound file, which may be larger than memory.

        Args:
            model: `"provider/name"`, or a bare name such as `"whisper-1"`.
            file: a path, bytes, a binary file object, or (name, content, media type).
            stream: return a stream of pieces of the transcript.
            params: OpenAI's parameters, `diarize`, and the control parameters of `CallOptions`.

        Raises:
            APIError: whatever went wrong.
        """
        request = TranscriptionRequest(model, file, stream=stream, **params)
        response: TranscriptionResponse | TranscriptionStream = await self.call(request)
        return response

    async def speech(
        self, model: str, input: str, voice: Voice | None = None, **params: Unpack[SpeechParams]
    ) -> SpeechResponse:
        """Speak a text: the whole sound file, in memory. `stream_speech` gives it as it arrives.

        Raises:
            APIError: whatever went wrong.
        """
        response: SpeechResponse = await self.call(SpeechRequest(model, input, voice, **params))
        return response

    @asynccontextmanager
    async def stream_speech(
        self, model: str, input: str, voice: Voice | None = None, **params: Unpack[SpeechParams]
    ) -> AsyncIterator[SpeechStream]:
        """Speak a text: blocks of the sound file as they arrive, in bounded memory. Leaving the block ends it.

        Raises:
            APIError: on entry, whatever went wrong before the first block; later from the iteration.
        """
        async with self.open_pumped(SpeechRequest(model, input, voice, **params)) as stream:
            yield stream

    async def moderation(
        self, input: ModerationInput, model: str = DEFAULT_MODERATION_MODEL, **params: Unpack[ControlParams]
    ) -> ModerationResponse:
        """Ask whether texts, or content parts, are harmful; `results` is in the order of the input.

        Raises:
            APIError: whatever went wrong.
        """
        response: ModerationResponse = await self.call(ModerationRequest(input, model, **params))
        return response

    async def rerank(
        self, model: str, query: str, documents: Sequence[str | Mapping[str, Any]], **params: Unpack[RerankParams]
    ) -> RerankResponse:
        """Sort documents by what they have to do with a query, the most relevant first.

        Raises:
            APIError: whatever went wrong.
        """
        response: RerankResponse = await self.call(RerankRequest(model, query, documents, **params))
        return response

    @overload
    async def text_completion(
        self,
        model: str,
        prompt: TextPrompt,
        *,
        stream: Literal[False] | None = None,
        **params: Unpack[TextCompletionParams],
    ) -> TextCompletionResponse: ...
    @overload
    async def text_completion(
        self, model: str, prompt: TextPrompt, *, stream: Literal[True], **params: Unpack[TextCompletionParams]
    ) -> TextStream: ...
    async def text_completion(
        self, model: str, prompt: TextPrompt, *, stream: bool | None = None, **params: Unpack[TextCompletionParams]
    ) -> TextCompletionResponse | TextStream:
        """Go on with a text; with `suffix`, fill the gap before it.

        Raises:
            APIError: whatever went wrong.
        """
        request = TextCompletionRequest(model, prompt, stream=stream, **params)
        response: TextCompletionResponse | TextStream = await self.call(request)
        return response
