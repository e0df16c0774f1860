"""Rates worked out once: what they answer is what the long way says, and they follow the prices."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

import trio_llm
from trio_llm import ChatRequest, Usage
from trio_llm.models import Prices, Quantities, Tier, rates as rates_module, registered
from trio_llm.models.rates import RateBook, Rates
from trio_llm.models.sizes import expected_tokens
from trio_llm.types import CompletionTokensDetails, PromptTokensDetails

ASKED = ChatRequest("openai/gpt-4o", [{"role": "user", "content": "Hello"}])
numbers = st.none() | st.integers(0, 2_000)
usages = st.builds(
    Usage,
    st.integers(0, 2_000),
    st.integers(0, 2_000),
    prompt_tokens_details=st.none()
    | st.builds(PromptTokensDetails, numbers, numbers, numbers, image_tokens=numbers)
    | st.builds(PromptTokensDetails, numbers),
    completion_tokens_details=st.none()
    | st.builds(CompletionTokensDetails, numbers, numbers, image_tokens=numbers)
    | st.builds(CompletionTokensDetails, numbers),
    model_extra=st.none() | st.just({"server_tool_use": {"web_search_requests": 2}}),
)
usd = st.sampled_from([0.0, 1e-6, 2.5e-6, 10e-6, 0.01])
some_rates = st.dictionaries(
    st.sampled_from(["input", "output", "cache_read", "output_reasoning", "input_audio", "request", "web_search"]), usd
)
whole_rates = st.builds(
    lambda some, rest: {**rest, **some}, some_rates, st.fixed_dictionaries({"input": usd, "output": usd})
)
prices = st.builds(
    Prices,
    some_rates | whole_rates,
    tiers=st.just(()) | st.tuples(st.builds(Tier, st.integers(1, 1_000), some_rates)),
    services=st.dictionaries(st.sampled_from(["flex", "priority"]), some_rates),
    service_tiers=st.just({})
    | st.builds(lambda *of_flex: {"flex": of_flex}, st.builds(Tier, st.integers(1, 1_000), some_rates)),
)


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registered.registered, "models", {})


@given(
    prices=prices,
    usage=usages,
    service=st.sampled_from([None, "flex", "priority", "default"]),
    row=st.sampled_from(["openai", "vercel_ai_gateway"]),
)
@example(
    prices=Prices({"input": 1e-6, "output": 1e-6, "output_reasoning": 3e-6}),
    usage=Usage(10, 100, 110, None, CompletionTokensDetails(reasoning_tokens=130)),
    service=None,
    row="openai",
)
def test_what_rates_answer_is_what_the_long_way_says(prices: Prices, usage: Usage, service: Any, row: str) -> None:
    found = Rates(row, "model", prices).plainly(usage, service)
    if found is not None:
        usd = found[4]
        parts = prices.parts_of(Quantities.of_usage(usage, row), service)
        assert parts is not None
        assert usd == pytest.approx(sum(parts.values()), rel=1e-12, abs=1e-15)


@given(prices=prices, prompt=st.integers(0, 2_000), answer=st.integers(0, 2_000))
def test_what_tokens_will_cost_is_what_the_long_way_says(prices: Prices, prompt: int, answer: int) -> None:
    request = ChatRequest("openai/model", [{"role": "user", "content": ""}], max_tokens=answer + 1)
    expected = Rates("openai", "model", prices).expected(request, 4 * prompt)
    if expected is not None:
        usd, tokens, _ = expected
        prompt, answer = expected_tokens(request, 4 * prompt)
        parts = prices.parts_of(Quantities.of_tokens(prompt, answer))
        assert tokens == prompt + answer
        assert parts is not None
        assert usd == pytest.approx(sum(parts.values()), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("model", "service"),
    [
        ("openai/gpt-4o-mini", "default"),
        ("openai/gpt-5", "flex"),
        ("anthropic/claude-haiku-4-5", None),
        ("gemini/gemini-2.5-pro", None),
        ("groq/llama-3.3-70b-versatile", None),
        ("openrouter/openai/gpt-4o", None),
    ],
)
def test_plain_usage_of_common_models_is_not_sent_the_long_way(model: str, service: str | None) -> None:
    details = PromptTokensDetails(cached_tokens=40, audio_tokens=0), CompletionTokensDetails(reasoning_tokens=20)
    row, name = model.split("/", 1)
    rates = RateBook().of(row, name)

    assert rates is not None
    assert rates.plainly(Usage(1_000, 100, 1_100, *details), service) is not None
    assert rates.expected(ASKED, 1_000) is not None


def test_a_price_that_the_program_says_counts_from_then_on() -> None:
    book = RateBook()
    before = book.of("openai", "gpt-4o")
    assert before is not None
    assert book.of("openai", "gpt-4o") is before
    assert book.of("openai", "unheard-of") is None

    trio_llm.register_model({"openai/gpt-4o": {"input_cost_per_token": 1.0}})
    trio_llm.register_model({"openai/unheard-of": {"input_cost_per_token": 2.0, "output_cost_per_token": 0.0}})

    for name, usd in (("gpt-4o", 10.0), ("unheard-of", 20.0)):
        rates = book.of("openai", name)
        assert rates is not None
        charge = rates.plainly(Usage(10, 0, 10))
        assert charge is not None
        assert charge[4] == usd


def test_prices_that_depend_on_the_time_of_day_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now, price = 1_800_000_000.0, 1e-6
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(rates_module, "prices_of", lambda *_: Prices({"input": price, "output": price}))
    book = RateBook()
    before = book.of("deepseek", "deepseek-chat")
    price = 2e-6
    now += 59
    assert book.of("deepseek", "deepseek-chat") is before
    now += 1
    after = book.of("deepseek", "deepseek-chat")
    assert after is not None
    assert after.prices.rates["input"] == price
    now += 60
    assert book.of("deepseek", "deepseek-chat") is after  # the same price is not kept once more


def test_without_the_packages_no_price_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise ModuleNotFoundError("no package")

    monkeypatch.setattr(rates_module, "prices_of", missing)

    assert RateBook().of("openai", "gpt-4o") is None
