"""What follows a complete answer costs nothing of it, however it ends: by silence, keep-alives, or a limit."""

from __future__ import annotations

from typing import Any

import pytest
from virtual import ask, assert_nothing_left, client_of, in_virtual_time, text_of

from trio_llm import Client, InternalServerError, Timeout, Timeouts
from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.openai.chat_stream import open_chat_decoder
from trio_llm._engine.reply_bodies import LAST_WORDS_TIME
from trio_llm._runtime import trio
from trio_llm._types.chat import ChatRequest
from trio_llm.testing import AtEvent, RawReply, Reply, Simulator

WORDS = ["one ", "two"]
FINISHED = {"openai/m": 4, "mistral/m": 4, "anthropic/m": 6}
"""How many events of a stream have come when its finish reason has."""


async def read(client: Client, model: str, form: str) -> Any:
    """The response to a stream that was read to its end."""
    request = ask("?", model=model, stream=True)
    if form == "pulled":
        stream = await client.call(request)
        assert [chunk async for chunk in stream]
        return stream.response
    async with client.open_pumped(request) as pumped:
        assert [chunk async for chunk in pumped]
    return pumped.response


@pytest.mark.parametrize(
    ("limits", "seconds"),
    [(Timeouts(), LAST_WORDS_TIME), (Timeouts(gap=2), 2), (Timeouts(total=4), 4), (Timeouts(first_content=1), 10)],
    ids=["none", "gap", "total", "first content"],
)
@pytest.mark.parametrize("form", ["pulled", "pumped"])
@pytest.mark.parametrize("model", FINISHED)
@in_virtual_time
async def test_silence_behind_a_complete_answer_ends_it(
    model: str, form: str, limits: Timeouts, seconds: float
) -> None:
    simulator = Simulator(Reply(WORDS, stall_at=AtEvent(FINISHED[model])))
    keys = {f"{name}_API_KEY": "k" for name in ("OPENAI", "MISTRAL", "ANTHROPIC")}
    async with client_of(simulator, timeouts=limits, variables=keys) as client:
        response = await read(client, model, form)
        assert_nothing_left(client, simulator)

    assert (text_of(response), response.choices[0].finish_reason) == ("one two", "stop")
    assert trio.current_time() == pytest.approx(seconds, abs=0.1)
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("form", ["pulled", "pumped"])
@in_virtual_time
async def test_silence_before_a_complete_answer_is_a_timeout_as_ever(form: str) -> None:
    async with client_of(Simulator(Reply(WORDS, stall_at=AtEvent(3))), timeouts=Timeouts(gap=2)) as client:
        with pytest.raises(Timeout, match="no further content for 2 s"):
            await read(client, "openai/m", form)


def chunk(delta: str, finish: str) -> bytes:
    return b'data: {"choices": [{"index": 0, "delta": {%s}, "finish_reason": %s}]}\n\n' % (
        delta.encode(),
        finish.encode(),
    )


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}\n\n'
ANSWER = [chunk('"content": "Hi"', "null"), chunk("", '"stop"')]


@in_virtual_time
async def test_keep_alives_behind_a_complete_answer_do_not_keep_it_alive() -> None:
    body = [*ANSWER, *[b": ping\n\n"] * 1_000]
    simulator = Simulator(RawReply(body, content_type="text/event-stream", gap=1))
    async with client_of(simulator) as client:
        assert text_of(await read(client, "openai/m", "pulled")) == "Hi"
        assert_nothing_left(client, simulator)

    assert trio.current_time() == pytest.approx(LAST_WORDS_TIME, abs=3)


@in_virtual_time
async def test_usage_that_comes_late_is_waited_for_and_a_slow_reader_misses_nothing() -> None:
    body = [*ANSWER, b": ping\n\n", USAGE, b"data: [DONE]\n\n"]
    async with client_of(Simulator(RawReply(body, content_type="text/event-stream", gap=4))) as client:
        assert (await read(client, "openai/m", "pulled")).usage.total_tokens == 2

        stream = await client.call(ask("?", stream=True))
        async for _ in stream:
            await trio.sleep(100)
    assert stream.response.usage is not None


def test_an_answer_of_several_choices_is_complete_when_all_have_their_finish() -> None:
    decoder = open_chat_decoder(WireCall(ChatRequest("m", [{"role": "user", "content": "Hi"}]), "m"))

    def feed(index: int, finish: str) -> bool:
        data = b'data: {"choices": [{"index": %d, "delta": {"content": "x"}, "finish_reason": %b}]}\n\n'
        decoder.feed(data % (index, finish.encode()))
        return decoder.complete

    assert not feed(0, "null")
    assert feed(0, '"stop"')
    assert not feed(1, "null")
    assert feed(1, '"length"')


@pytest.mark.parametrize("end", [b"", b": ping\n\n"])
@in_virtual_time
async def test_a_failure_is_one_whether_the_provider_says_more_or_not(end: bytes) -> None:
    body = [chunk('"content": "Hi"', "null"), chunk("", '"error"'), *[end] * 1_000]
    async with client_of(Simulator(RawReply(body, content_type="text/event-stream", gap=1))) as client:
        with pytest.raises(InternalServerError) as caught:
            await read(client, "openai/m", "pulled")

    assert caught.value.partial is not None
    assert text_of(caught.value.partial) == "Hi"
