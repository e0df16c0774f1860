"""The simulator on loopback: the same replies over real sockets, cuts and departures included."""

from __future__ import annotations

import math
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest

from trio_llm import APIConnectionError, Client, RetryPolicy, completion
from trio_llm.testing import (
    AtByte,
    AtEvent,
    Delivery,
    Disconnect,
    FaultPlan,
    RecordedRequest,
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
    ("reply", "in_body"),
    [(Reply(latency=math.inf), False), (Reply(stall_at=AtEvent(2)), True)],
    ids=["before the head", "in the body"],
)
async def test_the_server_notices_that_its_client_is_gone(reply: Reply, in_body: bool) -> None:
    simulator = Simulator(reply)

    async def read() -> None:
        async for _ in await client.completion("openai/any", QUESTION, stream=True):
            pass

    async with served(simulator) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read)
            # What the simulator has seen so far is a list, and no event tells of it.
            while not simulator.requests or (in_body and simulator.requests[0].first_byte is None):  # noqa: ASYNC110
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
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
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (GET.replace(b"Host", b"Connection: upgrade\r\nUpgrade: h2c\r\nHost"), b"200"),
    ],
)
async def test_what_is_no_plain_request_ends_the_connection(data: bytes, status: bytes) -> None:
    assert (await answers(data)).startswith(b"HTTP/1.1 " + status)


async def answers(data: bytes, simulator: Simulator | None = None) -> bytes:
    async with anyio.create_task_group() as tasks:
        base_url = await tasks.start(serve, simulator or Simulator())
        answer = await exchange(base_url, data)
        tasks.cancel_scope.cancel()
    return answer


BODY = b'{"model": "m", "messages": [{"role": "user", "content": "one"}]}'
POST = b"POST /v1/chat/completions HTTP/1.%d\r\nHost: x\r\nContent-Length: %d\r\n%b\r\n"


async def test_a_client_that_asks_for_leave_gets_it_before_it_sends_its_body() -> None:
    async with anyio.create_task_group() as tasks:
        base_url = await tasks.start(serve, Simulator())
        host, _, port = base_url.removeprefix("http://").rpartition(":")
        async with await anyio.connect_tcp(host, int(port)) as stream:
            await stream.send(POST % (1, len(BODY), b"Expect: 100-continue\r\nConnection: close\r\n"))
            assert await stream.receive() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await stream.send(BODY)
            answer = b"".join([piece async for piece in stream])
        tasks.cancel_scope.cancel()

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close" in answer


async def test_whoever_sends_its_body_at_once_needs_no_leave() -> None:
    answer = await answers(POST % (1, len(BODY), b"Expect: 100-continue\r\nConnection: close\r\n") + BODY)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_an_old_client_gets_no_chunks_and_the_end_of_the_connection_ends_its_stream() -> None:
    streamed = BODY.replace(b"{", b'{"stream": true, ', 1)
    answer = await answers(POST % (0, len(streamed), b"") + streamed)
    head, _, body = answer.partition(b"\r\n\r\n")

    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")


async def test_an_old_client_that_asks_to_stay_may() -> None:
    stay = POST % (0, len(BODY), b"Connection: keep-alive\r\n") + BODY
    answer = await answers(stay + POST % (0, len(BODY), b"") + BODY)

    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"connection: keep-alive") == 1


async def test_a_head_has_the_length_of_the_body_that_it_lacks() -> None:
    whole = await answers(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    head = await answers(GET.replace(b"GET", b"HEAD").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))

    assert head == whole.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert b"content-length: " in head


async def test_an_expectation_of_something_else_and_a_missing_host_are_refused() -> None:
    assert (await answers(POST % (1, 0, b"Expect: a miracle\r\n"))).startswith(b"HTTP/1.1 417 ")
    assert (await answers(b"GET /v1/models HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "/v1/models", 405), ("GET", "/v1/chat/completions", 405), ("POST", "/nowhere", 404)],
)
async def test_wrong_methods_and_paths_are_said_apart(method: str, path: str, status: int) -> None:
    answer = await answers(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert (b"allow: " in answer) == (status == 405)


async def test_every_request_is_logged_with_what_became_of_it() -> None:
    logged: list[RecordedRequest] = []
    async with anyio.create_task_group() as tasks:
        base_url = await tasks.start(partial(serve, Simulator(), log=logged.append))
        await exchange(base_url, POST % (1, len(BODY), b"Connection: close\r\n") + BODY)
        tasks.cancel_scope.cancel()

    assert [(one.endpoint, one.status, one.outcome) for one in logged] == [
        ("openai.chat", 200, RequestOutcome.FINISHED)
    ]


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
