"""What a run of tools tells and leaves: its events, its steps, and the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeAlias, TypeVar

import attrs

from .._types.usage import Usage
from .._types.usage_sum import summed

ResponseT = TypeVar("ResponseT")


@attrs.frozen
class ToolResult:
    """What came of one call of a tool.

    Example:
        for result in run.steps[0].results:
            print(result)
    """

    call_id: str
    name: str
    content: str | list[Mapping[str, Any]]
    """What the model is told: a text, or content parts."""
    value: Any = None
    """What the function returned."""
    error: BaseException | None = None
    """Why it failed, if it did."""
    seconds: float = 0.0
    """How long the function ran."""

    @property
    def message(self) -> dict[str, Any]:
        """The result as a message to the model."""
        return {"role": "tool", "tool_call_id": self.call_id, "content": self.content}


@attrs.frozen
class Step(Generic[ResponseT]):
    """One round: what the model said, and what its tools gave, in the order of its calls.

    Example:
        for step in run.steps:
            print(step)
    """

    response: ResponseT | None
    """None where calls were made up for which an earlier run had left open."""
    results: tuple[ToolResult, ...] = ()


@attrs.define
class ToolRun(Generic[ResponseT]):
    """A conversation in which tools were called.

    Example:
        run = await client.run_tools(model, messages, tools=[look_up])
        print(run.response.choices[0].message.content, run.usage)
    """

    messages: list[Any]
    """The whole history: what was asked, the model's messages and the results of tools. Items, over `responses`."""
    steps: list[Step[ResponseT]] = attrs.Factory(list[Step[ResponseT]])

    @property
    def response(self) -> ResponseT:
        """The model's last response.

        Raises:
            ValueError: if there is none yet.
        """
        for step in reversed(self.steps):
            if step.response is not None:
                return step.response
        raise ValueError("the model has not answered yet")

    @property
    def usage(self) -> Usage | None:
        """Tokens of all rounds; None if the provider told none."""
        return summed(_usage(step.response) for step in self.steps if step.response is not None)


def _usage(response: Any) -> Usage | None:
    """Under the names of chat."""
    usage: Usage | None = getattr(response.usage, "chat_usage", response.usage)
    return usage


@attrs.frozen
class TextDelta:
    """A piece of the model's text.

    Example:
        if isinstance(event, trio_llm.tools.TextDelta):
            print(event.text, end="")
    """

    text: str


@attrs.frozen
class ReasoningDelta:
    """A piece of the model's thinking.

    Example:
        if isinstance(event, trio_llm.tools.ReasoningDelta):
            print(event)
    """

    text: str


@attrs.frozen
class AnswerBroke:
    """The stream of an answer broke, and was asked for again; see `on_break`. Chats only.

    Example:
        if isinstance(event, trio_llm.tools.AnswerBroke) and event.kind == "restart":
            print("what was written of this answer is void")
    """

    kind: str
    """`restart`: it begins anew, and what was told of it is no part of it. `continue`: it goes on."""
    cause: str
    """What broke it."""


@attrs.frozen
class ProviderItem:
    """What a provider tells of tools that it runs itself, such as web search, by its own names.

    Example:
        if isinstance(event, trio_llm.tools.ProviderItem):
            print(event)
    """

    fields: Mapping[str, Any]


@attrs.frozen
class ToolBegan:
    """A tool begins.

    Example:
        if isinstance(event, trio_llm.tools.ToolBegan):
            print(event)
    """

    call_id: str
    name: str
    arguments: Mapping[str, Any]
    """As the function gets them."""


@attrs.frozen
class ToolProgress:
    """A tool reports how far it is.

    Example:
        if isinstance(event, trio_llm.tools.ToolProgress):
            print(event)
    """

    call_id: str
    name: str
    value: Any


@attrs.frozen
class ToolEnded:
    """A tool has ended, or could not begin.

    Example:
        if isinstance(event, trio_llm.tools.ToolEnded):
            print(event)
    """

    result: ToolResult


@attrs.frozen
class RoundEnded:
    """A round is over, with all of its tools.

    Example:
        if isinstance(event, trio_llm.tools.RoundEnded):
            print(event)
    """

    number: int
    """Counted from 1."""
    step: Step[Any]


@attrs.frozen
class Finished:
    """The run is over: the last of its events.

    Example:
        if isinstance(event, trio_llm.tools.Finished):
            print(event)
    """

    run: ToolRun[Any]


ToolEvent: TypeAlias = (
    TextDelta
    | ReasoningDelta
    | AnswerBroke
    | ProviderItem
    | ToolBegan
    | ToolProgress
    | ToolEnded
    | RoundEnded
    | Finished
)
"""What `async for event in run` gives."""
