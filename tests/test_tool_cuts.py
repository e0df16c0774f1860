"""A run of tools that is cancelled at any step of its goes on from what it has left, and ends as the uncut one."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from virtual import client_of

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm.testing import RecordedRequest, Reply, Simulator, StepOptions, ToolUse, cancel_at_every_step
from trio_llm.tools import ToolStream, tool

QUESTION = [{"role": "user", "content": "Go."}]
MODELS = {"chat": "openai/gpt-4o", "responses": "openai/gpt-4o", "messages": "anthropic/claude-opus-4-6"}
INTERRUPTED = "Error: it was interrupted: what it does may have been done or not"
RESULTS = {"a": "a done", "b": "b committed"}
BOTH: Any = ("trio", "asyncio")
# The loop beneath is one for all three shapes; on asyncio, where there are four ways to cancel, one of them will do.
# CUT_EVERY_WAY=1 tries all of them on both.
BACKENDS: dict[str, Any] = {"chat": BOTH} if not os.environ.get("CUT_EVERY_WAY") else dict.fromkeys(MODELS, BOTH)


@attrs.define
class Deeds:
    """What the tools of one run have done."""

    running: int = 0
    committed: int = 0


class Tools:
    """Tools that are made once, and what they do from one run to the next."""

    def __init__(self) -> None:
        self.deeds = Deeds()

        @tool
        async def work() -> str:
            """Work."""
            self.deeds.running += 1
            try:
                await trio.sleep(0.02)
            finally:
                self.deeds.running -= 1
            return "a done"

        @tool(commits=True)
        async def commit() -> str:
            """Commit."""
            self.deeds.committed += 1
            await trio.sleep(0.01)
            return "b committed"

        self.all = [work, commit]


@attrs.define
class Cut:
    """A run, and what its tools have done."""

    client: Client
    over: Any
    tools: Tools
    deeds: Deeds
    stream: ToolStream[Any] | None = None

    def open(self, messages: list[Any]) -> Any:
        needed: Any = {"max_tokens": 100} if self.over == "messages" else {}
        return self.client.stream_tools(MODELS[self.over], messages, self.tools.all, over=self.over, **needed)


def act(request: RecordedRequest) -> Reply:
    """One round of two calls, then the end."""
    sent = json.dumps(request.json.get("input") or request.json["messages"])
    if "id_a" in sent:
        return Reply("end")
    kinds = {"a": "work", "b": "commit"}
    return Reply(tool_calls=[ToolUse(kind, id=f"id_{name}") for name, kind in kinds.items()])


async def cut_anywhere(cut: Cut) -> None:
    async with cut.open(QUESTION) as cut.stream:
        async for _ in cut.stream:
            pass


async def go_on(cut: Cut) -> None:
    assert cut.deeds.running == 0
    left = cut.stream.messages if cut.stream is not None else QUESTION
    async with cut.open([*left]) as stream:
        async for _ in stream:
            pass

    assert cut.deeds.committed == 1
    results = dict(told(stream.messages))
    assert [*results] == ["id_a", "id_b"]
    assert results | {"id_b": RESULTS["b"]} == {f"id_{name}": text for name, text in RESULTS.items()}
    assert results["id_b"] in (RESULTS["b"], INTERRUPTED)
    assert len(told(stream.messages)) == 2
    assert "end" in repr(stream.messages[-1])


def told(messages: list[Any]) -> list[tuple[str, Any]]:
    """Every result in a history, with the id of its call."""
    found: list[tuple[str, Any]] = []
    for message in messages:
        content = message.get("content")
        for block in content if isinstance(content, list) else [message]:
            names = ("tool_call_id", "tool_use_id", "call_id" if "output" in block else "")
            name = next((name for name in names if name and block.get(name)), None)
            if name is not None:
                found.append((block[name], block["output"] if name == "call_id" else block["content"]))
    return found


@pytest.mark.timeout(180)
@pytest.mark.parametrize("over", MODELS)
def test_a_run_that_is_cancelled_at_any_step_goes_on_to_the_end_of_the_uncut_one(over: str) -> None:
    tools = Tools()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Cut]:
        tools.deeds = Deeds()
        async with client_of(Simulator(act)) as client:
            yield Cut(client, over, tools, tools.deeds)

    report = cancel_at_every_step(
        cut_anywhere, open_context=opened, after=go_on, options=StepOptions(backends=BACKENDS.get(over, ("trio",)))
    )

    assert min(report.steps.values()) >= 3
