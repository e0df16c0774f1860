"""Chats with models that go on with a text: their requests and answers, by a `PromptForm`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from ..._convert.converter import parse
from ..._convert.narrow import JSONObject, as_count, as_object, as_objects, is_object
from ..._framing.aws_event_stream import EventMessage, EventStreamDecoder
from ..._types.chat import ChatRequest, Delta, ModelResponse, ModelResponseStream, StreamingChoices
from ..._types.folding import fold_chunks
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from ..contract import (
    Dialect,
    Endpoint,
    ErrorDetail,
    ReplyIsError,
    StreamEndpoint,
    WireCall,
    json_request,
    merge_extra_body,
)
from ..failing import broken_off, names_failure, no_answer, retryable
from ..parameters import supported_parameters
from ..streaming import FrameStreamDecoder, TruncatedReply
from .errors import ERRORS, decode_error
from .prompts import PromptForm, turns_of
from .request import model_path
from .unwrapping import METRICS, unwrapped

INVOKE: Final = "invoke"
INVOKE_STREAM: Final = "invoke-with-response-stream"
_FINISH: Final = {
    "complete": "stop",
    "content_filtered": "content_filter",
    "endoftext": "stop",
    "error_toxic": "content_filter",
    "finish": "stop",
    "finished": "stop",
    "length": "length",
    "max_tokens": "length",
    "stop": "stop",
    "stop_criteria_met": "stop",
    "stop_sequence": "stop",
}
_READ: Final = ("inputTokenCount", "inputTextTokenCount", "prompt_token_count")
_WRITTEN: Final = ("outputTokenCount", "totalOutputTextTokenCount", "generation_token_count")
_COUNTED: Final = ("x-amzn-bedrock-input-token-count", "x-amzn-bedrock-output-token-count")


def prompted(name: str, form: PromptForm) -> Dialect:
    """The dialect of one maker's models."""

    def encode(call: WireCall[ChatRequest]) -> HTTPRequest:
        return json_request(model_path(call.model, INVOKE), _body(call, form))

    def encode_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
        return json_request(model_path(call.model, INVOKE_STREAM), _body(call, form))

    return Dialect(
        name=name,
        decode_error=decode_error,
        chat=Endpoint(encode, lambda call, body: _decode(call, form, body)),
        chat_stream=StreamEndpoint(
            encode_stream, lambda call: FrameStreamDecoder(EventStreamDecoder(), _CompletionReader(call, form))
        ),
    )


def _body(call: WireCall[ChatRequest], form: PromptForm) -> dict[str, Any]:
    request = call.request
    expressible = frozenset(form.names) | {"stream_options"}
    given = supported_parameters(request.parameters, call, expressible, drop=request.options.drop_params)
    settings = {
        **form.usual,
        **{
            form.names[name]: [value] if name == "stop" and isinstance(value, str) else value
            for name, value in given.items()
            if name in form.names
        },
    }
    written = {**form.write(turns_of(request.messages))}
    body = written | ({form.holder: settings} if form.holder and settings else settings)
    return merge_extra_body(body, request.options.extra_body)


def _decode(call: WireCall[ChatRequest], form: PromptForm, body: bytes) -> ModelResponse:
    document = parse(body)
    told: JSONObject = dict(document) if is_object(document) else {}
    answer = _CompletedAnswer(call, form)
    chunks = [answer.head(), *answer.read(told)]
    if not answer.reasons and told.get("message"):
        raise ReplyIsError(retryable(ERRORS.of_value(told)))
    failure = answer.failure or (None if answer.says_something or answer.reasons else no_answer(document))
    if failure is not None:
        raise ReplyIsError(evolve(failure, partial=fold_chunks(chunks)))
    return fold_chunks([*chunks, answer.ending()])


class _CompletedAnswer:
    """What was said so far, why it ended, and what it cost."""

    def __init__(self, call: WireCall[ChatRequest], form: PromptForm) -> None:
        self.reasons: dict[int, str] = {}
        self.says_something = False
        self.failure: ErrorDetail | None = None
        self._form = form
        self._call = call
        self._identifier = call.fresh.id("chatcmpl-")
        self._created = call.fresh.time()
        self._counts: list[int | None] = [None, None]
        headers: Mapping[str, str] = call.head.headers if call.head else {}
        for place, name in enumerate(_COUNTED):
            if headers.get(name, "").isdecimal():
                self._counts[place] = int(headers[name])

    def head(self) -> ModelResponseStream:
        """The chunk that says whose answer begins."""
        return self._chunk(StreamingChoices(delta=Delta(role="assistant")))

    def _chunk(self, *choices: StreamingChoices) -> ModelResponseStream:
        return ModelResponseStream(
            id=self._identifier, created=self._created, model=self._call.model, choices=list(choices)
        )

    def read(self, told: JSONObject) -> Iterator[ModelResponseStream]:
        """The chunks of a reply, or of one event of it."""
        self._count(told)
        for piece in self._form.read(told):
            if piece.text:
                self.says_something = True
                yield self._chunk(StreamingChoices(index=piece.index, delta=Delta(content=piece.text)))
            if piece.reason is not None:
                self.reasons[piece.index] = piece.reason
                if names_failure(piece.reason):
                    self.failure = broken_off(piece.reason)
                finish = _FINISH.get(piece.reason.lower(), piece.reason)
                yield self._chunk(StreamingChoices(finish_reason=finish, index=piece.index))

    def _count(self, told: JSONObject) -> None:
        metrics = as_object(told.get(METRICS))
        outputs = [result.get("tokenCount") for result in as_objects(told.get("results"))]
        for place, names in enumerate((_READ, _WRITTEN)):
            found = next((count for name in names for count in (metrics.get(name), told.get(name)) if count), None)
            if (count := as_count(found)) is not None:
                self._counts[place] = count
        if numbers := [count for count in map(as_count, outputs) if count is not None]:
            self._counts[1] = sum(numbers)

    def ending(self) -> ModelResponseStream:
        """The last chunk: what was used."""
        chunk = self._chunk()
        if self._counts != [None, None]:
            read, written = (count or 0 for count in self._counts)
            chunk.usage = Usage(read, written, read + written)
        return chunk


class _CompletionReader:
    """One streamed answer: texts, each answer's reason to end, and at the very end Bedrock's counts."""

    def __init__(self, call: WireCall[ChatRequest], form: PromptForm) -> None:
        self.finished = False
        self._begun = False
        self._answer = _CompletedAnswer(call, form)

    @property
    def complete(self) -> bool:
        return bool(self._answer.reasons)

    def read(self, message: EventMessage) -> Iterable[ModelResponseStream]:
        told = unwrapped(message)
        if not self._begun:
            self._begun = True
            yield self._answer.head()
        yield from self._answer.read(told)
        if self._answer.failure is not None:
            raise ReplyIsError(self._answer.failure)
        if METRICS in told and self._answer.reasons:
            self.finished = True
            yield self._answer.ending()

    def close(self) -> Iterable[ModelResponseStream]:
        if not self._answer.reasons:
            raise TruncatedReply("the stream ended before it said why")
        return () if self.finished else [self._answer.ending()]
