"""Limits against a provider that has some: what is refused, what gets through, and what is left of broken calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
from trio.testing import MockClock

from trio_llm import APIError, Client, Limits, RateLimitError, RetryPolicy, Timeouts
from trio_llm._runtime import trio as either
from trio_llm._transport import Transport, TransportStatistics
from trio_llm._types.http import HTTPRequest, Origin
from trio_llm.testing import (
    AtEvent,
    Delivery,
    Disconnect,
    Failure,
    FaultPlan,
    RateLimits,
    Reply,
    Script,
    Simulator,
    StepOptions,
    cancel_at_every_step,
    serve,
)
from trio_llm.testing._simulator import SimulatedReply

pytestmark = pytest.mark.anyio
KEYS = {"OPENAI_API_KEY": "simulated", "ANTHROPIC_API_KEY": "simulated", "GEMINI_API_KEY": "simulated"}
MESSAGES = [{"role": "user", "content": "one two three"}]
TOKENS_OF_A_CALL = 3 + 4
"""The question, and its echo."""
PATIENT = Timeouts(total=None)


def client_of(transport: Transport, limits: Limits, *, attempts: int = 3) -> Client:
    retry = RetryPolicy(attempts=attempts, jitter=0)
    return Client(transport=transport, variables=KEYS, limits=limits, retry=retry, timeouts=PATIENT)


async def offer(client: Client, model: str, per_minute: float, minutes: float) -> None:
    """Make calls steadily, whether or not earlier ones have ended; whoever then still waits is sent home."""

    async def call() -> None:
        try:
            await client.completion(model, MESSAGES, max_tokens=4)
        except RateLimitError:
            await trio.lowlevel.checkpoint()

    end = trio.current_time() + minutes * 60
    with trio.CancelScope(deadline=end):
        async with trio.open_nursery() as nursery:
            while True:
                nursery.start_soon(call)
                await trio.sleep(60 / per_minute)


def answered(simulator: Simulator, since: float, until: float) -> int:
    return sum(since <= request.started < until for request in simulator.requests if request.status == 200)


def refused(simulator: Simulator, since: float = 0) -> int:
    return sum(request.started >= since for request in simulator.requests if request.status == 429)


STEADY: dict[str, tuple[str, Limits, RateLimits, float]] = {
    "requests": ("openai/any", Limits(requests_per_minute=300), RateLimits(requests_per_minute=300), 300),
    "tokens": (
        "openai/any",
        Limits(tokens_per_minute=3_000),
        RateLimits(tokens_per_minute=3_000),
        3_000 / TOKENS_OF_A_CALL,
    ),
    "adaptive, openai": ("openai/any", Limits(adaptive=True), RateLimits(requests_per_minute=300), 300),
    "adaptive, anthropic": ("anthropic/any", Limits(adaptive=True), RateLimits(requests_per_minute=300), 300),
    "adaptive, small bursts": ("openai/any", Limits(adaptive=True), RateLimits(requests_per_minute=300, burst=5), 300),
    "adaptive, tokens": (
        "openai/any",
        Limits(adaptive=True),
        RateLimits(tokens_per_minute=3_000),
        3_000 / TOKENS_OF_A_CALL,
    ),
}


@pytest.mark.parametrize("case", STEADY)
@pytest.mark.parametrize("latency", [1, 20], ids=["quick", "slow"])
async def test_more_load_than_is_allowed_meets_no_429_and_gets_nearly_all_that_is_allowed(
    case: str, latency: float, autojump_clock: MockClock
) -> None:
    model, limits, allowed, per_minute = STEADY[case]
    simulator = Simulator(Reply(latency=latency), limits=allowed)
    async with client_of(simulator, limits) as client:
        await offer(client, model, per_minute * 1.4, minutes=4)

    assert refused(simulator, since=60 if "bursts" in case else 0) == 0  # of those nobody tells beforehand
    # What slow calls have reserved counts until they end, and the estimate of a prompt is rarely its size.
    share = 0.8 if latency > 1 and limits.tokens_per_minute else 0.95
    assert answered(simulator, 60, 240) >= share * 3 * per_minute


async def test_without_headers_the_number_in_flight_finds_the_rate(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply(latency=1), limits=RateLimits(requests_per_minute=300, burst=5))
    async with client_of(simulator, Limits(adaptive=True)) as client:
        await offer(client, "gemini/any", 600, minutes=5)

    assert answered(simulator, 60, 300) >= 0.8 * 4 * 300
    assert refused(simulator, since=60) <= 0.05 * 4 * 300


class Changing:
    """A provider that changes its limits: one simulator after the other."""

    def __init__(self, *phases: tuple[float, Simulator]) -> None:
        self._phases = phases

    @property
    def current(self) -> Simulator:
        """The one that serves now."""
        return [simulator for since, simulator in self._phases if since <= trio.current_time()][-1]

    async def send(self, origin: Origin, request: HTTPRequest) -> SimulatedReply:
        return await self.current.send(origin, request)

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()

    def statistics(self) -> TransportStatistics:
        return self.current.statistics()


@pytest.mark.parametrize(("before", "after"), [(300, 60), (60, 300), (300, 30)])
@pytest.mark.parametrize("model", ["openai/any", "anthropic/any"])
async def test_a_changed_limit_is_followed_within_two_windows(
    model: str, before: float, after: float, autojump_clock: MockClock
) -> None:
    old, new = (
        Simulator(Reply(latency=1), limits=RateLimits(requests_per_minute=limit, burst=10)) for limit in (before, after)
    )
    async with client_of(Changing((0, old), (120, new)), Limits(adaptive=True)) as client:
        await offer(client, model, 400, minutes=6)

    assert refused(new, since=240) == 0
    assert answered(new, 240, 360) >= 0.95 * 2 * after


async def test_a_changed_limit_is_found_again_without_headers(autojump_clock: MockClock) -> None:
    old, new = (
        Simulator(Reply(latency=1), limits=RateLimits(requests_per_minute=limit, burst=10)) for limit in (600, 60)
    )
    async with client_of(Changing((0, old), (120, new)), Limits(adaptive=True)) as client:
        await offer(client, "gemini/any", 600, minutes=6)

    assert answered(new, 240, 360) >= 0.7 * 2 * 60


@pytest.mark.parametrize("model", ["openai/any", "anthropic/any", "gemini/any"])
async def test_retry_after_holds_everybody_back(model: str, autojump_clock: MockClock) -> None:
    simulator = Simulator([Failure(429, retry_after=30)], then=Reply())
    async with client_of(simulator, Limits()) as client, trio.open_nursery() as nursery:
        nursery.start_soon(client.completion, model, MESSAGES)
        await trio.sleep(1)
        for _ in range(10):
            nursery.start_soon(client.completion, model, MESSAGES)

    # One tries, another a second later, and then ever more of them.
    times = [request.started for request in simulator.requests[1:]]
    assert times[:4] == pytest.approx([30, 31, 31.5, 31.75])
    assert times[-1] < 32


async def test_an_overload_in_the_middle_of_a_stream_holds_everybody_back(autojump_clock: MockClock) -> None:
    simulator = Simulator([Reply("a b c", error_at=4)])
    async with client_of(simulator, Limits(), attempts=1) as client:
        with pytest.raises(APIError):
            async with client.stream("anthropic/any", MESSAGES) as stream:
                async for _ in stream:
                    pass
        (account,) = client.statistics().accounts.values()
        assert account.paused_for == pytest.approx(1)
        assert account.errors == 1


async def test_a_429_without_retry_after_waits_for_the_reset_of_what_is_used_up(autojump_clock: MockClock) -> None:
    headers = {
        "x-ratelimit-limit-requests": "9",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "17s",
    }
    simulator = Simulator([Failure(429, headers=headers)], then=Reply())
    async with client_of(simulator, Limits()) as client:
        await client.completion("openai/any", MESSAGES)

    assert trio.current_time() == 17


async def test_the_providers_word_in_the_body_goes_before_the_reset_headers(autojump_clock: MockClock) -> None:
    headers = {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "17"}
    simulator = Simulator([Failure(429, retry_after=3, headers=headers)], then=Reply())
    async with client_of(simulator, Limits()) as client:
        await client.completion("gemini/any", MESSAGES)

    assert trio.current_time() == 3


async def test_a_retry_that_the_limits_put_after_the_deadline_counts_the_attempt_made(
    autojump_clock: MockClock,
) -> None:
    simulator = Simulator(Failure(500))
    async with client_of(simulator, Limits(requests_per_minute=1)) as client:
        with pytest.raises(RateLimitError, match="after its deadline") as caught:
            await client.completion("openai/any", MESSAGES, timeout=30)
        with pytest.raises(RateLimitError) as refused_at_once:
            await client.completion("openai/any", MESSAGES, timeout=30)

    assert (caught.value.attempts, refused_at_once.value.attempts) == (1, 0)
    assert refused_at_once.value.retry_after == pytest.approx(60 - trio.current_time())
    assert trio.current_time() == 0.5
    assert len(simulator.requests) == 1


async def test_priority_decides_who_goes_next(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply(latency=1))
    async with client_of(simulator, Limits(max_in_flight=1)) as client, trio.open_nursery() as nursery:
        for number in (5, 0, 1, 2):
            ask = partial(client.completion, messages=[{"role": "user", "content": f"{number}"}], priority=number)
            nursery.start_soon(ask, "openai/any")
            await trio.sleep(0.1)

    assert [request.text for request in simulator.requests] == ["5", "2", "1", "0"]


async def test_a_large_request_is_not_starved_by_small_ones(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply(latency=1), limits=RateLimits(tokens_per_minute=600))
    large = [{"role": "user", "content": "word " * 500}]
    async with client_of(simulator, Limits(tokens_per_minute=600)) as client:
        with trio.fail_after(600):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(offer, client, "openai/any", 300, 9)
                await trio.sleep(30)
                await client.completion("openai/any", large, max_tokens=50)
                nursery.cancel_scope.cancel()

    assert any("word" in request.text for request in simulator.requests)
    assert trio.current_time() < 150


ENDINGS: dict[str, tuple[Script, int]] = {
    "success": ((), TOKENS_OF_A_CALL),
    "failure": (Failure(500), 0),
    "disconnect": (Disconnect(), 0),
    "cancel": (Reply(latency=100), 0),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_call_pays_for_what_was_used_however_it_ends(ending: str, autojump_clock: MockClock) -> None:
    script, used = ENDINGS[ending]
    async with client_of(Simulator(script), Limits(tokens_per_minute=6_000), attempts=1) as client:
        with trio.move_on_after(9):
            try:
                await client.completion("openai/any", MESSAGES, max_tokens=1_000)
            except APIError:
                await trio.lowlevel.checkpoint()
        (account,) = client.statistics().accounts.values()

    assert account.tokens_left == 6_000 - used
    assert account.in_flight == 0


@pytest.mark.parametrize("close", [False, True], ids=["broken", "closed early"])
async def test_a_stream_that_does_not_end_pays_for_what_arrived(close: bool, autojump_clock: MockClock) -> None:
    reply = Reply("a b c d e f", cut_at=None if close else AtEvent(4))
    async with client_of(Simulator(reply), Limits(tokens_per_minute=6_000), attempts=1) as client:
        stream = await client.completion("openai/any", MESSAGES, max_tokens=1_000, stream=True)
        (account,) = client.statistics().accounts.values()
        assert account.tokens_left == pytest.approx(6_000 - 1_000, abs=20)
        if close:
            await stream.aclose()
        else:
            with pytest.raises(APIError):
                async for _ in stream:
                    pass
        (account,) = client.statistics().accounts.values()

    assert account.tokens_left == pytest.approx(6_000, abs=20)
    assert account.tokens_left != 6_000


async def test_a_success_that_tells_no_usage_pays_its_estimate() -> None:
    async with client_of(Simulator(), Limits(tokens_per_minute=6_000)) as client:
        await client.image_generation("a picture of a lighthouse", "openai/any")
        (account,) = client.statistics().accounts.values()

    assert account.tokens_left == pytest.approx(6_000 - 7, abs=1)


async def test_a_limiter_of_the_callers_is_shared_with_other_work(autojump_clock: MockClock) -> None:
    limiter = trio.CapacityLimiter(1)
    simulator = Simulator(Reply(latency=1))
    client = client_of(simulator, Limits(max_in_flight=limiter))
    async with client, trio.open_nursery() as nursery, limiter:
        nursery.start_soon(client.completion, "openai/any", MESSAGES)
        nursery.start_soon(client.completion, "anthropic/any", MESSAGES)
        await trio.sleep(10)

    assert [request.started for request in simulator.requests] == [10, 11]


# Cancelled at every step, with every limit on.

EVERYTHING = Limits(max_in_flight=1, requests_per_minute=600, tokens_per_minute=6_000, adaptive=True)


async def crowd(client: Client) -> None:
    """Calls and streams that wait for each other's slot, priority, pause and tokens."""

    async def read() -> None:
        async with client.stream("openai/any", MESSAGES, max_tokens=3_000) as stream:
            async for _ in stream:
                pass

    async with either.open_nursery() as nursery:
        nursery.start_soon(partial(client.completion, max_tokens=3_000), "openai/any", MESSAGES)
        nursery.start_soon(read)
        nursery.start_soon(partial(client.completion, priority=1), "openai/any", MESSAGES)


