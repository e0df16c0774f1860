"""A small agent that calls tools, and its variants with one mistake each."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from trio_llm import Client, LLMError
from trio_llm._runtime import trio

ToolFunction = Callable[..., Awaitable[str]]
TOOLS: Final = [
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]},
        },
    }
    for name, field in (("look_up", "key"), ("buy", "what"))
]


class AgentError(Exception):
    """The agent gives up, and says why."""


class Agent:
    """Asks, runs the tools that are called, tells their results, and asks again."""

    rounds: Final = 5
    deadline: Final = 90.0

    def __init__(self, client: Client, tools: Mapping[str, ToolFunction]) -> None:
        self.client = client
        self.tools = tools

    async def answer(self, question: str) -> str:
        """The model's answer. Raises `AgentError`, and `LLMError`."""
        try:
            with trio.fail_after(self.deadline):
                return await self.converse([{"role": "user", "content": question}])
        except trio.TooSlowError as error:
            raise AgentError("it takes too long") from error

    async def converse(self, messages: list[Any]) -> str:
        for _ in range(self.rounds):
            choice = await self.ask(messages)
            self.look_at_the_end(choice)
            if not choice.message.tool_calls:
                return self.text_of(choice.message)
            messages.append(choice.message)
            messages += await self.results(choice.message.tool_calls)
        raise AgentError("it never comes to an end")

    async def ask(self, messages: Sequence[Any]) -> Any:
        response = await self.client.completion("openai/any", [*messages], tools=TOOLS)
        return response.choices[0]

    def look_at_the_end(self, choice: Any) -> None:
        if choice.finish_reason in ("length", "content_filter"):
            raise AgentError(f"the answer is not whole: {choice.finish_reason}")

    def text_of(self, message: Any) -> str:
        return message.content or ""

    async def results(self, calls: Sequence[Any]) -> list[dict[str, Any]]:
        said: dict[int, str] = {}

        async def run(place: int) -> None:
            said[place] = await self.run_tool(calls[place])

        async with trio.open_nursery() as nursery:
            for place in range(len(calls)):
                nursery.start_soon(run, place)
        return [result(call, said[place]) for place, call in enumerate(calls)]

    async def run_tool(self, call: Any) -> str:
        try:
            arguments = json.loads(call.function.arguments)
            return await self.tools[call.function.name](**arguments)
        except Exception as error:  # noqa: BLE001
            return f"error: {error!r}"


def result(call: Any, content: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call.id, "content": content}


class TrustsThatThereIsText(Agent):
    def text_of(self, message: Any) -> str:
        return str(message.content.strip()) and str(message.content)


class DropsTheResultOfAToolThatRaises(Agent):
    async def results(self, calls: Sequence[Any]) -> list[dict[str, Any]]:
        return [one for one in await super().results(calls) if not one["content"].startswith("error: DrawnError")]


class AnswersInTheOrderInWhichToolsEnd(Agent):
    async def results(self, calls: Sequence[Any]) -> list[dict[str, Any]]:
        said: list[str] = []

        async def run(call: Any) -> None:
            said.append(await self.run_tool(call))

        async with trio.open_nursery() as nursery:
            for call in calls:
                nursery.start_soon(run, call)
        return [result(call, text) for call, text in zip(calls, said, strict=True)]


class RepeatsTheFirstId(Agent):
    async def results(self, calls: Sequence[Any]) -> list[dict[str, Any]]:
        return [result(calls[0], one["content"]) for one in await super().results(calls)]


class RunsTheFirstOfParallelCalls(Agent):
    async def results(self, calls: Sequence[Any]) -> list[dict[str, Any]]:
        return await super().results(calls[:1])


class TellsTheFirstOfParallelCalls(Agent):
    async def converse(self, messages: list[Any]) -> str:
        for _ in range(self.rounds):
            choice = await self.ask(messages)
            self.look_at_the_end(choice)
            if not choice.message.tool_calls:
                return self.text_of(choice.message)
            first = choice.message.tool_calls[:1]
            told = choice.message.model_dump()
            messages.append({"role": "assistant", "content": None, "tool_calls": told["tool_calls"][:1]})
            messages += await self.results(first)
        raise AgentError("it never comes to an end")


class RunsToolsAgainAfterAFailure(Agent):
    async def converse(self, messages: list[Any]) -> str:
        choice = await self.ask(messages)
        for _ in range(self.rounds - 1):
            self.look_at_the_end(choice)
            if not choice.message.tool_calls:
                return self.text_of(choice.message)
            try:
                results = await self.results(choice.message.tool_calls)
                following = await self.ask([*messages, choice.message, *results])
            except LLMError:
                results = await self.results(choice.message.tool_calls)
                following = await self.ask([*messages, choice.message, *results])
            messages += [choice.message, *results]
            choice = following
        raise AgentError("it never comes to an end")


class TakesACutAnswerForAWholeOne(Agent):
    def look_at_the_end(self, choice: Any) -> None:
        pass


class AnswersWhenItIsCancelled(Agent):
    async def answer(self, question: str) -> str:
        try:
            return await super().answer(question)
        except (LLMError, AgentError):
            raise
        except BaseException:  # noqa: BLE001, ASYNC103
            return "Sorry, something went wrong."  # noqa: ASYNC104


class GoesOnForEver(Agent):
    rounds: Final = 10_000  # type: ignore[misc]


class ForgetsWhatTheModelCalled(Agent):
    async def converse(self, messages: list[Any]) -> str:
        for _ in range(self.rounds):
            choice = await self.ask(messages)
            self.look_at_the_end(choice)
            if not choice.message.tool_calls:
                return self.text_of(choice.message)
            messages += await self.results(choice.message.tool_calls)
        raise AgentError("it never comes to an end")


class TrustsTheArguments(Agent):
    async def run_tool(self, call: Any) -> str:
        arguments = json.loads(call.function.arguments)
        try:
            return await self.tools[call.function.name](**arguments)
        except Exception as error:  # noqa: BLE001
            return f"error: {error!r}"


class TrustsThatTheToolExists(Agent):
    async def run_tool(self, call: Any) -> str:
        tool = self.tools[call.function.name]
        try:
            return await tool(**json.loads(call.function.arguments))
        except Exception as error:  # noqa: BLE001
            return f"error: {error!r}"


class RemembersResultsById(Agent):
    def __init__(self, client: Client, tools: Mapping[str, ToolFunction]) -> None:
        super().__init__(client, tools)
        self.known: dict[str, str] = {}

    async def run_tool(self, call: Any) -> str:
        if call.id not in self.known:
            self.known[call.id] = await super().run_tool(call)
        return self.known[call.id]


class KeepsItsConversation(Agent):
    def __init__(self, client: Client, tools: Mapping[str, ToolFunction]) -> None:
        super().__init__(client, tools)
        self.messages: list[Any] = []

    async def converse(self, messages: list[Any]) -> str:
        self.messages += messages
        return await super().converse(self.messages)


class HasNoDeadline(Agent):
    deadline: Final = 1_000_000.0  # type: ignore[misc]


MISTAKEN: Final[tuple[type[Agent], ...]] = tuple(Agent.__subclasses__())
