"""What is known of a model: its limits, what it takes and gives, what it costs, and where each figure is from.

What the program registered stands before corrections of ours, and those before what the packages say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from .._types.mapping import Record
from .corrections import correction_of
from .modes import mode_of
from .newer_facts import newer_of
from .price_tables import published_prices
from .prices import Prices
from .registered import registered, resolved_model, row_and_name
from .sources import (
    GENAI_PRICES,
    MODELS_DEV,
    facts_of,
    models_dev,
    models_of,
    names_of,
    priced_providers,
    window_of,
)

_FEATURES: Final[Mapping[str, str]] = {
    "attachment": "supports_files",
    "reasoning": "supports_reasoning",
    "structured_output": "supports_response_schema",
    "temperature": "supports_temperature",
    "tool_call": "supports_function_calling",
}
"""Fields of `models-dev`, and ours."""
_WITHOUT_ANSWER: Final = ("embedding", "rerank")
"""What is asked of models that write no text."""
_MODALITIES: Final[Mapping[tuple[str, str], str]] = {
    ("input", "image"): "supports_vision",
    ("input", "audio"): "supports_audio_input",
    ("input", "video"): "supports_video_input",
    ("input", "pdf"): "supports_pdf_input",
    ("output", "audio"): "supports_audio_output",
    ("output", "image"): "supports_image_output",
}


class UnknownModelError(LookupError):
    """No source knows the model. The message names the nearest ones of the same provider.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.models.UnknownModelError as error:
            print(error)  # with the nearest name that is known
    """

    __module__ = "trio_llm.models"


@attrs.define
class ModelInfo(Record):
    """What is known of one model; None where nobody says. The names are LiteLLM's, prices are USD for one token.

    Example:
        >>> info = trio_llm.get_model_info("openai/gpt-4o")
        >>> info.max_input_tokens, info["input_cost_per_token"]
        (128000, 2.5e-06)
    """

    key: str = ""
    """The model's name in the source."""
    litellm_provider: str = ""
    """The row of the catalogue."""
    base_model: str | None = None
    """The model that this one is, where the program told so: of a deployment of Azure's, for one."""
    mode: str | None = None
    """What it is called for: `chat`, `embedding`, `rerank`, `image_generation`, `audio_speech` and so on."""
    max_tokens: int | None = None
    """Tokens of an answer."""
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    context_window: int | None = None
    """Tokens of prompt and answer together."""
    input_cost_per_token: float | None = None
    output_cost_per_token: float | None = None
    cache_read_input_token_cost: float | None = None
    cache_creation_input_token_cost: float | None = None
    cache_creation_input_token_cost_above_1hr: float | None = None
    """A token that is kept in the cache for an hour."""
    input_cost_per_audio_token: float | None = None
    output_cost_per_audio_token: float | None = None
    output_cost_per_reasoning_token: float | None = None
    input_cost_per_second: float | None = None
    """Of sound."""
    input_cost_per_character: float | None = None
    """Of a text that is spoken."""
    input_cost_per_query: float | None = None
    """Of a ranking."""
    input_cost_per_request: float | None = None
    """What each call costs beside its tokens."""
    output_cost_per_image: float | None = None
    input_modalities: list[str] | None = None
    output_modalities: list[str] | None = None
    supports_function_calling: bool | None = None
    supports_reasoning: bool | None = None
    supports_response_schema: bool | None = None
    supports_temperature: bool | None = None
    supports_files: bool | None = None
    supports_vision: bool | None = None
    supports_audio_input: bool | None = None
    supports_audio_output: bool | None = None
    supports_image_output: bool | None = None
    supports_pdf_input: bool | None = None
    supports_video_input: bool | None = None
    open_weights: bool | None = None
    release_date: str | None = None
    knowledge_cutoff: str | None = None
    deprecated: bool | None = None
    sources: dict[str, str] | None = None
    """Where the figures are from: `facts` and `prices`, each with the source's own provider."""


