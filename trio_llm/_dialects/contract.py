"""What a dialect is: the wire format of one family of providers, as pure functions over plain values.

A dialect knows nothing of hosts, keys, clocks or connections. Its endpoints turn a `WireCall` into an
`HTTPRequest` and a reply's bytes into a response; streamed replies go through a feed/close decoder.
Providers that share a wire format differ in their `Quirks`, which are data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

from .._convert import json as _json
from .._types.errors import APIError, BadRequestError
from .._types.http import JSON_CONTENT, HTTPRequest, ReplyHead
from .._types.receipt import EnforcedBy
from .quirks import NO_QUIRKS, Quirks

if TYPE_CHECKING:  # the types of an operation are imported when it is first asked for
    from .._types.chat import ChatRequest, ModelResponse, ModelResponseStream
    from .._types.decided import DecisionRequest, DecisionResponse
    from .._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from .._types.image_edits import ImageEditRequest
    from .._types.image_variations import ImageVariationRequest
    from .._types.images import ImageChunk, ImageRequest, ImageResponse
    from .._types.messages_api.reply import AnthropicMessagesResponse, MessageEvent
    from .._types.messages_api.request import MessagesRequest
    from .._types.moderations import ModerationRequest, ModerationResponse
    from .._types.reranking import RerankRequest, RerankResponse
    from .._types.responses_api.events import ResponseEvent
    from .._types.responses_api.request import (
        CancelResponseRequest,
        CompactResponseRequest,
        DeleteResponseRequest,
        GetResponseRequest,
        InputItemsRequest,
        ResponsesRequest,
    )
    from .._types.responses_api.response import DeleteResponseResult, InputItemList, ResponsesAPIResponse
    from .._types.spoken import SpeechRequest, SpeechResponse
    from .._types.text_completions import TextCompletionRequest, TextCompletionResponse
    from .._types.token_counts import CountTokensRequest, TokenCountResponse
    from .._types.transcriptions import TranscriptionChunk, TranscriptionRequest, TranscriptionResponse

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
ChunkT = TypeVar("ChunkT")


@attrs.frozen(eq=False, repr=False)
class Fresh:
    """What a dialect cannot make itself, since it has neither clock nor chance. The engine's are real.

    Example:
        identifier = call.fresh.id("chatcmpl-")
    """

    boundary: Callable[[], str]
    """What separates the parts of a form; nobody who writes a file for it can guess it."""
    id: Callable[[str], str]
    """An identifier that no other call has, with a prefix such as `chatcmpl-`."""
    time: Callable[[], int]
    """Seconds since 1970."""


NOT_FRESH = Fresh(lambda: "trio-llm-form", lambda prefix: f"{prefix}0", lambda: 0)


@attrs.define(eq=False, repr=False)
class WireCall(Generic[RequestT]):
    """A request on its way to one provider.

    Example:
        def encode(call: WireCall[ChatRequest]) -> HTTPRequest:
            return json_request("/chat", {"model": call.model, "messages": list(call.request.messages)})
    """

    request: RequestT
    model: str
    """The model's name without its provider's prefix."""
    quirks: Quirks = NO_QUIRKS
    fresh: Fresh = NOT_FRESH
    """Makes what the wire lacks."""
    head: ReplyHead | None = None
    """The head of the reply, once there is one: a decoder is opened, and a reply decoded, after it came."""


@attrs.frozen
class ErrorDetail:
    """What an error reply, or an error event inside a stream, says.

    Example:
        def decode_error(head: ReplyHead, body: bytes) -> ErrorDetail:
            return ErrorDetail(body.decode("utf-8", "replace"))
    """

    message: str
    """The provider's own words."""
    code: str | None = None
    """Its structured code or type."""
    kind: type[APIError] | None = None
    """A class that the structured code makes more exact than the status; None leaves it to the status."""
    status: int | None = None
    """The status that an error event names; error replies have their own."""
    retry_after: float | None = None
    """Seconds to wait, where the body says so."""
    partial: Any = None
    """What the reply has of an answer, where it has some."""
    final: bool = False
    """Whether asking the same again would only tell the same."""


