"""Prices that neither source has, or has wrong, each with the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .names import spellings

_MILLION: Final = 1e6
_PERPLEXITY: Final = "https://docs.perplexity.ai/getting-started/pricing (2026-11-28)"
_OPENAI: Final = "https://platform.openai.com/docs/pricing (2026-11-28)"
_COHERE: Final = "https://cohere.com/pricing (2026-10)"
_VOYAGE: Final = "https://docs.voyageai.com/docs/pricing (2026-11-28)"


def _requests(low: float, medium: float, high: float) -> dict[str, float]:
    """Perplexity's prices of a thousand requests by `search_context_size`, of which `low` is the default."""
    per = {"request": low, "request_low": low, "request_medium": medium, "request_high": high}
    return {part: usd / 1e3 for part, usd in per.items()}


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
}
"""USD for one of each part, by row and name. They come on top of what a source has, and count before it."""
FREE: Final[Mapping[str, str]] = {"openrouter": ":free"}
"""How the names of models end that cost nothing. OpenRouter docs, "Model variants", 2026-11."""


def is_free(row: str, name: str) -> bool:
    """Whether a row's model costs nothing, by its name."""
    return row in FREE and name.endswith(FREE[row])


def added_prices(row: str, name: str) -> tuple[Mapping[str, float], str]:
    """The rates of this table for a row's model, and their page; none and no page where it has none."""
    for spelling in spellings(name):
        if (row, spelling) in ADDED:
            return ADDED[row, spelling]
    return {}, ""