def register_model(model_cost: Mapping[str, Mapping[str, Any]]) -> None:
    """Say what is known of models of one's own, or correct a figure, for this process.

    Args:
        model_cost: fields of `ModelInfo`, such as `max_input_tokens` (tokens) and `input_cost_per_token` (USD), by
            model: `"provider/name"`, or a bare name with `litellm_provider` among its fields. With `base_model` the
            model is another one, and has its facts, prices and tokens; it is one of the same provider, unless it has a
            prefix. A price holds for prompts of any length and for every service tier.

    Raises:
        TypeError: for a field that `ModelInfo` does not have.
        ValueError: for a price that is no amount.

    Example:
        >>> trio_llm.register_model({"vllm/mine": {"max_input_tokens": 32_768, "input_cost_per_token": 1e-7}})
        >>> trio_llm.register_model({"azure/our-deployment": {"base_model": "gpt-4o"}})
    """
    for name, fields in model_cost.items():
        if unknown := sorted(set(fields) - set(ModelInfo.field_names)):
            raise TypeError(f"a model has no {', '.join(unknown)}: see ModelInfo (model {name!r})")
        for field in fields.keys() & _OWN_RATES.keys():
            if not _is_amount(price := fields[field]):
                raise ValueError(f"{price!r} is no amount of USD: {field} of the model {name!r}")
    registered.add(model_cost)


def _is_amount(price: object) -> bool:
    return price is None or (isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < math.inf)


def get_model_info(model: str, custom_llm_provider: str | None = None) -> ModelInfo:
    """What is known of a model, under whatever name a provider writes it.

        info = trio_llm.get_model_info("openai/gpt-4o")

    Args:
        model: `"provider/name"`, or a bare name that resolves; dated, regional and prefixed names are understood.
        custom_llm_provider: the row, where `model` has no prefix.

    Raises:
        UnknownModelError: if nobody knows it.
        BadRequestError: if no provider fits.
        ModuleNotFoundError: without the extra `models`.

    Source: the packages `models-dev` and `genai-prices`; see `ModelInfo.sources`.
    """
    info, row, name = _without_prices(model, custom_llm_provider)
    prices = prices_of(row, name)
    if info.sources is None and prices is None:
        raise _unknown(row, name)
    if prices is not None:
        _add_prices(info, prices)
    _add_window(info, row, name)
    return info


def get_max_tokens(model: str) -> int | None:
    """Tokens that an answer of the model may have; None where nobody says.

        print(trio_llm.get_max_tokens("gpt-4o"))  # tokens of an answer at most

    Raises:
        UnknownModelError: if nobody knows its limits.
        BadRequestError: if no provider fits.
        ModuleNotFoundError: without the extra `models`.
    """
    return _known_facts(model).max_tokens


def supports(model: str, feature: str) -> bool | None:
    """Whether a model can do something: `vision`, `function_calling`, `reasoning`, `response_schema` and so on.

    None where nobody says. `feature` is the name of a field `supports_...` of `ModelInfo`, with or without that prefix.

    Raises:
        ValueError: for a feature that is none.
        UnknownModelError: if nobody knows the model.

    Example:
        >>> trio_llm.supports("openai/gpt-4o", "vision")
        True
    """
    name = f"supports_{feature.removeprefix('supports_')}"
    if name not in ModelInfo.field_names:
        known = ", ".join(
            field.removeprefix("supports_") for field in ModelInfo.field_names if field[:9] == "supports_"
        )
        raise ValueError(f"no feature {feature!r}: there are {known}")
    answer: bool | None = getattr(_known_facts(model), name)
    return answer


def _without_prices(model: str, provider: str | None = None) -> tuple[ModelInfo, str, str]:
    """What is known of a model but for its prices, which take longer to load; its row, and its name there.

    `sources` is None if nobody knows it.
    """
    row, name = row_and_name(model, provider)
    its_row, its_name = registered.meant(row, name)
    found = facts_of(its_row, its_name)
    info = ModelInfo(key=name) if found is None else _described(found[0])
    sources = {} if found is None else {"facts": found[1]}
    info.litellm_provider = row
    info.mode = mode_of(its_name, info.input_modalities, info.output_modalities)
    if info.mode in _WITHOUT_ANSWER:
        info.max_tokens = info.max_output_tokens = None  # the source has the length of vectors there
    corrected, page = correction_of(its_row, its_name)
    own = registered.all_of(row, name)
    for field, value in {**corrected, **own}.items():
        setattr(info, field, value)
    if corrected:
        sources["corrected"] = page
    if own:
        sources["registered"] = ", ".join(sorted(own))
    info.sources = sources or None
    return info, row, name


def _known_facts(model: str) -> ModelInfo:
    info, row, name = _without_prices(model)
    # Loading prices takes longer, and is only done for a model of which nothing else is known.
    if info.sources is None and prices_of(row, name) is None:
        raise _unknown(row, name)
    return info


