"""Replies of `/v2/chat`; whole replies and the events of a stream come to the same chunks.

The plan that precedes tool calls, and the thinking of models that think, are `reasoning_content`. Citations stay as
Cohere has them, in `message.citations`.

Source: Cohere API reference, "Chat API (v2)" and "Chat API (v2), streaming", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final

from attrs import evolve

from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject, as_count, as_list, as_object, as_objects, json_text, parse_object, text_in
from ..._framing.sse_decoder import ServerSentEvent
from ..._types.chat import (
    ChatRequest,
    ChoiceLogprobs,
    Delta,
    FunctionCall,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    TokenLogprob,
    ToolCall,
)
from ..._types.folding import fold_chunks
from ..._types.usage import CompletionTokensDetails, PromptTokensDetails, Usage
from ..bodies import ReadingOfEvents, read_body, text_parts, unwrapped
from ..contract import ErrorDetail, ReplyIsError, WireCall
from ..failing import broken_off, calls_nothing, names_failure, no_answer, retryable
from ..streaming import SSEStreamDecoder, TruncatedReply
from ..tool_calls import ConversationIds, calls_in
from .errors import ERRORS

_FINISH: Final = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR_TOXIC": "content_filter",
}
_KINDS: Final = ("text", "thinking")
"""Kinds of block that OpenAI's shape has a place for."""
_ERROR_LIMIT: Final = "ERROR_LIMIT"
"""The context window was full before the answer ended."""


def decode_chat(call: WireCall[ChatRequest], body: bytes) -> ModelResponse:
    """Read a whole reply.

    Raises:
        ConversionError: if it is malformed.
        ReplyIsError: if it is an error, or no answer.
    """
    return read_body(body, partial(_read, call), ReadingOfEvents(partial(open_chat_decoder, call), fold_chunks))


def _read(call: WireCall[ChatRequest], document: Any) -> ModelResponse:
    document = unwrapped(document, "message")
    if type(document) is not dict:
        raise ConversionError(f"expected an object, got {document!r:.60}")
    if not isinstance(document.get("message"), dict):
        raise ReplyIsError(retryable(ERRORS.of_value(document)) if document else no_answer(document))
    reader = _Answer(call)
    message = as_object(document["message"])
    deltas = [
        *reader.plan(message.get("tool_plan")),
        *(delta for block in as_objects(text_parts(message.get("content"))) for delta in reader.block(block)),
        *(delta for tool_call in calls_in(message) for delta in reader.call(tool_call)),
        *reader.citations(message.get("citations")),
    ]
    chunks = [reader.head(document), *(reader.chunk(delta) for delta in deltas)]
    failure = reader.failure(document)
    if failure is not None:
        raise ReplyIsError(evolve(failure, partial=fold_chunks(chunks)))
    return fold_chunks([*chunks, reader.ending(document)])


class _Answer:
    """One answer being read: what it said so far, and how that is shown."""

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self._ids = ConversationIds(call.request.messages)
        self._model = call.model
        self._calls: dict[Any, int] = {}
        self._says_something = False

    def plan(self, text: Any) -> Iterator[Delta]:
        """A piece of the plan."""
        if isinstance(text, str) and text:
            self._says_something = True
            yield Delta(reasoning_content=text)

    def block(self, block: JSONObject) -> Iterator[Delta]:
        """A piece of text or of thinking. A block of another kind is handed out as it is."""
        yield from self.plan(block.get("thinking"))
        text = block.get("text")
        if isinstance(text, str) and text:
            self._says_something = True
            yield Delta(content=text)
        if block.get("type", "text") not in _KINDS:
            self._says_something = True
            yield Delta(provider_specific_fields={"content_parts": [block]})

    def call(self, call: JSONObject, index: int | None = None) -> Iterator[Delta]:
        """The beginning of a tool call; a whole one, in a whole reply."""
        function = as_object(call.get("function"))
        number = self._calls[len(self._calls) if index is None else index] = len(self._calls)
        self._says_something = True
        part = FunctionCall(text_in(function, "name", ".tool_calls.function"), _arguments(function.get("arguments")))
        yield Delta(tool_calls=[ToolCall(self._ids.take(call.get("id")), "function", part, index=number)])

    def more_of_call(self, call: JSONObject, index: int | None) -> Iterator[Delta]:
        """A piece of a tool call's arguments."""
        number = self._calls.get(index, len(self._calls) - 1)
        text = _arguments(as_object(call.get("function")).get("arguments"))
        if text and number >= 0:
            yield Delta(tool_calls=[ToolCall(None, "function", FunctionCall(None, text), index=number)])

    def citations(self, given: Any) -> Iterator[Delta]:
        """Citations as they are."""
        if found := as_objects(given if isinstance(given, list) else [given]):
            yield Delta(model_extra={"citations": found})

    def head(self, told: JSONObject) -> ModelResponseStream:
        """The chunk that says whose answer begins."""
        chunk = self.chunk(Delta(role="assistant"))
        chunk.id = told.get("id")
        return chunk

    def chunk(self, delta: Delta) -> ModelResponseStream:
        """A piece of the answer."""
        return ModelResponseStream(model=self._model, choices=[StreamingChoices(delta=delta)])

    def failure(self, told: JSONObject) -> ErrorDetail | None:
        """Why what ended is no answer, None if it is one."""
        reason, error = told.get("finish_reason"), told.get("error")
        if names_failure(reason):
            return broken_off(str(reason), error if isinstance(error, str) else None)
        if error:
            return retryable(ERRORS.of_value({"message": error}))
        announced = calls_nothing(_FINISH.get(str(reason)), says_something=self._says_something)
        if announced or (not self._says_something and reason not in _FINISH):
            return no_answer(told)
        return None

    def ending(self, told: JSONObject) -> ModelResponseStream:
        """The last chunk: why the answer ended, and what was used."""
        reason = told.get("finish_reason")
        finish = "length" if reason == _ERROR_LIMIT else _FINISH.get(str(reason), reason)
        if self._calls and finish == "stop":
            finish = "tool_calls"
        chunk = self.chunk(Delta())
        chunk.choices = [StreamingChoices(finish, logprobs=_logprobs(told.get("logprobs")))]
        chunk.usage = usage_of(as_object(told.get("usage")))
        return chunk


