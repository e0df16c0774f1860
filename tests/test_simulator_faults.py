"""Faults by call, by time, by account and by chance, put together, and shrunk to the one that matters."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st
from virtual import in_virtual_time

from trio_llm import APIConnectionError, Client, RetryPolicy, exceptions
from trio_llm._types.http import HTTPRequest
from trio_llm.testing import (
    COMMON_FAULTS,
    AtEvent,
    Cause,
    Conditions,
    Delivery,
    Disconnect,
    Failure,
    Fault,
    FaultPlan,
    Moment,
    RateLimits,
    RawReply,
    Reply,
    ScriptedReply,
    Simulator,
    gzip_bomb,
    nesting_bomb,
    run_in_virtual_time,
    running_server,
    shrink,
)

DOWN, SLOW = Failure(503), Delivery(latency=5)
ONCE = RetryPolicy(attempts=1)
HELLO = [{"role": "user", "content": "one two three"}]
moments = st.builds(Moment, st.integers(0, 20), st.floats(0, 100), st.sampled_from("ab"), st.sampled_from("mn"))
plans: st.SearchStrategy[FaultPlan] = st.recursive(
    st.sampled_from(
        [
            FaultPlan([DOWN, None, Disconnect()]),
            FaultPlan.between(10, 50, SLOW),
            FaultPlan.for_account("a", DOWN),
            FaultPlan.for_model("m"),
            FaultPlan.sometimes(0.5, SLOW, seed=1),
            FaultPlan.seeded(3),
            FaultPlan(),
        ]
    ),
    lambda inner: st.builds(lambda a, b: a | b, inner, inner) | st.builds(lambda a, b: a & b, inner, inner),
    max_leaves=5,
)


def asked(simulator: Simulator, *, stream: bool = True, now: float = 0.0) -> ScriptedReply:
    body = {"model": "m", "messages": HELLO, "stream": stream}
    return simulator.respond(HTTPRequest("POST", "/v1/chat/completions", (), json.dumps(body).encode()), now=now)


def events(reply: ScriptedReply) -> list[bytes]:
    return [piece.data for piece in reply.timeline]


@given(left=plans, right=plans, moment=moments)
def test_either_strikes_where_one_does_and_both_where_both_do(
    left: FaultPlan, right: FaultPlan, moment: Moment
) -> None:
    struck = [left.strike(moment) is not None, right.strike(moment) is not None]

    assert ((left | right).strike(moment) is not None) == any(struck)
    assert ((left & right).strike(moment) is not None) == all(struck)
    assert (left | right).strike(moment) == (left.strike(moment) or right.strike(moment))


@given(plan=plans, moment=moments)
def test_a_plan_says_the_same_of_the_same_request(plan: FaultPlan, moment: Moment) -> None:
    assert plan.strike(moment) == plan.strike(moment)


def test_a_plan_that_says_when_lends_its_time_to_another() -> None:
    plan = FaultPlan.between(10, 20) & FaultPlan.for_account("k") & FaultPlan.always(DOWN)

    assert plan.strike(Moment(0, 15, "k")) == DOWN
    assert plan.strike(Moment(0, 25, "k")) is None
    assert plan.strike(Moment(0, 15, "other")) is None


def test_both_changes_of_a_delivery_happen_and_an_action_gets_them() -> None:
    both = FaultPlan.always(Delivery(latency=5)) & FaultPlan.always(Delivery(split=1))
    failing = FaultPlan.always(DOWN) & FaultPlan.always(Delivery(latency=5))
    broken = FaultPlan.always(Delivery(latency=5)) & FaultPlan.always(Disconnect())

    assert both.strike(Moment(0)) == Delivery(latency=5, split=1)
    assert failing.strike(Moment(0)) == Failure(503, latency=5)
    assert (FaultPlan.always(SLOW) & FaultPlan.always(DOWN)).strike(Moment(0)) == Failure(503, latency=5)
    assert broken.strike(Moment(0)) == Disconnect()
    assert (FaultPlan.always(DOWN) & FaultPlan.always(Failure(500))).strike(Moment(0)) == DOWN


@in_virtual_time
async def test_faults_strike_by_time_and_account() -> None:
    plan = FaultPlan.between(10, 20, DOWN) | FaultPlan.for_account("bad", Failure(500))
    simulator = Simulator(faults=plan)
    async with Client(transport=simulator, retry=RetryPolicy(attempts=1)) as client:
        await client.completion("openai/m", HELLO, api_key="good")
        with pytest.raises(exceptions.InternalServerError):
            await client.completion("openai/m", HELLO, api_key="bad")

    assert [request.fault for request in simulator.requests] == [None, Failure(500)]


def test_an_event_may_come_twice_or_behind_the_next() -> None:
    usual = events(asked(Simulator()))
    twice = events(asked(Simulator(faults=FaultPlan.always(Delivery(duplicate_at=2)))))
    swapped = events(asked(Simulator(faults=FaultPlan.always(Delivery(swap_at=1)))))
    nowhere = events(asked(Simulator(faults=FaultPlan.always(Delivery(swap_at=50, duplicate_at=50)))))

    assert twice == [*usual[:3], *usual[2:]]
    assert swapped == [usual[0], usual[2], usual[1], *usual[3:]]
    assert nowhere == usual


def test_bytes_may_trickle_and_requests_be_read_slowly() -> None:
    trickled = asked(Simulator(Reply("one", split=100, trickle=2)))
    read = asked(Simulator(Reply(read_rate=10.0, latency=1)))

    assert 2 in [piece.delay for piece in trickled.timeline]
    assert read.latency == 1 + len(read.request.body) / 10


def test_a_calendar_may_jump() -> None:
    simulator = Simulator(Reply(clock_jump=3_600), conditions=Conditions(epoch=0), limits=RateLimits())
    reply = asked(simulator)

    assert reply.head is not None
    assert reply.head.headers["date"] == "Thu, 01 Jan 1970 01:00:00 GMT"


@pytest.mark.parametrize("cause", list(Cause))
@in_virtual_time
async def test_there_are_many_reasons_for_having_no_connection(cause: Cause) -> None:
    simulator = Simulator([Disconnect(cause=cause), Reply("again")])
    async with Client(transport=simulator, retry=RetryPolicy(attempts=2)) as client:
        if cause is Cause.TLS:
            with pytest.raises(exceptions.APIConnectionError, match="certificate"):
                await client.completion("openai/m", HELLO)
            return
        answer = await client.completion("openai/m", HELLO)
    assert answer.choices[0].message.content == "again"


def test_a_gzip_bomb_is_small_until_it_is_opened() -> None:
    bomb = gzip_bomb(50_000_000)

    assert isinstance(bomb.body, bytes)
    assert len(bomb.body) < 100_000
    assert len(gzip.decompress(bomb.body)) == 50_000_000


@pytest.mark.parametrize("bomb", [gzip_bomb(300_000_000), nesting_bomb(200_000)], ids=["gzip", "nesting"])
def test_bombs_are_survived_on_a_port(bomb: Any) -> None:
    import trio_llm

    with running_server(Simulator(bomb)) as base_url, pytest.raises(exceptions.APIError):
        trio_llm.completion("openai/m", HELLO, api_base=f"{base_url}/v1", api_key="k", num_retries=0)


@pytest.mark.parametrize("bomb", [gzip_bomb(300_000_000), nesting_bomb(200_000)], ids=["gzip", "nesting"])
def test_bombs_are_survived_in_memory(bomb: Any) -> None:
    async def main() -> None:
        async with Client(transport=Simulator(bomb), retry=ONCE) as client:
            with pytest.raises(exceptions.APIError):
                await client.completion("openai/m", HELLO)

    run_in_virtual_time(main)


@in_virtual_time
@pytest.mark.parametrize("split", [None, 7])
async def test_what_is_compressed_is_decompressed_in_memory(split: int | None) -> None:
    answer = (
        b'{"choices": [{"message": {"role": "assistant", "content": "packed"}, "finish_reason": "stop", "index": 0}]}'
    )
    packed = gzip.compress(answer, mtime=0)
    headers = {"content-encoding": "gzip"}
    async with Client(transport=Simulator(RawReply(packed, headers=headers, split=split)), retry=ONCE) as client:
        response = await client.completion("openai/m", HELLO)
        assert response.choices[0].message.content == "packed"
    async with Client(transport=Simulator(RawReply(packed[:-20], headers=headers)), retry=ONCE) as client:
        with pytest.raises(APIConnectionError, match="cut off"):
            await client.completion("openai/m", HELLO)


@given(
    faults=st.dictionaries(st.integers(0, 40), st.sampled_from(COMMON_FAULTS), min_size=1, max_size=25),
    data=st.data(),
)
def test_a_plan_shrinks_to_the_one_fault_that_matters(faults: dict[int, Fault], data: st.DataObject) -> None:
    guilty = data.draw(st.sampled_from(sorted(faults)))
    smallest = shrink(FaultPlan(faults), lambda plan: plan.fault(guilty) == faults[guilty])

    assert smallest == FaultPlan({guilty: faults[guilty]})


@given(guilty=st.sets(st.integers(0, 15), min_size=1, max_size=4))
def test_faults_that_only_matter_together_are_all_kept(guilty: set[int]) -> None:
    plan = FaultPlan(dict.fromkeys(range(16), DOWN))
    smallest = shrink(plan, lambda part: all(part.fault(number) for number in guilty))

    assert smallest.schedule == dict.fromkeys(guilty, DOWN)


def test_a_fault_loses_the_changes_that_do_not_matter() -> None:
    fault = Delivery(latency=5, gap=1, split=3, cut_at=AtEvent(2), keep_alives=4)
    smallest = shrink(FaultPlan([None, fault]), lambda plan: bool(getattr(plan.fault(1), "cut_at", None)))

    assert smallest == FaultPlan({1: Delivery(cut_at=AtEvent(2))})


def test_what_a_seeded_plan_did_can_be_shrunk() -> None:
    def run(plan: FaultPlan) -> Simulator:
        simulator = Simulator(faults=plan)
        for _ in range(30):
            asked(simulator)
        return simulator

    def fails(plan: FaultPlan) -> bool:
        return any(request.status == 503 for request in run(plan).requests)

    plan = FaultPlan.seeded(5, rate=0.5)
    struck = FaultPlan.struck(run(plan).requests)
    smallest = shrink(struck, fails)

    assert len(struck.schedule) > 5
    assert list(dict(smallest.schedule).values()) == [Failure(503, "overloaded")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plan", "fails", "words"),
    [
        (FaultPlan.seeded(1), lambda _: True, "conditions or chances"),
        (FaultPlan.always(DOWN), lambda _: True, "conditions or chances"),
        (FaultPlan([DOWN]), lambda _: False, "nothing fails"),
    ],
)
def test_what_cannot_be_shrunk_says_so(plan: FaultPlan, fails: Callable[[FaultPlan], bool], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        shrink(plan, fails)


def test_shrinking_asks_seldom() -> None:
    asked_about: list[FaultPlan] = []

    def fails(plan: FaultPlan) -> bool:
        asked_about.append(plan)
        return plan.fault(700) is not None

    shrink(FaultPlan(dict.fromkeys(range(1_000), DOWN)), fails)
    assert len(asked_about) < 60
