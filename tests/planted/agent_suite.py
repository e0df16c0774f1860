"""The test suite of an agent, as its author would write it before knowing of any mistake."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from trio_llm import LLMError
from trio_llm._runtime import trio
from trio_llm.testing import RequestOutcome, strategies

from .agents import TOOLS, Agent, AgentError


async def look_up(key: str) -> str:
    """Look something up."""
    raise NotImplementedError


TOOL: Final = strategies.async_functions(like=look_up)


class AgentMachine(strategies.ProviderMachine):
    """Knows what each tool was asked and has told."""

    kind: type[Agent]

    def __init__(self) -> None:
        super().__init__()
        self.ran: list[tuple[str, str]] = []
        self.told: dict[tuple[str, str], str] = {}
        self.look_up: Any = None
        self.agent = self.kind(self.client, {"look_up": self.looking_up, "buy": self.buying})
        self.asked = 0

    async def looking_up(self, key: str) -> str:
        self.ran.append(("look_up", key))
        said: str = await self.look_up(key)
        self.told["look_up", key] = said
        return said

    async def buying(self, what: str) -> str:
        self.ran.append(("buy", what))
        self.told["buy", what] = f"bought {what}"
        return f"bought {what}"

    async def answer(self, question: str) -> Any:
        began = trio.current_time()
        try:
            return await self.agent.answer(question)
        except AgentError as error:
            return error
        finally:
            assert trio.current_time() - began <= Agent.deadline + 0.001

    @rule(question=strategies.said(), look_up=TOOL)
    def ask(self, question: str, look_up: Any) -> None:
        self.look_up = look_up
        self.examine(self.tried(self.answer, question))

    @rule(question=strategies.said(), look_up=TOOL, seconds=st.sampled_from([0.1, 7.0, 31.0]))
    def ask_and_leave(self, question: str, look_up: Any, seconds: float) -> None:
        self.look_up = look_up
        self.examine(self.left_after(seconds, self.answer, question))

    def examine(self, answer: Any) -> None:
        assert answer is None or isinstance(answer, str | AgentError | LLMError)
        requests = self.simulator.requests[self.asked :]
        self.asked += len(requests)
        answered = [one for one in requests if one.outcome is RequestOutcome.FINISHED and one.finish_reason]
        assert len(answered) <= Agent.rounds
        called = Counter(
            call for one in answered if one.finish_reason != "length" for call in map(understood, one.called) if call
        )
        ran, self.ran = Counter(self.ran), []
        assert ran <= called, (ran, called)
        if isinstance(answer, str):
            last = requests[-1]
            assert (answer, last.finish_reason, [*last.called]) == (last.said, "stop", [])
            assert ran == called, (ran, called)
        for request in requests:
            self.look_at_results(request.json["messages"])

    def look_at_results(self, messages: list[Any]) -> None:
        waiting: dict[str, Any] = {}
        for message in messages:
            for call in message.get("tool_calls", ()):
                waiting[call["id"]] = call["function"]
            if message["role"] == "tool":
                function = waiting.pop(message["tool_call_id"])
                told = self.told.get(understood_texts(function["name"], function["arguments"]))
                assert message["content"] == told or message["content"].startswith("error"), (function, message)


def suite(kind: type[Agent]) -> type[strategies.ProviderMachine]:
    """A machine that asks an agent."""
    return type("AgentMachine", (AgentMachine,), {"kind": kind})


def understood(call: Any) -> Any:
    """A call that a tool can be run for."""
    arguments = call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)
    return understood_texts(call.name, arguments)


def understood_texts(name: str, arguments: str) -> Any:
    fields = {tool["function"]["name"]: tool["function"]["parameters"]["required"] for tool in TOOLS}  # type: ignore[index]
    try:
        given = json.loads(arguments)
    except ValueError:
        return None
    return (name, *given.values()) if [*given] == fields.get(name) else None
