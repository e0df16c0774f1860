"""Replies of `generateContent` as chat responses; whole replies and streams are read by the same code.

Source: Gemini API reference, "Generating content"; guides "Function calling", "Thinking", "Thought signatures",
"Grounding with Google Search" and "Code execution", 2026-11.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from attrs import evolve

from ..._convert.converter import ConversionError, parse, structure
from ..._convert.making import maker
from ..._convert.narrow import as_list, as_object, as_objects, is_object, json_text
from ..._framing.sse_decoder import ServerSentEvent
from ..._types.chat import (
    Annotation,
    ChatAudio,
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
from ..bodies import ReadingOfEvents, read_body, text_parts, unwrapped, whole_document
from ..contract import ErrorDetail, ReplyIsError, StreamDecoder, WireCall
from ..failing import any_content, broken_off, is_heartbeat, names_failure, no_answer, retryable
from ..streaming import SSEStreamDecoder, TruncatedReply
from ..tool_calls import ConversationIds
from ._wire import Blob, Candidate, FunctionCallPart, GeminiReply, LogprobsCandidate, LogprobsResult, Part
from .errors import blocked_detail, error_in, event_detail
from .grounding import SourceBook
from .partial_arguments import PartialArguments
from .usage import usage_of

_FILTERED: Final = (
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MODEL_ARMOR",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
)
_PLAIN_FINISH: Final[Mapping[str, str]] = {"STOP": "stop", "MAX_TOKENS": "length"}
_GIVEN_UP: Final = frozenset({"OTHER"})
"""Finish reasons that name a failure in this format only; those that every dialect knows are told apart elsewhere."""
_PIECES: Final = frozenset({"candidates", "promptFeedback", "usageMetadata"})
"""Fields of which a piece of a reply has at least one."""
_CLOSING_WORD: Final = "[DONE]"
"""Gateways that speak both formats add OpenAI's closing event."""
_FINISH: Final[Mapping[str, str]] = {**_PLAIN_FINISH, **dict.fromkeys(_FILTERED, "content_filter")}


def decode_chat(call: WireCall[ChatRequest], body: bytes) -> ModelResponse:
    """Read a whole reply.

    Beside OpenAI's fields, `message.provider_specific_fields` has, under the provider's names, what has no place
    there: `groundingMetadata` (a list, as streams send several), `citationMetadata`, the `finishReason` where
    OpenAI has no word for it, `parts` (code that the provider ran, and its results), `thought_signatures` of the
    text, and whatever else a candidate carries.

    Raises:
        ConversionError: if it is malformed, or has no candidates.
        ReplyIsError: if the prompt was blocked, or the reply is an error.
    """
    document = whole_document(body)
    if document is not None:
        return _read(call, document)
    return read_body(body, partial(_read, call), ReadingOfEvents(partial(open_chat_decoder, call), fold_chunks))


def _read(call: WireCall[ChatRequest], document: Any) -> ModelResponse:
    response, failure = read_document(document, call.request.messages)
    if failure is not None:
        raise ReplyIsError(evolve(failure, partial=response))
    if not any(choice.finish_reason or any_content(choice.message) for choice in response.choices):
        raise ReplyIsError(no_answer(document))
    return response


def read_document(
    document: Any, messages: Iterable[Mapping[str, Any]] = ()
) -> tuple[ModelResponse, ErrorDetail | None]:
    """The response in a document, and why it is none if it says so.

    Without `alt=sse` a stream is one list of pieces.
    """
    reader = ReplyReader(messages)
    pieces: list[Any] = document if isinstance(document, list) and document else [document]
    chunks = [chunk for piece in pieces for chunk in reader.read(piece)] + reader.close()
    return fold_chunks(chunks), reader.failure


