"""Where the figures are: two packages that others keep, read when first asked.

Neither is the only truth. `models-dev` knows limits, modalities and abilities; `genai-prices` knows prices with their
tiers, history and service tiers, and many dated names that the other lacks. Both know input and output prices. Where
they differ (133 of 721 shared models on 2026-11-28), the order of `price_tables.PRICE_ORDER` decides.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from .names import maker_and_name, spellings
from .newer_facts import newer_of

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo as PricedModel, Provider as PricedProvider

_DECODER: Final = json.JSONDecoder()
INSTALL: Final = 'pip install "trio-llm[models]"'

MODELS_DEV: Final[Mapping[str, tuple[str, ...]]] = {
    "abliteration": ("abliteration-ai",),
    "amazon_nova": ("nova",),
    "azure": ("azure", "openai"),
    "azure_ai": ("azure-cognitive-services", "azure"),
    "bedrock": ("amazon-bedrock",),
    "bedrock_mantle": ("amazon-bedrock",),
    "bigmodel": ("zhipuai",),
    "cloudflare": ("cloudflare-workers-ai",),
    "dashscope": ("alibaba-cn", "alibaba"),
    "fireworks_ai": ("fireworks-ai",),
    "friendliai": ("friendli",),
    "gemini": ("google",),
    "github": ("github-models",),
    "github_copilot": ("github-copilot",),
    "gmi": ("gmicloud",),
    "gradient_ai": ("digitalocean",),
    "inference_net": ("inference",),
    "lm_studio": ("lmstudio",),
    "meta_llama": ("llama",),
    "moonshot": ("moonshotai", "moonshotai-cn"),
    "novita": ("novita-ai",),
    "nvidia_nim": ("nvidia",),
    "opencode_zen": ("opencode",),
    "qwencloud": ("alibaba",),
    "regolo": ("regolo-ai",),
    "together_ai": ("togetherai",),
    "veniceai": ("venice",),
    "vercel_ai_gateway": ("vercel",),
    "vertex_ai": ("google-vertex", "google-vertex-anthropic", "google"),
    "vertex_openai": ("google-vertex", "google"),
    "xiaomi_mimo": ("xiaomi",),
    "zai_coding": ("zai-coding-plan",),
}
"""By row, the providers of `models-dev` that have its models. A row that is not here has the same name in both."""
GENAI_PRICES: Final[Mapping[str, tuple[str, ...]]] = {
    "azure": ("azure", "openai", "anthropic"),
    "azure_ai": ("azure", "openai", "anthropic"),
    "bedrock": ("aws",),
    "bedrock_mantle": ("aws",),
    "bigmodel": ("zhipuai",),
    "fireworks_ai": ("fireworks",),
    "gemini": ("google",),
    "meta_llama": ("meta",),
    "moonshot": ("moonshotai",),
    "together_ai": ("together",),
    "vertex_ai": ("google", "anthropic"),
    "vertex_openai": ("google",),
    "voyage": ("voyageai",),
    "xai": ("x-ai",),
}
"""The same for `genai-prices`: those whose prices are the row's. Others that the package falls back to come last."""
_LENT: Final[Mapping[str, tuple[str, ...]]] = {
    "azure_ai": ("anthropic", "openai"),
    "bedrock": ("anthropic", "openai"),
    "bedrock_mantle": ("anthropic", "openai"),
    "vertex_ai": ("anthropic", "openai"),
}
"""By row, providers of `models-dev` that know the abilities of its models longer than it lists them itself."""
_SAME_PRICES: Final = frozenset({"anthropic"})
"""Those of them that cost there what their makers charge; OpenAI's cost a tenth more on Bedrock."""
_VERSIONED: Final = frozenset({"mistral"})
"""Rows where a month at the end of a name is another model, and no other release of the same."""
_MONTH: Final = re.compile(r"-\d{4}$")
BY_HOST: Final[Mapping[str, str]] = {"huggingface": "huggingface_"}
"""Rows whose names end with the host that answers (`:groq`), and how `genai-prices` begins the names of those."""


@cache
def _models_dev_text() -> str:
    """The data of `models-dev`, unread: the package's own reading of it takes 0.2 s.

    Raises:
        ModuleNotFoundError: if the package is not installed; the message says how to.
    """
    try:
        found = find_spec("models_dev")
    except ValueError:  # it was made unavailable
        found = None
    read: Callable[[str], bytes] | None = getattr(found and found.loader, "get_data", None)
    if found is None or read is None:
        raise ModuleNotFoundError(f"facts about models need the package models-dev: {INSTALL}", name="models_dev")
    folder = (found.submodule_search_locations or [""])[0]
    return gzip.decompress(read(os.path.join(folder, "data.json.gz"))).decode()


