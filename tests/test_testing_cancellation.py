"""The prover finds what it is for: seeded leaks of every kind, on both loops; and it passes what is clean."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
import trio
from anyio.lowlevel import checkpoint

from trio_llm import ChatRequest, Client, Limits
from trio_llm._types.http import HTTPRequest, Origin
from trio_llm.testing import (
    AtEvent,
    CancellationReport,
    LeakError,
    Reply,
    Simulator,
    StepOptions,
    cancel_at_every_step,
    serve,
)

QUESTION = [{"role": "user", "content": "Hi"}]
ORIGIN = Origin("https", "simulator.invalid", 443)
STREAMED = HTTPRequest("POST", "/v1/chat/completions", (), b'{"stream": true}')
ON_TRIO = StepOptions(backends=["trio"])
ON_ASYNCIO = StepOptions(backends=["asyncio"])
on_each_loop = pytest.mark.parametrize("options", [ON_TRIO, ON_ASYNCIO], ids=["trio", "asyncio"])


async def whole(client: Client) -> None:
    await client.completion("openai/any", QUESTION)


async def pulled(client: Client) -> None:
    stream = await client.completion("openai/any", QUESTION, stream=True)
    async for _ in stream:
        pass


async def pumped(client: Client) -> None:
    async with client.stream("openai/any", QUESTION) as stream:
        async for _ in stream:
            pass


async def fanned_out(client: Client) -> None:
    await client.fan_out([ChatRequest("openai/any", QUESTION)] * 2)


@pytest.mark.parametrize("scenario", [whole, pulled, pumped, fanned_out])
def test_the_clients_calls_leave_nothing_behind(scenario: Callable[[Client], Awaitable[None]]) -> None:
    report = cancel_at_every_step(scenario)

    assert len(report.steps) == 6
    assert min(report.steps.values()) >= 2
    assert report.runs == sum(report.steps.values())


@pytest.mark.parametrize(("scenario", "threshold"), [(pulled, None), (whole, 0.001)], ids=["real time", "virtual time"])
def test_real_sockets_are_left_clean_as_well(
    scenario: Callable[[Client], Awaitable[None]], threshold: float | None
) -> None:
    @asynccontextmanager
    async def open_context() -> AsyncIterator[Client]:
        async with anyio.create_task_group() as tasks:
            base_url = await tasks.start(serve, Simulator(Reply("a b", latency=0.001, gap=0.001)))
            variables = {"OPENAI_API_KEY": "simulated", "OPENAI_BASE_URL": base_url}
            async with Client(variables=variables) as client:
                yield client
            tasks.cancel_scope.cancel()

    report = cancel_at_every_step(
        scenario, open_context=open_context, options=StepOptions(autojump_threshold=threshold)
    )

    assert min(report.steps.values()) >= 1


def expect_leak(scenario: Any, words: str, options: StepOptions, **more: Any) -> LeakError:
    with pytest.raises(LeakError, match=words) as caught:
        cancel_at_every_step(scenario, options=options, **more)
    return caught.value


async def no_call(_context: object) -> None:
    await checkpoint()


@on_each_loop
def test_a_reply_that_is_closed_only_on_success_is_found(options: StepOptions) -> None:
    async def scenario(simulator: Simulator) -> None:
        reply = await simulator.send(ORIGIN, STREAMED)
        while await reply.read():
            pass
        await reply.aclose()

    @asynccontextmanager
    async def open_context() -> AsyncIterator[Simulator]:
        await checkpoint()
        yield Simulator(Reply("a b", gap=0.1))

    leak = expect_leak(scenario, "connections still active: 1", options, open_context=open_context, after=no_call)

    assert leak.step > 0
    assert leak.canceller.startswith(options.backends[0])
    assert leak.problems == ("connections still active: 1",)


@on_each_loop
def test_a_slot_that_is_given_back_only_on_success_is_found(options: StepOptions) -> None:
    kept: list[object] = []

    async def scenario(client: Client) -> None:
        stream = await client.completion("openai/any", QUESTION, stream=True)
        kept.append(stream)
        async for _ in stream:
            await checkpoint()

    expect_leak(
        scenario,
        r"slots of openai .*: 1 still held, .* in .*scenario; connections still active: 1, .* in .*scenario",
        options,
    )


@on_each_loop
def test_a_task_that_outlives_its_scope_is_found(options: StepOptions) -> None:
    async def scenario() -> None:
        done = False

        async def linger() -> None:
            while not done:  # noqa: ASYNC110  # the seeded bug takes every turn it can get
                await checkpoint()

        if options is ON_TRIO:
            task: object = trio.lowlevel.spawn_system_task(linger)
        else:
            task = asyncio.create_task(linger())
        await checkpoint()
        assert task
        done = True
        await checkpoint()

    expect_leak(scenario, r"a task still runs: .*linger", options)


def test_a_cancellation_that_is_swallowed_is_found() -> None:
    async def scenario() -> None:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:  # noqa: ASYNC103  # the seeded bug
            return  # noqa: ASYNC104

    expect_leak(scenario, "swallowed", StepOptions(backends=["asyncio"]))


class Items:
    """What a scenario has taken and not given back; a context without a client."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Items]:
        await checkpoint()
        yield cls()

    async def none_is_taken(self) -> None:
        await checkpoint()
        assert not self.taken, "an item was taken and lost"


