"""Runs over chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import attrs

from .._convert.growing_json import GrowingJSON, GrowingJSONError
from .._engine.parsed_asking import parsed
from .._types.chat import ChatRequest, Message, ModelResponse, ModelResponseStream, Seam
from ._events import AnswerBroke, ProviderItem, ReasoningDelta, TextDelta, ToolEvent, ToolResult
from ._forms import Pending, Question, open_calls, trailing
from ._results import WrittenCall
from ._tool import Tool

if TYPE_CHECKING:
    from .._client.client import Client


@attrs.define
class _Writing:
    id: str = ""
    name: str = ""
    pieces: list[str] = attrs.Factory(list[str])
    document: GrowingJSON | None = attrs.Factory(GrowingJSON)
    """None when the call has been told, or is no JSON."""


class ChatReader:
    """Finds the calls of a stream whose arguments are complete. What has none is found when the answer is."""

    def __init__(self) -> None:
        self._writings: dict[int, _Writing] = {}

    def calls(self, event: ModelResponseStream) -> Iterator[WrittenCall]:
        """The calls that are complete with this chunk."""
        for choice in event.choices[:1]:
            for fragment in choice.delta.tool_calls or ():
                if fragment.index is None or fragment.function is None:
                    continue
                writing = self._writings.setdefault(fragment.index, _Writing())
                writing.id = fragment.id or writing.id
                writing.name += fragment.function.name or ""
                if _is_complete(writing, fragment.function.arguments):
                    yield WrittenCall(writing.id, writing.name, "".join(writing.pieces))

    def told(self, event: ModelResponseStream) -> Iterator[ToolEvent]:
        """Text, thinking, what the provider says of its own tools, and where the answer broke."""
        if isinstance(event, Seam):
            yield AnswerBroke(event.kind, event.cause)
        for choice in event.choices[:1]:
            delta = choice.delta
            if delta.reasoning_content:
                yield ReasoningDelta(delta.reasoning_content)
            if delta.content:
                yield TextDelta(delta.content)
            beside = {"annotations": delta.annotations, "images": delta.images}
            told = {name: value for name, value in ((delta.provider_specific_fields or {}) | beside).items() if value}
            if told:
                yield ProviderItem(told)


def _is_complete(writing: _Writing, piece: str) -> bool:
    document = writing.document
    if document is None or not piece:
        return False
    writing.pieces.append(piece)
    try:
        document.feed(piece)
    except GrowingJSONError:
        writing.document = None  # the model is told of it when the answer is complete
        return False
    if not document.finished or not writing.id:
        return False
    writing.document = None
    return True


class ChatForm:
    """Messages, and results as messages of the role `tool`."""

    async def ask(self, client: Client, question: Question) -> ModelResponse:
        response: ModelResponse = await client.completion(question.model, question.messages, **question.params)
        return response

    def open(self, client: Client, question: Question) -> AbstractAsyncContextManager[Any]:
        return client.stream(question.model, question.messages, **question.params)

    def reader(self) -> ChatReader:
        return ChatReader()

    def definition(self, tool: Tool[..., Any]) -> dict[str, Any]:
        return tool.definition

    def request(self, question: Question) -> ChatRequest:
        return ChatRequest(question.model, question.messages, **question.params)

    def read(self, response: ModelResponse, question: Question) -> ModelResponse:
        kind = question.params.get("response_format")
        return response if kind is None or isinstance(kind, Mapping) else parsed(response, kind)

    def searched(self, definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        raise ValueError("no provider looks for tools in chats: search='ours', or over='responses' or 'messages'")

    def said(self, response: ModelResponse) -> list[Message]:
        return [response.choices[0].message]

    def calls(self, response: ModelResponse) -> list[WrittenCall]:
        return self.made(response.choices[0].message)

    def is_cut(self, response: ModelResponse) -> bool:
        return response.choices[0].finish_reason in ("length", "content_filter")

    def goes_on(self, response: ModelResponse) -> bool:
        return False

    def answer(self, result: ToolResult) -> Any:
        return result.message

    def answers(self, results: Sequence[Any]) -> list[Any]:
        return [*results]

    def pending(self, messages: Sequence[Any]) -> Pending | None:
        start = min(trailing(messages, lambda message: message["role"] == "tool"), default=len(messages))
        calls = self.made(messages[start - 1]) if start else []
        return open_calls(start, calls, [(message["tool_call_id"], message) for message in messages[start:]])

    def made(self, message: Any) -> list[WrittenCall]:
        written = message.get("tool_calls") if message["role"] == "assistant" else None
        return [
            WrittenCall(call["id"] or "", call["function"]["name"] or "", call["function"]["arguments"])
            for call in written or ()
            if call.get("function")
        ]
