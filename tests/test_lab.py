"""A laboratory: hours in no time, one trace for a seed on both loops and in any process, invariants at every step."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from virtual import ask

from trio_llm import Limits, LLMError, RetryPolicy
from trio_llm._runtime import trio
from trio_llm.testing import (
    Disconnect,
    Failure,
    FaultPlan,
    InvariantError,
    Lab,
    LeakError,
    Moment,
    Outages,
    RateLimits,
    Reply,
    Simulator,
    lab,
)

TESTS = Path(__file__).parent
HOUR = 3600.0
MODELS = ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-pro", "mistral/large"]
both_loops = pytest.mark.parametrize("backend", ["trio", "asyncio"])


def fleet(seed: int, *, backend: Any = "trio", hours: float = 100) -> Lab:
    def provider(number: int) -> Simulator:
        down = Outages.drawn(seed=seed + number, count=10, within=hours * HOUR, longest=1_800)
        return Simulator(
            Reply("a few words", latency=2, gap=0.05),
            faults=down | FaultPlan(rate=0.02, seed=seed, kinds=[Failure(500), Disconnect()]),
            limits=RateLimits(requests_per_minute=6),
        )

    names = [model.partition("/")[0] for model in MODELS]
    return lab({name: provider(number) for number, name in enumerate(names)}, seed=seed, backend=backend)


async def day(world: Lab) -> None:
    async def user(client: Any, number: int, times: list[float]) -> None:
        for at in times:
            await trio.sleep_until(at)
            request = ask("one two", model=MODELS[number % 4], timeout=300)
            try:
                await (client.hedge(request, after=1.0) if number % 3 == 0 else client.call(request))
            except LLMError:
                await trio.lowlevel.checkpoint()

    async with world.client("web", fallbacks=["mistral/large"], limits=Limits(max_in_flight=8)) as client:
        async with trio.open_nursery() as nursery:
            for number in range(8):
                times = sorted(world.random.uniform(0, 100 * HOUR) for _ in range(10))
                nursery.start_soon(user, client, number, times)


def traced(seed: int, backend: Any = "trio") -> str:
    world = fleet(seed, backend=backend)
    world.run(day)
    return world.trace


def test_a_seed_gives_one_trace_on_both_loops_and_in_another_process() -> None:
    trace = traced(1)
    code = "from test_lab import traced; import sys; sys.stdout.write(traced(1))"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], cwd=TESTS, env=environment, capture_output=True, text=True, check=True
    )

    assert trace == traced(1, "asyncio") == elsewhere.stdout
    assert trace != traced(2)
    assert trace.count(" asks ") >= 80
    assert "falls back to mistral/large" in trace


@both_loops
def test_an_invariant_is_asked_at_every_step_and_shows_what_happened(backend: Any) -> None:
    def at_most_two_at_once(world: Lab) -> bool:
        return world.providers["openai"].statistics().active <= 2

    async def app(world: Lab) -> None:
        async with world.client("batch", limits=Limits(max_in_flight=3)) as client:
            await client.fan_out([ask(str(number)) for number in range(6)])

    world = lab({"openai": Simulator(Reply(latency=5))}, backend=backend, invariants=[at_most_two_at_once])
    with pytest.raises(InvariantError) as caught:
        world.run(app)
    assert (caught.value.name, caught.value.at) == ("at_most_two_at_once", 0.0)
    assert "did not hold at 0.000000 s, after\n  0.000000 batch 2 asks openai/gpt-4o" in str(caught.value)
    assert world.calls <= 4


def test_what_an_invariant_raises_breaks_it_and_what_an_app_raises_has_the_trace() -> None:
    def never(world: Lab) -> None:
        assert world.calls < 1

    async def app(world: Lab) -> None:
        async with world.client() as client:
            await client.completion("openai/any", [{"role": "user", "content": "Hi"}])
        raise ValueError("mine")

    with pytest.raises(InvariantError, match="never did not hold"):
        lab({"openai": Simulator()}, invariants=[never]).run(app)
    with pytest.raises(ValueError, match="mine") as caught:
        lab({"openai": Simulator()}, seed=5).run(app)
    assert "In a lab with seed 5, after\n  0.000000 client 1 asks openai/any" in caught.value.__notes__[0]


@both_loops
def test_what_is_left_at_the_end_is_a_leak(backend: Any) -> None:
    async def app(world: Lab) -> None:
        client = world.client("forgetful")
        world.kept = await client.completion("openai/any", [{"role": "user", "content": "Hi"}], stream=True)  # type: ignore[attr-defined]

    with pytest.raises(LeakError, match="call 1 of forgetful has not ended; .*slots of openai.*1 still held"):
        lab({"openai": Simulator(Reply("a b", gap=1))}, backend=backend).run(app)


def test_a_provider_is_found_by_its_row_or_by_its_origin() -> None:
    async def app(world: Lab) -> list[str]:
        async with world.client("c", retry=RetryPolicy(attempts=1)) as client:
            said = [
                await client.completion("openai/any", [{"role": "user", "content": "Hi"}]),
                await client.completion(
                    "openai/any", [{"role": "user", "content": "Hi"}], api_base="http://east.example/v1", api_key=""
                ),
            ]
            with pytest.raises(LLMError, match="the laboratory has no provider at https://api.mistral.ai"):
                await client.completion("mistral/any", [{"role": "user", "content": "Hi"}])
        return [response.choices[0].message.content or "" for response in said]

    world = lab({"openai": Simulator(Reply("one")), "http://east.example": Simulator(Reply("two"))})
    assert world.run(app) == ["one", "two"]
    with pytest.raises(ValueError, match="no row of the catalogue is named 'nobody'"):
        lab({"nobody": Simulator()})
    with pytest.raises(ValueError, match="a client named 'c' already"):
        world.client("c")


def test_outages_are_where_they_were_drawn() -> None:
    drawn = Outages.drawn(seed=3, count=50, within=1_000.0, longest=60)

    assert drawn == Outages.drawn(seed=3, count=50, within=1_000.0, longest=60)
    assert len(drawn.times) == 50
    for begin, end in drawn.times:
        assert 6 <= end - begin <= 60
        assert drawn.strike(Moment(0, begin)) == drawn.down
    assert Outages(times=[(5, 6)]).strike(Moment(0, 6)) is None
