"""2,000 calls of every kind, cancelled at random: nothing is left, and the next call succeeds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import httpx2
import pytest
import trio

from trio_llm import APIError, Client, Limits, RetryPolicy
from trio_llm.testing import RecordedRequest, Reply, Simulator, running_server

CALLS = 2_000
WORKERS = 50
SLOTS = 20
KEYS = {"OPENAI_API_KEY": "k"}
MESSAGES = [{"role": "user", "content": "Tell me a little."}]
MODEL = "openai/gpt-4o"


def script(request: RecordedRequest) -> Reply:
    """Quick, slow and trickling answers."""
    return [Reply(), Reply(latency=0.02), Reply(["a ", "b ", "c ", "d"], gap=0.005)][request.number % 3]


async def call(client: Client, kind: int) -> None:
    if kind == 0:
        await client.completion(MODEL, MESSAGES)
    elif kind == 1:
        async for _ in await client.completion(MODEL, MESSAGES, stream=True):
            pass
    else:
        async with client.stream(MODEL, MESSAGES) as stream:
            async for _ in stream:
                pass


async def cancelled_by_a_scope(client: Client, kind: int, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        await call(client, kind)


async def cancelled_by_its_task(client: Client, kind: int, seconds: float) -> None:
    """Once or twice by `task.cancel()`, or by `wait_for`, as applications on asyncio do it."""
    if kind == 1:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(call(client, kind), seconds)
        return
    task = asyncio.create_task(call(client, kind))
    await asyncio.sleep(seconds)
    task.cancel()
    if kind == 2:
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.wait([task])


Canceller = Callable[[Client, int, float], Awaitable[None]]


async def storm(client: Client, canceller: Canceller, seed: int) -> None:
    chance = random.Random(seed)
    plans = iter([(chance.randrange(3), chance.choice([0, 0.001, 0.004, 0.03])) for _ in range(CALLS)])

    async def worker() -> None:
        for kind, seconds in plans:
            try:
                await canceller(client, kind, seconds)
            except APIError as error:
                pytest.fail(f"a cancelled call raised {error!r}")

    async with anyio.create_task_group() as group:
        for _ in range(WORKERS):
            group.start_soon(worker)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def nothing_is_left(client: Client) -> None:
    (account,) = client.statistics().accounts.values()
    assert (account.in_flight, account.waiting) == (0, 0)
    assert client.statistics().connections.active == 0
    with anyio.fail_after(5):
        response = await client.completion(MODEL, MESSAGES)
    assert response.choices[0].message.content


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
@pytest.mark.parametrize("kind", ["memory", "native", "httpx2"])
@pytest.mark.parametrize("canceller", [cancelled_by_a_scope, cancelled_by_its_task])
def test_a_storm_leaves_nothing(backend: str, kind: str, canceller: Canceller) -> None:
    if backend == "trio" and canceller is cancelled_by_its_task:
        pytest.skip("tasks are cancelled one by one on asyncio only")
    simulator = Simulator(script)
    limits, retry = Limits(max_in_flight=SLOTS), RetryPolicy(attempts=1)

    async def in_memory() -> None:
        tasks = _tasks()
        async with Client(transport=simulator, variables=KEYS, limits=limits, retry=retry) as client:
            await storm(client, canceller, seed=1)
            await nothing_is_left(client)
        assert _tasks() == tasks

    async def over_sockets(base_url: str) -> None:
        tasks, variables = _tasks(), {**KEYS, "OPENAI_BASE_URL": f"{base_url}/v1"}
        if kind == "native":
            async with Client(variables=variables, limits=limits, retry=retry) as client:
                await storm(client, canceller, seed=2)
                await nothing_is_left(client)
        else:
            async with (
                httpx2.AsyncClient(trust_env=False, timeout=None) as http,
                Client(http_client=http, variables=variables, limits=limits, retry=retry) as client,
            ):
                await storm(client, canceller, seed=3)
                await nothing_is_left(client)
        assert _tasks() == tasks

    if kind == "memory":
        anyio.run(in_memory, backend=backend)
        assert simulator.statistics().active == 0
        return
    with running_server(simulator):  # what an event loop opens for the process, it opens once
        anyio.run(anyio.lowlevel.checkpoint, backend=backend)
    before = open_files()
    with running_server(simulator) as base_url:
        anyio.run(over_sockets, base_url, backend=backend)
    assert open_files() <= before


def _tasks() -> int:
    if trio.lowlevel.in_trio_run():
        return trio.lowlevel.current_statistics().tasks_living
    return len(asyncio.all_tasks())
