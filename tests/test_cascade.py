"""Cascades: the cheap model first, its backup only where it disappoints or takes long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import FINISHED, GONE, ask, assert_nothing_left, client_of, ends, in_virtual_time, text_of

from trio_llm import AllFailedError, Outcome
from trio_llm._runtime import trio
from trio_llm.testing import Failure, RecordedRequest, Reply, Simulator, run_in_virtual_time


def confident(response: Any) -> bool:
    return text_of(response) == "sure"


def models(**actions: Reply | Failure) -> Simulator:
    return Simulator(lambda request: actions[request.text])


@in_virtual_time
async def test_a_confident_first_answer_is_all_that_is_paid() -> None:
    simulator = models(small=Reply("sure", latency=2), large=Reply("sure", latency=5))
    async with client_of(simulator) as client:
        winner = await client.cascade([ask("small"), ask("large")], confident)
        assert_nothing_left(client, simulator)

    assert winner.index == 0
    assert ends(simulator) == {"small": FINISHED}
    assert [other.status for other in winner.others] == ["not_started"]


@pytest.mark.parametrize("first", [Reply("perhaps", latency=2), Failure(400, latency=2)], ids=["doubt", "failure"])
@in_virtual_time
async def test_the_next_one_starts_when_the_judge_doubts_and_when_the_first_fails(first: Reply | Failure) -> None:
    simulator = models(small=first, large=Reply("sure", latency=5), huge=Reply("sure"))
    async with client_of(simulator) as client:
        began = trio.current_time()
        winner = await client.cascade([ask("small"), ask("large"), ask("huge")], confident, after=9)
        assert trio.current_time() - began == pytest.approx(7)

    assert winner.index == 1
    assert simulator.requests[1].started - simulator.requests[0].started == pytest.approx(2)
    assert "huge" not in ends(simulator)


@in_virtual_time
async def test_after_the_delay_both_run_and_the_earlier_one_may_still_win() -> None:
    simulator = models(small=Reply("sure", latency=3), large=Reply("sure", latency=5))
    async with client_of(simulator) as client:
        began = trio.current_time()
        winner = await client.cascade([ask("small"), ask("large")], confident, after=1)
        assert trio.current_time() - began == pytest.approx(3)
        assert_nothing_left(client, simulator)

    assert winner.index == 0
    assert ends(simulator) == {"small": FINISHED, "large": GONE}
    assert simulator.requests[1].started - simulator.requests[0].started == pytest.approx(1)


@in_virtual_time
async def test_without_a_winner_one_error_holds_every_attempt() -> None:
    simulator = models(small=Reply("perhaps"), large=Failure(400, "no"))
    async with client_of(simulator) as client:
        with pytest.raises(AllFailedError) as caught:
            await client.cascade([ask("small"), ask("large")], confident)

    assert [getattr(outcome, "status") for outcome in caught.value.outcomes] == ["ok", "failed"]  # noqa: B009


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=4),
    st.none() | st.sampled_from([0.0, 0.503, 2.507, 7.511]),
)
def test_time_and_cost_are_what_arithmetic_says(chain: list[tuple[int, bool]], after: float | None) -> None:
    def script(request: RecordedRequest) -> Reply:
        seconds, sure = chain[int(request.text)]
        return Reply("sure" if sure else "perhaps", latency=seconds + int(request.text) / 100)

    simulator = Simulator(script)

    async def run() -> tuple[Outcome | None, float]:
        async with client_of(simulator) as client:
            try:
                winner = await client.cascade([ask(str(n)) for n in range(len(chain))], confident, after=after)
            except AllFailedError:
                return None, trio.current_time()
            finally:
                assert_nothing_left(client, simulator)
            return winner, trio.current_time()

    winner, end = run_in_virtual_time(run)
    starts, expected = expectation(chain, after)
    assert (None if winner is None else winner.index) == expected[0]
    assert end - simulator.requests[0].started == pytest.approx(expected[1])
    assert [request.started - simulator.requests[0].started for request in simulator.requests] == pytest.approx(starts)


def expectation(chain: list[tuple[int, bool]], after: float | None) -> tuple[list[float], tuple[int | None, float]]:
    """When each starts, and (who wins, when it is over): counted, not run."""
    starts = [0.0]
    wins: list[tuple[float, int]] = []
    ends: list[float] = []
    for number, (seconds, sure) in enumerate(chain):
        ends.append(starts[number] + seconds + number / 100)
        if sure:
            wins.append((ends[number], number))
        if number + 1 == len(chain):
            break
        following = ends[number] if after is None else min(ends[number], starts[number] + after)
        if wins and min(wins)[0] <= following:
            break
        starts.append(following)
    return starts, ((min(wins)[1], min(wins)[0]) if wins else (None, max(ends)))
