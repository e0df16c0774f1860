"""Events of a stream put together into the response that a whole reply would have been."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import attrs

from .events import (
    FINAL,
    AnnotationAddedEvent,
    ContentPartEvent,
    DeltaEvent,
    DoneEvent,
    ItemPlaceEvent,
    OutputItemEvent,
    ResponseEvent,
    ResponseStatusEvent,
)
from .items import (
    ContentPart,
    CustomToolCallItem,
    FunctionCallItem,
    OutputItem,
    OutputMessage,
    OutputRefusal,
    OutputText,
    ReasoningItem,
)
from .response import ResponsesAPIResponse

_KINDS: Final[dict[str, type[OutputItem]]] = {
    "output_text": OutputMessage,
    "refusal": OutputMessage,
    "reasoning_text": ReasoningItem,
    "reasoning_summary_text": ReasoningItem,
    "function_call_arguments": FunctionCallItem,
    "custom_tool_call_input": CustomToolCallItem,
}
"""What an item is whose beginning did not come, by what came of it."""
_FIELDS: Final = {
    "function_call_arguments": "arguments",
    "mcp_call_arguments": "arguments",
    "custom_tool_call_input": "input",
    "code_interpreter_call_code": "code",
}
"""Fields of an item that come in fragments, by the events that bring them."""
_PARTS: Final[Mapping[str, tuple[str, Callable[[], ContentPart]]]] = {
    "output_text": ("content", lambda: OutputText()),
    "refusal": ("content", lambda: OutputRefusal()),
    "reasoning_text": ("content", lambda: ContentPart("reasoning_text")),
    "reasoning_summary_text": ("summary", lambda: ContentPart("summary_text")),
}
"""Lists of parts whose text comes in fragments, and what a part is whose beginning did not come."""


def fold_events(events: Iterable[ResponseEvent]) -> ResponsesAPIResponse:
    """The response that the events amount to so far."""
    folding = EventFolding()
    for event in events:
        folding.add(event)
    return folding.response()


class EventFolding:
    """The `Folding` of a response.

    The last event has all of it as a rule. Where it leaves the output out, or has not come yet, the output is what the
    items and fragments before amount to.
    """

    def __init__(self) -> None:
        self._response = ResponsesAPIResponse()
        self._final = False
        self._items: dict[int, _OpenItem] = {}
        self._places: dict[str | None, int] = {}

    def add(self, event: ResponseEvent) -> None:
        """Take the next event."""
        if isinstance(event, ResponseStatusEvent):
            self._response, self._final = event.response, event.type in FINAL
        elif isinstance(event, OutputItemEvent):
            self._items[self._place(event, event.item.id)] = _OpenItem(event.item, whole=event.type.endswith(".done"))
        elif isinstance(event, ItemPlaceEvent):
            place = self._place(event, event.item_id)
            if place not in self._items:
                self._items[place] = _OpenItem(None)
            self._items[place].add(event)

    def _place(self, event: OutputItemEvent | ItemPlaceEvent, identifier: str | None) -> int:
        """The item's place in the output. llama.cpp says only its id (2026-11)."""
        if event.read_names is None or "output_index" in event.read_names:
            return event.output_index
        return self._places.setdefault(identifier, len(self._places))

    def response(self) -> ResponsesAPIResponse:
        """The response so far. The events stay as they are."""
        if self._final and (self._response.output or not self._items):
            return self._response
        made = [self._items[place].close() for place in sorted(self._items)]
        return attrs.evolve(self._response, output=made or self._response.output)


class _OpenItem:
    """One item being put together."""

    def __init__(self, item: OutputItem | None, *, whole: bool = False) -> None:
        self.item = item
        self.whole = whole
        self.parts: dict[tuple[str, int], Any] = {}
        self.pieces: dict[tuple[str, int], list[str]] = {}
        self.annotations: dict[int, list[Any]] = {}

    def add(self, event: ResponseEvent) -> None:
        """Take the next event about it."""
        kind = event.type.removeprefix("response.").rpartition(".")[0]
        if isinstance(event, DeltaEvent | DoneEvent) and (kind in _PARTS or kind in _FIELDS):
            self._begin(kind, event.item_id)
            key = (kind, event.summary_index or event.content_index or 0)
            if isinstance(event, DeltaEvent):
                self.pieces.setdefault(key, []).append(event.delta)
            elif (text := _whole_text(event)) is not None:
                self.pieces[key] = [text]
        elif isinstance(event, ContentPartEvent) and isinstance(event.part, ContentPart):
            holder = "summary" if "summary" in kind else "content"
            self.parts[holder, event.summary_index or event.content_index or 0] = event.part
        elif isinstance(event, AnnotationAddedEvent) and event.annotation is not None:
            self.annotations.setdefault(event.content_index or 0, []).append(event.annotation)

    def _begin(self, kind: str, identifier: str | None) -> None:
        if self.item is None and kind in _KINDS:
            self.item = _KINDS[kind](id=identifier)

    def close(self) -> OutputItem:
        """What it amounts to so far; the events stay as they are."""
        if self.item is None:
            return OutputItem()
        if self.whole:
            return self.item
        item = attrs.evolve(self.item)
        parts = {key: attrs.evolve(part) for key, part in self.parts.items()}
        for (kind, index), pieces in self.pieces.items():
            pieces[:] = ["".join(pieces)]
            if kind in _FIELDS:
                item[_FIELDS[kind]] = pieces[0]
                continue
            holder, make = _PARTS[kind]
            part = parts.setdefault((holder, index), make())
            part["refusal" if kind == "refusal" else "text"] = pieces[0]
        for index, citations in self.annotations.items():
            parts.setdefault(("content", index), OutputText())["annotations"] = citations
        for holder in {holder for holder, _ in parts}:
            item[holder] = [parts[key] for key in sorted(parts) if key[0] == holder]
        return item


def _whole_text(event: DoneEvent) -> str | None:
    fields = (event.text, event.refusal, event.arguments, event.input, event.code)
    return next((text for text in fields if text is not None), None)
