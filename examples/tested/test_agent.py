"""The agent, with a model that does whatever Hypothesis comes up with."""

from contextlib import suppress
from typing import Any

import pytest
from agent import Agent, AgentError
from hypothesis import strategies as st
from hypothesis.stateful import rule

from trio_llm import Client
from trio_llm.testing import Reply, Simulator, ToolUse, cancel_at_every_step, strategies


async def free(day: str) -> str:  # noqa: ASYNC124
    """What a restaurant's telephone says."""
    return f"all of {day}"


async def test_it_books_what_the_model_asks_for(virtual_time: object, anyio_backend: str) -> None:
    turns = [
        Reply(tool_calls=[ToolUse("free_tables", {"day": "Monday"})]),
        Reply("Let me book.", tool_calls=[ToolUse("book", {"day": "Monday", "seats": 2})]),
        Reply("You have a table on Monday."),
    ]
    async with Client(transport=Simulator(turns)) as client:
        agent = Agent(client, free)
        assert await agent.answer("A table for two, please.") == "You have a table on Monday."
    assert agent.bookings == [("Monday", 2)]


async def test_it_gives_up_a_model_that_only_calls_tools(virtual_time: object, anyio_backend: str) -> None:
    model = Simulator(Reply(tool_calls=[ToolUse("free_tables", {"day": "Monday"})]))
    async with Client(transport=model) as client:
        with pytest.raises(AgentError, match="after 4 rounds"):
            await Agent(client, free).answer("A table for two, please.")


class AgentMachine(strategies.ProviderMachine):
    """An agent that is asked, and left, whatever the model and the telephone do."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    @rule(question=strategies.said(), free=strategies.async_functions(like=free))
    def ask(self, question: str, free: Any) -> None:
        agent = Agent(self.client, free)
        try:
            answer = self.run(agent.answer, question)
        except AgentError:
            pass
        else:
            assert answer == self.simulator.requests[-1].said
        self.look_at_bookings(agent)

    @rule(question=strategies.said(), free=strategies.async_functions(like=free), seconds=st.sampled_from([0.1, 7.0]))
    def ask_and_leave(self, question: str, free: Any, seconds: float) -> None:
        agent = Agent(self.client, free)
        with suppress(AgentError):
            self.left_after(seconds, agent.answer, question)
        self.look_at_bookings(agent)

    def look_at_bookings(self, agent: Agent) -> None:
        """Nothing is booked that the model has not asked for, and nothing twice."""
        requests = self.simulator.requests[self.seen :]
        self.seen += len(requests)
        asked = [use.name for request in requests for use in request.called if request.finish_reason != "length"]
        assert len(agent.bookings) <= asked.count("book")


class AgentMachineOnAsyncio(AgentMachine):
    """The same on the other loop."""

    backend = "asyncio"


TestAgent = AgentMachine.TestCase
TestAgentOnAsyncio = AgentMachineOnAsyncio.TestCase


async def booking(client: Client) -> None:
    await Agent(client, free).answer("A table for two, please.")


def test_it_leaves_nothing_behind_wherever_it_is_cancelled() -> None:
    assert cancel_at_every_step(booking).runs > 20