def open_chat_decoder(call: WireCall[ChatRequest]) -> StreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply. Usage is cumulative: the last chunk that has it is right."""
    return SSEStreamDecoder(_StreamReader(call.request.messages))


class _StreamReader:
    """One streamed reply, event by event: each is a piece of the reply, whole in itself.

    There is no closing event: a stream is complete when every answer has its finish reason and the body ends.
    """

    finished = False

    def __init__(self, messages: Iterable[Mapping[str, Any]]) -> None:
        self._reply = ReplyReader(messages)

    @property
    def complete(self) -> bool:
        return self._reply.complete and self._reply.failure is None

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        if event.data == _CLOSING_WORD or is_heartbeat(event.name):
            return ()
        document = parse(event.data)
        pieces = as_objects(document) or [document]
        return [chunk for piece in pieces for chunk in self._reply.read(piece)]

    def close(self) -> Iterator[ModelResponseStream]:
        failure = self._reply.failure
        if failure is None and not self._reply.complete:
            raise TruncatedReply("the stream ended before the answer said why it finished")
        yield from self._reply.close()
        if failure is not None:
            raise ReplyIsError(failure)


def _structured(value: Any) -> GeminiReply:
    """A piece of a reply; one that does not fit once more, without what gateways make of parts and arguments."""
    try:
        return structure(value, GeminiReply)
    except ConversionError:
        candidates = [_settled(one) for one in as_list(as_object(value).get("candidates")) if one is not None]
        if not candidates:
            raise
        return structure({**value, "candidates": candidates}, GeminiReply)


def _settled(candidate: Any) -> Any:
    """A candidate whose parts are in a list, each an object, and whose arguments are no JSON text."""
    content = as_object(as_object(candidate).get("content"))
    if not content:
        return candidate
    parts = text_parts(content.get("parts"))
    for part in as_objects(parts):
        call = as_object(part.get("functionCall"))
        if isinstance(call.get("args"), str):
            call["args"] = parse(call["args"])
    return {**candidate, "content": {**content, "parts": parts}}


class ReplyReader:
    """One reply being read, piece by piece; a whole reply is a single piece."""

    def __init__(self, messages: Iterable[Mapping[str, Any]]) -> None:
        self._messages = messages
        self._open: dict[int, _OpenCandidate] = {}
        self._head: tuple[str | None, int | None, str | None] = (None, None, None)

    @property
    def complete(self) -> bool:
        """Whether there is an answer, and every answer says why it ended."""
        return bool(self._open) and all(candidate.finish for candidate in self._open.values())

    @property
    def failure(self) -> ErrorDetail | None:
        """Why the reply is no answer, if one of its answers says so."""
        return next(filter(None, (self._open[index].failure() for index in sorted(self._open))), None)

    def read(self, value: Any) -> list[ModelResponseStream]:
        """The chunk that a decoded piece amounts to; none for a piece that carries nothing.

        Raises:
            ConversionError: if it is malformed.
            ReplyIsError: if the prompt was blocked, or the piece is an error.
        """
        if (error := error_in(value)) is not None:
            raise ReplyIsError(event_detail(error))
        if not is_object(value) or _PIECES.isdisjoint(value):
            value = unwrapped(value, "candidates")  # Google's own Code Assist puts it into `response`
        if is_object(value) and _PIECES.isdisjoint(value):
            return self._without_answer(value)
        reply = _structured(value)
        feedback = reply.prompt_feedback
        if feedback is not None and feedback.block_reason and not reply.candidates:
            raise ReplyIsError(blocked_detail(feedback))
        self._head = (reply.response_id, _created(reply.create_time), reply.model_version)
        counts = reply.usage_metadata
        chunk = maker(ModelResponseStream)(
            *self._head,
            choices=[self._fragment(candidate, reply.response_id) for candidate in reply.candidates],
            usage=None if counts is None else usage_of(counts),
            service_tier=None if counts is None else counts.service_tier,
            model_extra=reply.model_extra,
        )
        return [chunk]

    def _without_answer(self, value: Mapping[str, Any]) -> list[ModelResponseStream]:
        """A heartbeat says nothing. Anything with a sentence in it is an error of some gateway's."""
        detail = event_detail({"error": value})
        if detail.message[:1] != "{" and not is_heartbeat(value.get("type")):
            raise ReplyIsError(retryable(detail))
        return []

    def close(self) -> list[ModelResponseStream]:
        """The end of every answer: only now is it known whether tools were called."""
        ends = [self._open[index].close() for index in sorted(self._open)]
        return [maker(ModelResponseStream)(*self._head, choices=ends)]

    def _fragment(self, candidate: Candidate, response_id: str | None) -> StreamingChoices:
        held = self._open.get(candidate.index)
        if held is None:
            held = self._open[candidate.index] = _OpenCandidate(
                candidate.index, response_id, ConversationIds(self._messages)
            )
        return held.add(candidate)


