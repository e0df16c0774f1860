"""Budgets: what is reserved, charged and returned, and that the bill is what the simulator's ledger says."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from virtual import assert_nothing_left, in_virtual_time

import trio_llm
from trio_llm import ChatRequest, Client, Usage, spending
from trio_llm._runtime import trio
from trio_llm.exceptions import APIError, BudgetExceededError
from trio_llm.models import costs, rates
from trio_llm.purse import Purse, estimate
from trio_llm.testing import (
    AtEvent,
    Disconnect,
    Failure,
    RawReply,
    RecordedRequest,
    Reply,
    Simulator,
    run_in_virtual_time,
)
from trio_llm.types import CompletionTokensDetails, PromptTokensDetails

MODEL = "openai/gpt-4o"
USAGE = Usage(100_000, 10_000, 110_000)
PRICE = 0.25 + 0.10
"""Of a call with that usage, in USD."""
QUESTION = [{"role": "user", "content": "What is it?"}]


def client_of(simulator: Simulator, **options: Any) -> Client:
    retry = trio_llm.RetryPolicy(attempts=options.pop("attempts", 1), jitter=0)
    return Client(transport=simulator, retry=retry, variables={"OPENAI_API_KEY": "k"}, **options)


def ledger_usd(simulator: Simulator) -> float:
    """What the provider would bill for answers that it delivered, by the prices of its page."""
    answered = [request for request in simulator.requests if request.status == 200 and request.tokens_sent]
    usages = [request.usage for request in answered if request.usage is not None]
    return sum(usage.prompt_tokens * 2.5e-6 + usage.completion_tokens * 10e-6 for usage in usages)


@in_virtual_time
async def test_a_call_is_charged_by_its_usage_and_stands_on_the_bill() -> None:
    async with client_of(Simulator(Reply("Well", usage=USAGE))) as client, spending(usd=1.0) as purse:
        response = await client.completion(MODEL, QUESTION, metadata={"user": "ann"})
        await client.completion(MODEL, QUESTION)

    assert purse.spent == pytest.approx(2 * PRICE) == pytest.approx(2 * (response.cost.usd or 0))
    assert (purse.tokens, purse.reserved, purse.unpriced) == (220_000, 0.0, 0)
    assert purse.left == pytest.approx(1.0 - 2 * PRICE)
    assert purse.by("provider", "model", "user") == pytest.approx(
        {("openai", "gpt-4o", "ann"): PRICE, ("openai", "gpt-4o", None): PRICE}
    )
    assert [charge.cost.estimated for charge in purse.bill] == [False, False]


@in_virtual_time
async def test_a_call_for_which_too_little_is_left_is_never_sent() -> None:
    simulator = Simulator(Reply("Well", usage=USAGE))
    async with client_of(simulator, attempts=3) as client, spending(usd=2.1 * PRICE, name="the test") as purse:
        for _ in range(2):
            await client.completion(MODEL, QUESTION)
        with pytest.raises(BudgetExceededError, match=r"the test is limited to USD 0\.735: 0\.7 are spent, 0 reserved"):
            await client.completion(MODEL, QUESTION, max_tokens=100_000)
        assert_nothing_left(client, simulator)
        await client.completion(MODEL, QUESTION, max_tokens=1)

    assert len(simulator.requests) == 3
    assert purse.spent == pytest.approx(3 * PRICE)


@in_virtual_time
async def test_what_is_under_way_is_reserved() -> None:
    simulator = Simulator(Reply("Well", latency=5))
    async with client_of(simulator) as client, spending(usd=0.011) as purse, trio.open_nursery() as nursery:
        nursery.start_soon(ask, client)
        await trio.sleep(1)
        assert purse.reserved == pytest.approx(500 * 10e-6, rel=0.05)
        nursery.start_soon(ask, client)
        await trio.sleep(1)
        with pytest.raises(BudgetExceededError):
            await client.completion(MODEL, QUESTION)

    assert purse.reserved == 0.0
    assert len(simulator.requests) == 2


async def ask(client: Client) -> None:
    await client.completion(MODEL, QUESTION)


@in_virtual_time
async def test_what_the_provider_refused_is_returned() -> None:
    script: list[Any] = [Failure(500), Disconnect(), Failure(429, retry_after=1), Reply("Well", usage=USAGE)]
    async with client_of(Simulator(script), attempts=4) as client, spending(usd=1.0) as purse:
        await client.completion(MODEL, QUESTION)

    assert purse.spent == pytest.approx(PRICE)
    assert purse.reserved == 0


@in_virtual_time
async def test_a_stream_is_charged_by_its_usage_or_by_what_was_delivered() -> None:
    words = ["one "] * 50
    async with client_of(Simulator(Reply(words, usage=USAGE, gap=0.1))) as client, spending() as purse:
        async with client.stream(MODEL, QUESTION) as stream:
            async for _ in stream:
                pass
        async with client.stream(MODEL, QUESTION) as stream:
            async for _ in stream:
                break

    whole, left = purse.bill
    assert whole.cost.usd == pytest.approx(PRICE)
    assert not whole.cost.estimated
    assert left.cost.estimated
    assert 1 <= left.completion_tokens < 50


@in_virtual_time
@pytest.mark.parametrize("model", ["anthropic/claude-haiku-4-5", "gemini/gemini-2.5-flash"])
async def test_a_stream_that_tells_its_usage_early_and_is_left_is_charged_by_what_was_delivered(model: str) -> None:
    simulator, keys = Simulator(Reply(["one "] * 50, gap=0.1)), {"ANTHROPIC_API_KEY": "k", "GEMINI_API_KEY": "k"}
    async with Client(transport=simulator, variables=keys) as client, spending() as purse:
        async with client.stream(model, QUESTION, max_tokens=100) as stream:
            seen = 0
            async for _ in stream:
                seen += 1
                if seen == 20:
                    break

    (charge,) = purse.bill
    assert charge.cost.estimated
    assert abs(charge.completion_tokens - 20) <= 2
    assert charge.usd == charge.cost.usd == pytest.approx(stream.response.cost.usd, rel=0.3)


@in_virtual_time
async def test_what_a_purse_charges_is_what_the_response_costs_by_the_same_parts() -> None:
    usage = Usage(100_000, 10_000, 110_000, PromptTokensDetails(40_000), CompletionTokensDetails(2_000))
    more = attrs.evolve(usage, prompt_tokens_details=PromptTokensDetails(40_000, audio_tokens=1_000))
    long = Usage(300_000, 10, 300_010)
    script = [Reply("Well", usage=told) for told in (usage, more, long)]
    async with client_of(Simulator(script)) as client, spending(usd=9) as purse:
        responses = [
            await client.completion("openai/gpt-5", QUESTION),
            await client.completion("openai/gpt-4o-audio-preview", QUESTION),
            await client.completion("openai/gpt-5.4", QUESTION),
        ]

    for charge, response in zip(purse.bill, responses, strict=True):
        assert charge.usd == charge.cost.usd == pytest.approx(response.cost.usd)
        assert dict(charge.cost.parts) == pytest.approx(dict(response.cost.parts))
        assert charge.cost.reason == response.cost.reason
    assert purse.spent == pytest.approx(sum(charge.cost.usd or 0 for charge in purse.bill))


@in_virtual_time
async def test_what_is_reserved_goes_by_bytes_but_for_attachments() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    asked = [QUESTION, [{"role": "user", "content": [{"type": "text", "text": "What?"}, picture]}]]
    simulator = Simulator(Reply("Well", latency=5))
    async with client_of(simulator) as client, spending(usd=1) as purse:
        for messages, least, most in ((asked[0], 10, 50), (asked[1], 1_000, 1_100)):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(client.completion, MODEL, messages, max_tokens=1))
                await trio.sleep(1)
                assert least < (purse.reserved - 10e-6) / 2.5e-6 < most


@in_virtual_time
async def test_without_prices_tokens_are_limited_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ModuleNotFoundError("prices need a package")

    monkeypatch.setattr(rates, "prices_of", missing)
    monkeypatch.setattr(costs, "prices_of", missing)
    async with client_of(Simulator(Reply("Well", usage=USAGE))) as client, spending(tokens=1e6) as purse:
        async with client.stream(MODEL, QUESTION) as stream:
            async for _ in stream:
                pass
        await client.completion(MODEL, QUESTION)

    assert (purse.tokens, purse.unpriced, purse.spent) == (220_000, 2, 0)
    assert {charge.cost.reason for charge in purse.bill} == {"prices need a package"}


@in_virtual_time
async def test_an_answer_without_usage_is_counted_by_its_length() -> None:
    body = b'{"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "%s"}}]}' % (b"word " * 400)
    async with client_of(Simulator(RawReply(body))) as client, spending(tokens=1e6) as purse:
        await client.completion(MODEL, QUESTION)

    (charge,) = purse.bill
    assert charge.cost.estimated
    assert charge.completion_tokens == 500
    assert 0 < charge.prompt_tokens < 50


@in_virtual_time
async def test_what_the_provider_tells_is_what_is_charged_streamed_or_not() -> None:
    usage = b'"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 0.25}'
    chunk = b'data: {"choices": [{"index": 0, "finish_reason": "stop", "delta": {"content": "x"}}], %s}\n\n' % usage
    whole = b'{"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "x"}}], %s}' % usage
    beside = whole.replace(b', "cost": 0.25}', b'}, "cost": {"usd": 0.5}')
    script = [
        RawReply(chunk + b"data: [DONE]\n\n", content_type="text/event-stream"),
        RawReply(whole),
        RawReply(beside),
    ]
    async with client_of(Simulator(script)) as client, spending() as purse:
        async with client.stream("openrouter/openai/gpt-4o", QUESTION, api_key="k") as stream:
            async for _ in stream:
                pass
        await client.completion("openrouter/openai/gpt-4o", QUESTION, api_key="k")
        await client.completion(MODEL, QUESTION)

    assert [charge.cost.usd for charge in purse.bill] == [0.25, 0.25, 0.5]


@in_virtual_time
async def test_purses_nest_and_each_has_its_limit() -> None:
    simulator = Simulator(Reply("Well", usage=USAGE))
    async with client_of(simulator) as client, spending(usd=3 * PRICE) as outer:
        async with spending(usd=1.5 * PRICE, name="the inner one") as inner:
            await client.completion(MODEL, QUESTION)
            await client.completion(MODEL, QUESTION)
            with pytest.raises(BudgetExceededError, match="the inner one"):
                await client.completion(MODEL, QUESTION)
        await client.completion(MODEL, QUESTION)
        with pytest.raises(BudgetExceededError, match="this purse"):
            await client.completion(MODEL, QUESTION)
    await_nothing(outer, inner)

    assert outer.spent == pytest.approx(3 * PRICE)
    assert inner.spent == pytest.approx(2 * PRICE)


def await_nothing(*purses: Purse) -> None:
    assert [purse.reserved for purse in purses] == [0.0] * len(purses)


@in_virtual_time
async def test_what_is_called_outside_of_the_block_is_not_charged() -> None:
    async with client_of(Simulator(Reply("Well", usage=USAGE))) as client:
        async with spending() as purse:
            pass
        await client.completion(MODEL, QUESTION)

    assert purse.bill == []


@in_virtual_time
async def test_every_copy_of_a_fan_out_and_of_a_hedge_is_charged() -> None:
    simulator = Simulator(Reply("Well", usage=USAGE, latency=2))
    async with client_of(simulator) as client, spending(usd=3.2 * PRICE) as purse:
        outcomes = await client.fan_out([ChatRequest(MODEL, QUESTION, max_tokens=10_000) for _ in range(9)], limit=1)
        ended = [outcome.status for outcome in outcomes]
        assert ended.count("ok") == 3
        assert {type(outcome.error) for outcome in outcomes if outcome.status == "failed"} == {BudgetExceededError}

    assert purse.spent == pytest.approx(ledger_usd(simulator)) == pytest.approx(3 * PRICE)


@in_virtual_time
async def test_an_empty_purse_cancels_its_block_if_so_wished() -> None:
    simulator = Simulator([Reply("Well", usage=USAGE, latency=1), Reply("Well", latency=math.inf)])
    async with client_of(simulator) as client:
        with pytest.raises(BudgetExceededError, match=r"this purse is empty: .* what ran in its block was cancelled"):
            async with spending(usd=PRICE, cancel=True), trio.open_nursery() as nursery:
                nursery.start_soon(ask, client)
                await trio.sleep(0.1)
                nursery.start_soon(ask, client)
        assert_nothing_left(client, simulator)


@in_virtual_time
async def test_a_limit_of_tokens_needs_no_prices() -> None:
    async with client_of(Simulator(Reply("Well", usage=USAGE))) as client, spending(tokens=150_000) as purse:
        await client.completion("openai/unheard-of", QUESTION)
        with pytest.raises(BudgetExceededError, match="limited to 150000 tokens: 110000 are spent, 0 reserved"):
            await client.completion("openai/unheard-of", QUESTION, max_tokens=50_000)

    assert (purse.spent, purse.unpriced, purse.tokens) == (0.0, 1, 110_000)


@in_virtual_time
async def test_a_model_without_a_price_is_refused_where_usd_are_limited() -> None:
    async with client_of(Simulator(Reply("Well"))) as client, spending(usd=1):
        with pytest.raises(BudgetExceededError, match="no price is known for 'unheard-of' of openai: say it with reg"):
            await client.completion("openai/unheard-of", QUESTION)


@in_virtual_time
async def test_the_soft_limit_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "trio_llm"):
        async with client_of(Simulator(Reply("Well", usage=USAGE))) as client, spending(usd=9, soft=1.5 * PRICE):
            for _ in range(4):
                await client.completion(MODEL, QUESTION)

    assert [record.getMessage() for record in caplog.records] == [
        "this purse has spent USD 0.7, more than its soft limit of 0.525"
    ]


@in_virtual_time
async def test_speech_has_its_price_on_the_bill_too() -> None:
    async with client_of(Simulator(Reply("x"))) as client, spending(usd=1) as purse:
        await client.speech("openai/tts-1", "1234567890", "alloy")

    assert purse.spent == pytest.approx(10 * 15e-6)


@in_virtual_time
async def test_a_bill_is_summed_up_by_labels_of_any_kind() -> None:
    async with client_of(Simulator(Reply("x", usage=USAGE))) as client, spending() as purse:
        for tags in (["a", "b"], ["a", "b"], {"c": 1}, None):
            await client.completion(MODEL, QUESTION, metadata={"tags": tags})

    assert purse.by("tags") == pytest.approx({("['a', 'b']",): 2 * PRICE, ("{'c': 1}",): PRICE, (None,): PRICE})


PIECES: list[tuple[str, Callable[[Client], Any], float]] = [
    ("pictures", lambda client: client.image_generation("A cat", "openai/dall-e-3", n=1), 0.04),
    ("large pictures", lambda client: client.image_generation("A cat", "openai/dall-e-3", size="1792x1024"), 0.08),
    ("pictures by token", lambda client: client.image_generation("A cat", "openai/gpt-image-1", quality="high"), 0.166),
    ("speech", lambda client: client.speech("openai/tts-1", "x" * 4_000, "alloy"), 0.06),
    ("rankings", lambda client: client.rerank("cohere/rerank-v3.5", "q", ["a"] * 101), 0.004),
    ("sound", lambda client: client.transcription("openai/whisper-1", ("a.mp3", bytes(16_000 * 600))), 0.06),
]


@pytest.mark.parametrize(("what", "ask", "usd"), PIECES, ids=lambda value: value if isinstance(value, str) else "")
@in_virtual_time
async def test_what_is_paid_by_the_piece_is_reserved_before_it_leaves(
    what: str, ask: Callable[[Client], Any], usd: float
) -> None:
    simulator = Simulator(lambda _: Reply("x", latency=1))
    reserved: list[float] = []
    keys = {"OPENAI_API_KEY": "k", "COHERE_API_KEY": "k"}
    async with Client(transport=simulator, variables=keys) as client, spending(usd=usd * 2.5) as purse:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(_refused, partial(ask, client), reserved)
            await trio.sleep(0.5)
            assert purse.reserved == pytest.approx(2 * usd, rel=0.05)

    assert len(simulator.requests) == 2, what
    assert len(reserved) == 1
    assert purse.reserved == 0


async def _refused(ask: Callable[[], Any], refused: list[float]) -> None:
    try:
        await ask()
    except BudgetExceededError:
        refused.append(trio.current_time())


@in_virtual_time
async def test_what_costs_nothing_is_not_on_the_bill_and_a_picture_without_a_price_is_not_bought() -> None:
    async with client_of(Simulator()) as client, spending(usd=1) as purse:
        await client.count_tokens("openai/gpt-5", QUESTION)
        await client.moderation("x", "openai/omni-moderation-latest")
        with pytest.raises(BudgetExceededError, match="no price is known for 'unheard-of'"):
            await client.image_generation("A cat", "openai/unheard-of")

    assert (purse.bill, purse.unpriced) == ([], 0)


@pytest.mark.parametrize("limit", [-1, math.nan])
def test_a_limit_that_is_no_amount_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="which is no amount"):
        trio_llm.purse.Budget(usd=limit)
    with pytest.raises(ValueError, match="which is no amount"):
        trio_llm.purse.Budget(tokens=limit)

    async def spend() -> None:
        for block in (spending(limit), spending(tokens=limit), spending(soft=limit)):
            with pytest.raises(ValueError, match="which is no amount"):
                async with block:
                    pass

    run_in_virtual_time(spend)


steps = st.lists(
    st.sampled_from([Reply("Well", usage=USAGE), Reply("Well", usage=USAGE, latency=3), Failure(500), Failure(429)]),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(script=steps, usd=st.floats(0.1, 3), copies=st.integers(1, 4), attempts=st.integers(1, 3))
def test_the_bill_is_what_the_ledger_says(
    script: Sequence[Reply | Failure], usd: float, copies: int, attempts: int
) -> None:
    answers = iter(script)

    def act(_: RecordedRequest) -> Reply | Failure:
        return next(answers, script[-1])

    simulator = Simulator(act)

    async def run() -> Purse:
        async with client_of(simulator, attempts=attempts) as client, spending(usd=usd) as purse:
            requests = [ChatRequest(MODEL, QUESTION, max_tokens=10_000) for _ in script]
            await client.fan_out(requests, limit=copies)
            with suppress(trio_llm.LLMError):
                await client.hedge(requests[0], after=1, copies=2)
            assert_nothing_left(client, simulator)
        return purse

    purse = run_in_virtual_time(run)
    assert purse.spent == pytest.approx(ledger_usd(simulator))
    assert purse.reserved == 0
    # Each attempt was estimated with its 10,000 tokens of answer, and its prompt of 100,000 was not foreseen.
    assert purse.spent <= usd + copies * 0.25 + 1e-9


@settings(max_examples=40)
@given(cut=st.integers(1, 20), leave=st.integers(1, 20))
def test_a_stream_that_ends_early_is_billed_for_about_what_was_delivered(cut: int, leave: int) -> None:
    simulator = Simulator(Reply(["word "] * 20, cut_at=AtEvent(cut), gap=0.1))

    async def run() -> Purse:
        async with client_of(simulator) as client, spending() as purse:
            with suppress(APIError):
                async with client.stream(MODEL, QUESTION) as stream:
                    seen = 0
                    async for _ in stream:
                        seen += 1
                        if seen == leave:
                            break
        return purse

    purse = run_in_virtual_time(run)
    billed = sum(charge.completion_tokens for charge in purse.bill)
    # Each word of the ledger has five bytes, and four are taken for a token.
    assert abs(billed - simulator.requests[0].tokens_sent * 1.25) <= 3


def test_a_dry_run_says_what_requests_will_cost_about() -> None:
    requests = [ChatRequest(MODEL, [{"role": "user", "content": "word " * 800}], max_tokens=1_000) for _ in range(10)]
    found = estimate(requests)

    assert found.requests == 10
    assert found.completion_tokens == 10_000
    assert found.usd == pytest.approx(10 * (1_000 * 2.5e-6 + 1_000 * 10e-6), rel=0.05)
    assert found.low < found.usd < found.high
    assert found.unpriced == ()
    assert estimate([ChatRequest("openai/unheard-of", QUESTION)]).unpriced == ("openai/unheard-of",)


def test_a_dry_run_of_pictures_and_sounds_goes_by_their_pieces() -> None:
    requests = [
        trio_llm.ImageRequest("A cat", "openai/dall-e-3", n=1, quality="hd"),
        trio_llm.SpeechRequest("openai/tts-1", "x" * 1_000, "alloy"),
        trio_llm.RerankRequest("cohere/rerank-v3.5", "q", ["a"]),
    ]
    found = estimate(requests)

    assert found.low == found.usd == found.high == pytest.approx(0.08 + 0.015 + 0.002)
    assert found.unpriced == ()


def test_a_purse_shows_itself_without_what_was_asked() -> None:
    purse = Purse(2.0, None, "mine")

    assert repr(purse) == "<mine: USD 0 of 2 spent, 0 attempts>"
    assert Purse(None, None, "mine").left is None


@in_virtual_time
async def test_a_budget_holds_for_every_stretch_of_its_period_and_for_each_account() -> None:
    budget = trio_llm.purse.Budget(usd=2.1 * PRICE, per=3_600, name="the hour", clock=trio.current_time)
    simulator = Simulator(Reply("Well", usage=USAGE))

    async with client_of(simulator, budget=budget) as client:
        await client.completion(MODEL, QUESTION)
        await trio.sleep(1_800)
        await client.completion(MODEL, QUESTION)
        with pytest.raises(BudgetExceededError, match="the hour is limited to"):
            await client.completion(MODEL, QUESTION, max_tokens=100_000)
        await client.completion(MODEL, QUESTION, api_key="another one", max_tokens=10_000)
        await trio.sleep(1_801)
        assert {name: round(purse.spent / PRICE, 6) for name, purse in budget.purses.items()} == {
            "openai": 1,
            "openai #2": 1,
        }
        await client.completion(MODEL, QUESTION, max_tokens=10_000)
        await trio.sleep(3_601)
        assert [purse.spent for purse in budget.purses.values()] == [0, 0]
    assert len(simulator.requests) == 4


@in_virtual_time
async def test_one_budget_may_hold_for_all_accounts_and_several_clients() -> None:
    budget = trio_llm.purse.Budget(tokens=300_000, each="all", clock=trio.current_time)
    simulator = Simulator(Reply("Well", usage=USAGE))
    async with client_of(simulator, budget=budget) as one, client_of(simulator, budget=budget) as other:
        await one.completion(MODEL, QUESTION)
        await other.completion(MODEL, QUESTION, api_key="another one")
        await other.completion(MODEL, QUESTION)
        with pytest.raises(BudgetExceededError):
            await one.completion(MODEL, QUESTION)

    (purse,) = budget.purses.values()
    assert (purse.tokens, len(purse.bill)) == (330_000, 3)


@pytest.mark.parametrize("options", [{}, {"usd": 1, "per": 0}, {"tokens": 5, "per": -3.0}])
def test_a_budget_without_a_limit_or_a_period_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a budget has a limit|a number of seconds"):
        trio_llm.purse.Budget(**options)
