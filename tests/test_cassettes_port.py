"""Cassettes on a port: other SDKs are recorded on their way to a provider, and hear the same again without it."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import openai
import pytest

from trio_llm import APIConnectionError, Client, RetryPolicy
from trio_llm._runtime import trio
from trio_llm._types.http import HTTPRequest, Origin
from trio_llm.testing import (
    AtEvent,
    Failure,
    Reply,
    Script,
    Simulator,
    ToolUse,
    record,
    replay,
    run_in_virtual_time,
    serve,
    serve_recording,
)
from trio_llm.transport import Transport

pytestmark = pytest.mark.anyio

HI: Any = [{"role": "user", "content": "Hi there"}]
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"


@asynccontextmanager
async def started(function: Any, *args: Any) -> AsyncIterator[str]:
    async with anyio.create_task_group() as tasks:
        yield await tasks.start(partial(function, *args))
        tasks.cancel_scope.cancel()


def said_by_sdk(base_url: str) -> list[Any]:
    """What OpenAI's own client hears of a chat, a stream, a tool call, an error and embeddings."""
    with openai.OpenAI(api_key=KEY, base_url=f"{base_url}/v1", max_retries=0) as client:
        heard: list[Any] = [client.chat.completions.create(model="m", messages=HI).model_dump()]
        heard += [chunk.model_dump() for chunk in client.chat.completions.create(model="m", messages=HI, stream=True)]
        heard.append(client.chat.completions.create(model="m", messages=HI, seed=1).model_dump())
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="m", messages=HI, seed=2)
        heard.append(str(caught.value))
        heard.append(client.embeddings.create(model="m", input="Hi").model_dump())
    return heard


@pytest.mark.parametrize("speed", [0, "recorded"])
async def test_an_sdk_hears_from_a_cassette_what_it_heard_through_the_port(speed: Any, tmp_path: Path) -> None:
    path = tmp_path / "sdk.jsonl"
    tool = Reply(tool_calls=[ToolUse("add", {"a": 1})])
    script: Script = [Reply(latency=0.01), Reply("one two", gap=0.005), tool, Failure(400, "not so"), Reply()]
    async with started(serve, Simulator(script)) as upstream:
        async with started(serve_recording, record(path), upstream) as base_url:
            heard = await anyio.to_thread.run_sync(said_by_sdk, base_url)
    player = replay(path, speed=speed)
    async with started(serve, player) as base_url:
        again = await anyio.to_thread.run_sync(said_by_sdk, base_url)

    assert again == heard
    assert len(heard) > 6
    assert not player.unplayed
    assert KEY not in await anyio.Path(path).read_text()
    started_at = [request.started for request in player.requests]
    assert (started_at[1] - started_at[0] >= 0.01) or speed == 0


class InMemory(httpx.AsyncBaseTransport):
    """Lets an SDK that uses httpx talk to a transport of ours, in virtual time."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        origin = Origin(request.url.scheme, request.url.host, request.url.port or 443)
        asked = HTTPRequest(
            request.method, request.url.raw_path.decode(), (*request.headers.items(),), await request.aread()
        )
        reply = await self._transport.send(origin, asked)
        return httpx.Response(reply.head.status, headers=dict(reply.head.headers), stream=Pieces(reply))


class Pieces(httpx.AsyncByteStream, AsyncIterator[bytes]):
    def __init__(self, reply: Any) -> None:
        self._reply = reply

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        piece: bytes = await self._reply.read()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        await self._reply.aclose()


async def heard_with_times(transport: Transport) -> list[tuple[float, Any]]:
    """What OpenAI's own client hears of a chat and a stream, and when."""
    heard: list[tuple[float, Any]] = []
    in_memory: Any = httpx.AsyncClient(transport=InMemory(transport))
    async with openai.AsyncOpenAI(api_key=KEY, max_retries=0, http_client=in_memory) as sdk:
        answer = await sdk.chat.completions.create(model="m", messages=HI)
        heard.append((trio.current_time(), answer.model_dump()))
        async for chunk in await sdk.chat.completions.create(model="m", messages=HI, stream=True):
            heard.append((trio.current_time(), chunk.model_dump()))
    return heard


