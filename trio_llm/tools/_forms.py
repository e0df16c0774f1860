"""The shapes of conversation in which tools can run: what differs between them, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias

import attrs

from ._events import ToolEvent, ToolResult
from ._results import WrittenCall
from ._tool import Tool

if TYPE_CHECKING:
    from .._client.client import Client

_FALLBACKS: Final = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
Over: TypeAlias = Literal["chat", "responses", "messages"]
"""Which of a client's calls carries a run: `completion`, `responses` or `anthropic_messages`."""


@attrs.frozen
class Question:
    """What one round asks."""

    model: str
    messages: list[Any]
    params: dict[str, Any]

    @property
    def has_fallbacks(self) -> bool:
        """Whether another model may be asked in the end."""
        return any(self.params.get(name) for name in _FALLBACKS)


@attrs.frozen
class Pending:
    """A history whose last calls have not all been made."""

    start: int
    """Where the results of the last answer begin."""
    calls: list[WrittenCall]
    """All calls of that answer."""
    answered: list[Any]
    """What stands in the history for each of them; None for those without a result."""


class Reader(Protocol):
    """Reads one streamed answer."""

    def calls(self, event: Any) -> Iterable[WrittenCall]:
        """The calls that are complete with this event."""
        ...

    def told(self, event: Any) -> Iterable[ToolEvent]:
        """What the program is told of it."""
        ...


class Form(Protocol):
    """A shape of conversation."""

    async def ask(self, client: Client, question: Question) -> Any:
        """The whole answer."""
        ...

    def open(self, client: Client, question: Question) -> AbstractAsyncContextManager[Any]:
        """The answer as a stream; its `response` is the whole one."""
        ...

    def reader(self) -> Reader:
        """What reads that stream."""
        ...

    def definition(self, tool: Tool[..., Any]) -> dict[str, Any]:
        """A tool as the provider takes it."""
        ...

    def request(self, question: Question) -> Any:
        """What a round asks, as a request."""
        ...

    def read(self, response: Any, question: Question) -> Any:
        """A streamed answer as the type that was asked for, if one was.

        Raises:
            AnswerValidationError: if it does not fit.
        """
        ...

    def searched(self, definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Definitions that the provider itself looks through, with what makes it do so.

        Raises:
            ValueError: if this shape of conversation has no such thing.
        """
        ...

    def said(self, response: Any) -> list[Any]:
        """What an answer adds to the history."""
        ...

    def calls(self, response: Any) -> list[WrittenCall]:
        """The calls of an answer."""
        ...

    def is_cut(self, response: Any) -> bool:
        """Whether it ends at the limit of tokens."""
        ...

    def goes_on(self, response: Any) -> bool:
        """Whether the provider wants to be asked again, though there is nothing to call."""
        ...

    def answer(self, result: ToolResult) -> Any:
        """A result, as it goes to the provider."""
        ...

    def answers(self, results: Sequence[Any]) -> list[Any]:
        """What results of one turn add to the history."""
        ...

    def pending(self, messages: Sequence[Any]) -> Pending | None:
        """The calls at the end of a history that have no result; None if there are none."""
        ...

    def made(self, message: Any) -> list[WrittenCall]:
        """The calls of one message or item of a history."""
        ...


def form_of(over: Over) -> Form:
    """The form of a name.

    Raises:
        ValueError: for another.
    """
    if over not in _CLASSES:
        raise ValueError(f"a run goes over {', '.join(map(repr, _CLASSES))}, not {over!r}")
    module, name = _CLASSES[over]
    form: Form = getattr(import_module(module, __package__), name)()
    return form


_CLASSES: dict[str, tuple[str, str]] = {
    "chat": ("._chat_form", "ChatForm"),
    "responses": ("._responses_form", "ResponsesForm"),
    "messages": ("._messages_form", "MessagesForm"),
}


def trailing(messages: Sequence[Any], is_result: Any) -> Iterator[int]:
    """The places of what stands at the end of a history and is a result, the last one first."""
    for place in range(len(messages) - 1, -1, -1):
        if not is_result(messages[place]):
            return
        yield place


def open_calls(start: int, calls: list[WrittenCall], results: Iterable[tuple[str, Any]]) -> Pending | None:
    """The calls of a history's end, if not all of them have a result.

    Args:
        start: where the results begin.
        calls: all calls of the last answer.
        results: those that there are, by the ids of their calls. Of calls with one id the first has the first result.
    """
    waiting = [*results]
    answered: list[Any] = []
    for call in calls:
        place = next((number for number, (call_id, _) in enumerate(waiting) if call_id == call.id), None)
        answered.append(None if place is None else waiting.pop(place)[1])
    return Pending(start, calls, answered) if None in answered else None
