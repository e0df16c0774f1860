"""Runs over Anthropic's Messages API: results are blocks of one message of the user's.

Of a stream, each block is kept from its start to its end, with the pieces of its input. A call is complete when its
block is.

Source: Anthropic API reference, "Create a Message", and "Tool search tool", 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Final

import attrs

from .._dialects.anthropic.parts import blocks_of
from .._types.messages_api.reply import (
    AnthropicMessagesResponse,
    ContentBlock,
    ContentBlockDeltaEvent,
    ContentBlockStartEvent,
    ContentBlockStopEvent,
    MessageEvent,
)
from .._types.messages_api.request import MessagesRequest
from ._events import ProviderItem, ReasoningDelta, TextDelta, ToolEvent, ToolResult
from ._forms import Pending, Question, open_calls
from ._results import WrittenCall
from ._tool import Tool

if TYPE_CHECKING:
    from .._client.client import Client

_OF_THE_MODEL: Final = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
_CUT: Final = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})
_SEARCH: Final = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}


@attrs.define
class _Open:
    block: ContentBlock
    pieces: list[str] = attrs.Factory(list[str])

    @property
    def input(self) -> Any:
        """What stands in the block, or came in pieces."""
        written = "".join(self.pieces)
        return json.loads(written) if written else self.block.input or {}


class MessagesReader:
    """Blocks are complete when the provider says so."""

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}

    def calls(self, event: MessageEvent) -> Iterator[WrittenCall]:
        if isinstance(event, ContentBlockStartEvent):
            self._open[event.index] = _Open(event.content_block)
        elif isinstance(event, ContentBlockDeltaEvent) and event.index in self._open:
            self._open[event.index].pieces.append(event.delta.partial_json or "")
        elif isinstance(event, ContentBlockStopEvent) and event.index in self._open:
            opened = self._open[event.index]
            if opened.block.type == "tool_use":
                written = "".join(opened.pieces) or json.dumps(opened.block.input or {})
                yield WrittenCall(opened.block.id or "", opened.block.name or "", written)

    def told(self, event: MessageEvent) -> Iterator[ToolEvent]:
        if isinstance(event, ContentBlockDeltaEvent):
            if event.delta.thinking:
                yield ReasoningDelta(event.delta.thinking)
            if event.delta.text:
                yield TextDelta(event.delta.text)
        elif isinstance(event, ContentBlockStartEvent):
            if event.content_block.type == "text" and event.content_block.text:
                yield TextDelta(event.content_block.text)
        elif isinstance(event, ContentBlockStopEvent) and event.index in self._open:
            opened = self._open.pop(event.index)
            if opened.block.type not in _OF_THE_MODEL:
                own = opened.block.model_dump()
                yield ProviderItem(own | ({"input": opened.input} if "input" in own else {}))


class MessagesForm:
    """Messages of Anthropic's; `max_tokens` is one of the parameters."""

    async def ask(self, client: Client, question: Question) -> AnthropicMessagesResponse:
        most, params = _split(question)
        message: AnthropicMessagesResponse = await client.anthropic_messages(
            most, question.messages, question.model, **params
        )
        return message

    def open(self, client: Client, question: Question) -> AbstractAsyncContextManager[Any]:
        most, params = _split(question)
        return client.stream_anthropic_messages(most, question.messages, question.model, **params)

    def reader(self) -> MessagesReader:
        return MessagesReader()

    def definition(self, tool: Tool[..., Any]) -> dict[str, Any]:
        return {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}

    def request(self, question: Question) -> MessagesRequest:
        most, params = _split(question)
        return MessagesRequest(most, question.messages, question.model, **params)

    def read(self, response: AnthropicMessagesResponse, question: Question) -> AnthropicMessagesResponse:
        return response

    def searched(self, definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*({**one, "defer_loading": True} for one in definitions), {**_SEARCH}]

    def said(self, response: AnthropicMessagesResponse) -> list[Any]:
        return [response]

    def calls(self, response: AnthropicMessagesResponse) -> list[WrittenCall]:
        return _calls(response.content)

    def is_cut(self, response: AnthropicMessagesResponse) -> bool:
        return response.stop_reason in _CUT

    def goes_on(self, response: AnthropicMessagesResponse) -> bool:
        return response.stop_reason == "pause_turn"

    def answer(self, result: ToolResult) -> dict[str, Any]:
        content = result.content
        told = content if isinstance(content, str) else blocks_of(content, f"the result of {result.name}")
        failed = {"is_error": True} if result.error is not None else {}
        return {"type": "tool_result", "tool_use_id": result.call_id, "content": told, **failed}

    def answers(self, results: Sequence[Any]) -> list[Any]:
        return [{"role": "user", "content": [*results]}] if results else []

    def pending(self, messages: Sequence[Any]) -> Pending | None:
        results = _results(messages[-1]) if messages else []
        start = len(messages) - 1 if results else len(messages)
        calls = self.made(messages[start - 1]) if start else []
        return open_calls(start, calls, [(block["tool_use_id"], block) for block in results])

    def made(self, message: Any) -> list[WrittenCall]:
        content = message["content"] if message["role"] == "assistant" else None
        return _calls(content) if isinstance(content, list) else []


def _split(question: Question) -> tuple[int, dict[str, Any]]:
    params = {**question.params}
    try:
        return params.pop("max_tokens"), params
    except KeyError:
        raise ValueError("a run over messages needs max_tokens: the Messages API has no default for it") from None


def _calls(content: Sequence[Any]) -> list[WrittenCall]:
    return [
        WrittenCall(block["id"] or "", block["name"] or "", json.dumps(block.get("input") or {}, ensure_ascii=False))
        for block in content
        if block["type"] == "tool_use"
    ]


def _results(message: Any) -> list[Any]:
    content: Any = message["content"] if message["role"] == "user" else None
    is_all = isinstance(content, list) and all(block.get("type") == "tool_result" for block in content)
    return [*content] if is_all else []