@asynccontextmanager
async def in_memory(limits: Callable[[], Limits]) -> AsyncGenerator[Client, None]:
    faults = FaultPlan([Failure(429, retry_after=0.5), None, Delivery(cut_at=AtEvent(1))])
    simulator = Simulator(Reply("a", latency=0.5, gap=0.1), faults=faults)
    async with Client(transport=simulator, variables=KEYS, limits=limits()) as client:
        yield client
        for account in client.statistics().accounts.values():
            demand_nothing_reserved(account.tokens_left)


def demand_nothing_reserved(tokens_left: float | None) -> None:
    assert tokens_left is not None
    assert tokens_left > 6_000 - 3_000


async def once_more(client: Client) -> None:
    await client.completion("openai/any", MESSAGES)


def test_a_crowd_leaves_nothing_wherever_it_is_cancelled() -> None:
    report = cancel_at_every_step(crowd, open_context=partial(in_memory, lambda: EVERYTHING), after=once_more)

    assert report.runs > 100


def test_a_crowd_at_a_shared_limiter_leaves_nothing_wherever_it_is_cancelled() -> None:
    def limits() -> Limits:
        return Limits(max_in_flight=either.CapacityLimiter(1), tokens_per_minute=6_000)

    report = cancel_at_every_step(crowd, open_context=partial(in_memory, limits), after=once_more)

    assert report.runs > 100


@asynccontextmanager
async def on_loopback() -> AsyncGenerator[Client, None]:
    simulator = Simulator(Reply("a b"), faults=FaultPlan([Failure(429, retry_after=0.01)]))
    async with either.open_nursery() as nursery:
        base_url = await nursery.start(serve, simulator)
        variables = {"OPENAI_API_KEY": "simulated", "OPENAI_BASE_URL": f"{base_url}/v1"}
        async with Client(variables=variables, limits=EVERYTHING) as client:
            yield client
        nursery.cancel_scope.cancel()


def test_a_call_over_sockets_leaves_nothing_wherever_it_is_cancelled() -> None:
    report = cancel_at_every_step(
        once_more, open_context=on_loopback, after=once_more, options=StepOptions(autojump_threshold=0.01)
    )

    assert report.runs > 20
