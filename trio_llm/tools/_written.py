"""Calls in what a model writes: complete ones in a stream, and those of a history that have no result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from .._convert.growing_json import GrowingJSON, GrowingJSONError
from .._types.chat import Message, ModelResponseStream
from ._results import WrittenCall


@attrs.define
class _Writing:
    id: str = ""
    name: str = ""
    pieces: list[str] = attrs.Factory(list[str])
    document: GrowingJSON | None = attrs.Factory(GrowingJSON)
    """None when the call has been told, or is no JSON."""


class CallReader:
    """Finds the calls of a stream whose arguments are complete. What has none is found when the answer is."""

    def __init__(self) -> None:
        self._writings: dict[int, _Writing] = {}

    def feed(self, chunk: ModelResponseStream) -> Iterator[WrittenCall]:
        """The calls that are complete with this chunk."""
        for choice in chunk.choices[:1]:
            for fragment in choice.delta.tool_calls or ():
                if fragment.index is None or fragment.function is None:
                    continue
                writing = self._writings.setdefault(fragment.index, _Writing())
                writing.id = fragment.id or writing.id
                writing.name = fragment.function.name or writing.name
                if _is_complete(writing, fragment.function.arguments):
                    yield WrittenCall(writing.id, writing.name, "".join(writing.pieces))


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


def calls_of(message: Message) -> list[WrittenCall]:
    """The calls of functions in a message."""
    calls = message.tool_calls or []
    return [
        WrittenCall(call.id or "", call.function.name or "", call.function.arguments) for call in calls if call.function
    ]


@attrs.frozen
class Pending:
    """A history whose last calls have not all been made."""

    start: int
    """Where the results of the last message begin."""
    calls: list[WrittenCall]
    """All calls of that message."""
    answered: dict[str, Any]
    """Messages with results, by the id of the call."""


def pending(messages: Sequence[Any]) -> Pending | None:
    """The calls at the end of a history that have no result; None if there are none."""
    start = len(messages)
    while start and messages[start - 1]["role"] == "tool":
        start -= 1
    last: Any = messages[start - 1] if start else {"role": ""}
    written = last.get("tool_calls") if last["role"] == "assistant" else None
    if not written:
        return None
    answered = {message["tool_call_id"]: message for message in messages[start:]}
    calls = [
        WrittenCall(call["id"] or "", call["function"]["name"], call["function"]["arguments"])
        for call in written
        if call.get("function")
    ]
    return Pending(start, calls, answered) if any(call.id not in answered for call in calls) else None
