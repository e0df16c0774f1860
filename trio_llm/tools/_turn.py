"""The tools of one turn of the model's: tasks of one nursery, at most so many at a time.

Theory of operation. A call of a tool is *waiting* (for approval, then for a slot), *running*, or *ended*: then it has a
result, and it has exactly one. Whatever a function raises is a result. Only the end of the turn, by cancellation or by
a stream that broke, leaves calls without one: they can be made again. A committing tool is the exception. It begins
when the turn is complete, and if it is interrupted after that, its result says so: it is not called twice.

Models repeat ids, so a call is told from others by its place. One that has begun early is found again by its id and its
name: of several with both the same, the first to begin is the first of the turn.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from .._runtime import trio
from ._asking import Approval, Plan
from ._events import ToolBegan, ToolEnded, ToolEvent, ToolProgress, ToolResult
from ._results import ToolOutput, WrittenCall, content_of, error_text, failure_text, problem_of
from ._tool import Tool, ToolContext

if TYPE_CHECKING:
    from .._engine.events import Activity

_INTERRUPTED: Final = "it was interrupted: what it does may have been done or not"
_FROM_WITHIN: Final = "was cancelled by something that it waited for"
Sink: TypeAlias = Callable[[ToolEvent], Awaitable[None]]
"""Where events go."""


@attrs.frozen
class RunSlots:
    """What all turns of a run share."""

    tools: trio.CapacityLimiter
    threads: trio.CapacityLimiter
    group: Callable[[str, Mapping[str, Any]], AbstractContextManager[Activity | None]]
    """What makes a tool a group to observers."""


@attrs.define(eq=False)
class _CallState:
    call: WrittenCall
    result: ToolResult | None = None
    is_told: bool = False
    """Whether the program was told of the result."""


class Turn:
    """The calls of one turn, and their results."""

    def __init__(
        self, number: int, tools: Mapping[str, Tool[..., Any]], plan: Plan, slots: RunSlots, sink: Sink
    ) -> None:
        self._number = number
        self._tools = tools
        self._plan = plan
        self._slots = slots
        self._sink = sink
        self._early: dict[tuple[str, str], _CallState] = {}
        self._states: list[_CallState] = []

    def begin_early(self, nursery: trio.Nursery, call: WrittenCall) -> None:
        """Begin a call while the model still writes, if its tool does nothing that cannot be undone."""
        tool = self._tools.get(call.name)
        place = (call.id, call.name)
        if tool is not None and not tool.commits and call.id and place not in self._early:
            self._early[place] = state = _CallState(call)
            nursery.start_soon(self._make, state)

    def begin(self, nursery: trio.Nursery, call: WrittenCall, *, is_cut: bool = False) -> None:
        """Begin a call of a complete turn, unless it has begun. In one that was cut off, no committing tool does."""
        state = self._early.pop((call.id, call.name), None)
        if state is None:
            state = _CallState(call)
            tool = self._tools.get(call.name)
            if is_cut and tool is not None and tool.commits:
                state.result = _failed(call, "the answer was cut off, so this tool was not called", None)
            else:
                nursery.start_soon(self._make, state)
        self._states.append(state)

    def results(self) -> list[ToolResult | None]:
        """What there is of each call, in their order, when all tools have ended.

        Of calls that share an id none is left without a result if one has one: nobody could tell whose it is.
        """
        answered = {state.call.id for state in self._states if state.result is not None}
        for state in self._states:
            if state.result is None and state.call.id in answered:
                state.result = _failed(state.call, _INTERRUPTED, None)
        return [state.result for state in self._states]

    async def settle(self) -> None:
        """Tell of results that nobody was told of yet, when all tools have ended."""
        for state in self._states:
            if not state.is_told:
                await self._tell(state)

    async def _make(self, state: _CallState) -> None:
        tool = self._tools.get(state.call.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            problem: str | None = f"there is no tool {state.call.name!r}; there are: {known}"
        else:
            problem = await self._run(state, tool)
        if problem is not None:
            state.result = _failed(state.call, problem, None)
        await self._tell(state)

    async def _tell(self, state: _CallState) -> None:
        if state.result is not None:
            state.is_told = True
            await self._sink(ToolEnded(state.result))

    async def _run(self, state: _CallState, tool: Tool[..., Any]) -> str | None:
        """Run a tool. Gives the reason why it could not begin."""
        try:
            arguments = tool.read(state.call.arguments)
        except Exception as error:  # noqa: BLE001 - whatever a class of the program's raises when it is made
            return f"the arguments do not fit: {error_text(error)}"
        refused = await self._refusal(Approval(tool, state.call.id, arguments))
        if refused is not None:
            return refused
        async with self._slots.tools:
            await self._sink(ToolBegan(state.call.id, tool.name, arguments))
            await trio.lowlevel.checkpoint()  # what is cancelled by now has not begun
            try:
                await self._call(state, tool, arguments)
            finally:
                if tool.commits and state.result is None:
                    state.result = _failed(state.call, _INTERRUPTED, None)
        return None

    async def _refusal(self, approval: Approval) -> str | None:
        if self._plan.approve is None:
            return None
        try:
            verdict = self._plan.approve(approval)
            verdict = await verdict if inspect.isawaitable(verdict) else verdict
        except trio.Cancelled:
            if _is_cancelled():
                raise
            raise RuntimeError(f"approve {_FROM_WITHIN}") from None  # noqa: ASYNC104 - no scope was cancelled
        if verdict is True:
            return None
        return verdict if isinstance(verdict, str) else "the call was not approved"

    async def _call(self, state: _CallState, tool: Tool[..., Any], arguments: Mapping[str, Any]) -> None:
        call, started = state.call, trio.current_time()

        async def report(value: Any) -> None:
            await self._sink(ToolProgress(call.id, tool.name, value))

        context = ToolContext(call.id, self._number, report)
        try:
            with trio.move_on_after(math.inf if tool.timeout is None else tool.timeout) as scope:
                with self._slots.group("tool", {"name": tool.name, "call_id": call.id}) as group:
                    if group is not None:
                        group.contents = {"arguments": call.arguments}
                    value = await tool.run(arguments, context, self._slots.threads)
                    content = content_of(value)
                    if group is not None:
                        group.contents = {"arguments": call.arguments, "result": content}
                seconds = trio.current_time() - started
                kept = value.value if isinstance(value, ToolOutput) else value
                state.result = ToolResult(call.id, call.name, content, kept, None, seconds)
        except Exception as error:  # noqa: BLE001 - the model is told, and so is the program, by the result
            state.result = _failed(call, problem_of(error), error, trio.current_time() - started)
        except trio.Cancelled:  # noqa: ASYNC103 - where no scope was cancelled it is the tool's own
            if _is_cancelled():
                raise
            state.result = _failed(call, f"it {_FROM_WITHIN}", None, trio.current_time() - started)
        except BaseExceptionGroup as group:
            # A tool that fails while it is cancelled: what it raises beside the cancellation would hide the latter.
            _, others = group.split(Exception)
            assert others is not None
            raise others from None
        if scope.cancelled_caught and state.result is None:
            problem = f"it took longer than {tool.timeout:g} seconds"
            state.result = _failed(call, problem, TimeoutError(problem), trio.current_time() - started)


def _is_cancelled() -> bool:
    """Whether a cancellation comes from a scope. On asyncio whoever waits for a cancelled task gets one as well."""
    return trio.current_effective_deadline() == -math.inf


def _failed(call: WrittenCall, problem: str, error: BaseException | None, seconds: float = 0.0) -> ToolResult:
    return ToolResult(call.id, call.name, failure_text(problem), None, error or ValueError(problem), seconds)
