"""Races: the first good answer wins, and the others are gone."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from test_observers import Log
from virtual import FINISHED, GONE, ask, assert_nothing_left, client_of, ends, in_virtual_time, text_of

from trio_llm import AllFailedError, BadRequestError, ClientClosedError, EmbeddingRequest, Limits, LLMError, Outcome
from trio_llm._runtime import trio
from trio_llm.observe import ContestWon, GroupEnded
from trio_llm.testing import Failure, RecordedRequest, Reply, Simulator, run_in_virtual_time


def by_text(request: RecordedRequest) -> Reply | Failure:
    """Texts say how long the answer takes, and `bad` that there is none."""
    seconds, _, word = request.text.partition(" ")
    return (
        Failure(400, f"bad after {seconds}", latency=float(seconds)) if word == "bad" else Reply(latency=float(seconds))
    )


@in_virtual_time
async def test_the_first_answer_wins_and_the_others_are_gone_before_it_returns() -> None:
    simulator = Simulator(by_text)
    async with client_of(simulator, limits=Limits(max_in_flight=3)) as client:
        began = trio.current_time()
        winner = await client.race([ask("5"), ask("1"), ask("3", stream=True)])

        assert trio.current_time() - began == pytest.approx(1)
        assert_nothing_left(client, simulator)
    assert (winner.index, winner.status, text_of(winner.response)) == (1, "ok", "echo: 1")
    assert ends(simulator) == {"5": GONE, "1": FINISHED, "3": GONE}
    assert [(other.index, other.status) for other in winner.others] == [(0, "cancelled"), (2, "cancelled")]
    assert winner.accepted is True  # by nobody, so that all is
    assert [other.accepted for other in winner.others] == [None, None]


@in_virtual_time
async def test_a_fast_failure_and_a_fast_wrong_answer_leave_the_others_running() -> None:
    simulator = Simulator(by_text)

    async def accept(response: Any) -> bool:
        await trio.sleep(0.25)
        return text_of(response) != "echo: 1"

    async with client_of(simulator) as client:
        began = trio.current_time()
        winner = await client.race([ask("1"), ask("0.5 bad"), ask("2"), ask("9")], accept)

        assert trio.current_time() - began == pytest.approx(2.25)
        assert_nothing_left(client, simulator)
    assert winner.index == 2
    assert winner.accepted is True
    assert [other.accepted for other in winner.others] == [False, None, None]
    assert [other.status for other in winner.others] == ["ok", "failed", "cancelled"]
    assert ends(simulator)["9"] is GONE


@in_virtual_time
async def test_when_all_fail_one_error_holds_every_attempt() -> None:
    simulator = Simulator(by_text)
    async with client_of(simulator) as client:
        with pytest.raises(
            AllFailedError, match="none of 3 calls won: .*bad after 2.*; response not accepted"
        ) as caught:
            await client.race([ask("2 bad"), ask("1"), ask("1 bad")], accept=lambda _: False)
        assert_nothing_left(client, simulator)

    outcomes: list[Any] = list(caught.value.outcomes)
    assert [(outcome.index, outcome.status) for outcome in outcomes] == [(0, "failed"), (1, "ok"), (2, "failed")]
    assert [type(error) for error in caught.value.errors] == [BadRequestError, BadRequestError]
    assert caught.value.__cause__ is caught.value.errors[0]
    assert isinstance(caught.value, LLMError)


@in_virtual_time
async def test_requests_and_functions_race_each_other() -> None:
    simulator = Simulator(Reply(latency=4))

    async def local(seconds: float) -> str:
        await trio.sleep(seconds)
        return "from here"

    async def broken() -> None:
        raise KeyError("mine")

    async with client_of(simulator) as client:
        jobs: list[Any] = [ask("x"), EmbeddingRequest("openai/text-embedding-3-small", "x"), partial(local, 2), broken]
        winner = await client.race(jobs)
        assert_nothing_left(client, simulator)

    assert winner.response == "from here"
    assert isinstance(winner.others[2].error, KeyError)
    assert winner.others[2].status == "failed"


@in_virtual_time
async def test_a_judge_that_fails_ends_the_race_with_its_own_error() -> None:
    simulator = Simulator(by_text)
    async with client_of(simulator) as client:
        with pytest.raises(ZeroDivisionError):
            await client.race([ask("1"), ask("9")], accept=lambda _: 1 / 0)  # type: ignore[arg-type, return-value]
        assert_nothing_left(client, simulator)

    assert ends(simulator)["9"] is GONE


@in_virtual_time
async def test_what_a_judge_failed_at_has_not_won() -> None:
    log = Log((ContestWon, GroupEnded))
    async with client_of(Simulator(), observers=[log]) as client:
        with pytest.raises(ZeroDivisionError):
            await client.race([ask("1")], accept=lambda _: 1 / 0)  # type: ignore[arg-type, return-value]

    assert log.kinds() == ["GroupEnded"]


@in_virtual_time
async def test_jobs_start_in_their_order() -> None:
    """Which is that of the line, where there are slots for a few of them only."""

    async def start(number: int) -> None:
        started.append(number)
        await trio.sleep(1)

    async with client_of(Simulator()) as client:
        for _ in range(10):  # Trio runs tasks that can go on in a random order
            started: list[int] = []
            await client.race([partial(start, number) for number in range(5)])

            assert started == [0, 1, 2, 3, 4]


@in_virtual_time
async def test_of_two_that_end_at_the_same_moment_one_is_judged() -> None:
    seen: list[str] = []

    async def wait(name: str) -> str:
        await together.wait()
        return name

    def accept(name: str) -> bool:
        seen.append(name)
        return True

    together = trio.Event()
    async with client_of(Simulator()) as client, trio.open_nursery() as nursery:

        async def compete() -> None:
            winner = await client.race([partial(wait, "a"), partial(wait, "b")], accept)

            assert seen == [winner.response]
            assert [other.accepted for other in winner.others] == [None]

        nursery.start_soon(compete)
        await trio.sleep(1)
        together.set()


@in_virtual_time
async def test_a_race_in_a_cancelled_scope_calls_no_job() -> None:
    called: list[str] = []

    async def job() -> None:
        called.append("job")  # without a checkpoint, at which it would end

    async with client_of(Simulator()) as client:
        with trio.CancelScope() as scope:
            scope.cancel()
            await client.race([job])

    assert scope.cancelled_caught
    assert called == []


@in_virtual_time
async def test_what_is_no_job_is_refused_before_anything_is_sent() -> None:
    simulator = Simulator()
    async with client_of(simulator) as client:
        with pytest.raises(ValueError, match="no jobs"):
            await client.race([])
        with pytest.raises(TypeError, match="give the function, as partial"):
            await client.race([ask("x"), client.completion("openai/a", [])])  # type: ignore[list-item]
        with pytest.raises(TypeError, match="not str"):
            await client.fan_out(["Hello"])  # type: ignore[list-item]

    assert simulator.requests == []


@in_virtual_time
async def test_a_race_of_a_client_that_closes_meanwhile_ends() -> None:
    simulator = Simulator(Reply(latency=9))
    client = client_of(simulator)
    async with trio.open_nursery() as nursery:

        async def compete() -> None:
            with pytest.raises(AllFailedError) as caught:
                await client.race([ask("a"), ask("b")])
            assert {type(error) for error in caught.value.errors} == {ClientClosedError}

        nursery.start_soon(compete)
        await trio.sleep(1)
        await client.aclose()

    assert simulator.statistics().active == 0


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["right", "wrong", "bad"])), min_size=1, max_size=5))
def test_the_winner_is_the_earliest_right_answer_and_what_was_paid_is_what_had_ended(
    field: list[tuple[int, str]],
) -> None:
    def script(request: RecordedRequest) -> Reply | Failure:
        seconds, kind = field[int(request.text)]
        # Latencies are told apart by their place, so that no two answers come at the same time.
        latency = seconds + int(request.text) / 100
        return Failure(400, latency=latency) if kind == "bad" else Reply(kind, latency=latency)

    simulator = Simulator(script)

    async def run() -> Outcome | None:
        async with client_of(simulator) as client:
            try:
                jobs = [ask(str(number)) for number in range(len(field))]
                return await client.race(jobs, lambda response: text_of(response) == "right")
            except AllFailedError as error:
                assert len(error.outcomes) == len(field)
                return None
            finally:
                assert_nothing_left(client, simulator)

    winner = run_in_virtual_time(run)
    times = {number: seconds + number / 100 for number, (seconds, _) in enumerate(field)}
    right = [number for number, (_, kind) in enumerate(field) if kind == "right"]
    expected = min(right, key=times.__getitem__, default=None)
    assert (None if winner is None else winner.index) == expected
    end = math.inf if expected is None else times[expected]
    for number in range(len(field)):
        assert (ends(simulator)[str(number)] is FINISHED) == (times[number] <= end)
