"""A stream as server-sent events for a browser: what is sent, and what happens when the browser leaves."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from virtual import GONE, ask, assert_nothing_left, client_of, ends, in_virtual_time

from trio_llm import Client, InternalServerError, ResponsesRequest, TextCompletionRequest, sse
from trio_llm._runtime import trio
from trio_llm.testing import AtEvent, Failure, RawReply, Reply, Simulator

MESSAGES = [{"role": "user", "content": "x"}]
SLOW = Reply(["one ", "two ", "three"], gap=10)


def events_of(body: bytes) -> list[tuple[str, Any]]:
    """Names and data of the events; `[DONE]` as it is."""
    found = []
    for block in body.decode().removesuffix("\n\n").split("\n\n"):
        *names, data = block.split("\n")
        text = data.removeprefix("data: ")
        name = names[0].removeprefix("event: ") if names else ""
        found.append((name, text if text == "[DONE]" else json.loads(text)))
    return found


async def body_of(stream: Any) -> list[tuple[str, Any]]:
    return events_of(b"".join([piece async for piece in sse(stream)]))


@in_virtual_time
async def test_each_chunk_is_an_event_that_openais_client_reads_and_done_is_the_last() -> None:
    simulator = Simulator(SLOW)
    async with client_of(simulator) as client:
        *events, last = await body_of(await client.call(ask("x", stream=True)))

    types = pytest.importorskip("openai.types.chat")
    chunks = [types.ChatCompletionChunk.model_validate(data) for _, data in events]
    assert last == ("", "[DONE]")
    assert {name for name, _ in events} == {""}
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "one two three"
    assert [data["choices"][0]["finish_reason"] for _, data in events][-1] == "stop"
    assert events[0][1]["choices"][0]["finish_reason"] is None


@in_virtual_time
async def test_a_pumped_stream_is_sent_as_well() -> None:
    async with client_of(Simulator(SLOW)) as client, client.stream("openai/gpt-4o", MESSAGES) as stream:
        events = await body_of(stream)

    assert len(events) > 3
    assert events[-1][1] == "[DONE]"


@in_virtual_time
async def test_text_completions_and_responses_are_sent_too_and_events_keep_their_names() -> None:
    async with client_of(Simulator(SLOW)) as client:
        texts = await body_of(
            await client.call(TextCompletionRequest("openai/gpt-3.5-turbo-instruct", "x", stream=True))
        )
        events = await body_of(await client.call(ResponsesRequest("x", "openai/gpt-4o", stream=True)))

    assert "".join(data["choices"][0]["text"] for _, data in texts[:-1] if data["choices"]) == "one two three"
    assert [name for name, _ in events[:-1]] == [data["type"] for _, data in events[:-1]]
    assert (events[0][0], events[-2][0]) == ("response.created", "response.completed")
    assert texts[-1][1] == events[-1][1] == "[DONE]"


BROKEN = Reply(["one ", "two "], cut_at=AtEvent(3))


@in_virtual_time
async def test_a_call_that_fails_ends_in_an_error_event_and_is_not_done() -> None:
    async with client_of(Simulator(BROKEN)) as client:
        events = await body_of(await client.call(ask("x", stream=True)))
        named = await body_of(await client.call(ResponsesRequest("x", "openai/gpt-4o", stream=True)))

    error = events[-1][1]["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "server_error"
    assert ("", "[DONE]") not in events + named
    assert named[-1][0] == named[-1][1]["type"] == "error"
    assert named[-1][1]["sequence_number"] == named[-2][1]["sequence_number"] + 1


@in_virtual_time
async def test_a_fault_of_the_program_is_no_event() -> None:
    class Chunks:
        def __aiter__(self) -> Chunks:
            return self

        async def __anext__(self) -> Any:
            await trio.lowlevel.checkpoint()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await body_of(Chunks())


@pytest.mark.parametrize("read", [0, 1])
@in_virtual_time
async def test_a_body_that_is_left_ends_the_request_to_the_provider(read: int) -> None:
    simulator = Simulator(SLOW)
    async with client_of(simulator) as client:
        async with sse(await client.call(ask("x", stream=True))) as body:
            for _ in range(read):
                await anext(body)
        assert_nothing_left(client, simulator)

    assert ends(simulator) == {"x": GONE}


@in_virtual_time
async def test_a_reader_that_is_cancelled_ends_the_request_to_the_provider() -> None:
    simulator = Simulator(SLOW)
    async with client_of(simulator) as client:
        stream = await client.call(ask("x", stream=True))
        with trio.move_on_after(15):
            await body_of(stream)
        assert_nothing_left(client, simulator)

    assert ends(simulator) == {"x": GONE}


class Browser:
    """The other end of an ASGI application: it leaves after so many seconds."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.sent: list[MutableMapping[str, Any]] = []

    async def receive(self) -> MutableMapping[str, Any]:
        await trio.sleep(self.patience)
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        self.sent.append(message)