class StreamDecoder(Protocol[ChunkT]):
    """One streamed reply. Feed it every piece of the body, in order, then `close` it.

    Chunks that precede an error in the same piece are returned; the error then waits in `failure`, and the
    decoder takes no more. How the bytes are cut into pieces makes no difference.

        chunks = [chunk for data in pieces for chunk in decoder.feed(data)] + decoder.close()
    """

    @property
    def finished(self) -> bool:
        """Whether the reply is complete, so that nothing more needs to be read."""

    @property
    def complete(self) -> bool:
        """Whether the answer is all there, so that a connection that breaks now costs nothing of it."""

    @property
    def failure(self) -> ErrorDetail | None:
        """The error that ended the stream; its `kind` is set unless a status decides."""

    def feed(self, data: bytes) -> list[ChunkT]:
        """The chunks that this piece completes."""

    def close(self) -> list[ChunkT]:
        """The chunks still held back. A stream that was cut short sets `failure`."""


@attrs.frozen(eq=False, repr=False)
class NotYet:
    """What a reply amounts to that says only where the answer will be."""

    look: HTTPRequest
    """What asks for it."""
    address: str | None = None
    """Where to look, as an absolute URL, in place of the path of `look`."""
    stop: HTTPRequest | None = None
    """What ends the work on the answer, where that can be asked for."""


@attrs.frozen(eq=False, repr=False)
class Endpoint(Generic[RequestT, ResponseT]):
    """One operation with a whole reply.

    Example:
        chat = Endpoint(encode, decode)  # a request to bytes, and a reply's body to a response
    """

    encode: Callable[[WireCall[RequestT]], HTTPRequest]
    """Raises `UnsupportedParamsError` for what the wire cannot express, unless `drop_params` allows to drop it."""
    decode: Callable[[WireCall[RequestT], bytes], ResponseT]
    """Raises `ConversionError` for a malformed reply, `ReplyIsError` for an error with status 200."""
    polled: bool = False
    """Whether a reply may be a `NotYet`, as which `decode` then gives it."""
    enforced_by: Callable[[WireCall[RequestT]], EnforcedBy | None] | None = None
    """Chats: how the provider is held to the schema of a request; None for wires that always take it as it is."""


@attrs.frozen(eq=False, repr=False)
class StreamEndpoint(Generic[RequestT, ChunkT]):
    """One operation with a streamed reply.

    Example:
        chat_stream = StreamEndpoint(encode_stream, open_decoder)
    """

    encode: Callable[[WireCall[RequestT]], HTTPRequest]
    open_decoder: Callable[[WireCall[RequestT]], StreamDecoder[ChunkT]]
    of_documents: bool = False
    """Whether its frames are bare JSON, so that a brace at the beginning does not tell a whole reply."""
    opened_by: Endpoint[RequestT, NotYet] | None = None
    """What asks for the place of the events, where they come by a request of their own."""
    enforced_by: Callable[[WireCall[RequestT]], EnforcedBy | None] | None = None
    """See `Endpoint`."""


def later(load: Callable[[], Endpoint[RequestT, ResponseT]]) -> Endpoint[RequestT, ResponseT]:
    """The endpoint that `load` imports, when it is first used: who only chats has no code and no types of images."""
    loaded = cache(load)
    return Endpoint(lambda call: loaded().encode(call), lambda call, body: loaded().decode(call, body))


def later_polled(load: Callable[[], Endpoint[RequestT, Any]]) -> Endpoint[RequestT, Any]:
    """The same for an answer that is looked for until it is there."""
    return attrs.evolve(later(load), polled=True)


def later_stream(load: Callable[[], StreamEndpoint[RequestT, ChunkT]]) -> StreamEndpoint[RequestT, ChunkT]:
    """The same for a streamed reply."""
    loaded = cache(load)
    return StreamEndpoint(lambda call: loaded().encode(call), lambda call: loaded().open_decoder(call))


def later_documents(load: Callable[[], StreamEndpoint[RequestT, ChunkT]]) -> StreamEndpoint[RequestT, ChunkT]:
    """The same for a reply streamed as bare JSON."""
    return attrs.evolve(later_stream(load), of_documents=True)


