"""Every operation: the function that asks for it, how the engine makes it, and the client's method.

Types of an operation are imported when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, Unpack, cast, overload

from .._dialects.quirks import Quirks
from .._types.chat import (
    ChatParams,
    ChatRequest,
    MessageLike,
    ModelResponse,
    ModelResponseStream,
    ParsedParams,
)
from .._types.request import ControlParams
from .chat_rules import rules_for
from .messages_asking import (
    MESSAGES_OPERATIONS,
    MessagesOperations,
    ask_anthropic_messages as ask_anthropic_messages,
)
from .operation import Either, Operation, Receive, Streamed, Whole, method, only_makes
from .responses_asking import (
    RESPONSES_OPERATIONS,
    ResponsesOperations,
    ask_cancel_responses as ask_cancel_responses,
    ask_compact_responses as ask_compact_responses,
    ask_delete_responses as ask_delete_responses,
    ask_get_responses as ask_get_responses,
    ask_list_input_items as ask_list_input_items,
    ask_responses as ask_responses,
)
from .stream import ChunkRules

if TYPE_CHECKING:
    from .._types.chat.parsed import ParsedResponse
    from .._types.decided import DecisionInput, DecisionParams, DecisionQuestions, DecisionResponse
    from .._types.embeddings import EmbeddingInput, EmbeddingParams, EmbeddingRequest, EmbeddingResponse
    from .._types.image_edits import ImageEditParams, ImageInput
    from .._types.image_variations import ImageVariationParams
    from .._types.images import ImageChunk, ImageParams, ImageResponse
    from .._types.moderations import ModerationInput, ModerationResponse
    from .._types.reranking import RerankParams, RerankResponse
    from .._types.spoken import SpeechParams, SpeechResponse, Voice
    from .._types.text_completions import (
        TextCompletionParams,
        TextCompletionRequest,
        TextCompletionResponse,
        TextPrompt,
    )
    from .._types.token_counts import TokenCountResponse
    from .._types.transcriptions import TranscriptionChunk, TranscriptionParams, TranscriptionResponse
    from .._types.upload import FileInput

T = TypeVar("T")


@overload
def ask_completion(
    model: str,
    messages: Iterable[MessageLike],
    *,
    response_format: type[T],
    stream: Literal[False] | None = None,
    **params: Unpack[ParsedParams],
) -> Whole[ParsedResponse[T]]: ...
@overload
def ask_completion(
    model: str, messages: Iterable[MessageLike], *, stream: Literal[False] | None = None, **params: Unpack[ChatParams]
) -> Whole[ModelResponse]: ...
@overload
def ask_completion(
    model: str, messages: Iterable[MessageLike], *, stream: Literal[True], **params: Unpack[ChatParams]
) -> Streamed[ModelResponseStream, ModelResponse]: ...
@overload
def ask_completion(
    model: str, messages: Iterable[MessageLike], *, stream: bool | None, **params: Unpack[ChatParams]
) -> Either[ModelResponse, ModelResponseStream]: ...
@only_makes(ChatRequest)
def ask_completion(
    model: str, messages: Iterable[MessageLike], *, stream: bool | None = None, **params: Unpack[ChatParams]
) -> Any:
    """Ask a model to go on with a conversation.

        response = await trio_llm.acompletion("openai/gpt-4o", [{"role": "user", "content": "Hi"}])
        print(response.choices[0].message.content)

    Args:
        model: `"provider/name"`, or a bare name such as `"gpt-4"`.
        messages: dictionaries in OpenAI's shape, or messages of earlier responses.
        stream: return a stream of chunks, once the first content has arrived.
        params: OpenAI's parameters and the control parameters of `CallOptions`. A type as `response_format` gives a
            `ParsedResponse`; `max_repairs` says how often an answer that does not fit is asked for again.

    Raises:
        UnsupportedParamsError: for a parameter that is unknown or that the provider cannot express.
        AnswerValidationError: if the answer does not fit the type in `response_format`.
        APIError: whatever else went wrong; the class says what.
    """
    return ChatRequest(model, messages, stream=stream, **params)


def ask_count_tokens(
    model: str, messages: Iterable[MessageLike], **params: Unpack[ChatParams]
) -> Whole[TokenCountResponse]:
    """Ask the provider how many tokens a chat would send; takes the arguments of the chat.

        count = await trio_llm.acount_tokens("claude-sonnet-4-5", messages)

    Raises:
        BadRequestError: if the provider does not count.
        APIError: whatever else went wrong.
    """
    from .._types.token_counts import CountTokensRequest

    return cast("Whole[TokenCountResponse]", CountTokensRequest(model, messages, **params))


def ask_decisions(
    model: str, input: DecisionInput, questions: DecisionQuestions, **params: Unpack[DecisionParams]
) -> Whole[DecisionResponse]:
    """Have questions about an input decided: yes or no, a choice, a score; answered with probabilities, without text.

        questions = [
            {"type": "predicate", "name": "refund", "instructions": "The customer asks for a refund."},
            {"type": "choice", "instructions": "Whose is it?", "choices": [{"value": "sales"}, {"value": "bills"}]},
            {"type": "score", "instructions": "How angry?", "levels": [{"label": "calm"}, {"label": "furious"}]},
        ]
        decided = await client.decisions("openai/gpt-6-luna", "I was charged twice.", questions)
        decided.answers[0].probability, decided.answers[1].choice, decided.answers[2].score

    Args:
        model: `"provider/name"`, or a bare name.
        input: a text, or messages, tool calls and their outputs.
        questions: OpenAI takes up to 400 at once.
        params: OpenAI's parameters and the control parameters of `CallOptions`.

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.decided import DecisionRequest

    return cast("Whole[DecisionResponse]", DecisionRequest(model, input, questions, **params))


