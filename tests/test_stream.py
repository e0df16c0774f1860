"""Streams in both forms: limits, partial results, cancelled and forgotten reads."""

from __future__ import annotations

import gc
import math
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext

import pytest
import trio
from trio.testing import MockClock

import trio_llm
from trio_llm import APIConnectionError, ChatRequest, Client, ServiceUnavailableError, Timeout, Timeouts
from trio_llm.testing import AtEvent, Failure, RawReply, Reply, Script, Simulator

pytestmark = pytest.mark.anyio
MESSAGES = [{"role": "user", "content": "Count."}]
WORDS = ["one ", "two ", "three ", "four"]
MODELS = ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"]


def client_for(script: Script, timeouts: Timeouts | None = None, attempts: int = 1) -> Client:
    retry = trio_llm.RetryPolicy(attempts=attempts)
    return Client(transport=Simulator(script), timeouts=timeouts, retry=retry, variables=KEYS)


KEYS = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "GEMINI_API_KEY": "k"}


async def pulled_text(client: Client, model: str = MODELS[0]) -> str:
    stream = await client.completion(model, MESSAGES, stream=True)
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


@pytest.mark.parametrize("model", MODELS)
async def test_both_forms_give_the_text_and_the_folded_response(model: str) -> None:
    async with client_for(Reply(WORDS)) as client:
        stream = await client.completion(model, MESSAGES, stream=True)
        pulled = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        async with client.stream(model, MESSAGES) as pumped:
            pushed = "".join([chunk.choices[0].delta.content or "" async for chunk in pumped])
        whole = await client.completion(model, MESSAGES)

    assert pulled == pushed == whole.choices[0].message.content == "one two three four"
    for folded in (stream.response, pumped.response):
        assert folded.choices[0].message.content == "one two three four"
        assert folded.choices[0].finish_reason == "stop"
        assert folded.usage == whole.usage


async def test_chunks_without_choices_are_shown_only_to_those_who_ask() -> None:
    async with client_for(Reply(WORDS)) as client:
        usual = await client.completion(MODELS[0], MESSAGES, stream=True)
        shown = [chunk async for chunk in usual]
        asked = await client.completion(MODELS[0], MESSAGES, stream=True, stream_options={"include_usage": True})
        last = [chunk async for chunk in asked][-1]

    assert all(chunk.choices for chunk in shown)
    assert usual.response.usage is not None
    assert last.choices == []
    assert last.usage is not None


async def test_a_stream_that_breaks_off_raises_with_what_had_arrived() -> None:
    async with client_for(Reply(WORDS, cut_at=AtEvent(3))) as client:
        with pytest.raises(APIConnectionError) as pulled:
            await pulled_text(client)
        with pytest.raises(APIConnectionError) as pumped:
            async with client.stream(MODELS[0], MESSAGES) as stream:
                async for _ in stream:
                    pass

    for caught in (pulled, pumped):
        assert caught.value.partial is not None
        assert "one two three four".startswith(caught.value.partial.choices[0].message.content or "?")


async def test_an_error_event_before_the_first_content_is_retried_and_one_after_it_is_not(
    autojump_clock: MockClock,
) -> None:
    early = Reply(WORDS, error_at=0)
    async with client_for([early, Reply(WORDS)], attempts=2) as client:
        assert await pulled_text(client) == "one two three four"
    simulator = Simulator([Reply(WORDS, error_at=3), Reply(WORDS)])
    async with Client(transport=simulator, variables=KEYS) as client:
        with pytest.raises(trio_llm.APIError) as caught:
            await pulled_text(client)

    assert caught.value.partial is not None
    assert len(simulator.requests) == 1


@pytest.mark.parametrize(
    ("timeouts", "reply", "seconds", "words"),
    [
        (Timeouts(first_content=5), Reply(WORDS, stall_at=AtEvent(0)), 5, "no content within 5 s"),
        (Timeouts(first_content=5), Reply(WORDS, latency=math.inf), 5, "no content within 5 s"),
        (Timeouts(first_content=5), Reply(WORDS, keep_alives=100, gap=1), 5, "no content within 5 s"),
        (Timeouts(gap=3), Reply(WORDS, stall_at=AtEvent(3)), 3, "no further content for 3 s"),
        (Timeouts(gap=3), Reply(WORDS, stall_at=AtEvent(3), keep_alives=10, gap=1), None, "no further content for 3 s"),
        (Timeouts(total=10), Reply(WORDS, gap=4), 10, "the stream did not end within 10 s"),
    ],
)
async def test_each_limit_ends_a_stream_at_its_time_and_is_named(
    autojump_clock: MockClock, timeouts: Timeouts, reply: Reply, seconds: float | None, words: str
) -> None:
    async with client_for(reply, timeouts) as client:
        began = trio.current_time()
        with pytest.raises(Timeout, match=words):
            await pulled_text(client)

    if seconds is not None:
        assert trio.current_time() - began == pytest.approx(seconds)


