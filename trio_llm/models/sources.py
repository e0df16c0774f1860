"""Where the figures are: two packages that others keep, read when first asked.

Neither is the only truth. `models-dev` knows limits, modalities and abilities; `genai-prices` knows prices with their
tiers, history and service tiers, and many dated names that the other lacks. Both know input and output prices. Where
they differ (133 of 721 shared models on 2026-11-28), the order of `price_tables.PRICE_ORDER` decides.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from .names import spellings

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo as PricedModel, Provider as PricedProvider

INSTALL: Final = 'pip install "trio-llm[models]"'

MODELS_DEV: Final[Mapping[str, tuple[str, ...]]] = {
    "azure": ("azure", "openai"),
    "azure_ai": ("azure-cognitive-services", "azure"),
    "bedrock": ("amazon-bedrock",),
    "cloudflare": ("cloudflare-workers-ai",),
    "dashscope": ("alibaba", "alibaba-cn"),
    "fireworks_ai": ("fireworks-ai",),
    "gemini": ("google",),
    "github": ("github-models",),
    "github_copilot": ("github-copilot",),
    "inception": ("inception",),
    "lm_studio": ("lmstudio",),
    "meta_llama": ("llama",),
    "moonshot": ("moonshotai", "moonshotai-cn"),
    "novita": ("novita-ai",),
    "nvidia_nim": ("nvidia",),
    "ollama_cloud": ("ollama-cloud",),
    "together_ai": ("togetherai",),
    "vercel_ai_gateway": ("vercel",),
    "vertex_ai": ("google-vertex", "google-vertex-anthropic", "google"),
    "volcengine": ("bailing",),
    "zai": ("zai", "zhipuai"),
}
"""By row, the providers of `models-dev` that have its models. A row that is not here has the same name in both."""
GENAI_PRICES: Final[Mapping[str, tuple[str, ...]]] = {
    "azure": ("azure", "openai"),
    "azure_ai": ("azure",),
    "bedrock": ("aws",),
    "fireworks_ai": ("fireworks",),
    "gemini": ("google",),
    "meta_llama": ("meta",),
    "moonshot": ("moonshotai",),
    "together_ai": ("together",),
    "vertex_ai": ("google",),
    "voyage": ("voyageai",),
    "xai": ("x-ai",),
    "zai": ("zai", "zhipuai"),
}
"""The same for `genai-prices`."""


@cache
def models_dev() -> Mapping[str, Any]:
    """The data of `models-dev`: by its provider's name, `models` by name.

    The file is read as it is: the package's own classes take three times as long to make.

    Raises:
        ModuleNotFoundError: if the package is not installed; the message says how to.
    """
    try:
        packed = (resources.files("models_dev") / "data.json.gz").read_bytes()
    except ModuleNotFoundError as error:
        message = f"facts about models need the package models-dev: {INSTALL}"
        raise ModuleNotFoundError(message, name=error.name) from None
    data: Mapping[str, Any] = json.loads(gzip.decompress(packed))
    return data


@cache
def priced_providers() -> Mapping[str, PricedProvider]:
    """The providers of `genai-prices`. The package takes 0.3 s to import, once.

    Raises:
        ModuleNotFoundError: if the package is not installed; the message says how to.
    """
    try:
        from genai_prices.data import providers
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"prices need the package genai-prices: {INSTALL}", name=error.name) from None
    return {provider.id: provider for provider in providers}


def facts_of(row: str, name: str) -> tuple[Mapping[str, Any], str] | None:
    """What `models-dev` says of a row's model, and which of its providers says it."""
    for spelling in spellings(name):
        for provider in MODELS_DEV.get(row, (row, row.replace("_", "-"))):
            found = models_dev().get(provider, {}).get("models", {}).get(spelling)
            if found is not None:
                return found, provider
    return None


def priced(row: str, spelling: str) -> tuple[PricedModel, str] | None:
    """What `genai-prices` has of a row's model under one spelling, and which of its providers has it."""
    known = priced_providers()
    for provider in GENAI_PRICES.get(row, (row, row.replace("_", "-"))):
        if provider in known and (found := known[provider].find_model(spelling, all_providers=list(known.values()))):
            return found, provider
    return None
