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
    """The response that the events amount to so far.

    The last event has all of it as a rule. Where it leaves the output out, or has not come yet, the output is what the
    items and fragments before amount to.
    """
    response = ResponsesAPIResponse()
    open_items: dict[int, _OpenItem] = {}
    final = False
    for event in events:
        if isinstance(event, ResponseStatusEvent):
            response, final = event.response, event.type in FINAL
        elif isinstance(event, OutputItemEvent):
            open_items[event.output_index] = _OpenItem(event.item, whole=event.type.endswith(".done"))
        elif (place := getattr(event, "output_index", None)) is not None:
            open_items.setdefault(place, _OpenItem(None)).add(event)
    if final and (response.output or not open_items):
        return response
    made = [open_items[place].close() for place in sorted(open_items)]
    return attrs.evolve(response, output=made or response.output)


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
            if kind in _FIELDS:
                item[_FIELDS[kind]] = "".join(pieces)
                continue
            holder, make = _PARTS[kind]
            part = parts.setdefault((holder, index), make())
            part["refusal" if kind == "refusal" else "text"] = "".join(pieces)
        for index, citations in self.annotations.items():
            parts.setdefault(("content", index), OutputText())["annotations"] = citations
        for holder in {holder for holder, _ in parts}:
            item[holder] = [parts[key] for key in sorted(parts) if key[0] == holder]
        return item


def _whole_text(event: DoneEvent) -> str | None:
    fields = (event.text, event.refusal, event.arguments, event.input, event.code)
    return next((text for text in fields if text is not None), None)
