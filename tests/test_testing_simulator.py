"""The simulator in memory, behind a client: what arrives when, and what the ledger says of it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
from trio.testing import MockClock

import trio_llm
from trio_llm import Client, RetryPolicy
from trio_llm._transport import ReplyError, TransportError
from trio_llm._types.http import HTTPRequest, Origin
from trio_llm.testing import (
    AtEvent,
    Disconnect,
    Failure,
    RecordedRequest,
    Reply,
    RequestOutcome,
    Script,
    ScriptExhaustedError,
    Simulator,
    run_in_virtual_time,
    running_server,
)

pytestmark = pytest.mark.anyio

KEYS = {"OPENAI_API_KEY": "simulated", "ANTHROPIC_API_KEY": "simulated", "GEMINI_API_KEY": "simulated"}
QUESTION = [{"role": "user", "content": "one two three"}]
ORIGIN = Origin("https", "simulator.invalid", 443)
STREAMED = HTTPRequest("POST", "/v1/chat/completions", (), b'{"stream": true}')


def client_of(simulator: Simulator) -> Client:
    return Client(transport=simulator, variables=KEYS, retry=RetryPolicy(attempts=1))


def times(record: RecordedRequest) -> tuple[float, float | None, float | None]:
    return record.started, record.first_byte, record.ended


@pytest.mark.parametrize("model", ["openai/any", "anthropic/any", "gemini/any"])
async def test_a_client_gets_its_answer_whole_and_streamed(model: str) -> None:
    simulator = Simulator()
    async with client_of(simulator) as client:
        whole = await client.completion(model, QUESTION)
        async with client.stream(model, QUESTION) as stream:
            chunks = [chunk async for chunk in stream]

    assert whole.choices[0].message.content == "echo: one two three"
    assert [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content] == [
        "echo: ",
        "one ",
        "two ",
        "three",
    ]
    assert [record.outcome for record in simulator.requests] == [RequestOutcome.FINISHED] * 2
    assert [record.tokens_sent for record in simulator.requests] == [4, 4]
    assert simulator.requests[1].stream


async def test_the_ledger_has_the_times_of_a_stream(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply("a b", latency=3, gap=0.5))
    async with client_of(simulator) as client, client.stream("openai/any", QUESTION) as stream:
        async for _ in stream:
            pass

    # Role, two words, finish, usage, [DONE].
    assert times(simulator.requests[0]) == (0, 3, 5.5)
    assert trio.current_time() == 5.5


async def test_a_slow_reader_finds_what_arrived_meanwhile(autojump_clock: MockClock) -> None:
    reply = await Simulator(Reply("a b", gap=1)).send(ORIGIN, STREAMED)
    await reply.read()
    await trio.sleep(10)
    while await reply.read():
        pass

    assert trio.current_time() == 10


async def test_a_client_that_leaves_is_seen_to_leave(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply("a b c d e f", gap=1))
    async with client_of(simulator) as client:
        with trio.move_on_after(3.5):
            async for _ in await client.completion("openai/any", QUESTION, stream=True):
                pass

    record = simulator.requests[0]
    assert record.outcome is RequestOutcome.CLIENT_GONE
    assert record.ended == 3.5
    assert record.tokens_sent == 3


async def test_leaving_before_the_head_counts_as_leaving(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply(latency=math.inf))
    with trio.move_on_after(2):
        await simulator.send(ORIGIN, STREAMED)

    assert times(simulator.requests[0]) == (0, None, 2)
    assert simulator.statistics().client_gone == 1
    assert simulator.statistics().active == 0


async def test_a_connection_that_breaks_before_the_head_is_a_transport_error() -> None:
    simulator = Simulator(Disconnect())
    with pytest.raises(TransportError):
        await simulator.send(ORIGIN, STREAMED)

    assert simulator.requests[0].outcome is RequestOutcome.BROKEN
    assert simulator.requests[0].status is None


async def test_a_cut_reply_breaks_off_where_it_should() -> None:
    simulator = Simulator(Reply("a b", cut_at=AtEvent(2)))
    reply = await simulator.send(ORIGIN, STREAMED)
    pieces = [await reply.read(), await reply.read()]
    with pytest.raises(ReplyError):
        await reply.read()
    await reply.aclose()

    assert all(pieces)
    assert simulator.requests[0].outcome is RequestOutcome.BROKEN
    assert simulator.statistics().broken == 1


async def test_a_stalled_reply_never_ends(autojump_clock: MockClock) -> None:
    reply = await Simulator(Reply("a b", stall_at=AtEvent(1))).send(ORIGIN, STREAMED)
    await reply.read()
    with trio.move_on_after(86_400) as scope:
        await reply.read()

    assert scope.cancelled_caught


@pytest.mark.parametrize("script", [Failure(500), Reply("hi", latency=1)])
async def test_connections_are_counted_until_replies_are_closed(autojump_clock: MockClock, script: Script) -> None:
    simulator = Simulator(script)
    async with trio.open_nursery() as nursery:
        replies = []

        async def ask() -> None:
            replies.append(await simulator.send(ORIGIN, STREAMED))

        for _ in range(3):
            nursery.start_soon(ask)
    assert simulator.statistics().active == 3
    for reply in replies:
        await reply.aclose()
        await reply.aclose()

    assert simulator.statistics().active == 0
    assert simulator.statistics().idle == 0
    assert simulator.statistics().peak == 3
    await simulator.aclose()


async def test_an_answer_that_is_all_there_is_finished_even_if_its_end_is_not_read() -> None:
    simulator = Simulator()
    reply = await simulator.send(ORIGIN, HTTPRequest("POST", "/v1/chat/completions", (), b"{}"))
    await reply.read()
    await reply.aclose()

    assert simulator.statistics().finished == 1
    assert simulator.requests[0].bytes_sent == int(reply.head.headers["content-length"])


async def test_two_simulators_draw_the_same_from_the_same_script() -> None:
    async def run() -> list[str | None]:
        async with client_of(Simulator([Reply("a"), Reply("b")], then=Reply())) as client:
            replies = [await client.completion("openai/any", QUESTION) for _ in range(3)]
        return [reply.choices[0].message.content for reply in replies]

    assert await run() == await run() == ["a", "b", "echo: one two three"]


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_hours_pass_in_no_time(backend: str) -> None:
    simulator = Simulator(Reply("a b", latency=3600, gap=60))

    async def ask() -> str | None:
        async with client_of(simulator) as client:
            response = await client.completion("openai/any", QUESTION, timeout=10_000)
        return response.choices[0].message.content

    text = run_in_virtual_time(ask, backend="trio" if backend == "trio" else "asyncio")

    assert text == "a b"
    assert simulator.requests[0].first_byte == pytest.approx(simulator.requests[0].started + 3600)


def test_arguments_are_handed_on() -> None:
    async def add(first: int, second: int) -> int:
        await trio.lowlevel.checkpoint()
        return first + second

    assert run_in_virtual_time(add, 1, 2) == 3


@pytest.mark.parametrize("script", ["Hi", ["Hi"], lambda _: "Hi"], ids=["text", "list", "function"])
async def test_a_script_of_something_else_than_actions_is_told_what_to_write(script: Any) -> None:
    with pytest.raises(TypeError, match=r"not of 'Hi': write Reply\('Hi'\)"):
        async with client_of(Simulator(script)) as client:
            await client.completion("openai/any", QUESTION)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_that_nothing_was_scripted_for_is_an_error_that_says_so(stream: bool) -> None:
    async with client_of(Simulator([Reply("a")])) as client:
        await client.completion("openai/any", QUESTION)
        with pytest.raises(
            ScriptExhaustedError, match=r"before request 2 \(/v1/chat/completions\).*then=Reply\(\)"
        ) as caught:
            await client.completion("openai/any", QUESTION, stream=stream)

    assert caught.value.request.text == "one two three"


def test_a_request_over_the_network_that_nothing_was_scripted_for_is_told_once() -> None:
    simulator = Simulator([Reply("a")])
    with running_server(simulator) as base_url:
        trio_llm.completion("openai/any", QUESTION, api_base=f"{base_url}/v1")
        with pytest.raises(trio_llm.InternalServerError, match="then=Reply"):
            trio_llm.completion("openai/any", QUESTION, api_base=f"{base_url}/v1")

    assert len(simulator.requests) == 2


@pytest.mark.parametrize("model", ["openai/any", "anthropic/any", "mistral/any", "gemini/any"])
async def test_no_key_is_needed_and_one_that_is_set_is_sent(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MISTRAL_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    simulator = Simulator()
    async with Client(transport=simulator) as client:
        await client.completion(model, QUESTION)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-own")
    async with Client(transport=simulator) as client:
        await client.completion("openai/any", QUESTION)

    assert "simulated" in str(simulator.requests[0].headers)
    assert simulator.requests[1].headers["authorization"] == "Bearer sk-own"


async def test_variables_that_are_given_are_all_the_keys_there_are() -> None:
    async with Client(transport=Simulator(), variables={}) as client:
        with pytest.raises(trio_llm.AuthenticationError):
            await client.completion("openai/any", QUESTION)
