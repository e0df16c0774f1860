"""An agent that books tables: it may look what is free, and book once."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from trio_llm import Client, LLMError
from trio_llm.tools import Tool, ToolRun, tool

MODEL = "openai/gpt-4o"
Free = Callable[[str], Awaitable[str]]


class AgentError(Exception):
    """The agent has no answer, and says why."""


class Agent:
    """Books tables."""

    def __init__(self, client: Client, free: Free) -> None:
        self.client = client
        self.bookings: list[tuple[str, int]] = []

        @tool
        async def free_tables(day: str) -> str:
            """Tell which tables are free on a day."""
            with anyio.move_on_after(20):
                return await free(day)
            return "nobody answers the telephone"

        @tool(commits=True)
        async def book(day: str, seats: int) -> str:  # noqa: ASYNC124 - else it would run in a thread
            """Book a table."""
            self.bookings.append((day, seats))
            return f"booked for {seats} on {day}"

        self.tools: list[Tool[Any]] = [free_tables, book]

    async def answer(self, question: str) -> str:
        """What the agent says.

        Raises:
            AgentError: if the model fails, never comes to an end, or is cut short.
        """
        messages = [{"role": "user", "content": question}]
        try:
            run: ToolRun[Any] = await self.client.run_tools(
                MODEL, messages, tools=self.tools, max_rounds=4, deadline=120
            )
        except LLMError as error:
            raise AgentError(str(error)) from error
        choice = run.response.choices[0]
        if choice.finish_reason != "stop" or not choice.message.content:
            raise AgentError(f"the model has no answer: {choice.finish_reason}")
        return str(choice.message.content)
