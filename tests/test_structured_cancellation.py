"""Cancelled at every step, no function leaves a task, a socket or a slot: in memory and over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest

from trio_llm import AllFailedError, ChatRequest, Client, LLMError, RetryPolicy, stop_when, tee
from trio_llm._runtime import trio
from trio_llm.testing import (
    Action,
    AtEvent,
    Failure,
    RecordedRequest,
    Reply,
    Simulator,
    StepOptions,
    cancel_at_every_step,
    serve,
)

MODEL = "openai/any"


def ask(text: str, **params: Any) -> ChatRequest:
    return ChatRequest(MODEL, [{"role": "user", "content": text}], **params)


async def fan_out(client: Client) -> None:
    await client.fan_out([ask("a"), ask("bad"), ask("c", stream=True), partial(trio.sleep, 0.01)], limit=2)


async def fan_out_to_its_deadline(client: Client) -> None:
    await client.fan_out(source(), limit=2, deadline=0.045)


async def source() -> AsyncIterator[ChatRequest]:  # noqa: ASYNC900 - what users write
    for number in range(3):
        await trio.sleep(0.001)
        yield ask(str(number))


async def as_completed(client: Client) -> None:
    async with client.as_completed([ask("a"), ask("b"), ask("slow")], limit=2) as outcomes:
        async for outcome in outcomes:
            if outcome.index == 1:
                break


async def race(client: Client) -> None:
    async def accept(_: Any) -> bool:
        await trio.sleep(0.001)
        return True

    await client.race([ask("slow"), ask("bad"), ask("a")], accept)


async def race_without_a_winner(client: Client) -> None:
    with pytest.raises(AllFailedError):
        await client.race([ask("bad"), ask("a")], lambda _: False)


async def hedge(client: Client) -> None:
    await client.hedge(ask("slow"), after=0.005)


async def cascade(client: Client) -> None:
    await client.cascade([ask("bad"), ask("slow"), ask("a")], after=0.005)


async def merge(client: Client) -> None:
    async with client.merge({"a": ask("a"), "b": ask("b")}, buffer=1) as events:
        async for _ in events:
            await trio.sleep(0.001)


async def merge_with_a_failure(client: Client) -> None:
    with pytest.raises(LLMError):
        async with client.merge({"a": ask("a"), "bad": ask("bad")}) as events:
            async for _ in events:
                pass


async def shared(client: Client) -> None:
    async def read(reader: AsyncIterator[Any]) -> None:
        async for _ in reader:
            await trio.sleep(0.001)

    stream = await client.call(ask("a", stream=True))
    async with tee(stream, 2, lag=1) as readers, trio.open_nursery() as nursery:
        for reader in readers:
            nursery.start_soon(read, reader)


async def stopped(client: Client) -> None:
    async for _ in stop_when(await client.call(ask("a", stream=True)), lambda response: bool(response.choices)):
        pass
    async with client.stream(MODEL, [{"role": "user", "content": "a"}]) as stream:
        async for _ in stop_when(stream, lambda response: bool(response.choices)):
            pass


async def fallbacks(client: Client) -> None:
    await client.completion(MODEL, [{"role": "user", "content": "a"}], fallbacks=[ask("a")])
    await client.call(ask("bad", fallbacks=[ask("a")]))


async def restarted(client: Client) -> None:
    with pytest.raises(LLMError):
        async for _ in await client.call(ask("cut", stream=True, on_break="restart")):
            pass


async def drained(client: Client) -> None:
    async with trio.open_nursery() as nursery:

        async def call(text: str) -> None:
            try:
                await client.call(ask(text))
            except LLMError:
                await trio.lowlevel.checkpoint()

        nursery.start_soon(call, "a")
        nursery.start_soon(call, "slow")
        await trio.sleep(0.001)
        await client.drain(0.02)


def act(request: RecordedRequest) -> Action | None:
    acts: dict[str, Action] = {
        "bad": Failure(400, "bad", latency=0.01),
        "slow": Reply(latency=0.05),
        "cut": Reply(["a ", "b ", "c"], gap=0.001, cut_at=AtEvent(2)),
    }
    return acts.get(request.text) or Reply(["a ", "b"], latency=0.02, gap=0.005)


RETRY = RetryPolicy(attempts=2, first_pause=0.001, jitter=0)


@asynccontextmanager
async def in_memory() -> AsyncIterator[Client]:
    async with Client(transport=Simulator(act), variables={"OPENAI_API_KEY": "k"}, retry=RETRY) as client:
        yield client


@asynccontextmanager
async def over_sockets() -> AsyncIterator[Client]:
    async with anyio.create_task_group() as tasks:
        base_url = await tasks.start(serve, Simulator(act))
        variables = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{base_url}/v1"}
        async with Client(variables=variables, retry=RETRY) as client:
            yield client
        tasks.cancel_scope.cancel()


SCENARIOS = [
    fan_out,
    fan_out_to_its_deadline,
    as_completed,
    race,
    race_without_a_winner,
    hedge,
    cascade,
    merge,
    merge_with_a_failure,
    shared,
    stopped,
    fallbacks,
    restarted,
]
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)


@each_scenario
def test_nothing_is_left_in_memory(scenario: Callable[[Client], Awaitable[None]]) -> None:
    report = cancel_at_every_step(scenario, open_context=in_memory, after=call_again)

    assert min(report.steps.values()) >= 2


@each_scenario
@pytest.mark.timeout(240)
def test_nothing_is_left_over_real_sockets(scenario: Callable[[Client], Awaitable[None]]) -> None:
    options = StepOptions(autojump_threshold=0.002)
    report = cancel_at_every_step(scenario, open_context=over_sockets, after=call_again, options=options)

    assert min(report.steps.values()) >= 2


async def call_again(client: Client) -> None:
    await client.call(ask("again"))


async def nothing_more(_: Client) -> None:
    await trio.lowlevel.checkpoint()


@pytest.mark.parametrize("open_context", [in_memory, over_sockets])
def test_a_cancelled_drain_leaves_nothing_either(open_context: Any) -> None:
    options = StepOptions(autojump_threshold=0.0 if open_context is in_memory else 0.002)
    report = cancel_at_every_step(drained, open_context=open_context, after=nothing_more, options=options)

    assert min(report.steps.values()) >= 2