def _arguments(arguments: Any) -> str:
    if arguments is None or isinstance(arguments, str):
        return arguments or ""
    return json_text(arguments)


def usage_of(usage: JSONObject) -> Usage | None:
    """The tokens that the model read and wrote; those that are billed stay readable as `billed_units`."""
    counted = as_object(usage.get("tokens")) or as_object(usage.get("billed_units"))
    prompt, answer = as_count(counted.get("input_tokens")), as_count(counted.get("output_tokens"))
    if prompt is None and answer is None:
        return None
    read, written = prompt or 0, answer or 0
    neutral = Usage(read, written, read + written)
    if (cached := as_count(usage.get("cached_tokens"))) is not None:
        neutral.prompt_tokens_details = PromptTokensDetails(cached_tokens=cached)
    if (thought := as_count(counted.get("reasoning_tokens"))) is not None:
        neutral.completion_tokens_details = CompletionTokensDetails(reasoning_tokens=thought)
    if usage.get("billed_units"):
        neutral.model_extra = {"billed_units": usage["billed_units"]}
    return neutral


def _logprobs(given: Any) -> ChoiceLogprobs | None:
    tokens = [
        TokenLogprob(str(token.get("text", "")), float(value))
        for token in as_objects(given)
        for value in as_list(token.get("logprobs"))
        if isinstance(value, int | float)
    ]
    return ChoiceLogprobs(content=tokens) if tokens else None


def open_chat_decoder(call: WireCall[ChatRequest]) -> SSEStreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply."""
    return SSEStreamDecoder(_EventReader(call))


class _EventReader:
    """One streamed reply. In order: `message-start`, plan, contents, calls and citations, and `message-end`."""

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self.finished = False
        self._answer = _Answer(call)

    @property
    def complete(self) -> bool:
        return self.finished

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        if event.data == "[DONE]":
            return ()
        told = parse_object(event.data)
        kind = told.get("type") or event.name
        if kind == "error" or (kind is None and told):
            raise ReplyIsError(retryable(ERRORS.of_value(told)))
        delta = as_object(told.get("delta"))
        if kind == "message-start":
            return [self._answer.head(told)]
        if kind == "message-end":
            return [self._end(delta)]
        return [self._answer.chunk(piece) for piece in self._pieces(kind, told, as_object(delta.get("message")))]

    def _pieces(self, kind: Any, told: JSONObject, message: JSONObject) -> Iterable[Delta]:
        match kind:
            case "content-start" | "content-delta":
                blocks = as_objects(text_parts(message.get("content")))
                return [piece for block in blocks for piece in self._answer.block(block)]
            case "tool-plan-delta":
                return self._answer.plan(message.get("tool_plan"))
            case "tool-call-start":
                return self._answer.call(as_object(message.get("tool_calls")), as_count(told.get("index")))
            case "tool-call-delta":
                return self._answer.more_of_call(as_object(message.get("tool_calls")), as_count(told.get("index")))
            case "citation-start":
                return self._answer.citations(message.get("citations"))
            case _:  # the ends of blocks, `debug`, and whatever comes next year
                return ()

    def _end(self, told: JSONObject) -> ModelResponseStream:
        failure = self._answer.failure(told)
        if failure is not None:
            raise ReplyIsError(failure)
        self.finished = True
        return self._answer.ending(told)

    def close(self) -> Iterable[ModelResponseStream]:
        if not self.finished:
            raise TruncatedReply("the stream ended before message-end")
        return ()
