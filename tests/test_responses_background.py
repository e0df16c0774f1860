"""Responses in the background: looked at until complete, taken up again, cancelled with their call."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trio
from responses_wire import MESSAGE, events_of, response, stream_of

from trio_llm import (
    APIConnectionError,
    APIError,
    Client,
    ClientClosedError,
    InternalServerError,
    RateLimitError,
    RetryPolicy,
    Timeout,
)

EVENTS = events_of(response(background=True))
QUEUED = response(status="queued", output=[], usage=None)
RUNNING = response(status="in_progress", output=[], usage=None)
FAILED = response(status="failed", error={"code": "server_error", "message": "It broke."}, output=[MESSAGE])
Answer = Callable[[httpx.Request], httpx.Response]


class Provider:
    """Answers from a list, one request after the other, and notes when each came. The last answer stays."""

    def __init__(self, *answers: dict[str, Any] | httpx.Response) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[float, str, str]] = []
        self.bodies: list[Any] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((trio.current_time(), request.method, request.url.raw_path.decode()))
        self.bodies.append(json.loads(request.content) if request.content else None)
        if request.url.path.endswith("/cancel"):
            return httpx.Response(200, json=response(status="cancelled", output=[]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    @property
    def paths(self) -> list[str]:
        return [f"{method} {path}" for _, method, path in self.asked]


def streamed(events: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream_of(events))


@asynccontextmanager
async def asking(provider: Provider, attempts: int = 1) -> AsyncIterator[Client]:
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http,
        Client(http_client=http, variables={"OPENAI_API_KEY": "k"}, retry=RetryPolicy(attempts=attempts)) as client,
    ):
        yield client


CREATE, GET, CANCEL = "POST /v1/responses", "GET /v1/responses/resp_1", "POST /v1/responses/resp_1/cancel"
pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("autojump_clock")]


async def test_it_is_looked_at_ever_more_seldom_until_it_is_complete(autojump_clock: Any) -> None:
    provider = Provider(QUEUED, QUEUED, RUNNING, RUNNING, response())
    began = trio.current_time()
    async with asking(provider) as client:
        reply = await client.responses("Where?", "gpt-5", background=True)

    assert reply.output_text == "In Paris."
    assert provider.paths == [CREATE, *[GET] * 4]
    times = [at - began for at, _, _ in provider.asked]
    assert times == pytest.approx([0, 1, 2.5, 4.75, 8.125])


async def test_the_pauses_end_at_ten_seconds_or_a_minute_where_hours_were_given(autojump_clock: Any) -> None:
    for options, longest in ((None, 10), ({"completion_window": "8h"}, 60)):
        provider = Provider(QUEUED, *[RUNNING] * 14, response())
        async with asking(provider) as client:
            await client.responses("Where?", "gpt-5", background=True, background_options=options, timeout=3600)
        times = [at for at, _, _ in provider.asked]
        assert times[-1] - times[-2] == pytest.approx(longest)


async def test_what_is_complete_at_once_is_not_looked_at(autojump_clock: Any) -> None:
    provider = Provider(response())
    async with asking(provider) as client:
        await client.responses("Where?", "gpt-5", background=True)

    assert provider.paths == [CREATE]


async def test_who_asks_by_the_extra_body_has_the_queued_response_at_once(autojump_clock: Any) -> None:
    provider = Provider(QUEUED)
    async with asking(provider) as client:
        reply = await client.responses("Where?", "gpt-5", extra_body={"background": True})

    assert reply.status == "queued"
    assert (provider.paths, provider.bodies[0]["background"]) == ([CREATE], True)


async def test_a_cancelled_scope_cancels_the_response_at_the_provider(autojump_clock: Any) -> None:
    provider = Provider(QUEUED, RUNNING)
    async with asking(provider) as client:
        with trio.move_on_after(3) as scope:
            await client.responses("Where?", "gpt-5", background=True)

    assert scope.cancelled_caught
    assert provider.paths == [CREATE, GET, GET, CANCEL]


async def test_a_response_that_nobody_may_store_is_not_cancelled(autojump_clock: Any) -> None:
    provider = Provider(QUEUED, RUNNING)
    async with asking(provider) as client:
        with trio.move_on_after(3):
            await client.responses("Where?", "gpt-5", background=True, store=False)

    assert CANCEL not in provider.paths


async def test_the_deadline_of_the_call_is_one_deadline_and_says_what_there_was(autojump_clock: Any) -> None:
    provider = Provider(QUEUED, RUNNING)
    began = trio.current_time()
    async with asking(provider) as client:
        with pytest.raises(Timeout, match="within 5 s") as caught:
            await client.responses("Where?", "gpt-5", background=True, timeout=5)

    assert trio.current_time() - began == pytest.approx(5)
    assert caught.value.partial.status == "in_progress"
    assert provider.paths[-1] == CANCEL


async def test_a_look_that_fails_is_tried_again_as_any_call(autojump_clock: Any) -> None:
    busy = httpx.Response(503, json={"error": {"message": "busy"}})
    provider = Provider(QUEUED, busy, busy, response())
    async with asking(provider, attempts=3) as client:
        reply = await client.responses("Where?", "gpt-5", background=True)

    assert reply.status == "completed"
    assert provider.paths == [CREATE, GET, GET, GET]


async def test_a_response_that_fails_is_an_error_at_once_and_not_looked_at_again(autojump_clock: Any) -> None:
    provider = Provider(QUEUED, FAILED)
    async with asking(provider, attempts=4) as client:
        with pytest.raises(InternalServerError, match="It broke") as caught:
            await client.responses("Where?", "gpt-5", background=True)

    assert caught.value.partial.output_text == "In Paris."
    assert provider.paths[:2] == [CREATE, GET]
    assert provider.paths.count(GET) == 1


async def test_a_response_that_somebody_else_cancelled_is_an_error(autojump_clock: Any) -> None:
    provider = Provider(QUEUED, response(status="cancelled", output=[]))
    async with asking(provider) as client:
        with pytest.raises(APIError, match="cancelled") as caught:
            await client.responses("Where?", "gpt-5", background=True)

    assert caught.value.code == "cancelled"


async def test_a_client_that_is_closed_ends_the_waiting(autojump_clock: Any) -> None:
    provider = Provider(QUEUED, RUNNING)
    async with asking(provider) as client, trio.open_nursery() as nursery:

        @nursery.start_soon
        async def close() -> None:
            await trio.sleep(3)
            await client.aclose()

        with pytest.raises(ClientClosedError):
            await client.responses("Where?", "gpt-5", background=True)


# Streams


@pytest.mark.parametrize("cut", range(1, len(EVENTS)))
async def test_a_stream_that_breaks_is_taken_up_behind_its_last_event(autojump_clock: Any, cut: int) -> None:
    provider = Provider(streamed(EVENTS[:cut]), streamed(EVENTS[cut:]))
    async with asking(provider) as client:
        stream = await client.responses("Where?", "gpt-5", stream=True, background=True)
        events = [event.model_dump() async for event in stream]

    assert events == EVENTS
    assert provider.paths == [CREATE, f"{GET}?stream=true&starting_after={cut - 1}"]
    assert stream.response.output_text == "In Paris."


async def test_a_stream_may_break_again_and_again_as_long_as_events_come(autojump_clock: Any) -> None:
    provider = Provider(*(streamed([event]) for event in EVENTS))
    async with asking(provider) as client:
        async with client.stream_responses("Where?", "gpt-5", background=True) as stream:
            events = [event.model_dump() async for event in stream]

    assert events == EVENTS
    assert len(provider.asked) == len(EVENTS)


async def test_a_stream_that_brings_nothing_more_is_given_up_and_cancelled(autojump_clock: Any) -> None:
    provider = Provider(streamed(EVENTS[:4]), streamed([]))
    async with asking(provider) as client:
        stream = await client.responses("Where?", "gpt-5", stream=True, background=True)
        with pytest.raises(APIConnectionError) as caught:
            [event async for event in stream]

    assert caught.value.partial.id == "resp_1"
    assert provider.paths[-1] == CANCEL


async def test_a_response_that_is_streamed_no_more_is_looked_at_until_complete(autojump_clock: Any) -> None:
    gone = httpx.Response(400, json={"error": {"message": "This response can no longer be streamed."}})
    provider = Provider(streamed(EVENTS[:4]), gone, RUNNING, RUNNING, response())
    async with asking(provider) as client:
        stream = await client.responses("Where?", "gpt-5", stream=True, background=True)
        events = [event async for event in stream]

    assert [event.type for event in events] == [*(event["type"] for event in EVENTS[:4]), "response.completed"]
    assert stream.response.output_text == "In Paris."
    assert provider.paths == [CREATE, f"{GET}?stream=true&starting_after=3", GET, GET, GET]


async def test_a_stream_that_is_cancelled_cancels_the_response(autojump_clock: Any) -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:  # noqa: ASYNC900 - httpx asks for one
            yield stream_of(EVENTS[:4])
            await trio.sleep_forever()

    for in_block in (True, False):
        provider = Provider(httpx.Response(200, stream=Endless()))
        async with asking(provider) as client:
            with trio.move_on_after(3):
                if in_block:
                    async with client.stream_responses("Where?", "gpt-5", background=True) as pumped:
                        [event async for event in pumped]
                else:
                    stream = await client.responses("Where?", "gpt-5", stream=True, background=True)
                    [event async for event in stream]
        assert provider.paths == [CREATE, CANCEL]


async def test_a_stream_that_is_closed_early_cancels_the_response_and_one_that_is_complete_does_not(
    autojump_clock: Any,
) -> None:
    for events, expected in ((EVENTS[:4], [CREATE, CANCEL]), (EVENTS, [CREATE])):
        provider = Provider(streamed(events))
        async with asking(provider) as client:
            stream = await client.responses("Where?", "gpt-5", stream=True, background=True)
            await stream.__anext__()
            if events == EVENTS:
                [event async for event in stream]
            await stream.aclose()
            await stream.aclose()
        assert provider.paths == expected


async def test_an_error_inside_the_stream_is_final(autojump_clock: Any) -> None:
    said = {"type": "error", "code": "rate_limit_exceeded", "message": "Slower."}
    provider = Provider(streamed([*EVENTS[:4], said]))
    async with asking(provider) as client:
        stream = await client.responses("Where?", "gpt-5", stream=True, background=True)
        with pytest.raises(RateLimitError, match="Slower"):
            [event async for event in stream]

    assert provider.paths == [CREATE, CANCEL]


async def test_a_fallback_s_stream_is_taken_up_where_the_fallback_is(autojump_clock: Any) -> None:
    down = httpx.Response(500, json={"error": {"message": "down"}})
    provider = Provider(down, streamed(EVENTS[:5]), streamed(EVENTS[5:]))
    hosts: list[str] = []

    def note(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return provider(request)

    keys = {"OPENAI_API_KEY": "k", "XAI_API_KEY": "k"}
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(note)) as http,
        Client(http_client=http, variables=keys, retry=RetryPolicy(attempts=1)) as client,
    ):
        stream = await client.responses("?", "xai/grok-4", stream=True, background=True, fallbacks=["openai/gpt-5"])
        events = [event.model_dump() async for event in stream]

    assert events == EVENTS
    assert hosts == ["api.x.ai", "api.openai.com", "api.openai.com"]


async def test_a_stream_that_is_not_in_the_background_is_not_taken_up(autojump_clock: Any) -> None:
    provider = Provider(streamed(EVENTS[:-1]))
    async with asking(provider) as client:
        stream = await client.responses("Where?", "gpt-5", stream=True)
        with pytest.raises(APIConnectionError):
            [event async for event in stream]

    assert provider.paths == [CREATE]


async def test_events_of_a_stored_response_are_read_by_hand_as_well(autojump_clock: Any) -> None:
    provider = Provider(streamed(EVENTS[5:]))
    async with asking(provider) as client:
        stream = await client.get_response("resp_1", stream=True, starting_after=4)
        events = [event.model_dump() async for event in stream]

    assert events == EVENTS[5:]
    assert provider.paths == [f"{GET}?stream=true&starting_after=4"]