class _OpenCandidate:
    """One answer being read."""

    def __init__(self, index: int, response_id: str | None, ids: ConversationIds) -> None:
        self.finish: str | None = None
        self._index = index
        self._response_id = response_id
        self._ids = ids
        self._calls = 0
        self._without_arguments: set[int] = set()
        """Calls that have none so far. That they need none is known at the end of the answer."""
        self._told: dict[str, tuple[str | None, str]] = {}
        """Names and arguments of calls, by their ids."""
        self._partial: PartialArguments | None = None
        """Those of the last call, while they come value by value."""
        self._says_something = False
        self._role: str | None = "assistant"
        self._beside: dict[str, Any] = {}
        self._sources = SourceBook()
        self._audio = _AudioJoint()
        self._last_kind: object = None

    def add(self, candidate: Candidate) -> StreamingChoices:
        """The fragment that a piece of the answer amounts to."""
        delta = maker(Delta)(role=self._role)
        self._role = None
        for number, part in enumerate(candidate.content.parts if candidate.content else ()):
            self._note_text(part, first=number == 0)
            self._take(part, delta)
        self.finish = candidate.finish_reason or self.finish
        self._says_something = self._says_something or any_content(delta)
        self._cite(candidate, delta)
        self._beside.update(candidate.model_extra or {})
        logprobs = None if candidate.logprobs_result is None else _logprobs(candidate.logprobs_result)
        return maker(StreamingChoices)(None, self._index, delta, logprobs)

    def close(self) -> StreamingChoices:
        """The last fragment, with the reason of the end."""
        if self.finish is not None and self.finish not in _PLAIN_FINISH:
            self._beside["finishReason"] = self.finish  # also where it is handed on as it is
        delta = maker(Delta)(provider_specific_fields=self._beside or None)
        self._end_partial(delta, whole=self.finish in (None, "STOP"))
        for number in sorted(self._without_arguments):
            self._add_arguments(number, "{}", delta)
        if rest := self._audio.close():
            delta.audio = ChatAudio(data=rest)
        return maker(StreamingChoices)(self._finish_reason(), self._index, delta)

    def failure(self) -> ErrorDetail | None:
        """The failure that the finish reason names; an unknown one is none beside an answer."""
        if self.finish is None or self.finish in _FINISH:
            return None
        if self.finish in _GIVEN_UP or names_failure(self.finish):
            return broken_off(self.finish, self._beside.get("finishMessage"))
        return None if self._says_something else no_answer({"finishReason": self.finish, **self._beside})

    def _finish_reason(self) -> str | None:
        reason = None if self.finish is None else _FINISH.get(self.finish, self.finish)
        return "tool_calls" if self._calls and reason in (None, "stop") else reason

    def _note_text(self, part: Part, *, first: bool) -> None:
        """Keep the text for citations. The first part of a piece goes on where the piece before left off."""
        kind = None if part.text is None else bool(part.thought)
        text = part.text or "" if kind is False else ""
        self._sources.add_text(text, continues=first and kind is not None and kind == self._last_kind)
        self._last_kind = kind

    def _take(self, part: Part, delta: Delta) -> None:
        if part.function_call is not None:
            self._take_call(part.function_call, part.thought_signature, delta)
        elif part.inline_data is not None and not part.thought:
            self._take_media(part.inline_data, part.thought_signature, delta)
        elif part.text is None and (part.model_extra or part.inline_data is not None):
            _append(delta, "parts", _raw(part))
        else:
            _take_text(part, delta)
            if part.model_extra:
                _append(delta, "part_fields", part.model_extra)

    def _take_call(self, wire: FunctionCallPart, signature: str | None, delta: Delta) -> None:
        arguments = json_text(wire.args) if wire.args else ""
        if wire.id and arguments and self._told.get(wire.id) == (wire.name, arguments):
            return  # said again, as gateways do
        if wire.name or not self._calls:
            self._end_partial(delta, whole=True)
            self._begin_call(wire, signature, arguments, delta)
        elif arguments:  # a stream may bring the arguments behind the name
            self._add_arguments(self._calls - 1, arguments, delta)
        if not arguments and (wire.partial_args or wire.will_continue):
            self._partial = self._partial or PartialArguments()
            self._partial.add(wire.partial_args)
        if not wire.will_continue:
            self._end_partial(delta, whole=True)

    def _begin_call(self, wire: FunctionCallPart, signature: str | None, arguments: str, delta: Delta) -> None:
        if not arguments:
            self._without_arguments.add(self._calls)
        if wire.id:
            self._told[wire.id] = (wire.name, arguments)
        call = ToolCall(
            self._ids.take(wire.id, f"{self._response_id}/{self._index}"),
            function=FunctionCall(wire.name, arguments),
            index=self._calls,
            provider_specific_fields={"thought_signature": signature} if signature else None,
        )
        self._calls += 1
        delta.tool_calls = [*(delta.tool_calls or ()), call]

    def _add_arguments(self, number: int, text: str, delta: Delta) -> None:
        self._without_arguments.discard(number)
        delta.tool_calls = [*(delta.tool_calls or ()), ToolCall(function=FunctionCall(None, text), index=number)]

    def _end_partial(self, delta: Delta, *, whole: bool) -> None:
        """The arguments that came value by value. Those that were cut off stay open: nobody takes them for all."""
        if self._partial is not None:
            text = json_text(self._partial.object())
            self._add_arguments(self._calls - 1, text if whole else text.removesuffix("}"), delta)
            self._partial = None

    def _take_media(self, blob: Blob, signature: str | None, delta: Delta) -> None:
        if blob.mime_type.startswith("audio/"):
            data = (delta.audio.data or "" if delta.audio else "") + self._audio.add(blob.data)
            delta.audio = ChatAudio(data=data)
            self._beside["audio_mime_type"] = blob.mime_type
            return
        image: dict[str, Any] = {"type": "image_url", "image_url": {"url": f"data:{blob.mime_type};base64,{blob.data}"}}
        if signature:
            image["thought_signature"] = signature
        delta.images = [*(delta.images or ()), image]

    def _cite(self, candidate: Candidate, delta: Delta) -> None:
        found: list[Annotation] = []
        if candidate.grounding_metadata:
            found += self._sources.grounded(candidate.grounding_metadata)
            self._beside.setdefault("groundingMetadata", []).append(candidate.grounding_metadata)
        if candidate.citation_metadata:
            found += self._sources.cited(candidate.citation_metadata)
            self._beside["citationMetadata"] = candidate.citation_metadata
        delta.annotations = found or None


