"""What stands behind `client.run_tools` and `client.stream_tools`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, Self

from .._engine.nursery import BareNursery, FirstError
from .._runtime import trio
from .._types.errors import LLMError
from .._types.usage import Usage
from ._events import ResponseT, Step, ToolEvent, ToolRun
from ._loop import Asked, Loop

BUFFERED_EVENTS: Final = 16
"""Events that a run may be ahead of its reader."""


class ToolStream(Generic[ResponseT]):
    """The events of a run of tools, as `async for` gives them. What has been done so far is readable at any time.

    Example:
        async with client.stream_tools(model, messages, tools=[look_up]) as run:
            async for event in run:
                print(event)

    Raises:
        ToolRunError: from the iteration, if the run fails.
    """

    def __init__(
        self, run: ToolRun[ResponseT], receiver: trio.MemoryReceiveChannel[ToolEvent], failure: FirstError
    ) -> None:
        self._receiver = receiver
        self._failure = failure
        self.run = run
        """What has been done so far. After a cancellation its `messages` can be given to another run, which goes on."""

    @property
    def messages(self) -> list[Any]:
        """The history so far."""
        return self.run.messages

    @property
    def steps(self) -> list[Step[ResponseT]]:
        """The rounds that have ended."""
        return self.run.steps

    @property
    def usage(self) -> Usage | None:
        """Tokens of the rounds that have ended."""
        return self.run.usage

    @property
    def response(self) -> ResponseT:
        """The model's last response."""
        return self.run.response

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ToolEvent:
        try:
            return await self._receiver.receive()
        except trio.EndOfChannel:
            pass  # raised below, outside of this handler
        self._failure.raise_once()
        raise StopAsyncIteration


async def run_tools(asked: Asked) -> ToolRun[Any]:
    """Run tools, and tell nobody."""

    async def untold(_: ToolEvent) -> None:
        """Let it pass."""

    return await Loop(asked, untold, streamed=False).run_to_end()


@asynccontextmanager
async def open_tool_stream(asked: Asked) -> AsyncIterator[ToolStream[Any]]:
    """Run tools in a task of the block, and give their events."""
    sender, receiver = trio.open_memory_channel[ToolEvent](BUFFERED_EVENTS)
    loop, failure = Loop(asked, sender.send, streamed=True), FirstError()

    async def work() -> None:
        with sender:
            try:
                await loop.run_to_end()
            except Exception as error:  # noqa: BLE001 - the reader gets it, after what had arrived
                failure.note(error)

    with receiver:
        async with BareNursery() as nursery:
            nursery.start_soon(work)
            yield ToolStream(loop.run, receiver, failure)
            nursery.cancel_scope.cancel(reason="the block of the tools was left")
    if not isinstance(failure.waiting, LLMError):
        failure.raise_once()