def list_models(provider: str) -> list[str]:
    """The models of a row that a source knows, as `"provider/name"`, in the order of their names.

    Example:
        print(list_models("openai")[:5])
    """
    ids = MODELS_DEV.get(provider, (provider, provider.replace("_", "-")))
    # Both write some names with other capitals.
    names = {name.lower(): name for name in names_of(provider)}
    names |= {name.lower(): name for source in ids for name in (*newer_of(source), *models_of(source))}
    return sorted(f"{provider}/{name}" for name in names.values())


def search_models(text: str, provider: str | None = None) -> list[str]:
    """Models whose name contains `text`, as `"provider/name"`; of one row, or of every row that a source knows.

    Example:
        print(search_models("sonnet", "anthropic"))
    """
    rows = [provider] if provider else _rows_of_sources()
    return [name for row in rows for name in list_models(row) if text.lower() in name.lower()]


def _rows_of_sources() -> list[str]:
    """The rows of the catalogue of which a source has models."""
    named = {*MODELS_DEV, *GENAI_PRICES, *(name.replace("-", "_") for name in (*models_dev(), *priced_providers()))}
    rows = {*named, *models_dev(), *priced_providers()}
    return sorted(row for row in rows if (resolved_model(f"{row}/any") or ("", ""))[0] == row)


def prices_of(row: str, name: str, at: datetime | None = None) -> Prices | None:
    """The prices of a row's model, at a time where the source knows history; None if nobody says."""
    its_row, its_name = registered.meant(row, name)
    published = published_prices(its_row, its_name, at)
    told = {**correction_of(its_row, its_name)[0], **registered.all_of(row, name)}
    rates = {part: told[field] for field, part in _OWN_RATES.items() if told.get(field) is not None}
    if not rates:
        return published
    if published is None:
        return Prices(rates, source="register_model")
    return published.with_rates(rates, f"register_model and {published.source}")


_OWN_RATES: Final[Mapping[str, str]] = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "input_audio",
    "output_cost_per_audio_token": "output_audio",
    "output_cost_per_reasoning_token": "output_reasoning",
    "input_cost_per_second": "input_audio_second",
    "input_cost_per_character": "character",
    "input_cost_per_query": "rerank_search",
    "input_cost_per_request": "request",
    "output_cost_per_image": "image",
}


def _described(facts: Mapping[str, Any]) -> ModelInfo:
    # Nothing can have no tokens: the source has a zero where it does not know.
    limit = {name: tokens or None for name, tokens in (facts.get("limit") or {}).items()}
    modalities = facts.get("modalities") or {}
    info = ModelInfo(
        key=facts.get("id", ""),
        max_tokens=limit.get("output"),
        max_input_tokens=limit.get("input") or limit.get("context"),
        max_output_tokens=limit.get("output"),
        context_window=limit.get("context"),
        input_modalities=modalities.get("input"),
        output_modalities=modalities.get("output"),
        open_weights=facts.get("open_weights"),
        release_date=facts.get("release_date"),
        knowledge_cutoff=facts.get("knowledge"),
        deprecated=facts.get("status") == "deprecated" or None,
    )
    for theirs, ours in _FEATURES.items():
        setattr(info, ours, facts.get(theirs))
    for (way, kind), ours in _MODALITIES.items():
        if modalities.get(way) is not None:
            setattr(info, ours, kind in modalities[way])
    return info


def _add_prices(info: ModelInfo, prices: Prices) -> None:
    if info.mode is None and "output" in prices.rates:
        info.mode = "chat"
    for field, part in _OWN_RATES.items():
        if part in prices.rates:
            setattr(info, field, prices.rates[part])
    info.sources = {**(info.sources or {}), "prices": prices.source}


def _add_window(info: ModelInfo, row: str, name: str) -> None:
    """The length of a model that `models-dev` does not know, where the other package does."""
    if info.context_window is None and (found := window_of(*registered.meant(row, name))) is not None:
        window, provider = found
        info.context_window = window
        info.max_input_tokens = info.max_input_tokens or window
        info.sources = {"facts": f"genai-prices, {provider}", **(info.sources or {})}


def _unknown(row: str, name: str) -> UnknownModelError:
    from difflib import get_close_matches  # only on the way to an error

    near = get_close_matches(f"{row}/{name}", list_models(row), n=3)
    nearest = f"; near it are {', '.join(near)}" if near else ""
    return UnknownModelError(f"nobody knows the model {name!r} of {row}{nearest}")
