"""Runs that are broken again and again, by whatever breaks one, go on from what they leave to the end of the uncut one.

`TOOL_FAULTS=2000` tries so many of them in place of 30.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from functools import partial
from random import Random
from typing import Any

import attrs
import pytest
from test_odd_tools import MODELS, QUESTION, told
from virtual import client_of

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm.testing import AtEvent, Failure, RecordedRequest, Reply, Simulator, ToolUse, run_in_virtual_time
from trio_llm.tools import ToolRunError, tool

RUNS = int(os.environ.get("TOOL_FAULTS", "30"))
MOST_TRIES = 12
"""Broken runs of one conversation; the next one is left in peace."""
INTERRUPTED = "Error: it was interrupted: what it does may have been done or not"
Calls = list[tuple[str, str, float]]


def drawn_rounds(random: Random) -> list[Calls]:
    """The calls of each round: the tool, a name of its own, and seconds."""
    kinds = ["work", "fail", "commit", "synchronous", "missing"]
    return [
        [
            (random.choice(kinds), f"n{turn}{place}", random.choice([0, 1, 2, 5]))
            for place in range(random.randint(1, 4))
        ]
        for turn in range(random.randint(1, 3))
    ]


@attrs.define
class Trial:
    """A conversation, what its tools have done, and what breaks it."""

    random: Random
    over: Any
    rounds: list[Calls]
    streamed: bool
    faulty: bool = False
    committed: Counter[str] = attrs.Factory(Counter[str])
    tools: list[Any] = attrs.Factory(list[Any])

    def act(self, request: RecordedRequest) -> Reply | Failure:
        """The next round of the model's, told by what the history has, unless the provider or the line breaks."""
        random = self.random
        sent = json.dumps(request.json.get("input") or request.json["messages"])
        made = sum(all(f"id_{name}" in sent for _, name, _ in calls) for calls in self.rounds)
        delivery: dict[str, Any] = {"latency": random.choice([0, 1]), "gap": random.choice([0, 0.1])}
        if self.faulty and random.random() < 0.2:
            return Failure(500, "down")
        if self.faulty and random.random() < 0.2:
            delivery["cut_at"] = AtEvent(random.randint(1, 12))
        if made == len(self.rounds):
            return Reply("end", **delivery)
        uses = [
            ToolUse(kind, {"name": name, "seconds": seconds}, id=f"id_{name}")
            for kind, name, seconds in self.rounds[made]
        ]
        return Reply("so", tool_calls=uses, **delivery)

    def faults(self) -> dict[str, Any]:
        """How the next run is broken, if it is."""
        random = self.random

        def bug(_: Any) -> bool:
            if random.random() < 0.3:
                raise ArithmeticError("a bug of the program's")
            return True

        params: dict[str, Any] = {"max_parallel": random.choice([1, 2, 8])}
        if random.random() < 0.5:
            params["deadline"] = random.choice([0.05, 0.5, 1, 1.5, 2.5, 4, 6])
        hooks: list[tuple[str, Any]] = [
            ("approve", bug),
            ("before_round", lambda told_of: bug(told_of) and None),
            ("until", lambda told_of: not bug(told_of)),
        ]
        return params | dict(random.sample(hooks, random.randint(0, 1)))

    async def go_on(self, client: Client, messages: list[Any]) -> tuple[list[Any], bool]:
        """One run. Gives the history that it leaves, and whether it has come to its end."""
        params = {"over": self.over, **({"max_tokens": 100} if self.over == "messages" else {})}
        params |= self.faults() if self.faulty else {}
        patience = self.random.choice([0.1, 1, 3]) if self.faulty and self.random.random() < 0.2 else None
        try:
            if not self.streamed:
                run = await client.run_tools(MODELS[self.over], messages, self.tools, **params)
                return run.messages, True
            with trio.move_on_after(float("inf") if patience is None else patience) as scope:
                async with client.stream_tools(MODELS[self.over], messages, self.tools, **params) as stream:
                    async for _ in stream:
                        pass
            return [*stream.messages], not scope.cancelled_caught
        except ToolRunError as error:
            return error.messages, False


def trial_of(seed: int) -> Trial:
    random = Random(seed)
    trial = Trial(random, random.choice([*MODELS]), drawn_rounds(random), random.random() < 0.7)

    @tool
    async def work(name: str, seconds: float) -> str:
        """Work."""
        await trio.sleep(seconds)
        return f"{name} done"

    @tool
    async def fail(name: str, seconds: float) -> str:
        """Fail."""
        await trio.sleep(seconds)
        raise LookupError(name)

    @tool
    def synchronous(name: str, seconds: float) -> str:
        """Work in a thread."""
        return f"{name} done"

    @tool(commits=True)
    async def commit(name: str, seconds: float) -> str:
        """Commit."""
        trial.committed[name] += 1
        await trio.sleep(seconds)
        return f"{name} committed"

    trial.tools = [work, fail, synchronous, commit]
    return trial


async def break_and_go_on(seed: int) -> None:
    trial = trial_of(seed)
    async with client_of(Simulator(trial.act)) as client:
        whole, _ = await trial.go_on(client, QUESTION)
        expected = told(whole)
        trial.committed.clear()

        messages, has_ended = QUESTION, False
        for number in range(MOST_TRIES + 1):
            trial.faulty = number < MOST_TRIES
            messages, has_ended = await trial.go_on(client, messages)
            identifiers = [identifier for identifier, _ in told(messages)]
            assert len(identifiers) == len({*identifiers})
            if has_ended:
                break

    assert has_ended
    assert [identifier for identifier, _ in told(messages)] == [identifier for identifier, _ in expected]
    others = [(text, other) for (_, text), (_, other) in zip(told(messages), expected, strict=True) if text != other]
    assert all(text == INTERRUPTED and other.endswith("committed") for text, other in others)
    committing = [name for calls in trial.rounds for kind, name, _ in calls if kind == "commit"]
    assert trial.committed == dict.fromkeys(committing, 1)


@pytest.mark.timeout(max(60, RUNS))
@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_run_that_is_broken_again_and_again_ends_as_the_uncut_one(backend: Any) -> None:
    for seed in range(RUNS):
        try:
            run_in_virtual_time(partial(break_and_go_on, seed), backend=backend)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise
