"""The client as its users see it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import anyio
import pytest
import trio
from trio.testing import MockClock

import trio_llm
from trio_llm import (
    AuthenticationError,
    BadRequestError,
    Client,
    Limits,
    RateLimitError,
    RetryPolicy,
    Timeout,
    Timeouts,
    UnsupportedParamsError,
)
from trio_llm.testing import Action, Disconnect, Failure, RawReply, RecordedRequest, Reply, Simulator

pytestmark = pytest.mark.anyio
KEYS = {"OPENAI_API_KEY": "sk-secret"}
MESSAGES = [{"role": "user", "content": "Hello"}]
MODEL = "openai/gpt-4o"


async def test_a_reply_can_be_read_in_every_way_and_sent_back() -> None:
    simulator = Simulator(Reply("Hi!"))
    async with Client(transport=simulator, variables=KEYS) as client:
        response = await client.completion(MODEL, MESSAGES, temperature=0.5, user=None)
        await client.completion(MODEL, [*MESSAGES, response.choices[0].message, {"role": "user", "content": "More"}])

    assert response.choices[0].message.content == response["choices"][0]["message"]["content"] == "Hi!"
    assert simulator.requests[0].json["temperature"] == 0.5
    assert "user" not in simulator.requests[0].json
    assert simulator.requests[1].json["messages"][1] == {"role": "assistant", "content": "Hi!"}


async def test_a_misspelt_parameter_is_named_with_the_nearest_before_anything_is_sent() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        with pytest.raises(UnsupportedParamsError, match="'temprature': did you mean 'temperature'"):
            await client.completion(MODEL, MESSAGES, temprature=1)  # type: ignore[call-overload]
        with pytest.raises(UnsupportedParamsError, match="logit_bias") as caught:
            await client.completion("anthropic/claude-sonnet-4-5", MESSAGES, logit_bias={"1": 1.0}, api_key="k")

    assert caught.value.llm_provider == "anthropic"
    assert simulator.requests == []


@pytest.mark.parametrize("bad", ["Hello", {"role": "user"}, [], [{"content": "x"}], ["Hello"]])
async def test_messages_that_are_none_are_refused_with_a_reason(bad: object) -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(BadRequestError, match="message"):
            await client.completion(MODEL, bad)  # type: ignore[call-overload]


async def test_a_missing_key_is_an_error_before_anything_is_sent() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables={}) as client:
        with pytest.raises(AuthenticationError, match="OPENAI_API_KEY"):
            await client.completion(MODEL, MESSAGES)

    assert simulator.requests == []


async def test_failures_are_retried_after_the_wait_that_the_provider_asked_for(autojump_clock: MockClock) -> None:
    script: list[Action] = [Failure(429, "slow down", retry_after=30), Disconnect(), Failure(503), Reply("at last")]
    simulator = Simulator(script)
    async with Client(transport=simulator, variables=KEYS, retry=RetryPolicy(attempts=4, jitter=0)) as client:
        response = await client.completion(MODEL, MESSAGES)

    assert response.choices[0].message.content == "at last"
    assert trio.current_time() == pytest.approx(30 + 1 + 2)


async def test_num_retries_counts_attempts_after_the_first() -> None:
    for retries, requests in ((0, 1), (1, 2)):
        simulator = Simulator(Failure(500, "oops"))
        async with Client(transport=simulator, variables=KEYS, retry=RetryPolicy(first_pause=0)) as client:
            with pytest.raises(trio_llm.InternalServerError, match="oops") as caught:
                await client.completion(MODEL, MESSAGES, num_retries=retries)
        assert len(simulator.requests) == requests == caught.value.attempts
        assert caught.value.request_id == f"simulated-{retries}"
    assert str(caught.value) == "openai/gpt-4o answered 500: oops (request id simulated-1)"


async def test_an_error_that_a_retry_cannot_help_is_raised_at_once() -> None:
    simulator = Simulator(Failure(404, "no such model"))
    async with Client(transport=simulator, variables=KEYS) as client:
        with pytest.raises(trio_llm.NotFoundError, match="no such model"):
            await client.completion(MODEL, MESSAGES)

    assert len(simulator.requests) == 1


async def test_one_deadline_holds_attempts_and_pauses(autojump_clock: MockClock) -> None:
    simulator = Simulator([Failure(500), Reply(latency=100)])
    async with Client(transport=simulator, variables=KEYS, retry=RetryPolicy(jitter=0)) as client:
        with pytest.raises(Timeout, match="no reply within 7 s") as caught:
            await client.completion(MODEL, MESSAGES, timeout=7)

    assert trio.current_time() == pytest.approx(7)
    assert isinstance(caught.value.__cause__, trio_llm.InternalServerError)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.attempts == 2


async def test_no_pause_reaches_past_the_callers_own_scope(autojump_clock: MockClock) -> None:
    async with Client(transport=Simulator(Failure(429, retry_after=60)), variables=KEYS) as client:
        with trio.fail_after(20), pytest.raises(RateLimitError) as caught:
            await client.completion(MODEL, MESSAGES)

    assert trio.current_time() < 1
    assert caught.value.retry_after == 60


async def test_calls_wait_for_their_slot_in_order(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply(latency=1))
    client = Client(transport=simulator, variables=KEYS, limits=Limits(max_in_flight=2))
    async with client, trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(client.completion, MODEL, [{"role": "user", "content": str(number)}])
            await trio.sleep(0.01)
        (account,) = client.statistics().accounts.values()
        assert (account.in_flight, account.waiting) == (2, 4)

    assert simulator.statistics().peak == 2
    assert [request.text for request in simulator.requests] == list("012345")


async def test_accounts_have_their_own_slots() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        await client.completion(MODEL, MESSAGES)
        await client.completion(MODEL, MESSAGES, api_key="another")
        await client.completion(MODEL, MESSAGES, api_base="http://127.0.0.1:9/v1")
        accounts = client.statistics().accounts

    assert list(accounts) == [
        "openai https://api.openai.com/v1",
        "openai https://api.openai.com/v1 #2",
        "openai http://127.0.0.1:9/v1",
    ]


NONSENSE = b'{"choices": [{"message": {"tool_calls": [{"function": [1]}]}}]}'


async def test_nonsense_is_a_validation_error_with_the_path() -> None:
    for body, words in (
        (b"<html>", "expected JSON"),
        (NONSENSE, r"\$\.choices\[0\]\.message\.tool_calls\[0\]\.function"),
    ):
        async with Client(transport=Simulator(RawReply(body)), variables=KEYS) as client:
            with pytest.raises(trio_llm.APIResponseValidationError, match=words):
                await client.completion(MODEL, MESSAGES)


async def test_an_error_with_status_200_is_an_error() -> None:
    reply = RawReply(b'{"error": {"message": "upstream died", "code": 502}}')
    async with Client(transport=Simulator(reply), variables=KEYS, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(trio_llm.APIError, match="upstream died"):
            await client.completion(MODEL, MESSAGES)


async def test_redirects_are_errors_and_not_followed() -> None:
    simulator = Simulator(RawReply(b"", status=302, headers={"location": "https://elsewhere.example"}))
    async with Client(transport=simulator, variables=KEYS) as client:
        with pytest.raises(trio_llm.APIError) as caught:
            await client.completion(MODEL, MESSAGES)

    assert caught.value.status_code == 302
    assert len(simulator.requests) == 1


async def test_extra_headers_win_and_extra_body_is_merged() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        await client.completion(MODEL, MESSAGES, extra_headers={"User-Agent": "mine"}, extra_body={"top_k": 3})

    assert simulator.requests[0].headers["user-agent"] == "mine"
    assert simulator.requests[0].json["top_k"] == 3


async def test_an_endpoint_that_a_provider_lacks_is_named() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(BadRequestError, match="anthropic has no embedding calls"):
            await client.embedding("anthropic/claude-sonnet-4-5", "text", api_key="k")


async def test_no_key_is_shown_by_any_repr() -> None:
    request = trio_llm.ChatRequest(MODEL, MESSAGES, api_key="sk-secret", extra_headers={"authorization": "sk-secret"})
    async with Client(transport=Simulator(Failure(401, "wrong key")), variables=KEYS) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.call(request)
        seen = [repr(request), repr(client), str(caught.value), repr(caught.value), repr(client.statistics())]

    assert not any("sk-secret" in text for text in seen)


async def test_a_closed_client_says_so() -> None:
    client = Client(transport=Simulator(), variables=KEYS)
    async with client:
        await client.completion(MODEL, MESSAGES)
    await client.aclose()
    assert client.statistics().accounts == {}
    with pytest.raises((trio.ClosedResourceError, Exception), match="closed"):
        await client.completion(MODEL, MESSAGES)


async def test_an_unused_client_closes_the_transport_it_was_given() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS):
        pass
    async with Client(variables=KEYS) as client:
        assert client.statistics().connections.active == 0


async def test_an_hour_of_retries_and_limits_takes_no_time(autojump_clock: MockClock) -> None:
    def script(request: RecordedRequest) -> Failure | Reply:
        failures[request.text] += 1
        return Failure(429, retry_after=20) if failures[request.text] < 3 else Reply(latency=70)

    failures: Counter[str] = Counter()
    requests = [trio_llm.ChatRequest(MODEL, [{"role": "user", "content": str(number)}]) for number in range(100)]
    limits, timeouts = Limits(max_in_flight=2), Timeouts(total=None)
    async with Client(transport=Simulator(script), variables=KEYS, limits=limits, timeouts=timeouts) as client:
        outcomes = await client.fan_out(requests)

    assert {outcome.status for outcome in outcomes} == {"ok"}
    assert trio.current_time() >= 3_500


async def test_limits_and_timeouts_must_make_sense() -> None:
    with pytest.raises(ValueError, match="max_in_flight"):
        Limits(max_in_flight=0)
    with pytest.raises(ValueError, match="total"):
        Timeouts(total=-1)
    with pytest.raises(ValueError, match="attempts"):
        RetryPolicy(attempts=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timeout", "soon"),
        ("timeout", float("nan")),
        ("timeout", -1),
        ("timeout", True),
        ("num_retries", -1),
        ("num_retries", 1.5),
        ("api_key", b"k"),
        ("api_base", 5),
        ("custom_llm_provider", 7),
        ("extra_headers", ["x"]),
        ("extra_body", "x"),
        ("priority", "x"),
    ],
)
async def test_an_option_of_the_wrong_kind_is_named_before_anything_is_sent(name: str, value: object) -> None:
    arguments: dict[str, Any] = {name: value}
    with pytest.raises(BadRequestError, match=f"{name} must be"):
        trio_llm.ChatRequest(MODEL, MESSAGES, **arguments)


async def test_a_call_that_has_no_time_sends_nothing() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        await client.completion(MODEL, MESSAGES)
        with pytest.raises(Timeout) as caught:
            await client.completion(MODEL, MESSAGES, timeout=0)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await client.completion(MODEL, MESSAGES)

    assert caught.value.attempts == 0
    assert scope.cancelled_caught
    assert len(simulator.requests) == 1


def test_a_client_of_another_run_says_so() -> None:
    client = Client(transport=Simulator(), variables=KEYS)

    async def call() -> None:
        await client.completion(MODEL, MESSAGES)

    trio.run(call)
    with pytest.raises(RuntimeError, match="another run"):
        trio.run(call)
    with pytest.raises(RuntimeError, match="another run"):
        asyncio.run(call())
