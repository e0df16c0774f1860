"""The default limit of a call begins when it first leaves the line, however shortly it stood there."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import ask, client_of, in_virtual_time

from trio_llm import APIError, Client, Limits, Timeout, Timeouts
from trio_llm._runtime import trio
from trio_llm.observe import AttemptSent, CallEnded
from trio_llm.testing import Failure, Reply, Simulator, run_in_virtual_time

MESSAGES = [{"role": "user", "content": "second"}]
NEVER = Reply("never", latency=math.inf)


async def ends_at(client: Client) -> float:
    """When a call that nobody answers is given up."""
    with trio.move_on_after(100), pytest.raises(Timeout):
        await client.call(ask("second"))
    return trio.current_time()


@pytest.mark.parametrize("moment", [0.0, 0.004, 0.04, 40])
@in_virtual_time
async def test_the_limit_begins_when_a_call_leaves_the_line(moment: float) -> None:
    simulator, limits = Simulator([Reply(latency=moment), NEVER]), Limits(max_in_flight=1)
    async with client_of(simulator, limits=limits, timeouts=Timeouts(total=50)) as client:
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.call, ask("first"))
            await trio.sleep(0.001)
            assert await ends_at(client) - began == pytest.approx(max(moment, 0.001) + 50, abs=1e-9)


@in_virtual_time
async def test_a_stream_has_its_limit_too_after_a_moment_in_line() -> None:
    simulator, limits = Simulator([Reply(latency=0.004), Reply("a b c", gap=20)]), Limits(max_in_flight=1)
    async with client_of(simulator, limits=limits, timeouts=Timeouts(total=30, gap=100)) as client:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.call, ask("first"))
            await trio.sleep(0.001)
            with trio.move_on_after(100), pytest.raises(Timeout):
                async for _ in await client.completion("openai/gpt-4o", MESSAGES, stream=True):
                    pass
        assert trio.current_time() < 40


class Times:
    """When each call's first attempt left, and when the call ended."""

    wants = (AttemptSent, CallEnded)

    def __init__(self) -> None:
        self.left: dict[object, float] = {}
        self.ended: dict[object, float] = {}

    def observe(self, event: Any) -> None:
        times = self.left if isinstance(event, AttemptSent) else self.ended
        times.setdefault(event.activity, event.at)


moments = st.sampled_from([0.0, 0.002, 0.009, 30.0])
replies = st.builds(Reply, latency=moments | st.just(math.inf), gap=moments) | st.builds(
    Failure, st.sampled_from([429, 503]), retry_after=st.sampled_from([None, 0.005, 20.0])
)


@settings(max_examples=100)
@given(
    calls=st.lists(st.tuples(moments, st.booleans()), min_size=2, max_size=5),
    script=st.lists(replies, min_size=1, max_size=4),
    slots=st.integers(1, 2),
    backend=st.sampled_from(["trio", "asyncio"]),
)
def test_no_call_outlives_its_limit(
    calls: list[tuple[float, bool]], script: list[Reply | Failure], slots: int, backend: Any
) -> None:
    times = Times()

    async def ask_later(client: Client, pause: float, stream: bool) -> None:
        await trio.sleep(pause)
        with suppress(APIError):
            answer: Any = await client.completion("openai/gpt-4o", MESSAGES, stream=stream)
            if stream:
                async for _ in answer:
                    pass

    async def scenario() -> None:
        waiting = Timeouts(total=50, first_content=40, gap=40)
        options: dict[str, Any] = {"limits": Limits(max_in_flight=slots), "timeouts": waiting, "observers": [times]}
        async with (
            client_of(Simulator(script, then=NEVER), attempts=3, **options) as client,
            trio.open_nursery() as nursery,
        ):
            nursery.cancel_scope.deadline = 10_000
            for pause, stream in calls:
                nursery.start_soon(ask_later, client, pause, stream)

    run_in_virtual_time(scenario, backend=backend)
    assert len(times.ended) == len(calls)
    assert all(times.ended[call] - at <= 50 + 1e-6 for call, at in times.left.items())


class Gate:
    """Lets an attempt pass after some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def enter_nowait(self, departure: object) -> object | None:
        return None

    async def enter(self, departure: object) -> object:
        await trio.sleep(self.seconds)
        return self

    def leave(self, entered: object, learnt: object) -> None:
        return None


@pytest.mark.parametrize("is_busy", [False, True])
@in_virtual_time
async def test_who_waits_at_a_gate_stands_in_line(is_busy: bool) -> None:
    simulator = Simulator([Reply(latency=1), NEVER] if is_busy else NEVER)
    async with client_of(
        simulator, limits=Limits(max_in_flight=1), gates=[Gate(30)], timeouts=Timeouts(total=20)
    ) as client:
        async with trio.open_nursery() as nursery:
            if is_busy:
                nursery.start_soon(client.call, ask("first"))
                await trio.sleep(0.001)
            assert await ends_at(client) == pytest.approx(81 if is_busy else 50, abs=0.01)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("pause", [0.0, 60.0])
@pytest.mark.parametrize(("answers_after", "status"), [(9.0, "ok"), (11.0, "failed")])
@in_virtual_time
async def test_a_refused_call_of_a_fan_out_has_all_of_its_limit_after_the_pause(
    answers_after: float, status: str, pause: float, stream: bool
) -> None:
    simulator = Simulator([Failure(429, retry_after=pause, latency=5), Reply(latency=answers_after)])
    async with client_of(simulator, timeouts=Timeouts(total=10)) as client:
        began = trio.current_time()
        (outcome,) = await client.fan_out([ask("x", stream=stream)])

    assert outcome.status == status
    assert trio.current_time() - began == pytest.approx(5 + pause + min(answers_after, 10))


@in_virtual_time
async def test_a_refused_call_whose_limit_is_its_own_does_not_wait_beyond_it() -> None:
    async with client_of(Simulator([Failure(429, retry_after=60, latency=5)])) as client:
        began = trio.current_time()
        (outcome,) = await client.fan_out([ask("x", timeout=10)])

    assert (outcome.status, trio.current_time() - began) == ("failed", 5)
