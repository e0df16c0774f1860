"""The default limit of a call begins when it first leaves the line, however shortly it stood there."""

from __future__ import annotations

import math

import pytest
from virtual import ask, client_of, in_virtual_time

from trio_llm import Client, Limits, Timeout, Timeouts
from trio_llm._runtime import trio
from trio_llm.testing import Reply, Simulator

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
