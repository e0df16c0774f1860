"""Runs over the Responses API: the history consists of items, and goes back as it came.

Source: OpenAI API reference, "Create a model response", and guide "Tool search", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final

from .._types.responses_api.events import DeltaEvent, OutputItemEvent, ResponseEvent
from .._types.responses_api.request import ResponsesRequest
from .._types.responses_api.response import ResponsesAPIResponse
from ._events import ProviderItem, ReasoningDelta, TextDelta, ToolEvent, ToolResult
from ._forms import Pending, Question, open_calls, trailing
from ._results import WrittenCall
from ._tool import Tool

if TYPE_CHECKING:
    from .._client.client import Client

_ITEM_DONE: Final = "response.output_item.done"
_TEXTS: Final[dict[str, type[TextDelta | ReasoningDelta]]] = {
    "response.output_text.delta": TextDelta,
    "response.reasoning_text.delta": ReasoningDelta,
    "response.reasoning_summary_text.delta": ReasoningDelta,
}
_OF_THE_MODEL: Final = frozenset({"message", "function_call", "reasoning"})
_RESULT: Final = "function_call_output"


class ResponsesReader:
    """Items are complete when the provider says so."""

    def calls(self, event: ResponseEvent) -> Iterator[WrittenCall]:
        if isinstance(event, OutputItemEvent) and event.type == _ITEM_DONE and event.item.type == "function_call":
            yield _call(event.item)

    def told(self, event: ResponseEvent) -> Iterator[ToolEvent]:
        if isinstance(event, DeltaEvent):
            if event.type in _TEXTS and event.delta:
                yield _TEXTS[event.type](event.delta)
        elif isinstance(event, OutputItemEvent) and event.item.type not in _OF_THE_MODEL:
            # What the provider runs is told when it begins and when it has ended.
            yield ProviderItem(event.item.model_dump())


class ResponsesForm:
    """Items, and results as items behind the calls."""

    async def ask(self, client: Client, question: Question) -> ResponsesAPIResponse:
        response: ResponsesAPIResponse = await client.responses(question.messages, question.model, **question.params)
        return response

    def open(self, client: Client, question: Question) -> AbstractAsyncContextManager[Any]:
        return client.stream_responses(question.messages, question.model, **question.params)

    def reader(self) -> ResponsesReader:
        return ResponsesReader()

    def definition(self, tool: Tool[..., Any]) -> dict[str, Any]:
        described = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        return {"type": "function", **described, "strict": tool.strict}

    def request(self, question: Question) -> ResponsesRequest:
        return ResponsesRequest(question.messages, question.model, **question.params)

    def read(self, response: ResponsesAPIResponse, question: Question) -> ResponsesAPIResponse:
        return response

    def searched(self, definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*({**one, "defer_loading": True} for one in definitions), {"type": "tool_search"}]

    def said(self, response: ResponsesAPIResponse) -> list[Any]:
        return [*response.output]

    def calls(self, response: ResponsesAPIResponse) -> list[WrittenCall]:
        return [_call(item) for item in response.output if item.type == "function_call"]

    def is_cut(self, response: ResponsesAPIResponse) -> bool:
        return response.status == "incomplete"

    def goes_on(self, response: ResponsesAPIResponse) -> bool:
        return False

    def answer(self, result: ToolResult) -> dict[str, Any]:
        content = result.content
        output = content if isinstance(content, str) else [*map(_part, content)]
        return {"type": _RESULT, "call_id": result.call_id, "output": output}

    def answers(self, results: Sequence[Any]) -> list[Any]:
        return [*results]

    def pending(self, messages: Sequence[Any]) -> Pending | None:
        start = min(trailing(messages, lambda item: item.get("type") == _RESULT), default=len(messages))
        calls: list[WrittenCall] = []
        for item in reversed(messages[:start]):
            if item.get("type") == _RESULT or item.get("role") not in (None, "assistant"):
                break
            calls[:0] = self.made(item)
        return open_calls(start, calls, [(item["call_id"], item) for item in messages[start:]])

    def made(self, message: Any) -> list[WrittenCall]:
        return [_call(message)] if message.get("type") == "function_call" else []


def _call(item: Any) -> WrittenCall:
    return WrittenCall(item["call_id"] or "", item["name"] or "", item.get("arguments") or "")


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A content part of chat as the Responses API names it. What it has no name for stays, and is refused there."""
    match part:
        case {"type": "text", "text": text}:
            return {"type": "input_text", "text": text}
        case {"type": "image_url", "image_url": {"url": url}}:
            return {"type": "input_image", "image_url": url}
        case {"type": "file", "file": file}:
            return {"type": "input_file", **file}
        case _:
            return part