@asynccontextmanager
async def asked(simulator: Simulator) -> AsyncIterator[tuple[Client, Any]]:
    async with client_of(simulator) as client:
        yield client, await client.call(ask("x", stream=True))
        assert_nothing_left(client, simulator)


@in_virtual_time
async def test_called_as_an_application_it_sends_everything_and_ends() -> None:
    browser = Browser(patience=1000)
    async with asked(Simulator(SLOW)) as (_, stream):
        await sse(stream)({"type": "http"}, browser.receive, browser.send)

    start, *bodies = browser.sent
    assert start["status"] == 200
    assert dict(start["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert events_of(b"".join(message["body"] for message in bodies))[-1][1] == "[DONE]"
    assert [message["more_body"] for message in bodies] == [True] * (len(bodies) - 1) + [False]


@in_virtual_time
async def test_called_as_an_application_it_ends_the_request_to_the_provider_when_the_browser_leaves() -> None:
    simulator, browser = Simulator(SLOW), Browser(patience=15)
    async with asked(simulator) as (_, stream):
        began = trio.current_time()
        await sse(stream)({"type": "http"}, browser.receive, browser.send)
        assert trio.current_time() - began == pytest.approx(15)

    assert ends(simulator) == {"x": GONE}
    assert browser.sent[-1]["more_body"]


@in_virtual_time
async def test_a_send_that_fails_ends_the_request_to_the_provider_with_its_own_error() -> None:
    async def send(message: MutableMapping[str, Any]) -> None:
        await trio.lowlevel.checkpoint()
        raise BrokenPipeError

    simulator = Simulator(SLOW)
    async with asked(simulator) as (_, stream):
        with pytest.raises(BrokenPipeError):
            await sse(stream)({"type": "http"}, Browser(1000).receive, send)

    assert ends(simulator) == {"x": GONE}


@in_virtual_time
async def test_a_request_that_fails_at_once_has_no_body() -> None:
    async with client_of(Simulator(Failure(500))) as client:
        with pytest.raises(InternalServerError):
            sse(await client.call(ask("x", stream=True)))


@in_virtual_time
async def test_no_character_of_an_answer_ends_a_line_for_clients_that_split_text() -> None:
    told = "one\u2028two\u2029three\x85four\nfive\r"
    async with client_of(Simulator(Reply([told]))) as client:
        body = b"".join([piece async for piece in sse(await client.call(ask("x", stream=True)))])

    blocks = [line for line in body.decode().splitlines() if line]
    chunks = [json.loads(line.removeprefix("data: ")) for line in blocks[:-1]]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == told


@pytest.mark.parametrize("kind", ["odd\ndata: injected", "\r", 5])
@in_virtual_time
async def test_a_name_that_a_provider_made_up_writes_no_fields(kind: Any) -> None:
    body = f"data: {json.dumps({'type': kind, 'x': 1})}\n\n".encode()
    ended = b'data: {"type": "response.completed", "response": {"object": "response", "output": []}}\n\n'
    simulator = Simulator(RawReply(body + ended, content_type="text/event-stream"))
    async with Client(transport=simulator, variables={"OPENAI_API_KEY": "k"}) as client:
        sent = b"".join([piece async for piece in sse(await client.responses("Hi", "openai/any", stream=True))])

    assert [line for line in sent.splitlines() if line.startswith(b"event: ")] == [b"event: response.completed"]
    assert sent.count(b"\ndata: injected") == 0


@pytest.mark.parametrize("given", [None, 5, "text", [b"x"]])
def test_what_is_no_stream_is_refused_before_a_response_begins(given: Any) -> None:
    with pytest.raises(TypeError, match="sse takes a stream, not"):
        sse(given)


@in_virtual_time
async def test_a_call_that_was_not_awaited_and_a_whole_response_are_told_apart() -> None:
    async with client_of(Simulator(SLOW)) as client:

        async def call() -> Any:
            return await client.call(ask("x", stream=True))

        with pytest.raises(TypeError, match="await the call first"):
            sse(call())  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="stream=True"):
            sse(await client.call(ask("x")))