def ask_embedding(model: str, input: EmbeddingInput, **params: Unpack[EmbeddingParams]) -> Whole[EmbeddingResponse]:
    """Turn texts, or texts as token ids, into vectors; `data` is in the order of the input.

    More inputs than the provider takes at once are sent in several requests at the same time, under the client's
    limits; if one of them fails, the call does.

        response = await trio_llm.aembedding("openai/text-embedding-3-small", ["a cat", "a dog"])
        print(len(response.data), len(response.data[0].embedding))

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.embeddings import EmbeddingRequest

    return cast("Whole[EmbeddingResponse]", EmbeddingRequest(model, input, **params))


@overload
def ask_image_generation(
    prompt: str, model: str, *, stream: Literal[False] | None = None, **params: Unpack[ImageParams]
) -> Whole[ImageResponse]: ...
@overload
def ask_image_generation(
    prompt: str, model: str, *, stream: Literal[True], **params: Unpack[ImageParams]
) -> Streamed[ImageChunk, ImageResponse]: ...
def ask_image_generation(prompt: str, model: str, *, stream: bool | None = None, **params: Unpack[ImageParams]) -> Any:
    """Generate images from a prompt; each is an address or base64 text.

    With `stream`, and `partial_images` for how many, pictures come while the image is being made.

        response = await trio_llm.aimage_generation("a cat", "openai/gpt-image-1", size="1024x1024")

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.images import ImageRequest

    return ImageRequest(prompt, model, stream=stream, **params)


@overload
def ask_image_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: Literal[False] | None = None,
    **params: Unpack[ImageEditParams],
) -> Whole[ImageResponse]: ...
@overload
def ask_image_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: Literal[True],
    **params: Unpack[ImageEditParams],
) -> Streamed[ImageChunk, ImageResponse]: ...
def ask_image_edit(
    image: ImageInput,
    prompt: str,
    model: str,
    *,
    mask: FileInput | None = None,
    stream: bool | None = None,
    **params: Unpack[ImageEditParams],
) -> Any:
    """Change an image, or make one out of several, as a prompt says.

        response = await trio_llm.aimage_edit(pathlib.Path("cat.png"), "make it a dog", "openai/gpt-image-1")

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
    from .._types.image_edits import ImageEditRequest

    return ImageEditRequest(image, prompt, model, mask=mask, stream=stream, **params)


def ask_image_variation(
    image: FileInput, model: str = "dall-e-2", **params: Unpack[ImageVariationParams]
) -> Whole[ImageResponse]:
    """Make images like an image, which is given as for `image_edit`.

        response = await trio_llm.aimage_variation(pathlib.Path("cat.png"), "openai/dall-e-2")

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.image_variations import ImageVariationRequest

    return cast("Whole[ImageResponse]", ImageVariationRequest(image, model, **params))


@overload
def ask_transcription(
    model: str, file: FileInput, *, stream: Literal[False] | None = None, **params: Unpack[TranscriptionParams]
) -> Whole[TranscriptionResponse]: ...
@overload
def ask_transcription(
    model: str, file: FileInput, *, stream: Literal[True], **params: Unpack[TranscriptionParams]
) -> Streamed[TranscriptionChunk, TranscriptionResponse]: ...
def ask_transcription(
    model: str, file: FileInput, *, stream: bool | None = None, **params: Unpack[TranscriptionParams]
) -> Any:
    """Write down what is said in a sound file, which may be larger than memory.

        response = await trio_llm.atranscription("openai/whisper-1", pathlib.Path("talk.mp3"))

    Args:
        model: `"provider/name"`, or a bare name such as `"whisper-1"`.
        file: a path, bytes, a binary file object, or (name, content, media type).
        stream: return a stream of pieces of the transcript.
        params: OpenAI's parameters, `diarize`, and the control parameters of `CallOptions`.

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.transcriptions import TranscriptionRequest

    return TranscriptionRequest(model, file, stream=stream, **params)


def ask_speech(
    model: str, input: str, voice: Voice | None = None, **params: Unpack[SpeechParams]
) -> Whole[SpeechResponse]:
    """Speak a text: the whole sound file, in memory. `Client.stream_speech` gives it as it arrives.

        speech = await trio_llm.aspeech("openai/gpt-4o-mini-tts", "Hello.", "alloy")

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.spoken import SpeechRequest

    return cast("Whole[SpeechResponse]", SpeechRequest(model, input, voice, **params))


