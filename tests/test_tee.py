"""One stream for several readers: each its own pace, the lag bounded, nobody held up by one who has left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from virtual import GONE, ask, assert_nothing_left, client_of, in_virtual_time, text_of

from trio_llm import APIConnectionError, Client, SlowReaderError, Timeout, stop_when, tee
from trio_llm._runtime import trio
from trio_llm.testing import AtEvent, Reply, Simulator, run_in_virtual_time
from trio_llm.types import TeeReader

WORDS = [f"{number} " for number in range(20)]
TEXT = "".join(WORDS)


async def chat(client: Client, text: str = "x") -> Any:
    return await client.call(ask(text, stream=True))


async def read(
    reader: AsyncIterator[Any], texts: dict[str, str], name: str, pause: float = 0, most: int = 10**6
) -> None:
    texts[name] = ""
    async for chunk in reader:
        texts[name] += chunk.choices[0].delta.content or ""
        most -= 1
        if not most:
            break
        await trio.sleep(pause)


@in_virtual_time
async def test_every_reader_gets_everything_from_the_beginning() -> None:
    simulator, texts = Simulator(Reply(WORDS, gap=1)), dict[str, str]()
    async with client_of(simulator) as client:
        async with client.stream("openai/gpt-4o", [{"role": "user", "content": "x"}]) as stream:
            async with tee(stream, 3) as readers, trio.open_nursery() as nursery:
                for number, reader in enumerate(readers):
                    nursery.start_soon(read, reader, texts, str(number), number)
        assert_nothing_left(client, simulator)

    assert texts == {"0": TEXT, "1": TEXT, "2": TEXT}


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0.0, 0.5, 3.0]), min_size=1, max_size=4), st.integers(1, 6), st.data())
def test_the_lag_is_bounded_whatever_the_readers_do(pauses: list[float], lag: int, data: st.DataObject) -> None:
    on_slow: Any = data.draw(st.sampled_from(["wait", "drop", "raise"]))
    simulator, texts, slow = Simulator(Reply(WORDS, gap=0.1)), dict[str, str](), set[str]()

    async def watch(reader: TeeReader[Any], name: str, pause: float) -> None:
        texts[name] = ""
        try:
            async for chunk in reader:
                assert reader.lag <= lag
                texts[name] += chunk.choices[0].delta.content or ""
                await trio.sleep(pause)
                assert reader.lag <= lag
        except SlowReaderError:
            slow.add(name)

    async def run() -> dict[str, int]:
        async with client_of(simulator) as client:
            async with tee(await chat(client), len(pauses), lag=lag, on_slow=on_slow) as readers:
                async with trio.open_nursery() as nursery:
                    for number, (reader, pause) in enumerate(zip(readers, pauses, strict=True)):
                        nursery.start_soon(watch, reader, str(number), pause)
            assert_nothing_left(client, simulator)
            return {str(number): reader.dropped for number, reader in enumerate(readers)}

    dropped = run_in_virtual_time(run)
    for name, text in texts.items():
        if on_slow == "drop":
            assert len(text.split()) + dropped[name] >= len(WORDS)
            assert (dropped[name] == 0) <= (text == TEXT)
        elif name in slow:
            assert on_slow == "raise"
            assert TEXT.startswith(text)
            assert text != TEXT
        else:
            assert text == TEXT
    assert not any(dropped.values()) or on_slow == "drop"


@in_virtual_time
async def test_one_who_leaves_holds_nobody_up_and_the_last_one_ends_the_stream() -> None:
    simulator, texts = Simulator(Reply(WORDS, gap=1)), dict[str, str]()
    async with client_of(simulator) as client, tee(await chat(client), 2, lag=2) as (short, long):

        async def read_a_little() -> None:
            async with short:
                await read(short, texts, "short", most=3)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read_a_little)
            await read(long, texts, "long", most=9)
        await long.aclose()
        assert [chunk async for chunk in long] == []
        await trio.sleep(2)
        assert_nothing_left(client, simulator)

    assert TEXT.startswith(texts["short"])
    assert len(texts["long"]) > len(texts["short"])
    assert simulator.requests[0].outcome is GONE


@in_virtual_time
async def test_leaving_the_block_ends_the_stream() -> None:
    simulator = Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator) as client:
        with pytest.raises(ZeroDivisionError):
            async with tee(await chat(client)) as (one, _):
                await anext(aiter(one))
                raise ZeroDivisionError
        assert_nothing_left(client, simulator)

    assert simulator.requests[0].outcome is GONE


@in_virtual_time
async def test_every_reader_gets_the_error_after_what_came_before() -> None:
    simulator, texts = Simulator(Reply(WORDS, gap=1, cut_at=AtEvent(4))), dict[str, str]()
    async with client_of(simulator) as client, tee(await chat(client), 2) as readers:
        for number, reader in enumerate(readers):
            with pytest.raises(APIConnectionError) as caught:
                await read(reader, texts, str(number))
            assert texts[str(number)] == text_of(caught.value.partial)


@pytest.mark.parametrize(
    ("error", "is_read", "raised"),
    [
        (None, False, None),
        (KeyError("mine"), False, KeyError),
        (KeyError("mine"), True, None),  # its reader has it already
        (APIConnectionError("broke"), False, None),  # which is no bug, and nobody wanted to know
    ],
)
@in_virtual_time
async def test_a_bug_of_a_stream_that_no_reader_met_leaves_the_block(
    error: Exception | None, is_read: bool, raised: type[Exception] | None
) -> None:
    async def numbers() -> AsyncIterator[int]:  # noqa: ASYNC900 - what programs have
        yield 1
        if error is not None:
            raise error

    met: list[Exception] = []
    try:
        async with tee(numbers(), 2) as (reader, _):
            await trio.sleep(1)
            if is_read:
                with pytest.raises(KeyError):
                    [number async for number in reader]
    except Exception as caught:  # noqa: BLE001 - whatever it is
        met.append(caught)

    assert [type(caught) for caught in met] == ([] if raised is None else [raised])


@in_virtual_time
async def test_a_reader_counts_what_it_missed() -> None:
    async def numbers() -> AsyncIterator[int]:  # noqa: ASYNC900 - as a caller may write one
        for number in range(6):
            await trio.lowlevel.checkpoint()
            yield number

    async with tee(numbers(), 2, lag=2, on_slow="drop") as (quick, slow):
        assert (quick.dropped, slow.dropped) == (0, 0)
        await trio.sleep(1)

        assert [number async for number in slow] == [4, 5]
        assert slow.dropped == 4


@pytest.mark.parametrize("options", [{"copies": 0}, {"lag": 0}, {"on_slow": "x"}])
@in_virtual_time
async def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    async with client_of(Simulator()) as client:
        stream = await chat(client)
        with pytest.raises(ValueError, match=next(iter(options))):
            async with tee(stream, **options):
                pytest.fail("the block must not begin")
        await stream.aclose()


@pytest.mark.parametrize("form", ["pulled", "pumped"])
@in_virtual_time
async def test_a_stream_stops_with_the_chunk_that_is_enough(form: str) -> None:
    simulator = Simulator(Reply(WORDS, gap=1))

    def enough(response: Any) -> bool:
        return bool(response.choices) and "4 " in (response.choices[0].message.content or "")

    async def stop(client: Client, stream: Any) -> None:
        stopped = stop_when(stream, enough)
        async for chunk in stopped:
            if "4" in (chunk.choices[0].delta.content or ""):
                assert_nothing_left(client, simulator)
                assert [more async for more in stream] == []
        assert stopped.stopped
        assert text_of(stopped.response) == "0 1 2 3 4 "

    async with client_of(simulator) as client:
        if form == "pulled":
            await stop(client, await chat(client))
        else:
            async with client.stream("openai/gpt-4o", [{"role": "user", "content": "x"}]) as stream:
                await stop(client, stream)

    assert simulator.requests[0].outcome is GONE
    assert simulator.requests[0].tokens_sent <= 5 + 1


@pytest.mark.parametrize("size", [1, 7, 10_000])
@in_virtual_time
async def test_no_cut_of_the_bytes_makes_more_of_it(size: int) -> None:
    async with client_of(Simulator(Reply(WORDS, split=size))) as client:
        async with stop_when(await chat(client), lambda response: text_of_any(response).count(" ") == 3) as stopped:
            chunks = [chunk async for chunk in stopped]

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "0 1 2 " == text_of(stopped.response)


def text_of_any(response: Any) -> str:
    return text_of(response) if response.choices else ""


@in_virtual_time
async def test_a_stream_that_is_never_enough_ends_by_itself_with_its_usage() -> None:
    simulator = Simulator(Reply(WORDS))
    async with client_of(simulator) as client:
        stopped = stop_when(await chat(client), lambda _: False)
        assert len([chunk async for chunk in stopped]) >= len(WORDS)
        assert not stopped.stopped
        assert stopped.response.usage is not None

        with pytest.raises(ZeroDivisionError):
            async with stop_when(await chat(client), lambda _: 1 / 0) as broken:  # type: ignore[arg-type, return-value]
                await anext(broken)
        assert_nothing_left(client, simulator)


@in_virtual_time
async def test_a_condition_that_fails_closes_the_stream_that_nobody_else_has() -> None:
    simulator = Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator) as client:
        with pytest.raises(ZeroDivisionError):
            async for _ in stop_when(await chat(client), lambda _: 1 / 0):  # type: ignore[arg-type, return-value]
                pass
        assert_nothing_left(client, simulator)

    assert simulator.requests[0].outcome is GONE


@in_virtual_time
async def test_a_condition_may_be_async() -> None:
    async def enough(response: Any) -> bool:
        await trio.sleep(0.1)
        return "4 " in text_of_any(response)

    async with client_of(Simulator(Reply(WORDS, gap=1))) as client:
        async with stop_when(await chat(client), enough) as stopped:
            assert [chunk async for chunk in stopped]

    assert stopped.stopped
    assert text_of(stopped.response) == "0 1 2 3 4 "


@attrs.define
class Numbers:
    """Counts what is taken of it, and keeps what was closed."""

    taken: int = 0
    is_closed: bool = False
    pause: float = 0

    def __aiter__(self) -> Numbers:
        return self

    async def __anext__(self) -> int:
        await trio.sleep(self.pause)
        if self.taken == 9:
            raise StopAsyncIteration
        self.taken += 1
        return self.taken

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("lag", [1, 2, 5])
@in_virtual_time
async def test_the_others_wait_for_a_slow_reader_and_for_no_other(lag: int) -> None:
    numbers = Numbers()
    async with tee(numbers, 3, lag=lag) as (quick, slow, gone):
        async with trio.open_nursery() as nursery:
            got: list[int] = []

            async def read_quickly() -> None:
                async for number in quick:
                    got.append(number)

            nursery.start_soon(read_quickly)
            await trio.sleep(1)
            assert (numbers.taken, got, slow.lag) == (lag + 1, [*range(1, lag + 1)], lag)
            await gone.aclose()
            await trio.sleep(1)
            assert got == [*range(1, lag + 1)]
            assert await anext(slow) == 1
            await trio.sleep(1)
            assert got == [*range(1, lag + 2)]
            assert [number async for number in slow] == [*range(2, 10)]
        assert got == [*range(1, 10)]
        assert [number async for number in gone] == []
        assert (quick.dropped, slow.dropped, slow.lag) == (0, 0, 0)
    assert numbers.is_closed


@pytest.mark.parametrize("lag", [1, 2, 5])
@in_virtual_time
async def test_a_reader_that_fell_behind_is_told_after_what_waits_for_it(lag: int) -> None:
    got: list[int] = []
    async with tee(Numbers(pause=1), 2, lag=lag, on_slow="raise") as (quick, slow):
        assert [number async for number in quick] == [*range(1, 10)]
        with pytest.raises(SlowReaderError, match=f"more than {lag} chunks behind"):
            async for number in slow:
                got.append(number)
        assert [number async for number in slow] == []
    assert got == [*range(1, lag + 1)]


@in_virtual_time
async def test_readers_that_do_nothing_hold_a_stream_until_its_deadline() -> None:
    simulator = Simulator(Reply(WORDS))
    async with client_of(simulator) as client:
        began = trio.current_time()
        async with tee(await client.call(ask("x", stream=True, timeout=7)), 1, lag=2) as (reader,):
            await trio.sleep(6)
            assert simulator.statistics().active == 1
            await trio.sleep(2)
            assert_nothing_left(client, simulator)
            with pytest.raises(Timeout):
                async for _ in reader:
                    pass
        assert trio.current_time() - began == 8
