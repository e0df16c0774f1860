"""Fan-outs and calls at a provider that limits them: everything is answered, little is asked in vain."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from limited_fan_outs import Case
from virtual import ask, assert_nothing_left, client_of, in_virtual_time

from trio_llm import (
    APIError,
    AuthenticationError,
    Client,
    Limits,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
    Timeouts,
)
from trio_llm._runtime import trio
from trio_llm.testing import Failure, RateLimits, RecordedRequest, Reply, Simulator

OPENAI, GEMINI, CLAUDE, OLLAMA = "openai/gpt-4o", "gemini/any", "anthropic/any", "ollama_chat/any"
REFUSED = Failure(429, retry_after=1)
GRID = [
    Case("requests", 5, 1, False, 1, "trio"),
    Case("requests", 5, 1, True, 0.2, "asyncio"),
    Case("requests", 50, 2, True, 1, "trio"),
    Case("requests", 1, 1, False, 30, "asyncio"),
    Case("tokens", 10, 1, True, 30, "trio"),
    Case("tokens", 20, 2, False, 5, "asyncio"),
    # Two models that share a limit so low that a refused one could starve beside the other.
    Case("requests", 1, 2, True, 0.2, "trio", per_minute=12),
    Case("requests", 1, 2, True, 5, "asyncio", per_minute=6),
    Case("tokens", 1, 2, True, 5, "trio", per_minute=6),
]


@pytest.mark.parametrize("case", GRID, ids=str)
def test_by_default_all_are_answered_soon_and_little_is_asked_in_vain(case: Case) -> None:
    result = case.run()

    assert result.faults(case) == []


@in_virtual_time
async def test_a_slow_rate_that_nobody_tells_costs_no_answer() -> None:
    left, at = 1.0, 0.0

    def act(request: RecordedRequest) -> Reply | Failure:
        nonlocal left, at
        left, at = min(1.0, left + (request.started - at) / 5), request.started
        if left < 1 - 1e-9:
            return Failure(429)
        left -= 1
        return Reply(latency=1)

    simulator = Simulator(act)
    async with client_of(simulator, attempts=3) as client:
        outcomes = await client.fan_out([ask(f"{n}", model=GEMINI) for n in range(60)])
        assert_nothing_left(client, simulator)

    assert {outcome.status for outcome in outcomes} == {"ok"}
    assert trio.current_time() <= 1.25 * 59 * 5 + 60


@in_virtual_time
async def test_a_thousand_calls_without_a_limit_take_at_most_seven_latencies() -> None:
    async with client_of(Simulator(Reply(latency=0.5))) as client:
        outcomes = await client.fan_out([ask(f"{n}") for n in range(1_000)])

    assert {outcome.status for outcome in outcomes} == {"ok"}
    assert trio.current_time() <= 7 * 0.5


@in_virtual_time
async def test_hosts_of_ones_own_start_with_all() -> None:
    simulator = Simulator(Reply(latency=1))
    async with Client(transport=simulator, variables={}) as client:
        await client.fan_out([ask(f"{n}", model="vllm/any", api_base="http://gpu.example/v1") for n in range(300)])
        assert trio.current_time() == 1
        local = partial(ask, api_base="http://localhost:8000/v1", api_key="k")
        await client.fan_out([local(f"{n}") for n in range(300)])

    assert trio.current_time() == 2


@pytest.mark.parametrize("retries", [0, 2])
def test_a_refusal_in_a_fan_out_costs_no_attempt(retries: int) -> None:
    @in_virtual_time
    async def scenario() -> None:
        seen: Counter[str] = Counter()

        def act(request: RecordedRequest) -> Reply | Failure:
            seen[request.text] += 1
            return REFUSED if seen[request.text] < 4 else Failure(500) if request.text == "broken" else Reply()

        simulator = Simulator(act)
        async with client_of(simulator) as client:
            jobs = [ask("fine", num_retries=retries), ask("broken", num_retries=retries)]
            fine, broken = await client.fan_out(jobs)
            assert_nothing_left(client, simulator)
        assert (fine.status, fine.attempts) == ("ok", 4)
        assert (broken.status, broken.attempts) == ("failed", 3 + 1 + retries)

    for backend in ("trio", "asyncio"):
        scenario(backend)


@in_virtual_time
async def test_single_calls_keep_the_retry_policy() -> None:
    simulator = Simulator(REFUSED)
    async with client_of(simulator, attempts=2) as client:
        with pytest.raises(RateLimitError) as caught:
            await client.call(ask("x"))

    assert caught.value.attempts == len(simulator.requests) == 2


@in_virtual_time
async def test_as_completed_puts_refused_calls_back_as_well_streams_included() -> None:
    simulator = Simulator([REFUSED, REFUSED], then=Reply())
    async with client_of(simulator) as client, client.as_completed([ask("a"), ask("b", stream=True)]) as outcomes:
        assert [outcome.status async for outcome in outcomes] == ["ok", "ok"]


@in_virtual_time
async def test_after_a_refusal_another_call_tries_first() -> None:
    simulator = Simulator([REFUSED], then=Reply())
    async with client_of(simulator, limits=Limits(max_in_flight=1)) as client:
        outcomes = await client.fan_out([ask(text) for text in "abc"])

    assert [request.text for request in simulator.requests] == ["a", "b", "a", "c"]
    assert [outcome.attempts for outcome in outcomes] == [2, 1, 1]


@in_virtual_time
async def test_a_lane_is_given_up_after_ten_refusals_in_a_row_and_later_calls_try_anew() -> None:
    simulator = Simulator(Failure(429, "come back"))
    async with client_of(simulator, limits=Limits(max_in_flight=1)) as client:
        outcomes = await client.fan_out([ask(f"{n}") for n in range(30)])
        assert len(simulator.requests) == 10
        assert Counter(outcome.status for outcome in outcomes)["ok"] == 0
        unsent = [outcome for outcome in outcomes if not outcome.attempts]
        assert {outcome.status for outcome in unsent} == {"not_started"}
        assert "10 refusals in a row: come back" in str(unsent[0].error)
        assert isinstance(unsent[0].error, RateLimitError)
        (again,) = await client.fan_out([ask("later")])
        assert_nothing_left(client, simulator)

    assert (again.status, again.attempts) == ("failed", 1)


@in_virtual_time
async def test_a_call_with_another_target_goes_there_first() -> None:
    def act(request: RecordedRequest) -> Reply | Failure:
        return REFUSED if request.model == "gpt-4o" else Reply("other")

    simulator = Simulator(act)
    async with client_of(simulator, attempts=3) as client:
        (outcome,) = await client.fan_out([ask("x", fallbacks=[CLAUDE])])

    assert (outcome.status, outcome.attempts, trio.current_time()) == ("ok", 2, 0)


@in_virtual_time
async def test_the_deadline_of_a_fan_out_ends_its_waits() -> None:
    simulator = Simulator(Failure(429, retry_after=30))
    async with client_of(simulator) as client:
        outcomes = await client.fan_out([ask(f"{n}") for n in range(3)], deadline=20)
        assert_nothing_left(client, simulator)

    assert {outcome.status for outcome in outcomes} == {"failed"}
    assert trio.current_time() == 0


@in_virtual_time
async def test_a_wait_that_is_too_long_to_be_waited_for_fails_at_once() -> None:
    async with client_of(Simulator(Failure(429, retry_after=86_400))) as client:
        (outcome,) = await client.fan_out([ask("x")])

    assert (outcome.status, outcome.attempts, trio.current_time()) == ("failed", 1, 0)


@in_virtual_time
async def test_a_function_that_was_refused_has_failed_and_not_just_never_begun() -> None:
    simulator = Simulator(lambda _: Failure(429, retry_after=86_400))
    async with client_of(simulator) as client:
        (outcome,) = await client.fan_out([partial(client.call, ask("x"))])

    assert (outcome.status, len(simulator.requests)) == ("failed", 1)


@in_virtual_time
async def test_one_models_limit_holds_up_no_other() -> None:
    def act(request: RecordedRequest) -> Reply | Failure:
        return (
            Failure(429, retry_after=50) if request.model == "busy" and trio.current_time() < 50 else Reply(latency=1)
        )

    simulator = Simulator(act)
    async with client_of(simulator) as client:
        outcomes = await client.fan_out([ask(f"{n}", model=f"openai/{('busy', 'free')[n % 2]}") for n in range(40)])
        (account,) = client.statistics().accounts.values()

    assert {outcome.status for outcome in outcomes} == {"ok"}
    assert max(outcome.timings.ended or 0 for outcome in outcomes[1::2]) <= 3
    assert min(outcome.timings.ended or 0 for outcome in outcomes[0::2]) >= 51
    assert account.lanes.keys() == {"busy", "free"}


@in_virtual_time
async def test_slots_go_to_the_first_of_all_lanes_by_priority_then_by_arrival() -> None:
    simulator = Simulator(Reply(latency=1))
    async with client_of(simulator, limits=Limits(max_in_flight=1)) as client, trio.open_nursery() as nursery:
        for text, model, priority in (("0", "a", 0), ("1", "a", 0), ("2", "b", 0), ("3", "a", 5), ("4", "b", 9)):
            nursery.start_soon(client.call, ask(text, model=f"openai/{model}", priority=priority))
            await trio.sleep(0.1)

    assert [request.text for request in simulator.requests] == ["0", "4", "3", "1", "2"]


@in_virtual_time
async def test_a_wrong_key_ends_a_fan_out_at_that_account_and_at_no_other() -> None:
    def act(request: RecordedRequest) -> Reply | Failure:
        return Failure(401, "bad key", latency=1) if request.path.endswith("/messages") else Reply()

    simulator = Simulator(act)
    async with client_of(simulator, attempts=3) as client:
        models = [CLAUDE] * 300 + [OPENAI] * 10
        outcomes = await client.fan_out([ask(f"{n}", model=model) for n, model in enumerate(models)])
        assert_nothing_left(client, simulator)
        sent = sum(request.path.endswith("/messages") for request in simulator.requests)
        with pytest.raises(AuthenticationError):
            await client.call(ask("again", model=CLAUDE))

    assert sent <= 20 + 1  # the slot of the first refusal is free again before its word has got round
    assert {outcome.status for outcome in outcomes[:300]} == {"failed"}
    assert {outcome.status for outcome in outcomes[300:]} == {"ok"}
    unsent = [outcome.error for outcome in outcomes[:300] if not outcome.attempts]
    assert len(unsent) == 300 - sent
    assert all(isinstance(error, AuthenticationError) and "bad key" in str(error) for error in unsent)


@pytest.mark.parametrize("code", ["insufficient_quota", "billing_hard_limit_reached"])
def test_an_account_without_money_is_asked_once_and_holds_up_nobody(code: str) -> None:
    @in_virtual_time
    async def scenario() -> None:
        simulator = Simulator(Failure(429, "pay first", code=code))
        async with client_of(simulator, attempts=3) as client:
            with pytest.raises(RateLimitError, match="pay first"):
                await client.call(ask("x"))
            (account,) = client.statistics().accounts.values()
            assert account.paused_for == 0
            (outcome,) = await client.fan_out([ask("y")])
        assert outcome.status == "failed"
        assert len(simulator.requests) == 2

    for backend in ("trio", "asyncio"):
        scenario(backend)


@in_virtual_time
async def test_a_status_that_means_busy_at_one_provider_is_tried_again_there_alone() -> None:
    simulator = Simulator(Failure(498, "no capacity", code="capacity_exceeded"))
    async with Client(transport=simulator, variables={"GROQ_API_KEY": "k", "OPENAI_API_KEY": "k"}) as client:
        with pytest.raises(ServiceUnavailableError, match="no capacity") as caught:
            await client.call(ask("x", model="groq/any"))
        with pytest.raises(APIError) as elsewhere:
            await client.call(ask("x"))

    assert (caught.value.status_code, caught.value.attempts) == (498, 3)
    assert elsewhere.value.attempts == 1


@in_virtual_time
async def test_the_default_time_begins_when_a_call_leaves_the_line() -> None:
    simulator = Simulator(Reply(latency=40))
    async with client_of(simulator, limits=Limits(max_in_flight=1), timeouts=Timeouts(total=60)) as client:
        outcomes = await client.fan_out([ask(f"{n}") for n in range(5)])
        assert {outcome.status for outcome in outcomes} == {"ok"}

    assert trio.current_time() == 5 * 40


@in_virtual_time
async def test_the_default_time_ends_a_call_that_hangs_after_it_left_the_line() -> None:
    simulator = Simulator(Reply(latency=100))
    async with client_of(simulator, timeouts=Timeouts(total=60)) as client:
        with pytest.raises(Timeout, match="no reply within 60 s"):
            await client.call(ask("x"))

    assert trio.current_time() == 60


@pytest.mark.parametrize("stream", [False, True])
def test_a_timeout_that_is_given_includes_the_line_and_says_what_was_waited_for(stream: bool) -> None:
    @in_virtual_time
    async def scenario() -> None:
        simulator = Simulator(Reply(latency=40))
        async with client_of(simulator, limits=Limits(max_in_flight=1)) as client, trio.open_nursery() as nursery:
            nursery.start_soon(client.call, ask("holder"))
            await trio.sleep(1)
            with pytest.raises(Timeout, match=r"waited 3 s for a slot, 1 held") as caught:
                await client.call(ask("x", timeout=3, stream=stream))
            assert caught.value.attempts == 0
            assert trio.current_time() == 4

    for backend in ("trio", "asyncio"):
        scenario(backend)


@in_virtual_time
async def test_a_call_with_its_own_timeout_does_not_wait_for_a_pause_that_is_longer() -> None:
    simulator = Simulator([Failure(429, retry_after=30)])
    async with client_of(simulator) as client:
        with pytest.raises(RateLimitError):
            await client.call(ask("x"))
        with pytest.raises(RateLimitError, match="after its deadline") as caught:
            await client.call(ask("x", timeout=10))

    assert caught.value.attempts == 0


@in_virtual_time
async def test_requests_per_minute_is_kept_in_every_sixty_seconds() -> None:
    simulator = Simulator(Reply(latency=0.3))
    async with client_of(simulator, limits=Limits(requests_per_minute=60)) as client:
        await client.fan_out([ask(f"{n}") for n in range(200)])

    times = [request.started for request in simulator.requests]
    assert all(sum(begin <= time < begin + 60 for time in times) <= 60 for begin in times)
    assert len(times) == 200


@in_virtual_time
async def test_limits_that_are_stated_are_not_adaptive_unless_asked() -> None:
    assert Limits().adaptive
    assert not Limits(max_in_flight=1_000).adaptive
    assert not Limits(requests_per_minute=5).adaptive
    assert not Limits(max_in_flight=None).adaptive
    assert Limits(tokens_per_minute=5, adaptive=True).adaptive
    async with client_of(Simulator(limits=RateLimits(requests_per_minute=60))) as client:
        await client.call(ask("x"))
        (account,) = client.statistics().accounts.values()

    assert account.described


@in_virtual_time
async def test_who_waits_in_another_lane_is_told_at_once_that_the_key_is_wrong() -> None:
    def act(request: RecordedRequest) -> Failure:
        return Failure(401, "bad key", latency=1) if request.text == "last" else Failure(429, retry_after=60)

    simulator = Simulator(act)
    async with client_of(simulator) as client:
        outcomes = await client.fan_out([*(ask(f"{n}", model="openai/another") for n in range(3)), ask("last")])

    assert trio.current_time() == 1
    assert {type(outcome.error) for outcome in outcomes} == {AuthenticationError}