def ask_moderation(
    input: ModerationInput, model: str = "omni-moderation-latest", **params: Unpack[ControlParams]
) -> Whole[ModerationResponse]:
    """Ask whether texts, or content parts, are harmful; `results` is in the order of the input.

        response = await trio_llm.amoderation("some text", "openai/omni-moderation-latest")

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.moderations import ModerationRequest

    return cast("Whole[ModerationResponse]", ModerationRequest(input, model, **params))


def ask_rerank(
    model: str, query: str, documents: Sequence[str | Mapping[str, Any]], **params: Unpack[RerankParams]
) -> Whole[RerankResponse]:
    """Sort documents by what they have to do with a query, the most relevant first.

        response = await trio_llm.arerank("cohere/rerank-v3.5", "capital of France", ["Rome", "Paris"], top_n=1)

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.reranking import RerankRequest

    return cast("Whole[RerankResponse]", RerankRequest(model, query, documents, **params))


@overload
def ask_text_completion(
    model: str, prompt: TextPrompt, *, stream: Literal[False] | None = None, **params: Unpack[TextCompletionParams]
) -> Whole[TextCompletionResponse]: ...
@overload
def ask_text_completion(
    model: str, prompt: TextPrompt, *, stream: Literal[True], **params: Unpack[TextCompletionParams]
) -> Streamed[TextCompletionResponse, TextCompletionResponse]: ...
def ask_text_completion(
    model: str, prompt: TextPrompt, *, stream: bool | None = None, **params: Unpack[TextCompletionParams]
) -> Any:
    """Go on with a text; with `suffix`, fill the gap before it.

        response = await trio_llm.atext_completion("openai/gpt-3.5-turbo-instruct", "Once upon a time")

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.text_completions import TextCompletionRequest

    return TextCompletionRequest(model, prompt, stream=stream, **params)


def _parsed_answer(
    request: ChatRequest, ask: Callable[[ChatRequest], Awaitable[ModelResponse]]
) -> Awaitable[ModelResponse] | None:
    if isinstance(request.parameters.get("response_format") or {}, Mapping):
        return None
    from .parsed_asking import parsed_answer

    return parsed_answer(request, ask)


def _embedding_in_parts(
    request: EmbeddingRequest, quirks: Quirks, receive: Receive
) -> Awaitable[EmbeddingResponse] | None:
    from .embedding_parts import parts_of, receive_parts

    parts = parts_of(request, quirks.most_inputs)
    return receive_parts(parts, receive) if parts else None


def _picture_rules(_: object) -> ChunkRules[Any, Any]:
    from .stream_rules import PICTURES

    return PICTURES


def _sound_rules(_: object) -> ChunkRules[Any, Any]:
    from .stream_rules import SOUND

    return SOUND


def _transcript_rules(_: object) -> ChunkRules[Any, Any]:
    from .stream_rules import TRANSCRIPT

    return TRANSCRIPT


def _text_rules(request: TextCompletionRequest) -> ChunkRules[Any, Any]:
    from .stream_rules import text_rules

    return text_rules(request)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "count_tokens": Operation("count_tokens", "token count"),
    "completion": Operation("chat", "chat", rules_for, answered=_parsed_answer),
    "decisions": Operation("decisions", "decision"),
    "embedding": Operation("embeddings", "embedding", in_parts=_embedding_in_parts),
    "image_generation": Operation("images", "image", _picture_rules),
    "image_edit": Operation("image_edit", "image edit", _picture_rules),
    "image_variation": Operation("image_variation", "image variation"),
    "moderation": Operation("moderation", "moderation"),
    "rerank": Operation("rerank", "rerank"),
    "speech": Operation("speech", "speech", _sound_rules),
    "text_completion": Operation("text_completion", "text completion", _text_rules),
    "transcription": Operation("transcription", "transcription", _transcript_rules),
    **MESSAGES_OPERATIONS,
    **RESPONSES_OPERATIONS,
}


class Operations(ResponsesOperations, MessagesOperations):
    """Everything that can be asked of whatever makes calls. Every method raises `APIError`s only."""

    completion: Final = method(ask_completion)
    count_tokens: Final = method(ask_count_tokens)
    decisions: Final = method(ask_decisions)
    embedding: Final = method(ask_embedding)
    image_edit: Final = method(ask_image_edit)
    image_generation: Final = method(ask_image_generation)
    image_variation: Final = method(ask_image_variation)
    moderation: Final = method(ask_moderation)
    rerank: Final = method(ask_rerank)
    speech: Final = method(ask_speech)
    text_completion: Final = method(ask_text_completion)
    transcription: Final = method(ask_transcription)
