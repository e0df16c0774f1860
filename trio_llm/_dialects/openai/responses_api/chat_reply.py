"""Responses, whole and as events, read as chats.

Source: OpenAI guide "Migrate to the Responses API", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from ...._convert.converter import ConversionError, structure
from ...._convert.narrow import as_object
from ...._framing.sse_decoder import ServerSentEvent
from ...._types.as_read import read_count
from ...._types.chat import (
    Annotation,
    ChatRequest,
    ChoiceLogprobs,
    Choices,
    CustomCall,
    Delta,
    FunctionCall,
    Message,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    TokenLogprob,
    ToolCall,
    URLCitation,
)
from ...._types.responses_api.events import (
    FINAL,
    AnnotationAddedEvent,
    DeltaEvent,
    OutputItemEvent,
    ResponseEvent,
    ResponseStatusEvent,
)
from ...._types.responses_api.items import (
    CustomToolCallItem,
    FunctionCallItem,
    OutputItem,
    OutputMessage,
    OutputRefusal,
    OutputText,
    ReasoningItem,
)
from ...._types.responses_api.response import ResponsesAPIResponse
from ...contract import ErrorDetail, ReplyIsError, WireCall
from ...failing import broken_off, no_answer
from ...streaming import SSEStreamDecoder
from .chat import OUTPUT_ITEMS
from .stream import EventsReader, is_failed
from .whole import decode_response

_FINISH: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}
_CITED: Final = ("url", "title", "start_index", "end_index")
_BEFORE: Final = ("queued", "in_progress")
_OF_CALLS: Final = ("function_call_arguments", "custom_tool_call_input")
_BETWEEN: Final = "\n\n"
"""Between two pieces of thinking."""


def decode_chat(call: WireCall[ChatRequest], body: bytes) -> ModelResponse:
    """Read a whole reply."""
    try:
        response = decode_response(call, body)  # type: ignore[arg-type]  # of any request
    except ReplyIsError as error:
        if isinstance(error.detail.partial, ResponsesAPIResponse):
            error.detail = attrs.evolve(error.detail, partial=as_chat(error.detail.partial))
        raise
    made = as_chat(response)
    if (unfinished := _unfinished(response)) is not None:
        raise ReplyIsError(attrs.evolve(unfinished, partial=made))
    return made


def _unfinished(response: ResponsesAPIResponse) -> ErrorDetail | None:
    """Why a response is no answer, though it did not fail: it was stopped, or has not been made yet."""
    if response.status == "cancelled":
        return broken_off(response.status)
    return no_answer(response.model_dump()) if response.status in _BEFORE and not response.output else None


def as_chat(response: ResponsesAPIResponse) -> ModelResponse:
    """A response as the reply to a chat."""
    message = Message()
    tokens: list[TokenLogprob] = []
    for item in response.output:
        _take(item, message, tokens)
    if response.output:
        message.provider_specific_fields = {OUTPUT_ITEMS: [item.model_dump() for item in response.output]}
    logprobs = ChoiceLogprobs(tokens) if tokens else None
    choice = Choices(_finish_reason(response), 0, message, logprobs)
    made = ModelResponse(choices=[choice], usage=response.usage.chat_usage if response.usage else None)
    _take_head(made, response)
    return made


def _take_head(made: ModelResponse | ModelResponseStream, response: ResponsesAPIResponse) -> None:
    made.id, made.model, made.service_tier = response.id, response.model, response.service_tier
    made.created = None if response.created_at is None else read_count(response.created_at)


def _finish_reason(response: ResponsesAPIResponse) -> str:
    if response.status == "incomplete":
        reason = as_object(response.incomplete_details).get("reason")
        return _FINISH.get(reason, "length") if isinstance(reason, str) else "length"
    called = any(isinstance(item, FunctionCallItem | CustomToolCallItem) for item in response.output)
    return "tool_calls" if called else "stop"


def _take(item: OutputItem, message: Message, tokens: list[TokenLogprob]) -> None:
    if isinstance(item, OutputMessage):
        for part in item.content:
            if isinstance(part, OutputRefusal):
                message.refusal = (message.refusal or "") + (part.refusal or "")
            elif isinstance(part, OutputText):
                message.content = (message.content or "") + (part.text or "")
                tokens += structure(part.logprobs or [], list[TokenLogprob])
                for annotation in part.annotations or ():
                    message.annotations = [*(message.annotations or ()), as_annotation(annotation)]
    elif isinstance(item, ReasoningItem):
        for text in _thoughts(item):
            message.reasoning_content = _BETWEEN.join(filter(None, (message.reasoning_content, text)))
    elif isinstance(item, FunctionCallItem | CustomToolCallItem):
        message.tool_calls = [*(message.tool_calls or ()), as_call(item)]
    elif item.type == "image_generation_call" and item.get("result"):
        message.images = [*(message.images or ()), as_image(item)]


def _thoughts(item: ReasoningItem) -> list[str]:
    parts = item.content or item.summary or []
    return [part.text for part in parts if getattr(part, "text", None)]


def as_call(item: FunctionCallItem | CustomToolCallItem) -> ToolCall:
    """A call as chat has it."""
    if isinstance(item, CustomToolCallItem):
        return ToolCall(item.call_id, "custom", custom=CustomCall(item.name, item.input))
    return ToolCall(item.call_id, "function", FunctionCall(item.name, item.arguments))


def as_image(item: OutputItem) -> dict[str, Any]:
    """A generated picture as chat has it."""
    kind = item.get("output_format") or "png"
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{item['result']}"}}


def as_annotation(annotation: dict[str, Any]) -> Annotation:
    """A citation as chat has it."""
    if annotation.get("type") != "url_citation":
        rest = {name: value for name, value in annotation.items() if name != "type"}
        return Annotation(annotation.get("type") or "", model_extra=rest or None)
    return Annotation("url_citation", URLCitation(**{name: annotation.get(name) for name in _CITED}))


def open_chat_decoder(_: WireCall[ChatRequest]) -> SSEStreamDecoder[ModelResponseStream]:
    """A decoder for one streamed reply."""
    return SSEStreamDecoder(ChatEventsReader())


class ChatEventsReader:
    """The reading of one streamed response as the chunks of a chat."""

    def __init__(self) -> None:
        self._events = EventsReader()
        self._head = ModelResponseStream()
        self._calls: dict[str | int, int] = {}
        """Numbers of calls, by the ids and by the places of their items."""
        self._early: dict[object, str] = {}
        """Fragments of calls that came before their calls, by the ids, or else the places, of their items."""
        self._written: set[str | int] = set()
        """Kinds of what came in fragments, and the numbers of calls whose arguments did."""
        self._thought: tuple[Any, ...] | None = None
        """The piece of thinking that the last fragment belonged to."""
        self._items: list[OutputItem] = []
        """Items that are whole: ChatGPT's own backend leaves them out of its last event (2026-11)."""

    @property
    def finished(self) -> bool:
        """Whether the event that has the whole response came."""
        return self._events.finished

    @property
    def complete(self) -> bool:
        """Whether it has come; until then the connection has to last."""
        return self._events.complete

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        """The chunks that an event amounts to."""
        for typed in self._events.read(event):
            for delta in self._deltas(typed):
                yield self._chunk(StreamingChoices(None, 0, delta))
            if isinstance(typed, ResponseStatusEvent) and typed.type in FINAL and not is_failed(typed):
                yield from self._last(typed.response)
                if (unfinished := _unfinished(typed.response)) is not None:
                    raise ReplyIsError(unfinished)

    def close(self) -> Iterable[ModelResponseStream]:
        """Nothing is held back. Raises `TruncatedReply` if the last event has not come."""
        self._events.close()
        return ()

    def _chunk(self, choice: StreamingChoices) -> ModelResponseStream:
        return attrs.evolve(self._head, choices=[choice])

    def _deltas(self, event: ResponseEvent) -> Iterator[Delta]:
        if isinstance(event, ResponseStatusEvent):
            _take_head(self._head, event.response)
            if event.type not in FINAL:  # until then it is what was asked for
                self._head.service_tier = None
        elif isinstance(event, DeltaEvent):
            yield from self._fragment(event)
        elif isinstance(event, AnnotationAddedEvent) and event.annotation is not None:
            self._written.add("annotations")
            yield Delta(annotations=[as_annotation(event.annotation)])
        elif isinstance(event, OutputItemEvent):
            done = event.type.endswith(".done")
            if done:
                self._items.append(event.item)
            yield from self._item(event.item, event.output_index, done=done)

    def _fragment(self, event: DeltaEvent) -> Iterator[Delta]:
        if not isinstance(event.delta, str):
            raise ConversionError(f"expected text, got {event.delta!r:.60}", ".delta")
        kind = event.type.removeprefix("response.").removesuffix(".delta")
        if kind in ("output_text", "refusal"):
            self._written.add("content" if kind == "output_text" else "refusal")
            yield Delta(content=event.delta) if kind == "output_text" else Delta(refusal=event.delta)
        elif kind in ("reasoning_text", "reasoning_summary_text"):
            piece = (event.item_id, event.output_index, event.summary_index, event.content_index)
            between = _BETWEEN if self._thought not in (None, piece) else ""
            self._thought = piece
            self._written.add("reasoning_content")
            yield Delta(reasoning_content=between + event.delta)
        elif kind in _OF_CALLS:
            yield from self._more_of_call(event, event.delta, function=kind == "function_call_arguments")

    def _more_of_call(self, event: DeltaEvent, text: str, *, function: bool) -> Iterator[Delta]:
        number = self._number(event.item_id, event.output_index)
        if number is None:  # some gateways give fragments an id of their own
            number = self._number(None, event.output_index)
        if number is None:
            key = event.item_id if isinstance(event.item_id, str) else event.output_index
            self._early[key] = self._early.get(key, "") + text
            return
        self._written.add(number)
        if function:
            call = ToolCall(function=FunctionCall(None, text), index=number)
        else:
            call = ToolCall(type="custom", custom=CustomCall(None, text), index=number)
        yield Delta(tool_calls=[call])

    def _number(self, identity: object, place: object) -> int | None:
        """The number of a call that is known, by its item's id or, where it has none, by its place."""
        if isinstance(identity, str):
            return self._calls.get(identity)
        return self._calls.get(place) if isinstance(place, int) else None

    def _item(self, item: OutputItem, place: object, *, done: bool) -> Iterator[Delta]:
        if isinstance(item, FunctionCallItem | CustomToolCallItem):
            yield from self._call(item, place, done=done)
        elif done and item.type == "image_generation_call" and item.get("result"):
            self._written.add("images")
            yield Delta(images=[as_image(item)])

    def _call(self, item: FunctionCallItem | CustomToolCallItem, place: object, *, done: bool) -> Iterator[Delta]:
        call, number = as_call(item), self._number(item.id, place)
        known = number is not None
        if number is None:
            number = len(set(self._calls.values()))
            self._calls.update({key: number for key in (item.id, place) if isinstance(key, str | int)})
        call.index = number
        if known and (number in self._written or not done):
            return
        begun = "" if done else next((self._early.pop(key) for key in (item.id, place) if key in self._early), "")
        if done or begun:
            self._written.add(number)
        for part, name in ((call.function, "arguments"), (call.custom, "input")):
            if part is not None and not done:
                setattr(part, name, begun)  # its fragments follow
            if part is not None and known:
                part.name = None
        call.id = None if known else call.id
        yield Delta(tool_calls=[call])

    def _last(self, response: ResponsesAPIResponse) -> Iterator[ModelResponseStream]:
        """The end: whatever did not come in fragments, the reason to stop, what goes back, and the usage."""
        if not response.output:
            response = attrs.evolve(response, output=self._items)
        whole = as_chat(response)
        choice = whole.choices[0]
        message = choice.message
        rest = {
            name: getattr(message, name)
            for name in ("content", "refusal", "reasoning_content", "annotations", "images")
            if name not in self._written
        }
        for place, item in enumerate(response.output):
            if isinstance(item, FunctionCallItem | CustomToolCallItem):
                for delta in self._call(item, place, done=True):
                    yield self._chunk(StreamingChoices(None, 0, delta))
        for name in ("content", "reasoning_content", "refusal"):
            if not isinstance(rest.get(name), str | None):
                raise ConversionError(f"expected text, got {rest[name]!r:.60}", f".output.{name}")
        delta = Delta(provider_specific_fields=message.provider_specific_fields, **rest)
        last = self._chunk(StreamingChoices(choice.finish_reason, 0, delta, choice.logprobs))
        last.usage = whole.usage
        yield last