class ReplyIsError(Exception):
    """A reply with status 200 that carries an error.

    Example:
        raise ReplyIsError(ErrorDetail("the model is loading", status=503))
    """

    def __init__(self, detail: ErrorDetail) -> None:
        super().__init__(detail.message)
        self.detail = detail


@attrs.frozen(eq=False, repr=False)
class Dialect:
    """One wire format. Operations that it does not have are None.

    Example:
        mine = Dialect(name="mine", decode_error=decode_error, chat=Endpoint(encode, decode))
    """

    name: str
    decode_error: Callable[[ReplyHead, bytes], ErrorDetail]
    """Reads a reply with an error status. Never raises: a body that makes no sense is quoted."""
    chat: Endpoint[ChatRequest, ModelResponse] | None = None
    chat_stream: StreamEndpoint[ChatRequest, ModelResponseStream] | None = None
    embeddings: Endpoint[EmbeddingRequest, EmbeddingResponse] | None = None
    images: Endpoint[ImageRequest, ImageResponse] | None = None
    images_stream: StreamEndpoint[ImageRequest, ImageChunk] | None = None
    image_edit: Endpoint[ImageEditRequest, ImageResponse] | None = None
    image_edit_stream: StreamEndpoint[ImageEditRequest, ImageChunk] | None = None
    image_variation: Endpoint[ImageVariationRequest, ImageResponse] | None = None
    transcription: Endpoint[TranscriptionRequest, TranscriptionResponse] | None = None
    transcription_stream: StreamEndpoint[TranscriptionRequest, TranscriptionChunk] | None = None
    speech: Endpoint[SpeechRequest, SpeechResponse] | None = None
    speech_stream: StreamEndpoint[SpeechRequest, bytes] | None = None
    text_completion: Endpoint[TextCompletionRequest, TextCompletionResponse] | None = None
    text_completion_stream: StreamEndpoint[TextCompletionRequest, TextCompletionResponse] | None = None
    moderation: Endpoint[ModerationRequest, ModerationResponse] | None = None
    rerank: Endpoint[RerankRequest, RerankResponse] | None = None
    responses: Endpoint[ResponsesRequest, ResponsesAPIResponse] | None = None
    responses_stream: StreamEndpoint[ResponsesRequest, ResponseEvent] | None = None
    get_response: Endpoint[GetResponseRequest, ResponsesAPIResponse] | None = None
    get_response_stream: StreamEndpoint[GetResponseRequest, ResponseEvent] | None = None
    delete_response: Endpoint[DeleteResponseRequest, DeleteResponseResult] | None = None
    cancel_response: Endpoint[CancelResponseRequest, ResponsesAPIResponse] | None = None
    compact_response: Endpoint[CompactResponseRequest, ResponsesAPIResponse] | None = None
    list_input_items: Endpoint[InputItemsRequest, InputItemList] | None = None
    messages: Endpoint[MessagesRequest, AnthropicMessagesResponse] | None = None
    messages_stream: StreamEndpoint[MessagesRequest, MessageEvent] | None = None
    count_tokens: Endpoint[CountTokensRequest, TokenCountResponse] | None = None
    decisions: Endpoint[DecisionRequest, DecisionResponse] | None = None


def merge_extra_body(body: dict[str, Any], extra: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body with the caller's extra fields; objects are merged key by key, other values replaced.

    Example:
        body = merge_extra_body(body, call.request.options.extra_body)
    """
    if not extra:
        return body
    for name, value in extra.items():
        held = body.get(name)
        if isinstance(held, dict) and isinstance(value, Mapping):
            body[name] = merge_extra_body(dict(held), value)
        else:
            body[name] = value
    return body


def json_request(path: str, body: Mapping[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> HTTPRequest:
    """A POST of a JSON body.

        request = json_request("/chat", {"model": call.model, "messages": list(call.request.messages)})

    Raises:
        BadRequestError: if a value has no JSON form.
    """
    try:
        return HTTPRequest("POST", path, JSON_CONTENT + headers, _json.dumps(body))
    except (TypeError, ValueError) as error:
        raise BadRequestError(f"the request cannot be written as JSON: {error}") from error