def said_to_sdk(base_url: str) -> list[Any]:
    """The same, through a port and in time that passes."""
    with openai.OpenAI(api_key=KEY, base_url=f"{base_url}/v1", max_retries=0) as client:
        heard: list[Any] = [client.chat.completions.create(model="m", messages=HI).model_dump()]
        heard += [chunk.model_dump() for chunk in client.chat.completions.create(model="m", messages=HI, stream=True)]
    return heard


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, list[Any]]:
    """The cassette of a real SDK's calls through a port, and what it heard."""
    path = tmp_path / "sdk.jsonl"

    async def main() -> list[Any]:
        script: Script = [Reply("Hello", latency=0.02), Reply("one two three", gap=0.01)]
        async with started(serve, Simulator(script)) as upstream:
            async with started(serve_recording, record(path), upstream) as base_url:
                heard: list[Any] = await anyio.to_thread.run_sync(said_to_sdk, base_url)
                return heard

    return path, anyio.run(main)


# OpenAI's client leaves its own generators to the garbage collector.
@pytest.mark.filterwarnings("ignore:Async generator 'openai:ResourceWarning")
@pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <async_generator object AsyncStream:pytest.PytestUnraisableExceptionWarning"
)
def test_what_was_recorded_in_real_time_is_heard_at_the_same_virtual_times_on_both_loops(
    recorded: tuple[Path, list[Any]],
) -> None:
    path, said = recorded
    replies = [json.loads(line)["reply"] for line in path.read_text().splitlines()[1:]]
    spans = [reply["after"] + sum(piece["after"] for piece in reply["pieces"]) for reply in replies]

    def heard(speed: Any, backend: Any) -> list[tuple[float, Any]]:
        return run_in_virtual_time(heard_with_times, replay(path, speed=speed), backend=backend)

    in_time = heard("recorded", "trio")
    assert [event for _, event in in_time] == said
    assert in_time == heard("recorded", "asyncio")
    assert in_time[0][0] == pytest.approx(spans[0])
    assert spans[0] >= 0.02
    assert in_time[-1][0] <= sum(spans) + 1e-9
    assert in_time[-1][0] - in_time[1][0] >= 0.01
    for backend in ("trio", "asyncio"):
        assert heard(0, backend) == [(0.0, event) for event in said]
    assert KEY not in path.read_text()


async def test_what_is_stale_is_refused_at_the_port_with_the_difference(tmp_path: Path) -> None:
    path = tmp_path / "sdk.jsonl"
    async with Client(transport=record(path, Simulator())) as client:
        await client.completion("openai/m", HI)
    async with started(serve, replay(path)) as base_url, Client() as client:
        with pytest.raises(Exception, match=r"messages\[0\].content: recorded .Hi there., asked .Other."):
            await client.completion(
                "openai/m", [{"role": "user", "content": "Other"}], api_base=base_url + "/v1", api_key="k"
            )


async def test_what_breaks_behind_the_port_breaks_before_it(tmp_path: Path) -> None:
    simulator = Simulator(Reply("a b c", cut_at=AtEvent(2)))
    async with started(serve, simulator) as upstream:
        async with started(serve_recording, record(tmp_path / "cut.jsonl"), upstream) as base_url:
            async with Client(variables={"OPENAI_API_KEY": "k"}, retry=RetryPolicy(attempts=1)) as client:
                with pytest.raises(APIConnectionError) as caught:
                    async with client.stream("openai/m", HI, api_base=f"{base_url}/v1") as stream:
                        [_ async for _ in stream]
    assert caught.value.partial.choices[0].message.content == "a "


async def test_a_client_that_leaves_the_port_lets_go_of_the_provider(tmp_path: Path) -> None:
    simulator = Simulator(Reply("a b c", stall_at=AtEvent(2)))
    async with started(serve, simulator) as upstream:
        async with started(serve_recording, record(tmp_path / "left.jsonl"), upstream) as base_url:
            async with Client(variables={"OPENAI_API_KEY": "k"}) as client:
                async with client.stream("openai/m", HI, api_base=f"{base_url}/v1") as stream:
                    await anext(aiter(stream))
            await simulator.wait_idle()
    assert '"ending": "left"' in await anyio.Path(tmp_path / "left.jsonl").read_text()


async def test_a_provider_that_nobody_reaches_is_a_broken_connection(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        upstream = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with started(serve_recording, record(tmp_path / "none.jsonl"), upstream) as base_url:
            async with Client(variables={"OPENAI_API_KEY": "k"}, retry=RetryPolicy(attempts=1)) as client:
                with pytest.raises(APIConnectionError):
                    await client.completion("openai/m", HI, api_base=f"{base_url}/v1")
    assert '"failure"' in await anyio.Path(tmp_path / "none.jsonl").read_text()
