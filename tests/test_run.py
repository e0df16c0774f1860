"""Module functions: one default client for each run, gone when the run ends."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable, Iterator

import anyio
import pytest
import trio

import trio_llm
from trio_llm._client.default import default_client
from trio_llm.testing import Action, Failure, Reply, Simulator, running_server

MESSAGES = [{"role": "user", "content": "Hello"}]
SCRIPT: dict[str, Action] = {"fail": Failure(404, "no such model"), "wait": Reply(latency=60)}


@pytest.fixture(name="simulator")
def _served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    simulator = Simulator(lambda request: SCRIPT.get(request.text))
    with running_server(simulator) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{base_url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        yield simulator


async def use_every_function() -> trio_llm.Client:
    response = await trio_llm.acompletion(model="gpt-4", messages=MESSAGES)
    assert response.choices[0].message.content == "echo: Hello"
    stream = await trio_llm.acompletion(model="gpt-4", messages=MESSAGES, stream=True)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "echo: Hello"
    vectors = await trio_llm.aembedding(model="text-embedding-ada-002", input=["a", "b"])
    assert [item.index for item in vectors.data] == [0, 1]
    images = await trio_llm.aimage_generation(model="dall-e-3", prompt="a cat")
    assert images.data[0].url or images.data[0].b64_json
    outcomes = await trio_llm.fan_out([trio_llm.ChatRequest("gpt-4", MESSAGES)] * 3, limit=2)
    assert {outcome.status for outcome in outcomes} == {"ok"}
    client = await default_client()
    assert client is await default_client()
    return client


RUNS: dict[str, Callable[[], trio_llm.Client]] = {
    "trio.run": lambda: trio.run(use_every_function),
    "asyncio.run": lambda: asyncio.run(use_every_function()),
    "anyio.run on trio": lambda: anyio.run(use_every_function, backend="trio"),
    "anyio.run on asyncio": lambda: anyio.run(use_every_function, backend="asyncio"),
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_the_default_client_ends_with_its_run(run: Callable[[], trio_llm.Client], simulator: Simulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clients = [run(), run()]
        gc.collect()

    assert clients[0] is not clients[1]
    for client in clients:
        assert client._closed
        assert client.statistics().connections.idle == 0


def test_concurrent_first_calls_share_one_client(simulator: Simulator) -> None:
    async def main() -> None:
        async def note() -> None:
            seen.append(await default_client())

        seen: list[trio_llm.Client] = []
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(note)
        assert len(set(map(id, seen))) == 1

    trio.run(main)


def test_a_scope_outside_cancels_a_call(simulator: Simulator) -> None:
    async def main() -> None:
        call = trio_llm.acompletion(model="gpt-4", messages=[{"role": "user", "content": "wait"}])
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(call, timeout=0.1)
        (account,) = (await default_client()).statistics().accounts.values()
        assert account.in_flight == 0

    asyncio.run(main())
