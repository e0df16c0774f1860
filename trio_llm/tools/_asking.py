"""What a run of tools is asked for, and what its hooks are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, Protocol, Required, TypedDict

import attrs

from .._types.chat import BareModelParams, ChatCallParams, MessageLike
from .._types.errors import UnsupportedParamsError
from .._types.messages_api.request import MessagesToollessParams
from .._types.request import ControlParams
from .._types.responses_api.request import ResponsesToollessParams
from ._events import ToolRun
from ._tool import Tool, ToolLike

if TYPE_CHECKING:
    from .._runtime import trio


@attrs.frozen
class Approval:
    """A call that waits for approval.

    Example:
        async def approve(call: trio_llm.tools.Approval) -> bool:
            return call.name != "delete_all"
    """

    tool: Tool[..., Any]
    call_id: str
    arguments: Mapping[str, Any]
    """As the function would get them."""


@attrs.define
class Round:
    """A round that is about to begin. A hook may change any of it; changed messages stay in the history.

    Example:
        async def before_round(round: trio_llm.tools.Round) -> None:
            round.model = "openai/gpt-5-mini" if round.number > 3 else round.model
    """

    number: int
    """Counted from 1."""
    model: str
    messages: list[Any]
    tools: list[ToolLike]
    params: dict[str, Any]
    """The parameters of the call."""


class Steering(Protocol):
    """Where the program's own messages come from: the receiving end of a memory channel of either loop."""

    def receive_nowait(self) -> str | MessageLike: ...


class RunParams(TypedDict, total=False):
    """How the tools of a run are called."""

    max_rounds: int
    """Answers of the model, by default 20. One more would be a `ToolRunError`."""
    max_parallel: int
    """Tools at the same time, by default 8."""
    deadline: float | None
    """Seconds for the whole run."""
    approve: Callable[[Approval], bool | str | Awaitable[bool | str]] | None
    """Asked before each call: True lets it run, False or a text refuses it, and the model is told."""
    until: Callable[[ToolRun[Any]], bool] | None
    """Asked after each round: True ends the run there."""
    steer: Steering | None
    """Messages of the program's own, read between rounds."""
    deferred: Sequence[ToolLike]
    """Tools that the model is not told of until it finds them: it gets a tool that searches names and descriptions."""
    search: Literal["ours", "provider"] | None
    """Who looks for deferred tools: a tool of ours, or the provider. By default the provider where its row says that it
    has a search of its own (`Quirks.tool_search`)."""
    before_round: Callable[[Round], Awaitable[None] | None] | None
    """Called before each round, with what it may change."""


class ToolParams(BareModelParams, ChatCallParams, RunParams, total=False):
    """Every keyword argument of `run_tools` beside `model`, `messages` and `tools`.

    Example:
        params: trio_llm.tools.ToolParams = {"max_rounds": 5, "max_parallel": 4}
        run = await client.run_tools(model, messages, tools=[look_up], **params)
    """

    response_format: Mapping[str, Any] | type[Any] | None


class ResponsesToolParams(ResponsesToollessParams, ControlParams, RunParams, total=False):
    """Those of a run over the Responses API.

    Example:
        params: trio_llm.tools.ResponsesToolParams = {"max_rounds": 5, "store": False}
        run = await client.run_tools(model, items, tools=[look_up], over="responses", **params)
    """


class MessagesToolParams(MessagesToollessParams, ControlParams, RunParams, total=False):
    """Those of a run over the Messages API.

    Example:
        params: trio_llm.tools.MessagesToolParams = {"max_tokens": 1000, "max_rounds": 5}
        run = await client.run_tools(model, messages, tools=[look_up], over="messages", **params)
    """

    max_tokens: Required[int]


@attrs.frozen
class Plan:
    """The limits and hooks of a run, with their defaults."""

    max_rounds: int = attrs.field(default=20, validator=attrs.validators.ge(1))
    max_parallel: int = attrs.field(default=8, validator=attrs.validators.ge(1))
    deadline: float | None = None
    approve: Callable[[Approval], Any] | None = None
    until: Callable[[ToolRun[Any]], bool] | None = None
    steer: trio.MemoryReceiveChannel[Any] | None = None
    deferred: Sequence[ToolLike] = ()
    search: Literal["ours", "provider"] | None = attrs.field(
        default=None, validator=attrs.validators.in_(("ours", "provider", None))
    )
    before_round: Callable[[Round], Any] | None = None


def planned(params: Mapping[str, Any]) -> tuple[Plan, dict[str, Any]]:
    """The plan, and the parameters of each call.

    Raises:
        UnsupportedParamsError: for what a run does not have, and for a misspelt name of its own.
    """
    own = RunParams.__annotations__
    if params.get("stream"):
        raise UnsupportedParamsError("a run of tools has no stream: stream_tools tells of its events")
    if params.get("n") not in (None, 1):
        raise UnsupportedParamsError("n: a round of a run has one answer")
    _check_spelling(own, params)
    return Plan(**{name: value for name, value in params.items() if name in own}), {
        name: value for name, value in params.items() if name not in own
    }


def _check_spelling(own: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """The request knows its own names, and nothing of those of a run."""
    known = {*ToolParams.__annotations__, *ResponsesToolParams.__annotations__, *MessagesToolParams.__annotations__}
    for name in params.keys() - known:
        nearest = get_close_matches(name, known, n=1)
        if nearest and nearest[0] in own:
            raise UnsupportedParamsError(f"unknown parameter {name!r}: did you mean {nearest[0]!r}?")
