"""A laboratory: hours in no time, one trace for a seed on both loops and in any process, invariants at every step."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fleet import Fleet, run
from virtual import ask

from trio_llm import Limits, LLMError, RetryPolicy
from trio_llm._runtime import trio
from trio_llm.testing import (
    InvariantError,
    Lab,
    LeakError,
    Moment,
    Outages,
    Reply,
    Simulator,
    lab,
)

TESTS = Path(__file__).parent
both_loops = pytest.mark.parametrize("backend", ["trio", "asyncio"])


SMALL = Fleet(hours=30, outages=16, users=8, requests=5)


def test_a_seed_gives_one_trace_on_both_loops_and_in_another_process() -> None:
    trace = run(SMALL, 1).trace
    code = "import sys, fleet, test_lab; sys.stdout.write(fleet.run(test_lab.SMALL, 1).trace)"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    elsewhere = subprocess.run(
        [sys.executable, "-c", code], cwd=TESTS, env=environment, capture_output=True, text=True, check=True
    )

    assert trace == run(SMALL, 1, "asyncio").trace == elsewhere.stdout
    assert trace != run(SMALL, 2).trace
    assert trace.count(" asks ") >= 40
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


@both_loops
def test_an_invariant_is_asked_at_steps_in_which_nothing_happens_to_a_call(backend: Any) -> None:
    balance = 3

    def never_below_zero(world: Lab) -> bool:
        return balance >= 0

    async def spend(amount: int) -> None:
        nonlocal balance
        balance -= amount
        await trio.lowlevel.checkpoint()
        balance += amount

    async def app(world: Lab) -> None:
        await trio.sleep(60)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(spend, 2)
            nursery.start_soon(spend, 2)
        await trio.sleep(60)

    world = lab({"openai": Simulator()}, backend=backend, invariants=[never_below_zero])
    with pytest.raises(InvariantError) as caught:
        world.run(app)
    assert (caught.value.at, world.calls) == (60.0, 0)


def test_what_an_invariant_raises_is_told_as_its_cause() -> None:
    def mistaken(world: Lab) -> object:
        return world.providers["nobody"]

    async def app(world: Lab) -> None:
        await trio.sleep(1)

    with pytest.raises(InvariantError, match="mistaken did not hold") as caught:
        lab({"openai": Simulator()}, invariants=[mistaken]).run(app)
    assert isinstance(caught.value.__cause__, KeyError)


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

    with pytest.raises(
        LeakError, match="call 1 of forgetful, made at .*app, has not ended; .*slots of openai.*: 1 still held"
    ):
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
