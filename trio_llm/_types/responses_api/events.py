"""The events of a streamed response: one class for each shape, told apart further by `type`.

Source: OpenAI API reference, "Streaming events", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs

from ..as_read import AsRead, Nested, one_of, read_object
from .items import OutputItem, read_item, read_part
from .response import ResponseAPIUsage, ResponsesAPIResponse


@attrs.define
class ResponseEvent(AsRead):
    """One event. Those of kinds that have no class of their own are this one; their fields are found by their names.

    Example:
        async for event in await trio_llm.aresponses("Say hello.", "openai/gpt-4o", stream=True):
            print(event.type)
    """

    type: str = ""
    """As `response.output_text.delta`."""
    sequence_number: int | None = None
    """Counts the events of one response; `starting_after` of a stream that is taken up again."""


@attrs.define
class ResponseStatusEvent(ResponseEvent):
    """`response.created`, `.queued`, `.in_progress`, `.completed`, `.incomplete`, `.failed`: the response as it is.

    Example:
        if isinstance(event, ResponseStatusEvent) and event.type == "response.completed":
            print(event.response.output_text)
    """

    response: ResponsesAPIResponse = attrs.Factory(ResponsesAPIResponse)

    nested: ClassVar[Nested] = {"response": read_object(ResponsesAPIResponse)}

    @property
    def usage(self) -> ResponseAPIUsage | None:
        """The tokens that the response tells."""
        return self.response.usage


@attrs.define
class OutputItemEvent(ResponseEvent):
    """`response.output_item.added` or `.done`: an item as it begins, or whole.

    Example:
        if isinstance(event, OutputItemEvent) and event.type.endswith(".done"):
            print(event.item)
    """

    output_index: int = 0
    """The item's place in `output`."""
    item: OutputItem = attrs.Factory(OutputItem)

    nested: ClassVar[Nested] = {"item": read_item}


@attrs.define
class ItemPlaceEvent(ResponseEvent):
    """Something about the item at `output_index`; what a tool of the provider's does, for one.

    Example:
        if isinstance(event, ItemPlaceEvent):
            print(event.type, event.output_index)
    """

    item_id: str | None = None
    output_index: int = 0


@attrs.define
class ContentPartEvent(ItemPlaceEvent):
    """`response.content_part.added` or `.done`, and the same of reasoning summaries: a part as it begins, or whole.

    Example:
        if isinstance(event, ContentPartEvent):
            print(event.type, event.part.type)
    """

    content_index: int | None = None
    """The part's place in the item's `content`."""
    summary_index: int | None = None
    """The part's place in the item's `summary`."""
    part: Any = None
    """A `ContentPart`."""

    nested: ClassVar[Nested] = {"part": read_part}


@attrs.define
class DeltaEvent(ItemPlaceEvent):
    """A fragment of text, refusal, reasoning, arguments, input or code, as `type` says.

    Example:
        async for event in stream:
            if isinstance(event, DeltaEvent):
                print(event.delta, end="")
    """

    content_index: int | None = None
    summary_index: int | None = None
    delta: str = ""


@attrs.define
class DoneEvent(ItemPlaceEvent):
    """The whole of what came in fragments before; `type` says which field has it.

    Example:
        if isinstance(event, DoneEvent):
            print(event.text)
    """

    content_index: int | None = None
    summary_index: int | None = None
    text: str | None = None
    refusal: str | None = None
    arguments: str | None = None
    input: str | None = None
    code: str | None = None


@attrs.define
class AnnotationAddedEvent(ItemPlaceEvent):
    """`response.output_text.annotation.added`: a citation.

    Example:
        if isinstance(event, AnnotationAddedEvent):
            print(event.annotation["url"])
    """

    content_index: int | None = None
    annotation_index: int | None = None
    annotation: dict[str, Any] | None = None


_STATES: Final = ("created", "queued", "in_progress", "completed", "incomplete", "failed", "cancelled", "done")
_TEXTS: Final = (
    "output_text",
    "refusal",
    "reasoning_text",
    "reasoning_summary_text",
    "function_call_arguments",
    "mcp_call_arguments",
    "custom_tool_call_input",
    "code_interpreter_call_code",
)
_TOOLS: Final[Mapping[str, tuple[str, ...]]] = {
    "web_search_call": ("in_progress", "searching", "completed"),
    "file_search_call": ("in_progress", "searching", "completed"),
    "code_interpreter_call": ("in_progress", "interpreting", "completed"),
    "image_generation_call": ("in_progress", "generating", "partial_image", "completed"),
    "mcp_call": ("in_progress", "completed", "failed"),
    "mcp_list_tools": ("in_progress", "completed", "failed"),
}
EVENTS: Final[Mapping[Any, type[ResponseEvent]]] = {
    **{f"response.{state}": ResponseStatusEvent for state in _STATES},
    **{f"response.output_item.{step}": OutputItemEvent for step in ("added", "done")},
    **{
        f"response.{part}.{step}": ContentPartEvent
        for part in ("content_part", "reasoning_summary_part", "reasoning_part")
        for step in ("added", "done")
    },
    **{f"response.{text}.delta": DeltaEvent for text in _TEXTS},
    **{f"response.{text}.done": DoneEvent for text in _TEXTS},
    **{f"response.{tool}.{step}": ItemPlaceEvent for tool, steps in _TOOLS.items() for step in steps},
    "response.output_text.annotation.added": AnnotationAddedEvent,
}
"""Classes by `type`; what has none is a `ResponseEvent`."""

FINAL: Final = frozenset(f"response.{state}" for state in ("completed", "incomplete", "failed", "cancelled", "done"))
"""Types after which nothing comes. Some servers end with `response.done`, as the Realtime API does."""


def read_event(value: Mapping[str, Any]) -> ResponseEvent:
    """The event that a JSON object is."""
    return one_of(EVENTS, value, ResponseEvent).read(value)
