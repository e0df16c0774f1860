"""The simulator on loopback: the same replies over real sockets, cuts and departures included."""

from __future__ import annotations

import math
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from trio_llm import APIConnectionError, Client, RetryPolicy, completion
from trio_llm.testing import (
    AtByte,
    AtEvent,
    Delivery,
    Disconnect,
    FaultPlan,
    Reply,
    RequestOutcome,
    Simulator,
    running_server,
    serve,
)

pytestmark = pytest.mark.anyio

QUESTION = [{"role": "user", "content": "one two three"}]
GET = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def served(simulator: Simulator) -> AsyncIterator[Client]:
    """A client whose provider is the simulator, over a real port."""
    async with anyio.create_task_group() as tasks:
        base_url = await tasks.start(serve, simulator)
        variables = {f"{name}_API_KEY": "simulated" for name in ("OPENAI", "ANTHROPIC", "GEMINI")}
        variables |= {"OPENAI_BASE_URL": f"{base_url}/v1", "ANTHROPIC_BASE_URL": base_url, "GEMINI_BASE_URL": base_url}
        async with Client(variables=variables, retry=RetryPolicy(attempts=1)) as client:
            yield client
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("model", ["openai/any", "anthropic/any", "gemini/any"])
async def test_a_served_answer_is_the_one_in_memory(model: str) -> None:
    simulator = Simulator(Reply(split=50))
    async with served(simulator) as client:
        whole = await client.completion(model, QUESTION)
        async with client.stream(model, QUESTION) as stream:
            async for _ in stream:
                pass
        kept = client.statistics().connections.idle
    await simulator.wait_idle()

    assert whole.choices[0].message.content == "echo: one two three"
    assert stream.response.choices[0].message.content == "echo: one two three"
    assert simulator.statistics().finished == 2
    assert kept == 1  # the second call went over the connection of the first


@pytest.mark.parametrize(
    "fault",
    [Disconnect(), Delivery(cut_at=AtEvent(0)), Delivery(cut_at=AtByte(40))],
    ids=["before the head", "after the head", "within the body"],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_cut_reaches_the_client_as_a_broken_connection(fault: Delivery | Disconnect, stream: bool) -> None:
    simulator = Simulator(faults=FaultPlan([fault]))
    async with served(simulator) as client:
        with pytest.raises(APIConnectionError):
            await client.completion("openai/any", QUESTION, stream=stream)

    assert simulator.requests[0].outcome is RequestOutcome.BROKEN


@pytest.mark.parametrize(
    "reply",
    [Reply(latency=math.inf), Reply(stall_at=AtEvent(2))],
    ids=["before the head", "in the body"],
)
async def test_the_server_notices_that_its_client_is_gone(reply: Reply) -> None:
    simulator = Simulator(reply)
    async with served(simulator) as client:
        with anyio.move_on_after(0.05):
            async for _ in await client.completion("openai/any", QUESTION, stream=True):
                pass
        await simulator.wait_idle()

    assert simulator.requests[0].outcome is RequestOutcome.CLIENT_GONE


async def test_many_clients_are_served_at_once() -> None:
    simulator = Simulator(Reply(latency=0.1))
    async with served(simulator) as client, anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(client.completion, "openai/any", QUESTION)

    assert simulator.statistics().finished == 20
    assert simulator.statistics().peak > 1


async def exchange(base_url: str, data: bytes) -> bytes:
    """Everything that the server answers to some bytes until it closes."""
    host, _, port = base_url.removeprefix("http://").rpartition(":")
    async with await anyio.connect_tcp(host.strip("[]"), int(port)) as stream:
        await stream.send(data)
        return b"".join([piece async for piece in stream])


async def test_requests_sent_ahead_are_answered_in_turn_and_the_last_closes() -> None:
    async with anyio.create_task_group() as tasks:
        base_url = await tasks.start(serve, Simulator())
        last = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        answer = await exchange(base_url, GET + GET + last)
        tasks.cancel_scope.cancel()

    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 3


@pytest.mark.parametrize(
    "data", [b"nonsense\r\n\r\n", GET.replace(b"Host", b"Connection: upgrade\r\nUpgrade: h2c\r\nHost")]
)
async def test_what_is_no_plain_request_ends_the_connection(data: bytes) -> None:
    async with anyio.create_task_group() as tasks:
        base_url = await tasks.start(serve, Simulator())
        assert await exchange(base_url, data) == b""
        tasks.cancel_scope.cancel()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_an_ipv6_address_is_written_in_brackets() -> None:
    async with anyio.create_task_group() as tasks:
        base_url = await tasks.start(serve, Simulator(), "::1")
        assert base_url.startswith("http://[::1]:")
        tasks.cancel_scope.cancel()


async def test_a_client_that_leaves_while_bytes_flow_does_no_harm() -> None:
    simulator = Simulator(Reply(["word" * 5_000] * 2_000))
    async with served(simulator) as client:
        async with client.stream("openai/any", QUESTION) as stream:
            await anext(aiter(stream))
        await simulator.wait_idle()

    assert simulator.requests[0].outcome is RequestOutcome.CLIENT_GONE


async def test_inside_trio_a_running_server_is_refused_and_inside_asyncio_it_serves(anyio_backend_name: str) -> None:
    if anyio_backend_name == "trio":
        with pytest.raises(RuntimeError, match=r"nursery\.start\(serve, simulator\)"), running_server(Simulator()):
            pass
        return
    with running_server(Simulator()) as base_url:
        variables = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{base_url}/v1"}
        async with Client(variables=variables) as client:
            response = await client.completion("gpt-4", QUESTION)
    assert response.choices[0].message.content == "echo: one two three"


def test_a_running_server_serves_synchronous_code() -> None:
    simulator = Simulator()
    with running_server(simulator) as base_url:
        response = completion("openai/any", QUESTION, api_key="simulated", base_url=f"{base_url}/v1")

    assert response.choices[0].message.content == "echo: one two three"
    assert simulator.statistics().requests == 1
