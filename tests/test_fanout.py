"""Fan-out: one outcome an item, whatever happens."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
from hypothesis import given, settings, strategies as st
from trio.testing import MockClock
from virtual import text_of

from trio_llm import (
    APIConnectionError,
    ChatRequest,
    Client,
    EmbeddingRequest,
    ImageRequest,
    Limits,
    ModelResponse,
    Outcome,
    RetryPolicy,
    Timeouts,
)
from trio_llm.testing import Failure, RecordedRequest, Reply, Simulator, run_in_virtual_time
from trio_llm.testing._ledger import RequestOutcome
from trio_llm.types import Job

pytestmark = pytest.mark.anyio
KEYS = {"OPENAI_API_KEY": "k"}


def item(text: str, *, stream: bool = False) -> ChatRequest:
    return ChatRequest("openai/gpt-4o", [{"role": "user", "content": text}], stream=stream)


async def test_outcomes_come_in_the_order_of_the_requests(autojump_clock: MockClock) -> None:
    simulator = Simulator(lambda request: Reply(latency=float(request.text)))
    async with Client(transport=simulator, variables=KEYS) as client:
        outcomes = await client.fan_out([item("3"), item("1"), item("2", stream=True)])

    assert [outcome.index for outcome in outcomes] == [0, 1, 2]
    assert [text_of(outcome.response) for outcome in outcomes] == ["echo: 3", "echo: 1", "echo: 2"]
    assert trio.current_time() == pytest.approx(3)


@pytest.mark.parametrize(
    ("requests", "limit", "words"),
    [
        ("gpt-4o", None, "requests must be a list of requests, or another iterable, not str"),
        (5, None, "requests must be a list of requests, or another iterable, not int"),
        ([], 2.5, "limit must be a whole number, not float"),
        ([], "5", "limit must be a whole number, not str"),
    ],
)
async def test_what_makes_no_sense_is_said_before_anything_starts(requests: Any, limit: Any, words: str) -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(TypeError, match=words):
            await client.fan_out(requests, limit=limit)


async def test_mixed_requests_fail_and_succeed_each_on_its_own() -> None:
    def script(request: RecordedRequest) -> Failure | None:
        return Failure(400, "bad") if request.text == "bad" else None

    requests: list[Job] = [
        item("good"),
        item("bad"),
        EmbeddingRequest("openai/text-embedding-3-small", "text"),
        ImageRequest("a cat", "openai/dall-e-3"),
        ChatRequest("nobody/model", [{"role": "user", "content": "x"}]),
    ]
    async with Client(transport=Simulator(script), variables=KEYS) as client:
        outcomes = await client.fan_out(requests)

    assert [outcome.status for outcome in outcomes] == ["ok", "failed", "ok", "ok", "failed"]
    assert outcomes[1].error is not None
    assert outcomes[1].attempts == 1
    assert "unknown provider" in str(outcomes[4].error)
    assert outcomes[4].attempts == 0
    assert len(getattr(outcomes[2].response, "data", ())) == 1


async def test_the_deadline_keeps_what_finished_and_what_had_arrived(autojump_clock: MockClock) -> None:
    def script(request: RecordedRequest) -> Reply:
        slow = request.text == "slow"
        return Reply(["one ", "two ", "three"], latency=4, gap=4) if slow else Reply(latency=1)

    async with Client(transport=Simulator(script), variables=KEYS) as client:
        requests = [item("quick"), item("slow", stream=True), item("slow"), item("late")]
        outcomes = await client.fan_out(requests, limit=3, deadline=9.5)

    assert trio.current_time() <= 9.5
    assert [outcome.status for outcome in outcomes] == ["ok", "cancelled", "ok", "ok"]
    partial = outcomes[1].partial
    assert partial is not None
    assert (partial.choices[0].message.content or "").startswith("one ")
    assert outcomes[1].timings.first_content is not None


async def test_what_never_got_its_turn_or_its_slot_was_not_started(autojump_clock: MockClock) -> None:
    for client_limit, limit in ((10, 1), (1, None)):
        simulator = Simulator(Reply(latency=10))
        async with Client(transport=simulator, variables=KEYS, limits=Limits(max_in_flight=client_limit)) as client:
            outcomes = await client.fan_out([item("a"), item("b"), item("c")], limit=limit, deadline=15)
        assert [outcome.status for outcome in outcomes] == ["ok", "cancelled", "not_started"]
        assert len(simulator.requests) == 2


async def test_a_limit_below_one_and_no_items_at_all() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(ValueError, match="at least 1"):
            await client.fan_out([item("x")], limit=0)
        assert await client.fan_out([]) == []


async def test_what_a_function_had_received_is_kept() -> None:
    async def job() -> None:
        raise APIConnectionError("broke", partial=ModelResponse("half"))

    async with Client(transport=Simulator(), variables=KEYS) as client:
        (outcome,) = await client.fan_out([job])

    assert outcome.status == "failed"
    assert outcome.partial == ModelResponse("half")


async def test_a_broken_stream_keeps_its_partial_text() -> None:
    from trio_llm.testing import AtEvent

    async with Client(
        transport=Simulator(Reply(["one ", "two"], cut_at=AtEvent(2))), variables=KEYS, retry=RetryPolicy(attempts=1)
    ) as client:
        (outcome,) = await client.fan_out([item("x", stream=True)])

    assert outcome.status == "failed"
    assert outcome.partial is not None


@settings(max_examples=40)
@given(
    latencies=st.lists(st.sampled_from([1.0, 2.0, 5.0, math.inf]), max_size=12),
    limit=st.none() | st.integers(1, 4),
    deadline=st.sampled_from([0.5, 3.5, 20.5]),
)
def test_every_item_has_one_outcome_and_no_finished_reply_is_lost(
    latencies: list[float], limit: int | None, deadline: float
) -> None:
    def script(request: RecordedRequest) -> Reply:
        return Reply(latency=latencies[int(request.text)])

    simulator = Simulator(script)

    async def run() -> tuple[list[Outcome], float]:
        async with Client(transport=simulator, variables=KEYS, timeouts=Timeouts(total=None)) as client:
            began = trio.current_time()
            outcomes = await client.fan_out(
                [item(str(number)) for number in range(len(latencies))], limit=limit, deadline=deadline
            )
            return outcomes, trio.current_time() - began

    outcomes, elapsed = run_in_virtual_time(run)

    assert [outcome.index for outcome in outcomes] == list(range(len(latencies)))
    assert elapsed <= deadline + 1e-9
    assert simulator.statistics().active == 0
    assert simulator.statistics().peak <= (limit or len(latencies))
    finished = [outcome for outcome in outcomes if outcome.status == "ok"]
    assert len(finished) == sum(request.outcome is RequestOutcome.FINISHED for request in simulator.requests)
    started = [outcome for outcome in outcomes if outcome.status != "not_started"]
    assert len(started) == len(simulator.requests)


@pytest.mark.parametrize(
    ("deadline", "error", "words"),
    [
        ("5", TypeError, "deadline must be a number of seconds, not str"),
        (True, TypeError, "deadline must be a number of seconds, not bool"),
        (math.nan, ValueError, "deadline must be a number of seconds, not nan"),
    ],
)
async def test_a_deadline_is_a_number_of_seconds(deadline: Any, error: type[Exception], words: str) -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        with pytest.raises(error, match=words):
            await client.fan_out([item("x")], deadline=deadline)
    assert simulator.requests == []


@pytest.mark.parametrize(
    ("deadline", "statuses"), [(-1, ["not_started"] * 2), (0, ["not_started"] * 2), (math.inf, ["ok"] * 2)]
)
async def test_no_time_starts_nothing_and_any_time_is_enough(deadline: float, statuses: list[str]) -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        outcomes = await client.fan_out([item("x"), item("y")], deadline=deadline)
    assert [outcome.status for outcome in outcomes] == statuses
    assert len(simulator.requests) == statuses.count("ok")
