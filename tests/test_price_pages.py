"""Costs worked out by hand from the prices on vendors' pages, so that each sum can be checked at a glance.

Each page of `READ` was read, as it is or in a stored copy of it, and has with it the day or the month from which that
copy is; its prices are asked for that time where they have changed since. `UNREAD` are amounts from general knowledge,
which have still to be held against a page: of Groq, of Bedrock, of Azure, and the tables of OpenAI's and Google's own
price pages, no copy was to be had. A price that has changed, or that a source has wrong, shows up here as a failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import TypeAlias

import attrs
import pytest

from trio_llm.models import Quantities
from trio_llm.models.costs import cost_of_quantities

AS_OF = datetime(2026, 11, 28, tzinfo=UTC)

K = 1_000
CHAT = {"input": 100 * K, "output": 10 * K}
"""A tenth of the price of a million tokens of input, and a hundredth of that of output."""
CACHED = {**CHAT, "cache_read": 50 * K}
WRITTEN = {**CACHED, "cache_write": 100 * K}
KEPT = {**WRITTEN, "cache_write_1h": 100 * K}
"""The parts of a sum below are in this order: a tenth of the price of a million tokens of input, a twentieth of that of
those read from the cache, a tenth of those written to it for five minutes, and for an hour, a hundredth of output."""
TEXT = {"input": 1_000 * K}


@attrs.frozen
class Page:
    """Where prices were read, from when that is, and for which time they are asked."""

    address: str
    date: str
    at: datetime = AS_OF


Case: TypeAlias = tuple[str, Mapping[str, float], str | None, float]
"""Model, amounts, service tier, USD."""
READ: list[tuple[Page, str, list[Case]]] = [
    (
        Page("https://platform.claude.com/docs/en/about-claude/pricing", "2026-11-28"),
        "anthropic",
        [
            ("claude-fable-5-1", KEPT, None, 1 + 0.0125 + 1.25 + 2 + 0.5),
            ("claude-mythos-5-1", KEPT, None, 1 + 0.0125 + 1.25 + 2 + 0.5),
            ("claude-fable-5", KEPT, None, 1 + 0.05 + 1.25 + 2 + 0.5),
            ("claude-mythos-5", KEPT, None, 1 + 0.05 + 1.25 + 2 + 0.5),
            ("claude-opus-5", KEPT, None, 0.5 + 0.025 + 0.625 + 1 + 0.25),
            ("claude-opus-4-8", KEPT, None, 0.5 + 0.025 + 0.625 + 1 + 0.25),
            ("claude-opus-4-7", KEPT, None, 0.5 + 0.025 + 0.625 + 1 + 0.25),
            ("claude-opus-4-6", KEPT, None, 0.5 + 0.025 + 0.625 + 1 + 0.25),
            ("claude-opus-4-5", KEPT, None, 0.5 + 0.025 + 0.625 + 1 + 0.25),
            ("claude-opus-4-1", KEPT, None, 1.5 + 0.075 + 1.875 + 3 + 0.75),
            ("claude-sonnet-4-5-20250929", CHAT, None, 0.3 + 0.15),
            ("claude-sonnet-4-5", CHAT, "batch", 0.15 + 0.075),
            # USD 10 for a thousand searches, on top of the tokens.
            ("claude-sonnet-4-5", {"input": 100 * K, "web_search": 3}, None, 0.3 + 0.03),
            ("claude-haiku-4-5", WRITTEN, None, 0.1 + 0.005 + 0.125 + 0.05),
        ],
    ),
    (
        Page("https://docs.anthropic.com/en/docs/about-claude/pricing", "2025-09", datetime(2025, 9, 15, tzinfo=UTC)),
        "anthropic",
        [
            ("claude-opus-4-20250514", KEPT, None, 1.5 + 0.075 + 1.875 + 3 + 0.75),
            ("claude-3-opus-20240229", KEPT, None, 1.5 + 0.075 + 1.875 + 3 + 0.75),
            ("claude-sonnet-4-20250514", KEPT, None, 0.3 + 0.015 + 0.375 + 0.6 + 0.15),
            ("claude-3-7-sonnet-20250219", KEPT, None, 0.3 + 0.015 + 0.375 + 0.6 + 0.15),
            ("claude-3-5-sonnet-20241022", KEPT, None, 0.3 + 0.015 + 0.375 + 0.6 + 0.15),
            ("claude-opus-4-1", CHAT, "batch", 0.75 + 0.375),
            ("claude-3-5-haiku-20241022", CHAT, "batch", 0.04 + 0.02),
            ("claude-3-5-haiku-20241022", KEPT, None, 0.08 + 0.004 + 0.1 + 0.16 + 0.04),
            ("claude-3-haiku-20240307", KEPT, None, 0.025 + 0.0015 + 0.03 + 0.05 + 0.0125),
            ("claude-3-haiku-20240307", CHAT, "batch", 0.0125 + 0.00625),
        ],
    ),
    (
        Page("https://developers.openai.com/api/docs/models, the page of each model", "2026-11-28"),
        "openai",
        [
            ("gpt-4", CHAT, None, 3 + 0.6),
            ("gpt-4-turbo", CHAT, None, 1 + 0.3),
            ("gpt-4-turbo-preview", CHAT, None, 1 + 0.3),
            ("gpt-3.5-turbo", CHAT, None, 0.05 + 0.015),
            ("gpt-3.5-turbo-instruct", CHAT, None, 0.15 + 0.02),
            ("gpt-5-mini", CACHED, None, 0.025 + 0.00125 + 0.02),
            ("gpt-5-nano", CACHED, None, 0.005 + 0.00025 + 0.004),
            ("gpt-realtime", CACHED, None, 0.4 + 0.02 + 0.16),
            (
                "gpt-realtime-1.5",
                {"input_audio": 10 * K, "output_audio": 10 * K, "input_image": 10 * K},
                None,
                0.32 + 0.64 + 0.05,
            ),
            (
                "gpt-image-1-mini",
                {"input": 10 * K, "input_image": 10 * K, "output_image": 10 * K},
                None,
                0.02 + 0.025 + 0.08,
            ),
        ],
    ),
    (
        Page("https://openai.com/api-priority-processing", "2026-11-28"),
        "openai",
        [
            ("gpt-4.1", CHAT, "priority", 0.35 + 0.14),
            ("gpt-5", CHAT, "priority", 0.25 + 0.2),
            ("gpt-5-mini", CHAT, "priority", 0.045 + 0.036),
        ],
    ),
    (
        Page("https://docs.github.com/copilot/reference/copilot-billing/models-and-pricing", "2026-10"),
        "github_copilot",
        [
            ("gpt-5-mini", CACHED, None, 0.025 + 0.00125 + 0.02),
            ("gpt-5.3-codex", CACHED, None, 0.175 + 0.00875 + 0.14),
            ("gpt-5.4", CACHED, None, 0.25 + 0.0125 + 0.15),
            # More than 272,000 tokens of prompt cost twice as much, and the answer half as much again.
            ("gpt-5.4", {"input": 300 * K, "output": 10 * K}, None, 1.5 + 0.225),
            ("gpt-5.4-mini", CACHED, None, 0.075 + 0.00375 + 0.045),
            ("gpt-5.4-nano", CACHED, None, 0.02 + 0.001 + 0.0125),
            ("gpt-5.5", CACHED, None, 0.5 + 0.025 + 0.3),
            ("gpt-5.5", {"input": 300 * K, "output": 10 * K}, None, 3 + 0.45),
            ("gpt-5.6-luna", {"input": 50 * K, "cache_write": 100 * K, "output": 10 * K}, None, 0.01 + 0.025 + 0.012),
            ("gpt-5.6-luna", {"input": 300 * K, "output": 10 * K}, None, 0.12 + 0.018),
            ("claude-sonnet-4.5", WRITTEN, None, 0.3 + 0.015 + 0.375 + 0.15),
            ("claude-opus-4.5", WRITTEN, None, 0.5 + 0.025 + 0.625 + 0.25),
            ("claude-opus-4.6", WRITTEN, None, 0.5 + 0.025 + 0.625 + 0.25),
            ("claude-opus-4.8", WRITTEN, None, 0.5 + 0.025 + 0.625 + 0.25),
            ("claude-sonnet-5", WRITTEN, None, 0.2 + 0.01 + 0.25 + 0.1),
            ("gemini-3.5-flash", CACHED, None, 0.15 + 0.0075 + 0.09),
            ("gemini-3.7-flash", CACHED, None, 0.075 + 0.00375 + 0.0375),
            ("grok-4.5", {"input": 100 * K, "cache_read": 50 * K, "output": 10 * K}, None, 0.2 + 0.025 + 0.06),
            ("grok-4.6", {"input": 300 * K, "output": 10 * K}, None, 1.2 + 0.12),
            ("kimi-k2.7-code", CACHED, None, 0.095 + 0.0095 + 0.04),
            ("kimi-k3", CACHED, None, 0.3 + 0.015 + 0.15),
        ],
    ),
    (
        Page(
            "https://ai.google.dev/gemini-api/docs/pricing, as quoted by factquire.com and by openrouter.ai/blog",
            "2026-07-04",
            datetime(2026, 7, 4, tzinfo=UTC),
        ),
        "gemini",
        [
            ("gemini-3-flash-preview", CACHED, None, 0.05 + 0.0025 + 0.03),
            ("gemini-3-flash-preview", {"input_audio": 100 * K}, None, 0.1),
            ("gemini-2.5-flash", CHAT, None, 0.03 + 0.025),
        ],
    ),
    (
        Page("https://ai.google.dev/gemini-api/docs/pricing", "2026-10-07", datetime(2026, 10, 7, tzinfo=UTC)),
        "gemini",
        [
            ("gemini-3.8-flash", {"input": 100 * K}, None, 0.075),
        ],
    ),
    (
        Page("https://docs.x.ai/developers/models.md", "2026-04", datetime(2026, 4, 1, tzinfo=UTC)),
        "xai",
        [
            ("grok-4.20-0309-reasoning", CACHED, None, 0.2 + 0.01 + 0.06),
            ("grok-4.20-0309-non-reasoning", CACHED, None, 0.2 + 0.01 + 0.06),
            ("grok-4-1-fast-reasoning", CACHED, None, 0.02 + 0.0025 + 0.005),
            ("grok-4-1-fast-non-reasoning", CACHED, None, 0.02 + 0.0025 + 0.005),
            ("grok-imagine-image-pro", {"image_standard_1024x1024": 2}, None, 0.14),
        ],
    ),
    (
        Page("https://docs.x.ai/developers/pricing", "2026-07", datetime(2026, 7, 13, tzinfo=UTC)),
        "xai",
        [
            ("grok-4.3", CACHED, None, 0.125 + 0.01 + 0.025),
            ("grok-4.20-0309-reasoning", CACHED, None, 0.125 + 0.01 + 0.025),
            ("grok-4.20-multi-agent-0309", CACHED, None, 0.125 + 0.01 + 0.025),
            ("grok-imagine-image", {"image_standard_1024x1024": 3}, None, 0.06),
            ("grok-imagine-image-quality", {"image_standard_1024x1024": 1}, None, 0.05),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/quick_start/pricing-details-usd",
            "2025-03",
            datetime(2025, 3, 15, 12, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-chat", CACHED, None, 0.027 + 0.0035 + 0.011),
            ("deepseek-reasoner", CACHED, None, 0.055 + 0.007 + 0.0219),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/quick_start/pricing-details-usd, the hours from 16:30 to 00:30 UTC",
            "2025-03",
            datetime(2025, 3, 15, 20, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-chat", CACHED, None, 0.0135 + 0.00175 + 0.0055),
            ("deepseek-reasoner", CACHED, None, 0.0135 + 0.00175 + 0.0055),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/quick_start/pricing",
            "2025-09",
            datetime(2025, 9, 10, 3, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-chat", CACHED, None, 0.056 + 0.0035 + 0.0168),
            ("deepseek-reasoner", CACHED, None, 0.056 + 0.0035 + 0.0168),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/news/news250929, with the figures of RooCodeInc/Roo-Code",
            "2025-12-09",
            datetime(2025, 12, 9, 12, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-chat", CACHED, None, 0.028 + 0.0014 + 0.0042),
            ("deepseek-reasoner", CACHED, None, 0.028 + 0.0014 + 0.0042),
        ],
    ),
    (
        Page(
            "https://www.morphllm.com/deepseek-api, which quotes DeepSeek's page",
            "2026-06-18",
            datetime(2026, 6, 18, 12, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-v4-flash", CACHED, None, 0.014 + 0.00014 + 0.0028),
            ("deepseek-chat", CACHED, None, 0.014 + 0.00014 + 0.0028),
            ("deepseek-reasoner", CACHED, None, 0.014 + 0.00014 + 0.0028),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/quick_start/pricing?model_version=DeepSeek-V4-Pro-0813",
            "2026-08",
            datetime(2026, 8, 13, 3, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-v4-flash", CACHED, None, 0.014 + 0.00014 + 0.0028),
            ("deepseek-v4-pro", CACHED, None, 0.0435 + 0.00018125 + 0.0087),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/quick_start/pricing?article_id=article_1779470751466, peak hours",
            "2026-08",
            datetime(2026, 8, 26, 9, 59, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-v4-flash", CACHED, None, 0.044 + 0.0007 + 0.0132),
            ("deepseek-v4-pro", CACHED, None, 0.132 + 0.0022 + 0.0396),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/quick_start/pricing?article_id=article_1779470751466, quiet hours",
            "2026-08",
            datetime(2026, 8, 26, 10, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-v4-flash", CACHED, None, 0.022 + 0.00035 + 0.0066),
            ("deepseek-v4-pro", CACHED, None, 0.066 + 0.0011 + 0.0198),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/quick_start/pricing, quiet hours, quoted on GitHub",
            "2026-10-27",
            datetime(2026, 10, 27, 12, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-flash", CACHED, None, 0.015 + 0.00015 + 0.006),
            ("deepseek-v4-flash", CACHED, None, 0.015 + 0.00015 + 0.006),
            ("deepseek-v4-pro", CACHED, None, 0.066 + 0.0011 + 0.0198),
        ],
    ),
    (
        Page(
            "https://api-docs.deepseek.com/quick_start/pricing, peak hours, quoted on GitHub",
            "2026-10-27",
            datetime(2026, 10, 27, 8, tzinfo=UTC),
        ),
        "deepseek",
        [
            ("deepseek-flash", CACHED, None, 0.03 + 0.0003 + 0.012),
            ("deepseek-v4-pro", CACHED, None, 0.132 + 0.0022 + 0.0396),
        ],
    ),
    (
        Page("https://docs.wolffi.sh/configuration/zai.md, which quotes Z.ai's prices", "2026-11"),
        "zai",
        [
            ("glm-5.2", CACHED, None, 0.14 + 0.013 + 0.044),
            ("glm-5.1", CACHED, None, 0.14 + 0.013 + 0.044),
            ("glm-5-turbo", CACHED, None, 0.12 + 0.012 + 0.04),
            ("glm-5", CACHED, None, 0.1 + 0.01 + 0.032),
            ("glm-4.7", CACHED, None, 0.06 + 0.0055 + 0.022),
            ("glm-4.6", CACHED, None, 0.06 + 0.0055 + 0.022),
        ],
    ),
    (
        Page("https://developers.openai.com/api/docs/models/gpt-4o-audio-preview", "2026-11-28"),
        "openai",
        [
            (
                "gpt-4o-audio-preview",
                {"input": 100 * K, "output": 10 * K, "input_audio": 10 * K},
                None,
                0.25 + 0.1 + 0.4,
            ),
            ("gpt-4o-audio-preview", {"output_audio": 10 * K}, None, 0.8),
        ],
    ),
    (
        Page("https://ai.google.dev/gemini-api/docs/optimization, half of the usual price", "2026-11"),
        "gemini",
        [
            ("gemini-2.5-pro", CHAT, "flex", 0.0625 + 0.05),
            ("gemini-2.5-pro", {"input": 300 * K, "output": 10 * K}, "flex", 0.375 + 0.075),
        ],
    ),
    (
        Page("https://ai.google.dev/gemini-api/docs/pricing, as quoted by blog.laozhang.ai", "2026-02"),
        "gemini",
        [
            ("imagen-4.0-generate-001", {"image_standard_1024x1024": 2}, None, 0.08),
            ("imagen-4.0-fast-generate-001", {"image_standard_1024x1024": 2}, None, 0.04),
            ("imagen-4.0-ultra-generate-001", {"image_standard_1024x1024": 1}, None, 0.06),
        ],
    ),
    (
        Page("https://platform.claude.com/docs/en/models, the page of each model", "2026-11"),
        "anthropic",
        [
            ("claude-opus-5-5", KEPT, None, 0.4 + 0.01 + 0.5 + 0.8 + 0.2),
            ("claude-opus-5-5", CHAT, "batch", 0.2 + 0.1),
            ("claude-opus-5-5", CHAT, "fast", 0.8 + 0.4),
            ("claude-sonnet-5-5", CACHED, None, 0.2 + 0.005 + 0.1),
            (
                "claude-haiku-5-5",
                {"input": 50 * K, "cache_read": 50 * K, "output": 10 * K},
                None,
                0.005 + 0.0005 + 0.005,
            ),
        ],
    ),
    (
        Page("https://platform.claude.com/docs/en/models/haiku-5-5/overview", "2026-11"),
        "anthropic",
        [
            ("claude-haiku-5-5", {"input": 150 * K, "output": 10 * K}, None, 0.075 + 0.025),
            ("claude-haiku-5-5", {"input": 150 * K, "cache_write": 100 * K}, None, 0.075 + 0.0625),
            ("claude-haiku-5-5", {"input": 50 * K, "cache_write_1h": 40 * K}, None, 0.005 + 0.008),
        ],
    ),
    (
        Page("https://developers.openai.com/api/docs/models/gpt-6.2-sol", "2026-11"),
        "openai",
        [
            ("gpt-6.2-sol", {**CACHED, "cache_write": 100 * K}, None, 0.2 + 0.005 + 0.25 + 0.1),
            ("gpt-6.2-sol", {"input": 300 * K, "output": 10 * K}, None, 1.2 + 0.15),
            ("gpt-6.2-sol", CHAT, "batch", 0.1 + 0.05),
            ("gpt-6.2-sol", CHAT, "fast", 0.4 + 0.2),
            ("gpt-6.2-sol", {"input": 300 * K, "output": 10 * K}, "priority", 2.4 + 0.3),
        ],
    ),
    (
        Page("https://developers.openai.com/api/docs/models/gpt-6.2-astra, as LiteLLM quotes it", "2026-11-18"),
        "openai",
        [
            ("gpt-6.2-astra", CACHED, None, 0.8 + 0.02 + 0.4),
            ("gpt-6.2-astra", {**CHAT, "web_search": 1}, None, 0.8 + 0.4 + 0.01),
        ],
    ),
    (
        Page("https://developers.openai.com/api/docs/pricing, as quoted in releases on GitHub", "2026-10"),
        "openai",
        [
            ("gpt-6-astra", CACHED, None, 1 + 0.05 + 0.5),
            ("gpt-6-sol", {**CACHED, "cache_write": 100 * K}, None, 0.2 + 0.01 + 0.25 + 0.1),
            ("gpt-6-luna", {**CACHED, "cache_write": 100 * K}, None, 0.01 + 0.0005 + 0.0125 + 0.005),
            ("gpt-6.1-sol", CACHED, None, 0.2 + 0.005 + 0.1),
            ("gpt-6.1-sol", {"input": 300 * K, "output": 10 * K}, None, 1.2 + 0.15),
            ("gpt-6.1-sol", {"input": 300 * K, "output": 10 * K}, "default", 1.2 + 0.15),
            ("gpt-6.1-sol", {"input": 300 * K, "output": 10 * K}, "fast", 2.4 + 0.3),
            ("gpt-6.1-sol", {"input": 300 * K, "output": 10 * K}, "flex", 0.6 + 0.075),
            ("gpt-6.1-terra", CACHED, None, 0.1 + 0.0025 + 0.05),
        ],
    ),
    (
        Page("https://ai.google.dev/gemini-api/docs/pricing, as quoted in releases on GitHub", "2026-10-13"),
        "gemini",
        [
            ("gemini-4-argon", CACHED, None, 0.2 + 0.005 + 0.1),
            ("gemini-4-argon", CHAT, "batch", 0.1 + 0.05),
            ("gemini-4-argon", CHAT, "flex", 0.1 + 0.05),
            ("gemini-4-argon", CHAT, "priority", 0.36 + 0.18),
        ],
    ),
    (
        Page(
            "https://ai.google.dev/gemini-api/docs/pricing, from December on, as quoted in releases on GitHub",
            "2026-10-13",
            datetime(2026, 12, 2, tzinfo=UTC),
        ),
        "gemini",
        [
            ("gemini-4-argon", CACHED, None, 0.4 + 0.01 + 0.2),
        ],
    ),
    (
        Page("https://docs.x.ai/developers, the pages of Grok 4.6 and 4.7, and apidog.com", "2026-09-29"),
        "xai",
        [
            ("grok-4.6", CACHED, None, 0.2 + 0.025 + 0.06),
            ("grok-4.7", {"input": 100 * K, "cache_read": 50 * K, "output": 10 * K}, None, 0.2 + 0.025 + 0.06),
            # From 200,000 tokens of prompt on.
            ("grok-4.7", {"input": 200 * K, "output": 10 * K}, None, 0.8 + 0.12),
        ],
    ),
    (
        Page("https://platform.minimax.io, as quoted on dev.to", "2026-09-11"),
        "minimax",
        [
            ("MiniMax-M3", CACHED, None, 0.03 + 0.003 + 0.012),
            ("MiniMax-M3", {"input": 600 * K, "output": 10 * K}, None, 0.36 + 0.024),
        ],
    ),
    (
        Page("https://mistral.ai/pricing, as quoted on GitHub and by vercel.com", "2026-11"),
        "mistral",
        [
            ("mistral-medium-latest", CHAT, None, 0.15 + 0.075),
            ("mistral-large-4", CHAT, None, 0.07 + 0.021),
            ("mistral-large-latest", CHAT, None, 0.05 + 0.015),
        ],
    ),
    (
        Page("https://vercel.com/ai-gateway/models/claude-opus-5-fast", "2026-11"),
        "anthropic",
        [
            ("claude-opus-5", CHAT, "fast", 1 + 0.5),
        ],
    ),
    (
        Page("https://platform.moonshot.ai/docs/pricing/chat", "2026-03-26", datetime(2026, 3, 26, tzinfo=UTC)),
        "moonshot",
        [
            ("kimi-k2.5", CACHED, None, 0.06 + 0.005 + 0.03),
            ("kimi-k2-0905-preview", CACHED, None, 0.06 + 0.0075 + 0.025),
            ("kimi-k2-0711-preview", CACHED, None, 0.06 + 0.0075 + 0.025),
        ],
    ),
    (
        Page("https://docs.cohere.com/changelog/command-gets-refreshed", "2024-08-30"),
        "cohere",
        [
            ("command-r-plus-08-2024", CHAT, None, 0.25 + 0.1),
            ("command-r-08-2024", CHAT, None, 0.015 + 0.006),
        ],
    ),
    (
        Page("https://cohere.com/pricing, as quoted by factquire.com", "2026-07-04"),
        "cohere",
        [
            ("command-light", CHAT, None, 0.03 + 0.006),
        ],
    ),
    (
        Page("https://www.ai21.com/pricing, as transcribed by api-evangelist", "2026-10-07"),
        "ai21",
        [("jamba-large", CHAT, None, 0.2 + 0.08), ("jamba-mini", CHAT, None, 0.02 + 0.004)],
    ),
    (
        Page("https://docs.perplexity.ai/getting-started/pricing", "2026-11-28"),
        "perplexity",
        [
            ("sonar", {**CHAT, "request_low": 1}, None, 0.1 + 0.01 + 0.005),
            ("sonar", {**CHAT, "request_high": 1}, None, 0.1 + 0.01 + 0.012),
            ("sonar-pro", {**CHAT, "request_medium": 1}, None, 0.3 + 0.15 + 0.01),
            ("sonar-reasoning-pro", {**CHAT, "request_low": 1}, None, 0.2 + 0.08 + 0.006),
            (
                "sonar-deep-research",
                {**CHAT, "output_citation": 10 * K, "output_reasoning": 10 * K, "web_search": 10},
                None,
                0.2 + 0.08 + 0.02 + 0.03 + 0.05,
            ),
        ],
    ),
    (
        Page("https://docs.voyageai.com/pricing", "2024-12"),
        "voyage",
        [
            ("voyage-3", TEXT, None, 0.06),
            ("voyage-3-lite", TEXT, None, 0.02),
            ("voyage-finance-2", TEXT, None, 0.12),
            ("voyage-multilingual-2", TEXT, None, 0.12),
            ("voyage-law-2", TEXT, None, 0.12),
            ("voyage-code-2", TEXT, None, 0.12),
        ],
    ),
    (
        Page("https://docs.fireworks.ai/serverless/pricing", "2026-05"),
        "fireworks_ai",
        [
            ("accounts/fireworks/models/kimi-k2p6", CACHED, None, 0.095 + 0.008 + 0.04),
            ("accounts/fireworks/models/kimi-k2p5", CACHED, None, 0.06 + 0.005 + 0.03),
            ("accounts/fireworks/models/deepseek-v4-pro", CACHED, None, 0.174 + 0.00725 + 0.0348),
            ("accounts/fireworks/models/deepseek-v3p2", CACHED, None, 0.056 + 0.014 + 0.0168),
            ("accounts/fireworks/models/deepseek-v3p1", CACHED, None, 0.056 + 0.014 + 0.0168),
            ("accounts/fireworks/models/glm-5p1", CACHED, None, 0.14 + 0.013 + 0.044),
            ("accounts/fireworks/models/glm-5", CACHED, None, 0.1 + 0.01 + 0.032),
            ("accounts/fireworks/models/glm-4p7", CACHED, None, 0.06 + 0.015 + 0.022),
            ("accounts/fireworks/models/minimax-m2p7", CACHED, None, 0.03 + 0.003 + 0.012),
            ("accounts/fireworks/models/minimax-m2p5", CACHED, None, 0.03 + 0.0015 + 0.012),
            ("accounts/fireworks/models/gpt-oss-120b", CACHED, None, 0.015 + 0.00075 + 0.006),
            ("accounts/fireworks/models/gpt-oss-20b", CACHED, None, 0.007 + 0.00175 + 0.003),
        ],
    ),
    (
        Page("https://cloud.sambanova.ai/plans/pricing", "2026-10-07"),
        "sambanova",
        [
            ("MiniMax-M3", CACHED, None, 0.06 + 0.003 + 0.024),
            ("DeepSeek-V3.1", CHAT, None, 0.3 + 0.045),
            ("DeepSeek-V3.2", CHAT, None, 0.3 + 0.045),
        ],
    ),
    (
        Page("https://openrouter.ai/models, the page of each model", "2026-11"),
        "openrouter",
        [
            ("openai/o4-mini-high", CHAT, None, 0.11 + 0.044),
            ("openai/o3-mini", CHAT, None, 0.11 + 0.044),
            ("openai/gpt-4o", CHAT, None, 0.25 + 0.1),
            ("openai/gpt-4o-2024-05-13", CHAT, None, 0.5 + 0.15),
            ("openai/gpt-4o-mini-2024-07-18", CHAT, None, 0.015 + 0.006),
            ("openai/gpt-4", CHAT, None, 3 + 0.6),
            ("meta-llama/llama-4-scout:free", CHAT, None, 0.0),
        ],
    ),
    (
        Page("https://vercel.com/ai-gateway/models, the page of each model", "2026-11"),
        "vercel_ai_gateway",
        [
            ("openai/gpt-4.1", CACHED, None, 0.2 + 0.025 + 0.08),
            ("openai/o4-mini", CHAT, None, 0.11 + 0.044),
            ("openai/gpt-4o-mini", {"input": 100 * K}, None, 0.015),
            ("voyage/voyage-3.5", TEXT, None, 0.06),
            ("voyage/voyage-3.5-lite", TEXT, None, 0.02),
        ],
    ),
    (
        Page("https://docs.venice.ai/models", "2026-11"),
        "venice",
        [
            ("llama-3.3-70b", CHAT, None, 0.07 + 0.028),
        ],
    ),
]
"""By page, the row whose prices it has, and the cases."""
UNREAD: list[tuple[str, str, Mapping[str, float], str | None, float]] = [
    ("openai", "gpt-4o", CHAT, None, 0.25 + 0.10),
    ("openai", "gpt-4o", {"input": 100 * K, "cache_read": 100 * K}, None, 0.25 + 0.125),
    ("openai", "gpt-4o-2024-05-13", CHAT, None, 0.5 + 0.15),
    ("openai", "gpt-4o-mini", CHAT, None, 0.015 + 0.006),
    ("openai", "gpt-4o-mini-2024-07-18", {"cache_read": 100 * K}, None, 0.0075),
    ("openai", "gpt-4.1", CHAT, None, 0.2 + 0.08),
    ("openai", "gpt-4.1", {"cache_read": 100 * K}, None, 0.05),
    ("openai", "gpt-4.1", CHAT, "batch", 0.1 + 0.04),
    ("openai", "gpt-4.1-mini", CHAT, None, 0.04 + 0.016),
    ("openai", "gpt-4.1-nano", CHAT, None, 0.01 + 0.004),
    ("openai", "gpt-5", CHAT, None, 0.125 + 0.1),
    ("openai", "gpt-5-2025-08-07", {"cache_read": 100 * K, "output": 10 * K}, None, 0.0125 + 0.1),
    ("openai", "gpt-5", {"input": 100 * K, "output_reasoning": 10 * K}, None, 0.125 + 0.1),
    ("openai", "gpt-5", CHAT, "flex", 0.0625 + 0.05),
    ("openai", "gpt-5", CHAT, "default", 0.125 + 0.1),
    ("openai", "gpt-5-pro", CHAT, None, 1.5 + 1.2),
    ("openai", "o1", CHAT, None, 1.5 + 0.6),
    ("openai", "o3", CHAT, None, 0.2 + 0.08),
    ("openai", "o3-mini", CHAT, None, 0.11 + 0.044),
    ("openai", "o4-mini", CHAT, None, 0.11 + 0.044),
    ("openai", "o4-mini", {"cache_read": 100 * K}, None, 0.0275),
    ("openai", "text-embedding-3-small", {"input": 1000 * K}, None, 0.02),
    ("openai", "text-embedding-3-large", {"input": 1000 * K}, None, 0.13),
    ("openai", "text-embedding-ada-002", {"input": 1000 * K}, None, 0.1),
    # USD 0.006 a minute of sound, and 15 for a million characters of speech.
    ("openai", "whisper-1", {"input_audio_second": 600}, None, 0.06),
    ("openai", "tts-1", {"character": 2 * K}, None, 0.03),
    ("openai", "tts-1-hd", {"character": 2 * K}, None, 0.06),
    ("openai", "dall-e-3", {"image_standard_1024x1024": 2}, None, 0.08),
    ("openai", "dall-e-3", {"image_hd_1792x1024": 1}, None, 0.12),
    ("openai", "dall-e-2", {"image_standard_512x512": 3}, None, 0.054),
    ("openai", "gpt-image-1", {"input": 10 * K, "input_image": 10 * K, "output_image": 10 * K}, None, 0.55),
    ("azure", "gpt-4o", CHAT, None, 0.25 + 0.10),
    ("gemini", "gemini-2.5-pro", CHAT, None, 0.125 + 0.1),
    # More than 200,000 tokens of prompt: 2.50 and 15 for all of them.
    ("gemini", "gemini-2.5-pro", {"input": 300 * K, "output": 10 * K}, None, 0.75 + 0.15),
    ("gemini", "gemini-2.5-flash", {"input_audio": 100 * K}, None, 0.1),
    ("gemini", "gemini-2.5-flash-lite", CHAT, None, 0.01 + 0.004),
    ("gemini", "gemini-2.0-flash-001", CHAT, None, 0.01 + 0.004),
    # USD 30 for a million tokens of pictures.
    ("gemini", "gemini-2.5-flash-image", {"input": 100 * K, "output_image": 10 * K}, None, 0.03 + 0.3),
    ("groq", "llama-3.3-70b-versatile", CHAT, None, 0.059 + 0.0079),
    ("groq", "llama-3.1-8b-instant", CHAT, None, 0.005 + 0.0008),
    ("groq", "openai/gpt-oss-120b", CHAT, None, 0.015 + 0.006),
    # USD 0.111 an hour of sound.
    ("groq", "whisper-large-v3", {"input_audio_second": 7200}, None, 0.222),
    ("xai", "grok-3", CHAT, None, 0.3 + 0.15),
    ("xai", "grok-3-mini", CHAT, None, 0.03 + 0.005),
    ("cohere", "command-r7b-12-2024", CHAT, None, 0.00375 + 0.0015),
    ("cohere", "embed-v4.0", {"input": 1000 * K}, None, 0.12),
    # USD 2 and 2.50 for a thousand searches.
    ("cohere", "rerank-v3.5", {"rerank_search": 5}, None, 0.01),
    ("cohere", "rerank-v4.0-pro", {"rerank_search": 4}, None, 0.01),
    ("voyage", "voyage-3.5", {"input": 1000 * K}, None, 0.06),
    ("voyage", "voyage-3-large", {"input": 1000 * K}, None, 0.18),
    ("voyage", "rerank-2.5", {"input": 1000 * K}, None, 0.05),
]
"""Row, model, amounts, service tier, USD."""


def cases_read() -> list[tuple[Page, str, Case]]:
    """Every case of a page that was read."""
    return [(page, row, case) for page, row, cases in READ for case in cases]


@pytest.mark.parametrize("case", cases_read(), ids=lambda case: f"{case[1]}/{case[2][0]}")
def test_a_cost_is_what_the_page_says(case: tuple[Page, str, Case]) -> None:
    page, row, (name, amounts, service, usd) = case
    cost = cost_of_quantities(Quantities(amounts), row, name, service=service, at=page.at)

    assert cost.usd == pytest.approx(usd, rel=0.001), (cost, page)


@pytest.mark.parametrize(("row", "name", "amounts", "service", "usd"), UNREAD)
def test_a_cost_is_what_is_generally_known(
    row: str, name: str, amounts: Mapping[str, float], service: str | None, usd: float
) -> None:
    cost = cost_of_quantities(Quantities(amounts), row, name, service=service, at=AS_OF)

    assert cost.usd == pytest.approx(usd, rel=0.001), cost


@pytest.mark.parametrize("zone", [UTC, None])
def test_a_price_of_a_time_is_what_it_was_then(zone: tzinfo | None) -> None:
    name, amounts = "qwen/qwen3-max", Quantities(CHAT)
    then, later = datetime(2026, 1, 15, tzinfo=zone), datetime(2026, 6, 15, tzinfo=zone)

    assert cost_of_quantities(amounts, "openrouter", name, at=then).usd == pytest.approx(0.12 + 0.06)
    assert cost_of_quantities(amounts, "openrouter", name, at=later) == cost_of_quantities(amounts, "openrouter", name)


def test_a_past_price_has_a_beginning_too() -> None:
    name = "anthropic/claude-3.5-sonnet"
    costs = [
        cost_of_quantities(Quantities(CHAT), "openrouter", name, at=datetime(year, 1, 29, tzinfo=UTC)).usd
        for year in (2025, 2026)
    ]

    assert costs == [pytest.approx(0.3 + 0.15), pytest.approx(0.6 + 0.3)]


def test_enough_was_read() -> None:
    assert len(cases_read()) >= 60