def test_a_result_that_is_lost_in_the_moment_of_its_arrival_is_found() -> None:
    async def take(items: Items) -> None:
        arrival = asyncio.get_running_loop().create_future()

        def arrive() -> None:
            if not arrival.cancelled():
                items.taken.append("item")
                arrival.set_result("item")

        asyncio.get_running_loop().call_later(1, arrive)
        await arrival
        items.taken.clear()

    leak = expect_leak(
        take, "an item was taken and lost", ON_ASYNCIO, open_context=Items.open, after=Items.none_is_taken
    )

    assert leak.canceller == "asyncio, task.cancel() as the wait ends"


def test_a_cleaning_up_that_a_second_cancellation_breaks_is_found() -> None:
    async def hold(items: Items) -> None:
        items.taken.append("item")
        try:
            await anyio.sleep(1)
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):  # no shield against asyncio's own cancellation
                await checkpoint()
                items.taken.clear()
            raise
        items.taken.clear()

    leak = expect_leak(
        hold, "an item was taken and lost", ON_ASYNCIO, open_context=Items.open, after=Items.none_is_taken
    )

    assert leak.canceller == "asyncio, two task.cancel()"


@on_each_loop
def test_an_error_in_place_of_the_cancellation_is_found(options: StepOptions) -> None:
    async def scenario() -> None:
        done = False
        try:
            await anyio.sleep(1)
            done = True
        finally:
            if not done:
                raise KeyError("cleaning up")

    leak = expect_leak(scenario, "raised KeyError.* when it was cancelled", options)

    assert isinstance(leak.__cause__, KeyError)


@on_each_loop
def test_a_next_call_that_fails_is_found(options: StepOptions) -> None:
    async def after(_context: object) -> None:
        await checkpoint()
        raise OSError("closed")

    leak = expect_leak(whole, r"the next call failed: OSError\('closed'\)", options, after=after)

    assert str(leak).startswith("not cancelled")


@on_each_loop
def test_a_next_call_that_hangs_is_found(options: StepOptions) -> None:
    async def after(_context: object) -> None:
        await anyio.sleep_forever()

    expect_leak(whole, "did not end within 5 s", options, after=after)


def test_an_error_that_nobody_retrieves_is_found() -> None:
    async def fail() -> None:
        raise ValueError("nobody listens")

    async def scenario() -> None:
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    expect_leak(scenario, "nobody listens", ON_ASYNCIO)