class _AudioJoint:
    """Pieces of base64 text that can be joined as text: every piece but the last is made of whole groups."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, data: str) -> str:
        try:
            raw = self._rest + base64.b64decode(data)
        except binascii.Error as error:
            raise ConversionError("audio is not base64") from error
        whole = len(raw) - len(raw) % 3
        self._rest = raw[whole:]
        return base64.b64encode(raw[:whole]).decode()

    def close(self) -> str:
        return base64.b64encode(self._rest).decode()


def _take_text(part: Part, delta: Delta) -> None:
    if part.text and part.thought:
        delta.reasoning_content = (delta.reasoning_content or "") + part.text
    elif part.text:
        delta.content = (delta.content or "") + part.text
    if part.thought_signature:
        _append(delta, "thought_signatures", part.thought_signature)


def _append(delta: Delta, name: str, value: Any) -> None:
    fields = delta.provider_specific_fields or {}
    delta.provider_specific_fields = {**fields, name: [*fields.get(name, ()), value]}


def _raw(part: Part) -> dict[str, Any]:
    """A part of a kind that OpenAI's shape does not have, as it was on the wire, to be sent back unchanged."""
    known: dict[str, Any] = {"text": part.text, "thought": part.thought, "thoughtSignature": part.thought_signature}
    if part.inline_data is not None:
        known["inlineData"] = {"mimeType": part.inline_data.mime_type, "data": part.inline_data.data}
    return {name: value for name, value in known.items() if value is not None} | (part.model_extra or {})


def _logprobs(result: LogprobsResult) -> ChoiceLogprobs:
    content = [_token(candidate) for candidate in result.chosen_candidates]
    for token, rivals in zip(content, result.top_candidates, strict=False):
        token.top_logprobs = [_token(candidate) for candidate in rivals.candidates]
    return ChoiceLogprobs(content)


def _token(wire: LogprobsCandidate) -> TokenLogprob:
    encoded = list(wire.token.encode("utf-8", "surrogatepass"))
    return TokenLogprob(wire.token, wire.log_probability, encoded, model_extra=wire.model_extra)


def _created(time: str | None) -> int | None:
    """Seconds since 1970; only Vertex AI says when a reply was made."""
    try:
        return None if time is None else int(datetime.fromisoformat(time).timestamp())
    except ValueError:
        return None
