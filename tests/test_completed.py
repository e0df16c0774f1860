"""Outcomes as they complete: at the reader's pace, and nothing runs on after the block."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import GONE, ask, assert_nothing_left, client_of, ends, in_virtual_time, text_of

from trio_llm import ChatRequest, EmbeddingRequest, Limits, Outcome, RateLimitError, TextCompletionRequest
from trio_llm._runtime import trio
from trio_llm.testing import Failure, Reply, Simulator, run_in_virtual_time


@in_virtual_time
async def test_outcomes_come_in_the_order_in_which_calls_end_failures_among_them() -> None:
    def script(request: object) -> Reply | Failure:
        text = getattr(request, "text", "")
        return Failure(400, "no", latency=2) if text == "bad" else Reply(latency=float(text))

    simulator = Simulator(script)
    async with client_of(simulator) as client:
        async with client.as_completed([ask("3"), ask("1"), ask("bad"), ask("4", stream=True)]) as outcomes:
            seen = [(outcome.index, outcome.status) async for outcome in outcomes]
        assert_nothing_left(client, simulator)

    assert seen == [(1, "ok"), (2, "failed"), (0, "ok"), (3, "ok")]


@in_virtual_time
async def test_the_times_of_an_item_count_from_the_beginning_of_the_whole() -> None:
    simulator = Simulator(lambda request: Reply(latency=2))
    async with client_of(simulator, limits=Limits(max_in_flight=1)) as client:
        await trio.sleep(5)
        async with client.as_completed([ask("a"), ask("b")]) as outcomes:
            _, second = [outcome.timings async for outcome in outcomes]

    assert (second.started, second.admitted, second.first_content, second.ended) == (0, 2, None, 4)


@in_virtual_time
async def test_leaving_the_block_ends_the_rest_before_it_is_left() -> None:
    simulator = Simulator(lambda request: Reply(latency=float(request.text)))
    async with client_of(simulator) as client:
        async with client.as_completed([ask("1"), ask("5"), ask("9"), ask("2")], limit=3) as outcomes:
            async for outcome in outcomes:
                assert text_of(outcome.response) == "echo: 1"
                break
        assert_nothing_left(client, simulator)

    assert ends(simulator)["5"] is ends(simulator)["9"] is GONE


@in_virtual_time
async def test_an_error_of_the_block_leaves_it_bare() -> None:
    simulator = Simulator(Reply(latency=1))
    async with client_of(simulator) as client:
        with pytest.raises(ZeroDivisionError):
            async with client.as_completed([ask("a"), ask("b")], limit=1) as outcomes:
                async for _ in outcomes:
                    raise ZeroDivisionError
        assert_nothing_left(client, simulator)


@settings(max_examples=40)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=15),
    st.integers(1, 4),
    st.lists(st.sampled_from([0, 1, 3, 20]), min_size=15, max_size=15),
)
def test_no_more_is_started_than_the_readers_pace_allows(latencies: list[int], limit: int, pauses: list[int]) -> None:
    simulator = Simulator(lambda request: Reply(latency=latencies[int(request.text)]))
    pulled = 0

    def jobs() -> Iterator[ChatRequest]:
        nonlocal pulled
        for number in range(len(latencies)):
            pulled += 1
            yield ask(str(number))

    async def run() -> list[int]:
        read: list[int] = []
        async with client_of(simulator) as client, client.as_completed(jobs(), limit=limit) as outcomes:
            async for outcome in outcomes:
                assert pulled - len(read) <= limit
                read.append(outcome.index)
                await trio.sleep(pauses[len(read) - 1])
                assert pulled - len(read) <= limit
                assert simulator.statistics().active <= limit
        return read

    assert sorted(run_in_virtual_time(run)) == list(range(len(latencies)))


async def endless(started: list[int]) -> AsyncIterator[ChatRequest]:  # noqa: ASYNC900 - what users write
    try:
        for number in range(1_000_000):
            await trio.sleep(0.1)
            started.append(number)
            yield ask(str(number))
    finally:
        started.append(-1)


@in_virtual_time
async def test_jobs_may_come_from_an_endless_async_generator_which_is_closed_in_the_end() -> None:
    simulator, started = Simulator(Reply(latency=1)), list[int]()
    async with client_of(simulator) as client:
        async with client.as_completed(endless(started), limit=2) as outcomes:
            count = 0
            async for _ in outcomes:
                count += 1
                if count == 5:
                    break
        assert_nothing_left(client, simulator)

    assert started[-1] == -1
    assert len(started) - 1 <= 5 + 2 + 1


@in_virtual_time
async def test_several_tasks_may_read_and_each_outcome_goes_to_one() -> None:
    simulator, seen = Simulator(Reply(latency=1)), list[int]()

    async def read(outcomes: AsyncIterator[Outcome]) -> None:
        async for outcome in outcomes:
            seen.append(outcome.index)
            await trio.sleep(1)

    async with client_of(simulator) as client, client.as_completed([ask("x")] * 9, limit=4) as outcomes:
        async with trio.open_nursery() as readers:
            for _ in range(3):
                readers.start_soon(read, outcomes)

    assert sorted(seen) == list(range(9))


@in_virtual_time
async def test_a_source_of_jobs_that_fails_is_raised_to_the_reader_after_what_was_started() -> None:
    def jobs() -> Iterator[ChatRequest]:
        yield ask("1")
        raise KeyError("source")

    simulator = Simulator(Reply(latency=1))
    async with client_of(simulator) as client:
        read = []
        with pytest.raises(KeyError, match="source"):
            async with client.as_completed(jobs(), limit=2) as outcomes:
                async for outcome in outcomes:
                    read.append(outcome.status)
        assert read == ["ok"]
        with pytest.raises(KeyError, match="source"):
            await client.fan_out(jobs(), limit=2)
        assert_nothing_left(client, simulator)


@in_virtual_time
async def test_a_fan_out_pulls_from_iterators_only_as_calls_can_start() -> None:
    simulator, started = Simulator(Reply(latency=1)), list[int]()
    numbers = iter(range(100))
    async with client_of(simulator) as client:
        outcomes = await client.fan_out(endless(started), limit=2, deadline=5.05)
        assert started[-1] == -1
        assert len(outcomes) == len(started) - 1 <= 12
        outcomes = await client.fan_out((ask(str(number)) for number in numbers), limit=3, deadline=2.5)
        assert_nothing_left(client, simulator)

    assert [outcome.status for outcome in outcomes] == ["ok"] * 6 + ["cancelled"] * 3
    assert next(numbers) == 9  # what was not pulled is still there


@in_virtual_time
async def test_functions_and_requests_mix_in_a_fan_out_and_each_keeps_its_own_error() -> None:
    async def double(number: int) -> int:
        await trio.sleep(number)
        return 2 * number

    async def broken() -> None:
        raise LookupError("mine")

    async def late() -> None:
        await trio.sleep_forever()

    simulator = Simulator(Reply(["a ", "b"], gap=2))
    async with client_of(simulator) as client:
        text = TextCompletionRequest("openai/gpt-3.5-turbo-instruct", "x", stream=True)
        (completed,) = await client.fan_out([text])
        assert completed.response is not None
        assert completed.response.choices[0].text == "a b"
        assert simulator.requests[0].stream
        streamed = partial(client.completion, "openai/gpt-4o", [{"role": "user", "content": "x"}], stream=True)
        jobs: list[Any] = [
            partial(double, 2),
            broken,
            EmbeddingRequest("openai/text-embedding-3-small", "x"),
            streamed,
            late,
        ]
        outcomes = await client.fan_out(jobs, deadline=100)
        cut = await client.fan_out([streamed], deadline=3)
        assert_nothing_left(client, simulator)

    assert [outcome.status for outcome in outcomes] == ["ok", "failed", "ok", "ok", "cancelled"]
    assert outcomes[0].response == 4
    assert isinstance(outcomes[1].error, LookupError)
    assert text_of(outcomes[3].response) == "a b"
    assert cut[0].partial is not None
    assert text_of(cut[0].partial) == "a "


@pytest.mark.parametrize("limit", [0, -1])
@in_virtual_time
async def test_a_limit_below_one_is_refused(limit: int) -> None:
    async with client_of(Simulator()) as client:
        with pytest.raises(ValueError, match="at least 1"):
            async with client.as_completed([ask("x")], limit=limit):
                pytest.fail("the block must not begin")


@in_virtual_time
async def test_what_the_clients_own_limits_put_off_past_the_deadline_was_not_started() -> None:
    simulator = Simulator()
    async with client_of(simulator, limits=Limits(requests_per_minute=1)) as client:
        outcomes = await client.fan_out([ask("a"), ask("b"), ask("c")], limit=1, deadline=5)

    assert [outcome.status for outcome in outcomes] == ["ok", "not_started", "not_started"]
    assert isinstance(outcomes[1].error, RateLimitError)
    assert len(simulator.requests) == 1