@cache
def models_dev() -> Mapping[str, Mapping[str, Any]]:
    """What `models-dev` has, all 2 MB of it: by its provider's name, the facts of models by their names."""
    data = json.loads(_models_dev_text())
    return {provider: data[provider]["models"] for provider in data}


@cache
def models_of(provider: str) -> Mapping[str, Any]:
    """The facts of the models of one provider of `models-dev`, by their names; empty for an unknown provider.

    Only this provider's part of the data is read, which takes a tenth of the time.
    """
    text = _models_dev_text()
    start = f'"{provider}":{{'
    at = text.find(start)
    while at != -1:
        value, _ = _DECODER.raw_decode(text, at + len(start) - 1)
        # A model can have the name of a provider, but it has no models.
        if value.get("id") == provider and "models" in value:
            models: Mapping[str, Any] = value["models"]
            return models
        at = text.find(start, at + 1)
    return {}


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


def facts_of(row: str, name: str, *, for_prices: bool = False) -> tuple[Mapping[str, Any], str] | None:
    """What is said of a row's model, and who says it: a provider of `models-dev`, or a page.

    Args:
        row: of the catalogue.
        name: the model's, there.
        for_prices: of makers that speak for the row, only those are asked whose prices are the row's.
    """
    own = MODELS_DEV.get(row, (row, row.replace("_", "-")))
    is_version = row in _VERSIONED and _MONTH.search(name)
    for spelling in spellings(name):
        if is_version and not _MONTH.search(spelling):
            continue
        if (found := _facts_at(own, spelling)) is not None:
            return found
    bare = maker_and_name(name)[1]
    lenders = tuple(one for one in _LENT.get(row, ()) if one in _SAME_PRICES or not for_prices)
    for spelling in spellings(bare) if lenders else ():
        if (found := _facts_at(lenders, spelling)) is not None:
            return found
    return _facts_of_newest((*own, *lenders), bare.removesuffix("-latest"))


def _facts_at(providers: tuple[str, ...], name: str) -> tuple[Mapping[str, Any], str] | None:
    for provider in providers:
        if (found := models_of(provider).get(name)) is not None:
            return found, f"models-dev, {provider}"
        if (newer := newer_of(provider).get(name)) is not None:
            return newer
    return None


def _facts_of_newest(providers: tuple[str, ...], name: str) -> tuple[Mapping[str, Any], str] | None:
    """Of a name that means the newest release of a model, where only the releases are listed."""
    release = re.compile(rf"{re.escape(name)}-20\d{{6}}")
    for provider in providers:
        if releases := [key for key in models_of(provider) if release.fullmatch(key)]:
            return models_of(provider)[max(releases)], f"models-dev, {provider}"
    return None


def priced(row: str, spelling: str, *, borrowed: bool = False) -> tuple[PricedModel, str] | None:
    """What `genai-prices` has of a row's model under one spelling, and which of its providers has it.

    Args:
        row: of the catalogue.
        spelling: of the model's name.
        borrowed: whether what the package takes from another provider, for want of the row's own, will do.
    """
    known = priced_providers()
    others = list(known.values()) if borrowed else None
    for provider in GENAI_PRICES.get(row, (row, row.replace("_", "-"))):
        if provider in known and (found := known[provider].find_model(spelling, all_providers=others)):
            return found, provider
    return None


def window_of(row: str, name: str) -> tuple[int, str] | None:
    """The length of a row's model in tokens by `genai-prices`, and which of its providers says it."""
    for spelling in spellings(name):
        if (found := priced(row, spelling)) is not None and found[0].context_window:
            return found[0].context_window, found[1]
    return None


def names_of(row: str) -> list[str]:
    """The names of a row's models in `genai-prices`, but for those that no call can have."""
    providers = [name for name in GENAI_PRICES.get(row, (row, row.replace("_", "-"))) if name in priced_providers()]
    known = [model.id for model in priced_providers()[providers[0]].models] if providers else []
    return [name for name in known if not (_NO_NAME.search(name) or (row in _NO_CLAUDE and "claude" in name))]


_NO_NAME: Final = re.compile(r"^regional\.|^ft:|\.ft-|:batch$")
"""Names in `genai-prices` that stand for several models, or for how one is served."""
_NO_CLAUDE: Final = frozenset({"gemini", "vertex_openai"})
"""Rows without the models of Anthropic's that their provider has there."""
