"""Streams on a bill: however they end and over whatever API, what is charged is what the response costs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import in_virtual_time

import trio_llm
from trio_llm import Client, spending
from trio_llm._types.usage import Usage, updated_usage
from trio_llm.exceptions import APIError
from trio_llm.purse import Purse
from trio_llm.testing import AtEvent, RawReply, Reply, Simulator, run_in_virtual_time
from trio_llm.types import PromptTokensDetails

QUESTION = [{"role": "user", "content": "What is it? " * 10}]
KEYS = {f"{name}_API_KEY": "k" for name in ("OPENAI", "ANTHROPIC", "GEMINI", "OPENROUTER")}
Opener = Callable[[Client, str], AbstractAsyncContextManager[Any]]
OPENERS: dict[str, Opener] = {
    "chat": lambda client, model: client.stream(model, QUESTION),
    "responses": lambda client, model: client.stream_responses("What is it? " * 10, model),
    "messages": lambda client, model: client.stream_anthropic_messages(500, QUESTION, model),
}
MODELS = ["openai/gpt-5", "anthropic/claude-haiku-4-5", "gemini/gemini-2.5-flash", "openrouter/openai/gpt-4o"]


def client_of(script: Any) -> Client:
    return Client(transport=Simulator(script), variables=KEYS, retry=trio_llm.RetryPolicy(attempts=1))


async def read(client: Client, opener: Opener, model: str, leave: int) -> Any:
    """Read so many chunks; the response that there is then."""
    stream = None
    try:
        async with opener(client, model) as stream:
            seen = 0
            async for _ in stream:
                seen += 1
                if seen == leave:
                    break
    except APIError as error:
        return error.partial
    return stream.response


@settings(max_examples=60)
@given(
    pieces=st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=8),
    cut=st.none() | st.integers(1, 12),
    leave=st.integers(1, 30),
    opener=st.sampled_from(sorted(OPENERS)),
    model=st.sampled_from(MODELS),
)
def test_a_stream_costs_the_same_on_the_bill_and_by_its_response(
    pieces: list[str], cut: int | None, leave: int, opener: str, model: str
) -> None:
    reply = Reply(pieces, gap=0.1, reasoning="", cut_at=None if cut is None else AtEvent(cut))

    async def run() -> tuple[Any, Purse]:
        async with client_of(reply) as client, spending() as purse:
            return await read(client, OPENERS[opener], model, leave), purse

    response, purse = run_in_virtual_time(run)
    costs = [charge.cost for charge in purse.bill]
    if response is not None and costs:
        assert costs == [response.cost]
        assert purse.spent == pytest.approx(response.cost.usd)
    assert purse.reserved == 0


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("model", MODELS)
@in_virtual_time
async def test_what_was_delivered_is_counted_by_its_length_and_not_by_its_chunks(opener: str, model: str) -> None:
    async with client_of(Reply(["word " * 80] * 10, gap=1)) as client, spending() as purse:
        response = await read(client, OPENERS[opener], model, 8)

    (charge,) = purse.bill
    assert charge.cost == response.cost
    assert charge.cost.estimated
    assert charge.prompt_tokens >= 20
    assert charge.completion_tokens >= 200
    assert charge.completion_tokens % 100 == 0


CLAUDE = [
    b'{"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "model":'
    b' "claude-haiku-4-5", "usage": {"input_tokens": 1000, "cache_read_input_tokens": 50000, "output_tokens": 1,'
    b' "service_tier": "standard", "cache_creation_input_tokens": 2000,'
    b' "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 2000}}}}',
    b'{"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}',
    b'{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Well"}}',
    b'{"type": "content_block_stop", "index": 0}',
    b'{"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 500}}',
    b'{"type": "message_stop"}',
]
PROMPT = 0.001 * 1 + 0.05 * 0.1 + 0.002 * 2


@pytest.mark.parametrize(("events", "usd"), [(6, PROMPT + 0.0005 * 5), (3, PROMPT + 1e-6 * 5)])
@pytest.mark.parametrize("opener", ["chat", "messages"])
@in_virtual_time
async def test_a_prompt_that_is_told_at_the_beginning_alone_is_on_the_bill(
    events: int, usd: float, opener: str
) -> None:
    body = b"".join(b"event: %s\ndata: %s\n\n" % (line.split(b'"')[3], line) for line in CLAUDE[:events])
    async with client_of(RawReply(body, content_type="text/event-stream")) as client, spending() as purse:
        response = await read(client, OPENERS[opener], "anthropic/claude-haiku-4-5", 100)

    (charge,) = purse.bill
    assert charge.usd == pytest.approx(usd)
    assert charge.usd == pytest.approx(response.cost.usd)
    assert charge.prompt_tokens == 53_000


def chunks_of(beside: bytes) -> RawReply:
    usage = b'"usage": {"prompt_tokens": 1000000, "completion_tokens": 0, "total_tokens": 1000000}'
    chunk = b'data: {"id": "1", "choices": [{"index": 0, "finish_reason": %s, "delta": {"content": "x"}}], %s%s}\n\n'
    body = chunk % (b"null", b'"usage": null', beside) + chunk % (b'"stop"', usage, beside) + b"data: [DONE]\n\n"
    return RawReply(body, content_type="text/event-stream")


@pytest.mark.parametrize(
    ("model", "beside", "usd"),
    [
        ("openai/gpt-5-mini", b"", 0.25),
        ("openai/gpt-5-mini", b', "service_tier": "flex"', 0.125),
        ("openai/gpt-5-mini", b', "service_tier": "default"', 0.25),
        ("openai/gpt-5-mini", b', "cost": {"usd": 0.75}', 0.75),
        ("openrouter/qwen/qwen3-235b-a22b-thinking-2507", b', "provider": "Chutes"', None),
    ],
)
@in_virtual_time
async def test_what_a_stream_tells_beside_its_usage_counts_on_the_bill(
    model: str, beside: bytes, usd: float | None
) -> None:
    async with client_of(chunks_of(beside)) as client, spending() as purse:
        response = await read(client, OPENERS["chat"], model, 100)

    assert purse.spent == pytest.approx(response.cost.usd if usd is None else usd)
    assert [charge.cost for charge in purse.bill] == [response.cost]


@in_virtual_time
async def test_speech_that_is_streamed_costs_its_characters_however_it_ends() -> None:
    async with client_of(Reply("hello " * 100)) as client, spending() as purse:
        for leave in (False, True):
            async with client.stream_speech("openai/tts-1", "1234567890", "alloy") as stream:
                async for _ in stream:
                    if leave:
                        break

    assert [charge.usd for charge in purse.bill] == pytest.approx([10 * 15e-6] * 2)


@in_virtual_time
async def test_gates_see_what_of_a_stream_was_delivered_and_no_sound() -> None:
    class Gate:
        def __init__(self) -> None:
            self.delivered: list[list[Any]] = []

        def enter_nowait(self, _: Any) -> object:
            return self

        async def enter(self, _: Any) -> object:
            return self

        def leave(self, _: object, learnt: trio_llm.observe.Learnt) -> None:
            self.delivered.append(list(learnt.delivered))

    gate = Gate()
    async with Client(transport=Simulator(Reply(["one ", "two "])), variables=KEYS, gates=[gate]) as client:
        async with client.stream("openai/gpt-4o", QUESTION) as stream:
            seen = [chunk async for chunk in stream]
        async with client.stream_speech("openai/tts-1", "12", "alloy") as sound:
            async for _ in sound:
                pass
        with suppress(APIError):
            await client.completion("openai/gpt-4o", QUESTION)

    chat, speech, whole = gate.delivered
    assert [chunk for chunk in chat if chunk.choices] == seen
    assert speech == whole == []


numbers = st.integers(0, 100)
usages = st.builds(
    lambda prompt, answer, extra: Usage(
        prompt, answer, prompt + answer, PromptTokensDetails(prompt), model_extra=extra
    ),
    numbers,
    numbers,
    st.none() | st.dictionaries(st.sampled_from("ab"), numbers),
)


@given(before=st.none() | usages, later=usages)
def test_later_counts_leave_nothing_out_that_was_told_before(before: Usage | None, later: Usage) -> None:
    usage = updated_usage(before, later)

    assert usage.completion_tokens == later.completion_tokens
    assert usage.prompt_tokens == (later.prompt_tokens or (before.prompt_tokens if before is not None else 0))
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    held = (before.model_extra or {}) if before is not None else {}
    assert (usage.model_extra or {}) == {**held, **(later.model_extra or {})}
