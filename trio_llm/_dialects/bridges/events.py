"""Chat chunks as the events of a streamed response, in the order in which a provider of the Responses API sends them.

A response consists of items, one after the other: the thinking, the words, the calls. An item is open from its first
fragment until one of another item comes, or the end; only calls may be open together, as some vendors send their
fragments in turns. What the chat reply has beside text and calls goes with the last item, in `chat_fields`.

Source: OpenAI guide "Streaming API responses", 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

import attrs

from ..._types.chat import Annotation, Delta, ModelResponse, ModelResponseStream, StreamingChoices, ToolCall
from ..._types.responses_api.events import (
    AnnotationAddedEvent,
    ContentPartEvent,
    DeltaEvent,
    DoneEvent,
    OutputItemEvent,
    ResponseEvent,
    ResponseStatusEvent,
)
from ..._types.responses_api.items import (
    ContentPart,
    CustomToolCallItem,
    FunctionCallItem,
    OutputItem,
    OutputMessage,
    OutputRefusal,
    OutputText,
    ReasoningItem,
)
from ..._types.responses_api.request import ResponsesRequest
from ..._types.responses_api.response import (
    OTHER_KINDS,
    InputTokensDetails,
    OutputTokensDetails,
    ResponseAPIUsage,
    ResponsesAPIResponse,
)
from ..._types.usage import CompletionTokensDetails, PromptTokensDetails, Usage
from .conversation import CHAT_FIELDS

_ECHOED: Final = (
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "reasoning",
    "temperature",
    "text",
    "tool_choice",
    "top_logprobs",
    "top_p",
    "user",
)
_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
_TEXT_OF_PART: Final = {"reasoning_text": "text", "output_text": "text", "refusal": "refusal"}


class EventWriter:
    """The events of one response, from the chunks of a chat."""

    def __init__(self, request: ResponsesRequest) -> None:
        self._response = ResponsesAPIResponse(
            status="in_progress",
            tools=[dict(tool) for tool in request.parameters.get("tools") or ()],
            store=False,
            **{name: request.parameters[name] for name in _ECHOED if name in request.parameters},
        )
        self._number = 0
        self._begun = False
        self._open: list[_IncomingItem] = []
        self._items: list[OutputItem] = []
        self._calls: dict[int, _IncomingItem] = {}
        self._finish: str | None = None
        self._beside: dict[str, Any] = {}

    def write(self, chunk: ModelResponseStream) -> Iterator[ResponseEvent]:
        """What a chunk amounts to."""
        held = self._response
        held.id, held.model = held.id or chunk.id, held.model or chunk.model
        held.created_at = held.created_at if held.created_at is not None else chunk.created
        held.service_tier = chunk.service_tier or held.service_tier
        if chunk.usage is not None:
            held.usage = as_response_usage(chunk.usage)
        yield from self._begin()
        for choice in chunk.choices:
            if choice.index == 0:
                yield from self._write_delta(choice.delta)
                self._finish = choice.finish_reason or self._finish

    def end(self) -> Iterator[ResponseEvent]:
        """What comes when the chat is complete."""
        yield from self._begin()
        if self._beside and not self._open:
            yield from self._open_item(OutputMessage(status="in_progress"))
        if self._beside:
            self._open[-1].item[CHAT_FIELDS] = self._beside
        yield from self._close_all()
        reason = _INCOMPLETE.get(self._finish or "")
        response = self._snapshot(status="incomplete" if reason else "completed")
        response.incomplete_details = {"reason": reason} if reason else None
        yield self._event(ResponseStatusEvent(f"response.{response.status}", response=response))

    def _begin(self) -> Iterator[ResponseEvent]:
        if not self._begun:
            self._begun = True
            for state in ("created", "in_progress"):
                yield self._event(ResponseStatusEvent(f"response.{state}", response=self._snapshot()))

    def _snapshot(self, **fields: Any) -> ResponsesAPIResponse:
        return attrs.evolve(self._response, output=list(self._items), **fields)

    def _event(self, event: ResponseEvent) -> ResponseEvent:
        event.sequence_number = self._number
        self._number += 1
        return event

    def _write_delta(self, delta: Delta) -> Iterator[ResponseEvent]:
        self._keep_beside(delta)
        if delta.reasoning_content:
            yield from self._write_part("reasoning_text", delta.reasoning_content)
        if delta.content:
            yield from self._write_part("output_text", delta.content)
        if delta.refusal:
            yield from self._write_part("refusal", delta.refusal)
        for annotation in delta.annotations or ():
            yield from self._write_annotation(annotation)
        for image in delta.images or ():
            yield from self._write_image(image)
        for call in delta.tool_calls or ():
            yield from self._write_call(call)

    def _keep_beside(self, delta: Delta) -> None:
        beside = dict(delta.model_extra or {})
        for name in ("thinking_blocks", "provider_specific_fields"):
            if (value := getattr(delta, name)) is not None:
                beside[name] = value
        for name, value in beside.items():
            self._beside[name] = joined(self._beside.get(name), value)

    def _write_part(self, kind: str, text: str) -> Iterator[ResponseEvent]:
        thinking = kind == "reasoning_text"
        wanted: type[OutputItem] = ReasoningItem if thinking else OutputMessage
        if len(self._open) != 1 or not isinstance(self._open[0].item, wanted):
            yield from self._close_all()
            yield from self._open_item(wanted(status="in_progress"))
        holder = self._open[0]
        if not holder.parts or holder.parts[-1].part.type != kind:
            yield from holder.close_part()
            part = OutputText(text="", annotations=[], logprobs=[]) if kind == "output_text" else ContentPart(kind, "")
            yield from holder.open_part(OutputRefusal(refusal="") if kind == "refusal" else part)
        yield self._event(DeltaEvent(f"response.{kind}.delta", **holder.place(), delta=holder.add(text)))

    def _write_annotation(self, annotation: Annotation) -> Iterator[ResponseEvent]:
        cited = annotation.url_citation
        flat = {**annotation.model_dump(exclude_none=True), **(cited.model_dump(exclude_none=True) if cited else {})}
        flat.pop("url_citation", None)
        if len(self._open) != 1 or not isinstance(self._open[0].item, OutputMessage) or not self._open[0].parts:
            yield from self._write_part("output_text", "")
        holder = self._open[0]
        held = holder.parts[-1].part["annotations"]
        held.append(flat)
        yield self._event(
            AnnotationAddedEvent(
                "response.output_text.annotation.added",
                **holder.place(),
                annotation_index=len(held) - 1,
                annotation=flat,
            )
        )

    def _write_image(self, image: dict[str, Any]) -> Iterator[ResponseEvent]:
        url = (image.get("image_url") or {}).get("url") or ""
        yield from self._close_all()
        item = OutputItem("image_generation_call", status="in_progress")
        yield from self._open_item(item)
        item["result"] = url.partition(",")[2] if url.startswith("data:") else url

    def _write_call(self, call: ToolCall) -> Iterator[ResponseEvent]:
        number = call.index or 0
        holder = self._calls.get(number)
        if holder is None:
            if not all(isinstance(item.item, FunctionCallItem) and not item.is_complete() for item in self._open):
                yield from self._close_all()
            yield from self._open_item(_call_item(call))
            holder = self._calls[number] = self._open[-1]
        if call.provider_specific_fields or call.model_extra:
            fields = {**(call.model_extra or {})}
            if call.provider_specific_fields:
                fields["provider_specific_fields"] = call.provider_specific_fields
            holder.item["call_fields"] = {**holder.item.get("call_fields", {}), **fields}
        text = call.custom.input if call.custom is not None else call.function.arguments if call.function else ""
        if text:
            kind = holder.text_kind()
            yield self._event(DeltaEvent(f"response.{kind}.delta", **holder.where(), delta=holder.add(text)))

    def _open_item(self, item: OutputItem) -> Iterator[ResponseEvent]:
        place = len(self._items)
        item.id = f"{_PREFIXES.get(type(item), 'item')}_{self._response.id or 'chat'}_{place}"
        self._items.append(item)
        self._open.append(_IncomingItem(item, place, self._event))
        yield self._event(OutputItemEvent("response.output_item.added", output_index=place, item=_copied(item)))

    def _close_all(self) -> Iterator[ResponseEvent]:
        for holder in self._open:
            yield from holder.close()
        self._open = []


_PREFIXES: Final[dict[type[OutputItem], str]] = {
    OutputMessage: "msg",
    ReasoningItem: "rs",
    FunctionCallItem: "fc",
    CustomToolCallItem: "ctc",
}


class _OpenPart:
    """A part of a message whose text is coming in."""

    def __init__(self, part: ContentPart) -> None:
        self.part = part
        self.pieces: list[str] = []


class _IncomingItem:
    """An item whose fragments are coming in."""

    def __init__(self, item: OutputItem, place: int, number: Any) -> None:
        self.item = item
        self._place = place
        self._event = number
        self.parts: list[_OpenPart] = []
        self._pieces: list[str] = []

    def where(self) -> dict[str, Any]:
        return {"item_id": self.item.id, "output_index": self._place}

    def place(self) -> dict[str, Any]:
        return {**self.where(), "content_index": len(self.parts) - 1}

    def add(self, text: str) -> str:
        (self.parts[-1].pieces if self.parts else self._pieces).append(text)
        return text

    def text_kind(self) -> str:
        return "custom_tool_call_input" if isinstance(self.item, CustomToolCallItem) else "function_call_arguments"

    def is_complete(self) -> bool:
        """Whether the arguments so far are whole, so that none of the call is likely to come."""
        try:
            json.loads("".join(self._pieces))
        except ValueError:
            return False
        return True

    def open_part(self, part: ContentPart) -> Iterator[ResponseEvent]:
        self.parts.append(_OpenPart(part))
        yield self._event(ContentPartEvent("response.content_part.added", **self.place(), part=_copied(part)))

    def close_part(self) -> Iterator[ResponseEvent]:
        if not self.parts:
            return
        part, text = self.parts[-1].part, "".join(self.parts[-1].pieces)
        name = _TEXT_OF_PART[part.type]
        part[name] = text
        done = DoneEvent(f"response.{part.type}.done", **self.place())
        done[name] = text
        yield self._event(done)
        yield self._event(ContentPartEvent("response.content_part.done", **self.place(), part=part))

    def close(self) -> Iterator[ResponseEvent]:
        yield from self.close_part()
        item, text = self.item, "".join(self._pieces)
        if isinstance(item, OutputMessage | ReasoningItem):
            item.content = [opened.part for opened in self.parts]
        elif isinstance(item, FunctionCallItem):
            item.arguments = text
            yield self._event(DoneEvent("response.function_call_arguments.done", **self.where(), arguments=text))
        elif isinstance(item, CustomToolCallItem):
            item.input = text
            yield self._event(DoneEvent("response.custom_tool_call_input.done", **self.where(), input=text))
        item.status = "completed"
        yield self._event(OutputItemEvent("response.output_item.done", output_index=self._place, item=item))


def _copied(record: Any) -> Any:
    """A record as it is now: what comes later changes the one that is open."""
    copied = attrs.evolve(record)
    if isinstance(copied, OutputText):
        copied.annotations = list(copied.annotations or ())
    return copied


def _call_item(call: ToolCall) -> OutputItem:
    if call.custom is not None:
        return CustomToolCallItem(call_id=call.id, name=call.custom.name, status="in_progress")
    return FunctionCallItem(call_id=call.id, name=call.function.name if call.function else None, status="in_progress")


def joined(held: Any, value: Any) -> Any:
    """Two values of one field: lists one after the other, objects field by field, else the later one."""
    if isinstance(held, list) and isinstance(value, list):
        return [*held, *value]
    if isinstance(held, dict) and isinstance(value, dict):
        return {**held, **{name: joined(held.get(name), item) for name, item in value.items()}}
    return value


def as_response_usage(usage: Usage) -> ResponseAPIUsage:
    """Token counts under the names of the Responses API."""
    prompt, answer = usage.prompt_tokens_details, usage.completion_tokens_details
    return ResponseAPIUsage(
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.total_tokens,
        InputTokensDetails(
            (prompt and prompt.cached_tokens) or 0,
            prompt.cache_creation_tokens if prompt else None,
            model_extra=_other_kinds(prompt),
        ),
        OutputTokensDetails((answer and answer.reasoning_tokens) or 0, model_extra=_other_kinds(answer)),
        model_extra=usage.model_extra,
    )


def _other_kinds(details: PromptTokensDetails | CompletionTokensDetails | None) -> dict[str, Any] | None:
    """Tokens of sound and pictures, for which OpenAI's own counts have no name."""
    kinds = {name: getattr(details, name, None) for name in OTHER_KINDS}
    return {name: count for name, count in kinds.items() if count} or None


def chunk_of(response: ModelResponse) -> ModelResponseStream:
    """A whole chat reply as the only chunk of its stream."""
    choices = [
        StreamingChoices(
            choice.finish_reason,
            choice.index,
            Delta(
                model_extra=choice.message.model_extra,
                **{name: getattr(choice.message, name) for name in Delta.field_names},
            ),
        )
        for choice in response.choices
    ]
    for choice in choices:
        for number, call in enumerate(choice.delta.tool_calls or ()):
            call.index = number
    named = {name: getattr(response, name) for name in ("id", "created", "model", "usage", "service_tier")}
    return ModelResponseStream(choices=choices, **named)


def write_whole(writer: EventWriter, chunks: Iterable[ModelResponseStream]) -> list[ResponseEvent]:
    """All events of a chat that is complete."""
    return [*(event for chunk in chunks for event in writer.write(chunk)), *writer.end()]