@pytest.mark.parametrize("form", ["pulled", "pumped"])
async def test_a_slow_reader_is_not_taken_for_a_silent_provider(autojump_clock: MockClock, form: str) -> None:
    async def read_slowly(stream: AsyncIterator[trio_llm.ModelResponseStream]) -> str:
        text = ""
        async for chunk in stream:
            await trio.sleep(60)
            text += chunk.choices[0].delta.content or ""
        return text

    async with client_for(Reply(WORDS), Timeouts(gap=2, first_content=2)) as client:
        if form == "pulled":
            text = await read_slowly(await client.completion(MODELS[0], MESSAGES, stream=True))
        else:
            async with client.stream(MODELS[0], MESSAGES) as stream:
                text = await read_slowly(stream)

    assert text == "one two three four"


async def test_waiting_for_a_slot_is_not_taken_for_a_silent_provider(autojump_clock: MockClock) -> None:
    limits = trio_llm.Limits(max_in_flight=1)
    simulator = Simulator([Reply(WORDS, latency=50), Reply(WORDS, latency=50), Reply(WORDS)])
    began = trio.current_time()
    async with (
        Client(transport=simulator, limits=limits, timeouts=Timeouts(first_content=60), variables=KEYS) as client,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(pulled_text, client)
        nursery.start_soon(pulled_text, client)
        await trio.sleep(5)
        assert await pulled_text(client) == "one two three four"
        assert trio.current_time() - began > 60


async def test_a_cancelled_read_of_a_pumped_stream_loses_nothing(autojump_clock: MockClock) -> None:
    text, cancelled = "", 0
    async with client_for(Reply(WORDS, gap=1)) as client, client.stream(MODELS[0], MESSAGES) as stream:
        chunks = aiter(stream)
        while True:
            with trio.move_on_after(0.3) as scope:
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    break
                text += chunk.choices[0].delta.content or ""
            cancelled += scope.cancelled_caught

    assert text == "one two three four"
    assert cancelled > 3


async def test_a_cancelled_read_of_a_pulled_stream_ends_it_and_frees_its_slot(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply(WORDS, gap=1))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.completion(MODELS[0], MESSAGES, stream=True)
        with trio.move_on_after(0.3):
            async for _ in stream:
                pass
        (account,) = client.statistics().accounts.values()
        assert account.in_flight == 0
        with pytest.raises(APIConnectionError, match="a read of this stream was cancelled") as caught:
            await anext(stream)
    assert caught.value.partial is not None
    assert simulator.statistics().active == 0


async def test_two_tasks_cannot_read_one_stream_at_once(autojump_clock: MockClock) -> None:
    async with client_for(Reply(WORDS, gap=5)) as client:
        stream = await client.completion(MODELS[0], MESSAGES, stream=True)
        async with trio.open_nursery() as nursery:

            async def read_all() -> None:
                async for _ in stream:
                    pass

            nursery.start_soon(read_all)
            await trio.sleep(1)
            with pytest.raises(trio.BusyResourceError):
                await anext(stream)
            nursery.cancel_scope.cancel()


async def test_closing_a_stream_ends_the_read_of_another_task(autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply(WORDS, gap=60))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.completion(MODELS[0], MESSAGES, stream=True)

        async def read_all() -> None:
            with pytest.raises(trio.ClosedResourceError):
                async for _ in stream:
                    pass

        async with trio.open_nursery() as nursery:
            began = trio.current_time()
            nursery.start_soon(read_all)
            await trio.sleep(1)
            await stream.aclose()
            assert simulator.statistics().active == 0
    assert trio.current_time() == began + 1


class Stop(BaseException):
    """Like KeyboardInterrupt, which would end the test run if the test failed."""


@pytest.mark.parametrize("kind", [GeneratorExit, Stop])
async def test_what_is_no_error_leaves_a_block_bare_too(kind: type[BaseException]) -> None:
    async with client_for(Reply(WORDS)) as client:
        with pytest.raises(kind):
            async with client.stream(MODELS[0], MESSAGES) as stream:
                await anext(stream)
                raise kind


WHOLE = b"""{
    "id": "r",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "all at once", "tool_calls": [
        {"id": "c", "function": {"name": "f", "arguments": "{}"}}
    ]}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2}
}"""


async def test_a_whole_reply_to_a_stream_request_is_its_only_chunk() -> None:
    async with client_for(RawReply(WHOLE)) as client:
        stream = await client.completion(MODELS[0], MESSAGES, stream=True)
        (chunk,) = [chunk async for chunk in stream]

    assert chunk.choices[0].delta.content == stream.response.choices[0].message.content == "all at once"
    assert stream.response.usage is not None
    assert stream.response.choices[0].finish_reason == "tool_calls"


async def test_an_error_with_status_200_to_a_stream_request_is_read_like_any_other(autojump_clock: MockClock) -> None:
    error = RawReply(b'{"error": {"message": "too busy", "code": 503}}')
    async with client_for([error, Reply(WORDS)], attempts=2) as client:
        assert await pulled_text(client) == "one two three four"
    async with client_for(error) as client:
        with pytest.raises(trio_llm.APIError, match="too busy"):
            await pulled_text(client)


async def test_an_error_reply_that_never_ends_is_known_by_its_status(autojump_clock: MockClock) -> None:
    for stream in (False, True):
        reply = RawReply([b'{"error":', b"x"], status=429, stall_at=AtEvent(1))
        async with client_for(reply) as client:
            with pytest.raises(trio_llm.RateLimitError):
                await client.completion(MODELS[0], MESSAGES, stream=stream)
    assert trio.current_time() < 20


async def test_leaving_early_ends_the_request_in_both_forms() -> None:
    simulator = Simulator(Reply(WORDS))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.completion(MODELS[0], MESSAGES, stream=True)
        async with stream:
            await anext(stream)
        await stream.aclose()
        async with client.stream(MODELS[0], MESSAGES) as pumped:
            await anext(pumped)
        (account,) = client.statistics().accounts.values()
        assert account.in_flight == 0

    assert simulator.statistics().active == 0


async def test_an_error_of_the_block_leaves_it_bare() -> None:
    async with client_for(Reply(WORDS)) as client:
        with pytest.raises(ZeroDivisionError):
            async with client.stream(MODELS[0], MESSAGES) as stream:
                async for _ in stream:
                    raise ZeroDivisionError


async def test_an_error_on_entry_is_bare_and_says_what_the_provider_said() -> None:
    async with client_for(Failure(529, "come back later")) as client:
        with pytest.raises(ServiceUnavailableError, match="come back later") as caught:
            async with client.stream(MODELS[1], MESSAGES):
                pytest.fail("the block must not begin")

    assert caught.value.partial is None


async def test_a_forgotten_stream_gives_its_slot_back() -> None:
    simulator = Simulator(Reply(WORDS))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.completion(MODELS[0], MESSAGES, stream=True)
        await anext(stream)
        with pytest.warns(ResourceWarning) if trio.lowlevel.in_trio_run() else nothing_expected():
            del stream
            gc.collect()
        for _ in range(5):
            await checkpoint()
        (account,) = client.statistics().accounts.values()

    assert account.in_flight == 0
    assert simulator.statistics().active == 0


async def checkpoint() -> None:
    import anyio.lowlevel

    await anyio.lowlevel.checkpoint()


def nothing_expected() -> AbstractContextManager[None]:
    return nullcontext()


async def test_the_batches_of_a_stream_are_its_chunks(autojump_clock: MockClock) -> None:
    async with client_for(Reply(WORDS, gap=1)) as client:
        stream = await client.completion(MODELS[0], MESSAGES, stream=True)
        batches = []
        while batch := await stream.next_batch():
            batches += batch
        assert await stream.next_batch() == []

    assert "".join(chunk.choices[0].delta.content or "" for chunk in batches) == "one two three four"


async def test_a_request_value_with_stream_set_gives_a_stream() -> None:
    async with client_for(Reply(WORDS)) as client:
        stream = await client.call(ChatRequest(MODELS[0], MESSAGES, stream=True))
        assert isinstance(stream, trio_llm.types.Stream)
        assert len([chunk async for chunk in stream]) >= len(WORDS)


@pytest.mark.parametrize("ended", ["exhausted", "broken", "closed"])
async def test_a_stream_that_has_ended_says_so_whatever_time_it_is(ended: str, autojump_clock: MockClock) -> None:
    simulator = Simulator(Reply(WORDS, cut_at=AtEvent(3) if ended == "broken" else None))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.completion(MODELS[0], MESSAGES, stream=True, timeout=5)
        if ended == "closed":
            await anext(stream)
            await stream.aclose()
        elif ended == "broken":
            with pytest.raises(APIConnectionError):
                async for _ in stream:
                    pass
        else:
            assert [chunk async for chunk in stream]
        await trio.sleep(9)

        assert [chunk async for chunk in stream] == []
        assert await stream.next_batch() == []
