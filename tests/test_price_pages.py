"""Costs worked out by hand, where the amounts are round, so that each sum can be checked at a glance.

Each case names the page on which the vendor publishes the price, in USD for a million tokens unless it says otherwise.
Anthropic's and Perplexity's pages, and OpenAI's about priority, were read for these cases. The other amounts are from
general knowledge and have still to be held against their page. `AS_OF` is the day for which the prices are asked: one
that has changed since, or that a source has wrong, shows up here as a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

import pytest

from trio_llm.models import Quantities
from trio_llm.models.costs import cost_of_quantities

AS_OF = datetime(2026, 11, 28, tzinfo=UTC)
ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing"
COHERE = "https://cohere.com/pricing"
GOOGLE = "https://ai.google.dev/gemini-api/docs/pricing"
GROQ = "https://groq.com/pricing"
OPENAI = "https://developers.openai.com/api/docs/pricing"
PERPLEXITY = "https://docs.perplexity.ai/getting-started/pricing"
PRIORITY = "https://openai.com/api-priority-processing"
VOYAGE = "https://docs.voyageai.com/docs/pricing"
XAI = "https://docs.x.ai/docs/models"

K = 1_000
CHAT = {"input": 100 * K, "output": 10 * K}
"""A tenth of the price of a million tokens of input, and a hundredth of that of output."""

Case: TypeAlias = tuple[str, str, Mapping[str, float], str | None, float, str]
"""Row, model, amounts, service tier, USD, page."""
CASES: list[Case] = [
    ("openai", "gpt-4o", CHAT, None, 0.25 + 0.10, OPENAI),
    ("openai", "gpt-4o", {"input": 100 * K, "cache_read": 100 * K}, None, 0.25 + 0.125, OPENAI),
    ("openai", "gpt-4o-2024-05-13", CHAT, None, 0.5 + 0.15, OPENAI),
    ("openai", "gpt-4o-mini", CHAT, None, 0.015 + 0.006, OPENAI),
    ("openai", "gpt-4o-mini-2024-07-18", {"cache_read": 100 * K}, None, 0.0075, OPENAI),
    ("openai", "gpt-4.1", CHAT, None, 0.2 + 0.08, OPENAI),
    ("openai", "gpt-4.1", {"cache_read": 100 * K}, None, 0.05, OPENAI),
    ("openai", "gpt-4.1", CHAT, "batch", 0.1 + 0.04, OPENAI),
    ("openai", "gpt-4.1", CHAT, "priority", 0.35 + 0.14, PRIORITY),
    ("openai", "gpt-4.1-mini", CHAT, None, 0.04 + 0.016, OPENAI),
    ("openai", "gpt-4.1-nano", CHAT, None, 0.01 + 0.004, OPENAI),
    ("openai", "gpt-5", CHAT, None, 0.125 + 0.1, OPENAI),
    ("openai", "gpt-5-2025-08-07", {"cache_read": 100 * K, "output": 10 * K}, None, 0.0125 + 0.1, OPENAI),
    ("openai", "gpt-5", {"input": 100 * K, "output_reasoning": 10 * K}, None, 0.125 + 0.1, OPENAI),
    ("openai", "gpt-5", CHAT, "flex", 0.0625 + 0.05, OPENAI),
    ("openai", "gpt-5", CHAT, "priority", 0.25 + 0.2, PRIORITY),
    ("openai", "gpt-5", CHAT, "default", 0.125 + 0.1, OPENAI),
    ("openai", "gpt-5-mini", CHAT, None, 0.025 + 0.02, OPENAI),
    ("openai", "gpt-5-mini", CHAT, "priority", 0.045 + 0.036, PRIORITY),
    ("openai", "gpt-5-nano", CHAT, None, 0.005 + 0.004, OPENAI),
    ("openai", "gpt-5-pro", CHAT, None, 1.5 + 1.2, OPENAI),
    ("openai", "o1", CHAT, None, 1.5 + 0.6, OPENAI),
    ("openai", "o3", CHAT, None, 0.2 + 0.08, OPENAI),
    ("openai", "o3-mini", CHAT, None, 0.11 + 0.044, OPENAI),
    ("openai", "o4-mini", CHAT, None, 0.11 + 0.044, OPENAI),
    ("openai", "o4-mini", {"cache_read": 100 * K}, None, 0.0275, OPENAI),
    ("openai", "gpt-4", CHAT, None, 3.0 + 0.6, OPENAI),
    ("openai", "gpt-4-turbo", CHAT, None, 1.0 + 0.3, OPENAI),
    ("openai", "gpt-3.5-turbo", CHAT, None, 0.05 + 0.015, OPENAI),
    ("openai", "text-embedding-3-small", {"input": 1000 * K}, None, 0.02, OPENAI),
    ("openai", "text-embedding-3-large", {"input": 1000 * K}, None, 0.13, OPENAI),
    ("openai", "text-embedding-ada-002", {"input": 1000 * K}, None, 0.1, OPENAI),
    # USD 0.006 a minute of sound, and 15 for a million characters of speech.
    ("openai", "whisper-1", {"input_audio_second": 600}, None, 0.06, OPENAI),
    ("openai", "tts-1", {"character": 2 * K}, None, 0.03, OPENAI),
    ("openai", "tts-1-hd", {"character": 2 * K}, None, 0.06, OPENAI),
    ("openai", "dall-e-3", {"image_standard_1024x1024": 2}, None, 0.08, OPENAI),
    ("openai", "dall-e-3", {"image_hd_1792x1024": 1}, None, 0.12, OPENAI),
    ("openai", "dall-e-2", {"image_standard_512x512": 3}, None, 0.054, OPENAI),
    ("openai", "gpt-image-1", {"input": 10 * K, "input_image": 10 * K, "output_image": 10 * K}, None, 0.55, OPENAI),
    ("azure", "gpt-4o", CHAT, None, 0.25 + 0.10, "https://azure.microsoft.com/pricing/details/azure-openai"),
    ("anthropic", "claude-opus-4-1", CHAT, None, 1.5 + 0.75, ANTHROPIC),
    ("anthropic", "claude-opus-4-5", CHAT, None, 0.5 + 0.25, ANTHROPIC),
    ("anthropic", "claude-opus-4-5", {"cache_read": 100 * K, "cache_write": 100 * K}, None, 0.05 + 0.625, ANTHROPIC),
    ("anthropic", "claude-opus-4-5", {"cache_write_1h": 100 * K}, None, 1.0, ANTHROPIC),
    ("anthropic", "claude-sonnet-4-5-20250929", CHAT, None, 0.3 + 0.15, ANTHROPIC),
    ("anthropic", "claude-sonnet-4-5", CHAT, "batch", 0.15 + 0.075, ANTHROPIC),
    # USD 10 for a thousand searches, on top of the tokens.
    ("anthropic", "claude-sonnet-4-5", {"input": 100 * K, "web_search": 3}, None, 0.3 + 0.03, ANTHROPIC),
    ("anthropic", "claude-haiku-4-5", CHAT, None, 0.1 + 0.05, ANTHROPIC),
    ("anthropic", "claude-haiku-4-5", {"cache_read": 100 * K, "cache_write": 100 * K}, None, 0.01 + 0.125, ANTHROPIC),
    ("anthropic", "claude-3-haiku-20240307", CHAT, None, 0.025 + 0.0125, ANTHROPIC),
    ("gemini", "gemini-2.5-pro", CHAT, None, 0.125 + 0.1, GOOGLE),
    # More than 200,000 tokens of prompt: 2.50 and 15 for all of them.
    ("gemini", "gemini-2.5-pro", {"input": 300 * K, "output": 10 * K}, None, 0.75 + 0.15, GOOGLE),
    ("gemini", "gemini-2.5-flash", CHAT, None, 0.03 + 0.025, GOOGLE),
    ("gemini", "gemini-2.5-flash", {"input_audio": 100 * K}, None, 0.1, GOOGLE),
    ("gemini", "gemini-2.5-flash-lite", CHAT, None, 0.01 + 0.004, GOOGLE),
    ("gemini", "gemini-2.0-flash-001", CHAT, None, 0.01 + 0.004, GOOGLE),
    # USD 30 for a million tokens of pictures.
    ("gemini", "gemini-2.5-flash-image", {"input": 100 * K, "output_image": 10 * K}, None, 0.03 + 0.3, GOOGLE),
    ("groq", "llama-3.3-70b-versatile", CHAT, None, 0.059 + 0.0079, GROQ),
    ("groq", "llama-3.1-8b-instant", CHAT, None, 0.005 + 0.0008, GROQ),
    ("groq", "openai/gpt-oss-120b", CHAT, None, 0.015 + 0.006, GROQ),
    # USD 0.111 an hour of sound.
    ("groq", "whisper-large-v3", {"input_audio_second": 7200}, None, 0.222, GROQ),
    ("perplexity", "sonar", {"input": 100 * K, "output": 10 * K, "request_low": 1}, None, 0.11 + 0.005, PERPLEXITY),
    ("perplexity", "sonar", {**CHAT, "request_high": 1}, None, 0.11 + 0.012, PERPLEXITY),
    ("perplexity", "sonar-pro", {**CHAT, "request_medium": 1}, None, 0.3 + 0.15 + 0.01, PERPLEXITY),
    ("perplexity", "sonar-reasoning-pro", {**CHAT, "request_low": 1}, None, 0.2 + 0.08 + 0.006, PERPLEXITY),
    (
        "perplexity",
        "sonar-deep-research",
        {**CHAT, "output_citation": 10 * K, "output_reasoning": 10 * K, "web_search": 10},
        None,
        0.2 + 0.08 + 0.02 + 0.03 + 0.05,
        PERPLEXITY,
    ),
    ("xai", "grok-3", CHAT, None, 0.3 + 0.15, XAI),
    ("xai", "grok-3-mini", CHAT, None, 0.03 + 0.005, XAI),
    ("cohere", "command-r-08-2024", CHAT, None, 0.015 + 0.006, COHERE),
    ("cohere", "command-r7b-12-2024", CHAT, None, 0.00375 + 0.0015, COHERE),
    ("cohere", "embed-v4.0", {"input": 1000 * K}, None, 0.12, COHERE),
    # USD 2 and 2.50 for a thousand searches.
    ("cohere", "rerank-v3.5", {"rerank_search": 5}, None, 0.01, COHERE),
    ("cohere", "rerank-v4.0-pro", {"rerank_search": 4}, None, 0.01, COHERE),
    ("voyage", "voyage-3.5", {"input": 1000 * K}, None, 0.06, VOYAGE),
    ("voyage", "voyage-3-large", {"input": 1000 * K}, None, 0.18, VOYAGE),
    ("voyage", "rerank-2.5", {"input": 1000 * K}, None, 0.05, VOYAGE),
    ("openrouter", "meta-llama/llama-4-scout:free", CHAT, None, 0.0, "https://openrouter.ai/docs, Model variants"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}/{case[1]}")
def test_a_cost_is_what_the_page_says(case: Case) -> None:
    row, name, amounts, service, usd, page = case
    cost = cost_of_quantities(Quantities(amounts), row, name, service=service, at=AS_OF)

    assert cost.usd == pytest.approx(usd, rel=0.001), (cost, page)
