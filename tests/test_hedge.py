"""Hedges: a second copy where the first takes long, within a budget, after a time that may be learnt."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import FINISHED, GONE, ask, assert_nothing_left, client_of, in_virtual_time

from trio_llm import AllFailedError, Client, Quantile
from trio_llm._engine.latencies import REMEMBERED_CALLS, REMEMBERED_MODELS, Latencies
from trio_llm._runtime import trio
from trio_llm.testing import Failure, Reply, Simulator, run_in_virtual_time


async def timed(client: Client, simulator: Simulator, **options: Any) -> tuple[Any, float]:
    began = trio.current_time()
    winner = await client.hedge(ask("x"), **options)
    assert_nothing_left(client, simulator)
    return winner, trio.current_time() - began


@in_virtual_time
async def test_a_quick_call_is_made_once() -> None:
    simulator = Simulator(Reply(latency=0.5))
    async with client_of(simulator) as client:
        winner, seconds = await timed(client, simulator, after=0.8)

    assert (winner.index, seconds) == pytest.approx((0, 0.5))
    assert len(simulator.requests) == 1


@in_virtual_time
async def test_a_slow_call_is_overtaken_by_its_copy_and_is_gone() -> None:
    simulator = Simulator([Reply(latency=9), Reply(latency=1)])
    async with client_of(simulator) as client:
        winner, seconds = await timed(client, simulator, after=0.8)

    assert (winner.index, seconds) == pytest.approx((1, 1.8))
    assert [request.outcome for request in simulator.requests] == [GONE, FINISHED]


@in_virtual_time
async def test_the_first_copy_may_still_win() -> None:
    simulator = Simulator([Reply(latency=2), Reply(latency=9)])
    async with client_of(simulator) as client:
        winner, seconds = await timed(client, simulator, after=0.8)

    assert (winner.index, seconds) == pytest.approx((0, 2))
    assert [request.outcome for request in simulator.requests] == [FINISHED, GONE]


@in_virtual_time
async def test_each_further_copy_waits_as_long_again_and_there_are_no_more_than_asked_for() -> None:
    simulator = Simulator(Reply(latency=10))
    async with client_of(simulator) as client:
        _, seconds = await timed(client, simulator, after=2, copies=3)

    assert seconds == pytest.approx(10)
    starts = [request.started - simulator.requests[0].started for request in simulator.requests]
    assert starts == pytest.approx([0, 2, 4])


@in_virtual_time
async def test_a_failure_is_not_repeated_and_of_several_one_error_holds_all() -> None:
    simulator = Simulator(Failure(400, "no", latency=0.5))
    async with client_of(simulator) as client:
        with pytest.raises(AllFailedError) as caught:
            await client.hedge(ask("x"), after=1)
        assert len(caught.value.errors) == len(simulator.requests) == 1
        with pytest.raises(AllFailedError) as caught:
            await client.hedge(ask("x"), after=0.2)
        assert len(caught.value.errors) == 2


@in_virtual_time
async def test_the_budget_holds_over_all_hedged_calls_of_a_client() -> None:
    simulator = Simulator(Reply(latency=3))
    async with client_of(simulator) as client:
        for number in range(1, 21):
            await client.hedge(ask("x"), after=1, budget=0.1)
            assert len(simulator.requests) == number + number // 10


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from([0.0, 0.1, 0.34, 1.0]), st.integers(1, 4)), max_size=12))
def test_no_mixture_of_budgets_is_overdrawn(calls: list[tuple[float, float, int]]) -> None:
    simulator = Simulator(Reply(latency=3))

    async def run() -> None:
        made = 0
        async with client_of(simulator) as client, trio.open_nursery() as nursery:
            for pause, budget, copies in calls:
                made += 1
                nursery.start_soon(partial(client.hedge, ask("x"), after=0.5, copies=copies, budget=budget))
                await trio.sleep(pause)
                duplicates = len(simulator.requests) - made
                assert duplicates <= max(budget for _, budget, _ in calls[:made]) * made

    run_in_virtual_time(run)


@in_virtual_time
async def test_a_quantile_is_learnt_from_the_clients_own_calls_by_model() -> None:
    simulator = Simulator(lambda request: Reply(latency=float(request.text)))
    async with client_of(simulator) as client:
        after = Quantile(0.9, at_least=10)
        await client.hedge(ask("99"), after=after)
        assert len(simulator.requests) == 1  # nothing is known yet: no copy
        for seconds in range(1, 11):
            await client.completion("openai/gpt-4o-mini", [{"role": "user", "content": str(seconds)}])
        began, sent = trio.current_time(), len(simulator.requests)
        await client.hedge(ask("99", model="openai/gpt-4o-mini"), after=after)

    assert simulator.requests[sent + 1].started - began == pytest.approx(9)


@in_virtual_time
async def test_until_enough_is_known_the_other_time_holds() -> None:
    simulator = Simulator(Reply(latency=3))
    async with client_of(simulator) as client:
        await client.hedge(ask("x"), after=Quantile(0.95, otherwise=1.5))

    assert simulator.requests[1].started - simulator.requests[0].started == pytest.approx(1.5)


@in_virtual_time
async def test_a_function_is_hedged_after_seconds_and_not_after_a_quantile() -> None:
    started = []

    async def work() -> int:
        started.append(trio.current_time())
        await trio.sleep(5 / len(started) ** 2)
        return len(started)

    async with client_of(Simulator()) as client:
        winner = await client.hedge(work, after=1)
        assert winner.response == 2
        with pytest.raises(TypeError, match="say seconds"):
            await client.hedge(work, after=Quantile(0.5))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"copies": 0}, "copies"), ({"after": -1}, "after"), ({"after": math.nan}, "after"), ({"budget": 2}, "budget")],
)
@in_virtual_time
async def test_numbers_that_make_no_sense_are_refused(options: dict[str, Any], words: str) -> None:
    async with client_of(Simulator()) as client:
        with pytest.raises(ValueError, match=words):
            await client.hedge(ask("x"), **options)
        with pytest.raises(ValueError, match="share"):
            Quantile(1.0)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_the_quantile_is_a_duration_that_so_many_did_not_exceed(durations: list[float], share: float) -> None:
    latencies = Latencies()
    for seconds in durations:
        latencies.note("m", seconds)
    value = latencies.quantile("m", Quantile(share, at_least=1))

    assert value in durations
    assert sum(seconds <= value for seconds in durations) >= share * len(durations)
    assert sum(seconds < value for seconds in durations) < share * len(durations) + 1e-9


def test_what_is_remembered_is_bounded() -> None:
    latencies = Latencies()
    for number in range(REMEMBERED_CALLS + 1):
        latencies.note("old", float(number == 0))
    assert latencies.quantile("old", Quantile(0.999)) == 0
    for number in range(REMEMBERED_MODELS):
        latencies.note(f"model {number}", 1)
    assert latencies.quantile("old", Quantile(0.5)) == math.inf


def test_a_quantile_names_what_it_goes_by_until_twenty_calls_are_known() -> None:
    for positional in ((0.5, 2.0), (0.5, None, 9)):
        with pytest.raises(TypeError, match="positional"):
            Quantile(*positional)
    latencies = Latencies()
    for number in range(19):
        latencies.note("m", number + 1.0)
    assert latencies.quantile("m", Quantile(0.5)) == math.inf
    assert latencies.quantile("m", Quantile(0.5, otherwise=0.0)) == 0
    assert latencies.quantile("m", Quantile(0.5, at_least=19)) == 10
    latencies.note("m", 20.0)
    assert latencies.quantile("m", Quantile(0.5)) == 10
    assert latencies.quantile("m", Quantile(0.51)) == 11
    with pytest.raises(ValueError, match="at_least"):
        Quantile(0.5, at_least=0)


@in_virtual_time
async def test_only_copies_that_were_sent_count_against_the_budget() -> None:
    slow, quick = Reply(latency=3), Reply()
    simulator = Simulator([slow, slow, quick, quick, slow, slow])
    async with client_of(simulator) as client:
        for budget in (None, None, None, 0.5):  # one copy for the first of them; the fourth call may have the second
            await client.hedge(ask("x"), after=1, budget=budget)

    assert len(simulator.requests) == 6