@on_each_loop
def test_a_scenario_that_fails_by_itself_says_so(options: StepOptions) -> None:
    async def scenario() -> None:
        await checkpoint()
        raise LookupError("a mistake in the test")

    with pytest.raises(LookupError, match="a mistake in the test"):
        cancel_at_every_step(scenario, options=options)


@on_each_loop
def test_an_exit_passes_through(options: StepOptions) -> None:
    async def scenario() -> None:
        await checkpoint()
        raise SystemExit(3)

    with pytest.raises(BaseException) as caught:  # noqa: PT011
        cancel_at_every_step(scenario, options=options)

    assert isinstance(caught.value, SystemExit)


@on_each_loop
def test_a_scenario_without_end_is_refused(options: StepOptions) -> None:
    async def scenario() -> None:
        for _ in range(50):
            await checkpoint()

    short = StepOptions(backends=options.backends, max_steps=10)
    with pytest.raises(ValueError, match="more than 10 steps"):
        cancel_at_every_step(scenario, options=short)


def clean_run() -> CancellationReport:
    async def scenario() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 1)
            tasks.start_soon(checkpoint)
            await anyio.sleep(2)

    return cancel_at_every_step(scenario)


@pytest.mark.anyio
async def test_it_may_be_called_from_async_tests() -> None:
    assert clean_run().runs > 10


def test_pauses_are_counted_apart_from_steps() -> None:
    steps = clean_run().steps

    # The pauses end at 1 s and at 2 s, the clock's jump being one moment more each time.
    assert steps["trio, in a pause"] == 4
    assert steps["trio, at a step"] >= 4


def test_every_step_is_the_same_in_every_run() -> None:
    assert clean_run() == clean_run()


def test_waiting_for_a_slot_can_be_cancelled() -> None:
    @asynccontextmanager
    async def open_context() -> AsyncIterator[Client]:
        simulator = Simulator(Reply(latency=1))
        limits, keys = Limits(max_in_flight=1), {"OPENAI_API_KEY": "simulated"}
        async with Client(transport=simulator, limits=limits, variables=keys) as client:
            yield client

    cancel_at_every_step(fanned_out, open_context=open_context)


def test_a_stalled_stream_under_a_time_limit_leaves_nothing() -> None:
    @asynccontextmanager
    async def open_context() -> AsyncIterator[Client]:
        simulator = Simulator([Reply("a b", stall_at=AtEvent(2))], then=Reply())
        async with Client(transport=simulator, variables={"OPENAI_API_KEY": "simulated"}) as client:
            yield client

    async def scenario(client: Client) -> None:
        with pytest.raises(TimeoutError):
            async with client.stream("openai/any", QUESTION, timeout=3) as stream:
                async for _ in stream:
                    pass

    cancel_at_every_step(scenario, open_context=open_context)


async def waits_on_trio() -> None:
    await trio.sleep(1)


async def waits_on_asyncio() -> None:
    await asyncio.sleep(1)


@pytest.mark.parametrize(("scenario", "backend"), [(waits_on_trio, "trio"), (waits_on_asyncio, "asyncio")])
def test_a_scenario_for_one_loop_is_told_which_option_it_needs(scenario: Any, backend: Any) -> None:
    with pytest.raises(RuntimeError, match=re.escape(f'options=StepOptions(backends=("{backend}",))')):
        cancel_at_every_step(scenario)
    assert cancel_at_every_step(scenario, options=StepOptions(backends=(backend,))).runs > 0


def test_a_scenario_that_fails_on_one_loop_for_another_reason_fails_with_that_and_a_note() -> None:
    async def scenario() -> None:
        raise RuntimeError("a mistake of its own")

    with pytest.raises(RuntimeError, match="a mistake of its own") as caught:
        cancel_at_every_step(scenario)
    assert "StepOptions" in caught.value.__notes__[0]
