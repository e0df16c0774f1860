"""The limits of a stream hold whoever is slow: its reader, its provider, or both; and over all that it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import attrs
import pytest
from virtual import KEYS, ask, assert_nothing_left, client_of, in_virtual_time, text_of

import trio_llm
from trio_llm import Client, ClientClosedError, Timeout, Timeouts
from trio_llm._runtime import trio
from trio_llm._transport import TransportStatistics
from trio_llm._types.http import ReplyHead
from trio_llm.testing import AtEvent, RateLimits, Reply, Simulator

NUMBERS = [f"{number} " for number in range(100)]


def event(text: str) -> bytes:
    """One chunk, as OpenAI sends it."""
    return b'data: {"choices": [{"index": 0, "delta": {"content": "%s"}}]}\n\n' % text.encode()


@attrs.frozen
class ReplyAtHand:
    """A reply that is here already: no read suspends, so that on asyncio no scope can end one."""

    pieces: list[bytes]
    head: ReplyHead = attrs.Factory(lambda: ReplyHead(200, {"content-type": "text/event-stream"}))

    def finish_nowait(self) -> None:
        return None

    async def read(self) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    async def aclose(self) -> None:
        self.pieces.clear()


@attrs.frozen
class Prompt:
    """A transport whose replies are at hand."""

    reply: ReplyAtHand

    async def send(self, origin: object, request: object) -> ReplyAtHand:
        return self.reply

    async def aclose(self) -> None:
        await self.reply.aclose()

    def statistics(self) -> TransportStatistics:
        return TransportStatistics(0, 0)


async def read_slowly(stream: AsyncIterator[object]) -> int:
    """How many chunks were read before the timeout, one in three seconds."""
    read = 0
    with pytest.raises(Timeout, match="did not end within 10 s"):
        async for _ in stream:
            await trio.sleep(3)
            read += 1
    return read


@in_virtual_time
async def test_no_pull_comes_after_the_deadline_where_all_is_at_hand() -> None:
    for form in ("pulled", "pumped"):
        reply = ReplyAtHand([event(number) for number in NUMBERS])
        async with Client(transport=Prompt(reply), variables=KEYS) as client:
            if form == "pulled":
                read = await read_slowly(await client.call(ask("x", stream=True, timeout=10)))
                assert read == 4
            else:
                async with client.open_pumped(ask("x", stream=True, timeout=10)) as pumped:
                    read = await read_slowly(pumped)
                assert 16 < read < 25  # it had read ahead
            assert reply.pieces == []  # closed


@in_virtual_time
async def test_a_reader_that_does_nothing_keeps_neither_slot_nor_connection_past_the_deadline() -> None:
    simulator, read = Simulator(Reply(NUMBERS, gap=0.1)), 0
    async with client_of(simulator) as client:
        async with client.open_pumped(ask("x", stream=True, timeout=5)) as stream:
            await trio.sleep(4.75)
            assert simulator.statistics().active == 1
            await trio.sleep(0.3)
            assert_nothing_left(client, simulator)
            with pytest.raises(Timeout, match="did not end within 5 s") as caught:
                async for _ in stream:
                    read += 1

    # What had been read ahead is still handed out, and nothing that arrived is lost.
    assert read >= 16
    assert text_of(caught.value.partial).startswith("".join(NUMBERS[:read]))


@pytest.mark.parametrize("form", ["merged", "teed"])
@in_virtual_time
async def test_nor_does_one_of_several_streams_or_one_of_several_readers(form: str) -> None:
    simulator, read = Simulator(Reply(NUMBERS, gap=0.1)), list[str]()
    async with client_of(simulator) as client, AsyncExitStack() as stack:
        request = ask("x", stream=True, timeout=5)
        if form == "merged":
            reader: Any = await stack.enter_async_context(client.merge({"a": request}))
        else:
            (reader,) = await stack.enter_async_context(trio_llm.tee(await client.call(request), 1, lag=8))
        await trio.sleep(4.75)
        assert simulator.statistics().active == 1
        await trio.sleep(0.3)
        assert_nothing_left(client, simulator)
        with pytest.raises(Timeout, match="did not end within 5 s") as caught:
            async for item in reader:
                chunk = item[1] if form == "merged" else item
                read.append(chunk.choices[0].delta.content or "")

    # What waited for the reader is still handed out, and nothing that arrived is lost.
    assert len(read) >= 8
    assert text_of(caught.value.partial).startswith("".join(read))


@pytest.mark.parametrize("form", ["pulled", "pumped"])
@in_virtual_time
async def test_deltas_without_content_do_not_keep_a_stream_alive(form: str) -> None:
    simulator = Simulator(Reply(["one", *[""] * 200], gap=1))
    async with client_of(simulator, timeouts=Timeouts(gap=3)) as client:
        began = trio.current_time()
        with pytest.raises(Timeout, match="no further content for 3 s"):
            if form == "pulled":
                async for _ in await client.call(ask("x", stream=True)):
                    pass
            else:
                async with client.open_pumped(ask("x", stream=True)) as pumped:
                    async for _ in pumped:
                        pass
        assert trio.current_time() - began == 4  # the content came after 1 s


async def read_until_cut(client: Client, caught: list[ClientClosedError]) -> None:
    try:
        async for _ in await client.call(ask("x", stream=True, on_break="restart")):
            pass
    except ClientClosedError as error:
        caught.append(error)


@in_virtual_time
async def test_a_stream_that_was_asked_for_again_is_a_running_call() -> None:
    simulator = Simulator([Reply(NUMBERS, gap=1, cut_at=AtEvent(5)), Reply(NUMBERS, gap=1)])
    caught = list[ClientClosedError]()
    async with client_of(simulator, attempts=2) as client, trio.open_nursery() as nursery:
        nursery.start_soon(read_until_cut, client, caught)
        await trio.sleep(20)
        assert len(simulator.requests) == 2
        report = await client.drain(grace=1)
        assert [cut.partial is not None for cut in report.cut] == [True]
        assert report.finished == 0
        assert_nothing_left(client, simulator)

    assert len(caught) == 1


@in_virtual_time
async def test_a_call_that_nobody_gave_a_limit_ends_after_ten_minutes() -> None:
    async with Client(transport=Simulator(Reply(latency=9_999)), variables=KEYS) as client:
        began = trio.current_time()
        with pytest.raises(Timeout):
            await client.call(ask("x"))

    assert trio.current_time() - began == pytest.approx(600)


@in_virtual_time
async def test_the_limits_that_a_streams_headers_describe_are_learnt() -> None:
    simulator = Simulator(limits=RateLimits(requests_per_minute=600))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.call(ask("x", stream=True))
        assert [chunk async for chunk in stream]
        (account,) = client.statistics().accounts.values()

    assert account.described
