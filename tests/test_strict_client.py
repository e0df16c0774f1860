"""A strict client says at its end which calls still ran, and which streams were forgotten, and who made them."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import attrs
import pytest
from virtual import in_virtual_time

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm.testing import AtEvent, LeakError, Reply, Simulator, SimulatorStatistics, quiescent

LINE = next(
    number for number, line in enumerate(Path(__file__).read_text().splitlines(), 1) if line.endswith("# this line")
)
HI = [{"role": "user", "content": "Hi"}]


def strict(reply: Reply | None = None) -> Client:
    return Client(transport=Simulator(reply or Reply("one two three", gap=1)), strict=True)


@in_virtual_time
async def test_what_is_closed_is_no_leak() -> None:
    async with strict() as client:
        await client.completion("openai/any", HI)
        async with client.stream("openai/any", HI) as stream:
            await anext(aiter(stream))
        pulled = await client.completion("openai/any", HI, stream=True)
        [_ async for _ in pulled]
        await client.fan_out([trio_request("a"), trio_request("b")], deadline=0.1)
        with trio.move_on_after(0.5):
            await client.completion("openai/any", HI, stream=True)


def trio_request(text: str) -> Any:
    from virtual import ask

    return ask(text)


@in_virtual_time
async def test_a_stream_that_is_not_closed_is_named_with_the_line_that_made_it() -> None:
    with pytest.raises(LeakError) as caught:
        async with strict() as client:
            kept = await client.completion("openai/gpt-4o", HI, stream=True)  # this line
            await anext(aiter(kept))
    call, slot, connection = caught.value.problems
    place = f"{__file__}:{LINE} in test_a_stream_that_is_not_closed_is_named_with_the_line_that_made_it"
    assert call == f"a stream to openai/gpt-4o, made at {place}, still runs"
    assert slot.startswith("slots of openai https://api.openai.com/v1: 1 still held, 0 waited for")
    assert slot.endswith(f", one by a stream to openai/gpt-4o, made at {place}")
    assert connection == f"connections still active: 1, one to https://api.openai.com, opened at {place}"
    assert str(caught.value) == f"left behind: {call}; {slot}; {connection}"


@in_virtual_time
async def test_connections_that_a_transport_keeps_are_a_leak_though_every_call_has_ended() -> None:
    class Keeping(Simulator):
        """It counts replies as open that were closed."""

        def statistics(self) -> SimulatorStatistics:
            return attrs.evolve(super().statistics(), active=1)

    with pytest.raises(LeakError) as caught:
        async with Client(transport=Keeping(), strict=True) as client:
            await client.completion("openai/any", HI)
    assert caught.value.problems == ("connections still active: 1",)


@in_virtual_time
async def test_what_a_strict_client_holds_is_named_by_whoever_looks() -> None:
    async def forgetful(client: Client) -> Any:
        return await client.completion("openai/gpt-4o", HI, stream=True)

    async with strict() as client:
        with pytest.raises(
            LeakError, match="1 still held, 0 waited for, one by a stream .* in .*forgetful; .*opened at"
        ):
            async with quiescent(client):
                kept = await forgetful(client)
        await kept.aclose()


@in_virtual_time
@pytest.mark.filterwarnings("ignore:.*receive_stream:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:.*receive_stream:ResourceWarning")
async def test_a_stream_that_its_reader_forgot_is_told_though_it_is_gone() -> None:
    async def forgetful(client: Client) -> None:
        await anext(aiter(await client.completion("openai/gpt-4o", HI, stream=True)))

    with pytest.raises(LeakError, match="forgetful, was forgotten by its reader, and not closed"):
        async with strict() as client:
            await forgetful(client)
            gc.collect()
            await trio.sleep(0.1)


@in_virtual_time
async def test_a_call_that_still_runs_in_another_task_is_named() -> None:
    async def slow(client: Client) -> None:
        with pytest.raises(Exception, match="closed"):
            await client.completion("openai/slow", HI)

    async with trio.open_nursery() as nursery:
        with pytest.raises(LeakError, match="a call to openai/slow, made at .* in .*slow, still runs"):
            async with strict(Reply(latency=60)) as client:
                nursery.start_soon(slow, client)  # noqa: ASYNC111 - that it outlives its client is what is tested
                await trio.sleep(1)


@in_virtual_time
async def test_a_call_of_a_fan_out_is_named_by_the_fan_out() -> None:
    async def many(client: Client) -> None:
        with pytest.raises(Exception, match="closed"):
            async with client.as_completed([trio_request("a")]) as outcomes:
                [outcome.response async for outcome in outcomes]
                raise ValueError("closed")

    async with trio.open_nursery() as nursery:
        with pytest.raises(LeakError, match="in .*many, still runs"):
            async with strict(Reply(latency=60)) as client:
                nursery.start_soon(many, client)  # noqa: ASYNC111
                await trio.sleep(1)


@in_virtual_time
async def test_an_error_that_leaves_the_block_has_the_leak_as_a_note() -> None:
    with pytest.raises(ValueError, match="mine") as caught:
        async with strict(Reply("a b c", stall_at=AtEvent(2))) as client:
            kept = await client.completion("openai/gpt-4o", HI, stream=True)
            raise ValueError("mine")
    assert kept is not None
    assert caught.value.__notes__[0].startswith("left behind: a stream to openai/gpt-4o")
