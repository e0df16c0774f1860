"""What a call cost: told by the provider, else computed from its usage and the published prices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from .._types.errors import LLMError
from .._types.request import AnyRequest
from .._types.usage import Usage
from .facts import prices_of
from .hosts import seller_of
from .own_prices import is_free
from .places import dearer_by_place
from .prices import TOKENS, Quantities
from .registered import row_and_name
from .used import other_amounts, quantities_of

_TICKS: Final = 1e-10
"""USD. xAI API reference, "usage.cost_in_usd_ticks", 2026-11."""
_TOLD: Final[tuple[tuple[tuple[str, ...], float], ...]] = (
    (("usage", "cost", "total_cost"), 1.0),
    (("usage", "cost_in_usd_ticks"), _TICKS),
    (("usage", "cost"), 1.0),
    (("cost", "usd"), 1.0),
    (("provider_metadata", "gateway", "cost"), 1.0),
)
"""Where providers tell the cost of a call, and what one unit of it is in USD.

In this order: Perplexity, xAI, OpenRouter and Avian, Venice, Vercel's gateway.
"""
TOLD_IN_HEADER: Final = "x-litellm-response-cost"
"""USD. Not of streams, whose headers come before the answer. LiteLLM docs, "Response Headers", 2026-10."""
_OWN_KEY: Final = ("usage", "is_byok")
_UPSTREAM: Final = ("usage", "cost_details", "upstream_inference_cost")
"""What a host charges to the caller's own key comes beside what the gateway charges, which is then its fee.

Other calls have it too, and there it is the same sum once more. OpenRouter docs, "Usage accounting", 2026-11.
"""

_SERVICES: Final = (("usage", "speed"), ("service_tier",), ("usage", "service_tier"), ("usage", "trafficType"))
_TRAFFIC: Final[Mapping[str, str]] = {"ON_DEMAND_FLEX": "flex", "ON_DEMAND_PRIORITY": "priority"}
"""Vertex AI's words for services that others call otherwise. Vertex AI reference, "TrafficType", 2026-11."""


@attrs.frozen
class Cost:
    """What a call cost in USD.

    Example:
        >>> response.cost.usd
        0.00035
        >>> response.cost.parts
        {'input': 0.00025, 'output': 0.0001}
    """

    usd: float | None
    """None if it cannot be known; `reason` says why."""
    parts: Mapping[str, float] = attrs.field(factory=dict[str, float])
    """USD by what was paid for: `input`, `output`, `cache_read`, `cache_write`, `output_reasoning`, `web_search` ..."""
    reason: str = ""
    """Where the figure is from, or why there is none."""
    estimated: bool = False
    """Whether the usage was not the provider's own, as for a stream that was cut."""

    def __float__(self) -> float:
        if self.usd is None:
            raise ValueError(f"the cost is not known: {self.reason}")
        return self.usd


@attrs.frozen
class Sale:
    """Whose model was used, when and how."""

    row: str
    name: str
    """Of the model, without the row's prefix."""
    at: datetime | None = None
    """None is now."""
    service: str | None = None
    """The service tier, in place of the one that a response names."""
    asked: AnyRequest | None = None
    """The request, where it is known."""


def cost_of_response(response: Any) -> Cost:
    """What a response of a call cost; it knows whose it is. See `trio_llm.ModelResponse.cost`."""
    receipt = getattr(response, "receipt", None)
    if receipt is None:
        named = getattr(response, "model", None)
        try:
            row, name = row_and_name(named or "")
        except LLMError:
            told = told_cost(response)
            if told is not None:
                return Cost(told, {"told": told}, "told by the provider")
            return Cost(None, reason="the response is a copy, and does not say whose it is")
        return cost_of(response, row, name)
    return cost_of(response, receipt.llm_provider, receipt.model, asked=receipt.request)


def cost_of(response: Any, row: str, name: str, *, at: datetime | None = None, asked: AnyRequest | None = None) -> Cost:
    """What a response of a row's model cost: as its provider told, else by its usage.

        print(cost_of(response, "openai", "gpt-4o"))

    Args:
        response: any response class of this package, or a chunk that has `usage`.
        row: the provider's row.
        name: the model's name there, without the row's prefix.
        at: when the call was made; None is now.
        asked: the request, which says what some responses do not: the size of a picture, the text that was spoken.
    """
    return _cost(response, Sale(row, name, at, asked=asked))


def _cost(response: Any, sale: Sale) -> Cost:
    asked = sale.asked
    told = told_cost(response)
    if told is not None:
        return Cost(told, {"told": told}, f"told by {sale.row}")
    quantities, is_estimated = quantities_of(response, sale.row, asked)
    if is_free(sale.row, sale.name):
        return cost_of_used(quantities, response, sale)
    cost = Cost(None, reason="the response says nothing of its usage")
    if quantities.amounts:
        cost = attrs.evolve(cost_of_used(quantities, response, sale), estimated=is_estimated)
    if not cost.usd:
        # A price of nothing for tokens does not say that nothing is paid: a model of sound may have one for seconds.
        for amounts, is_guess in other_amounts(response, sale.row, asked):
            other = cost_of_used(Quantities(amounts), response, sale)
            if other.usd or (cost.usd is None and other.usd is not None):
                return attrs.evolve(other, estimated=is_guess)
    return cost


def cost_of_used(quantities: Quantities, response: Any, sale: Sale) -> Cost:
    """What so much of a model costs, under the conditions that a response tells.

    Args:
        quantities: what was used.
        response: which names its service, its model and its host; of a stream that broke, a mapping with `usage`.
        sale: of which model.
    """
    row, name, at = sale.row, sale.name, sale.at
    try:
        row, name = seller_of(row, name, _at(response, ("provider",)))
        if prices_of(row, name, at) is None and isinstance(answered := _at(response, ("model",)), str):
            # A deployment has a name of its own, and its answers have that of the model.
            name = answered if prices_of(row, answered, at) is not None else name
        cost = cost_of_quantities(quantities, row, name, service=sale.service or _service(response), at=at)
    except ModuleNotFoundError as error:
        return Cost(None, reason=str(error))
    factor = dearer_by_place(row, name, _at(response, ("usage", "inference_geo")), sale.asked)
    if cost.usd is not None and factor != 1.0:
        parts = {part: usd * factor if part in TOKENS else usd for part, usd in cost.parts.items()}
        cost = attrs.evolve(cost, usd=sum(parts.values()), parts=parts)
    return cost


def _service(response: Any) -> str | None:
    """How a request was served: Anthropic and Bedrock say it in the usage, and their fast mode apart from the rest."""
    told = (_at(response, path) for path in _SERVICES)
    fast, *others = [_TRAFFIC.get(service, service) if isinstance(service, str) else None for service in told]
    return fast if fast == "fast" else next(filter(None, others), None)


def cost_of_quantities(
    quantities: Quantities, row: str, name: str, *, service: str | None = None, at: datetime | None = None
) -> Cost:
    """What so much of a row's model costs."""
    prices = prices_of(row, name, at)
    if prices is None:
        return Cost(None, reason=f"no price is known for {name!r} of {row}")
    parts = prices.parts_of(quantities, service)
    if parts is None:
        return Cost(None, reason=f"{prices.source} has no price for all of {', '.join(quantities.amounts)} of {name!r}")
    return Cost(sum(parts.values(), 0.0), parts, prices.source)


def told_cost(response: Any) -> float | None:
    """The cost in USD that the provider itself put into a response, whoever charges it; None if it did not."""
    for path, unit in _TOLD:
        told = _number(_at(response, path))
        if told is not None:
            own = _number(_at(response, _UPSTREAM)) if _at(response, _OWN_KEY) is True else None
            return told * unit + (own or 0.0)
    receipt = getattr(response, "receipt", None)
    if receipt is None or getattr(receipt.request, "stream", False):
        return None
    return _number(receipt.head.headers.get(TOLD_IN_HEADER))


def _at(response: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        response = response.get(name) if hasattr(response, "get") else None
    return response


def _number(value: Any) -> float | None:
    """An amount of money; None for what is none, like an infinite one, which would spoil every sum."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if 0 <= value < math.inf else None


def completion_cost(
    completion_response: Any,
    model: str | None = None,
    *,
    custom_llm_provider: str | None = None,
    service_tier: str | None = None,
) -> float:
    """The cost of a response in USD, as its provider told it, else by its usage.

    Args:
        completion_response: any response of this package, or a chunk with `usage`.
        model: `"provider/name"`; needed where the name in the response leads to no provider.
        custom_llm_provider: the row, where the model has no prefix.
        service_tier: `batch`, `flex` or `priority`, where the response does not say itself how it was served.

    Raises:
        ValueError: if it cannot be known; the message says why.

    Example:
        >>> trio_llm.completion_cost(response, model="openai/gpt-4o")
        0.00035
    """
    response, asked = completion_response, None
    if model is None and custom_llm_provider is None:
        if service_tier is None:
            return float(cost_of_response(response))
        if (receipt := getattr(response, "receipt", None)) is not None:
            model, custom_llm_provider, asked = receipt.model, receipt.llm_provider, receipt.request
    named = model or getattr(response, "model", None)
    if named is None:
        raise ValueError("which model? give model=, or a response that names it")
    row, name = row_and_name(named, custom_llm_provider)
    return float(_cost(response, Sale(row, name, service=service_tier, asked=asked)))


def cost_per_token(  # noqa: PLR0913 - LiteLLM's parameters
    model: str,
    prompt_tokens: int = 0,
    completion_tokens: int = 0,
    *,
    custom_llm_provider: str | None = None,
    usage: Usage | None = None,
    service_tier: str | None = None,
) -> tuple[float, float]:
    """The cost in USD of a prompt's and of an answer's tokens.

    Args:
        model: `"provider/name"`.
        prompt_tokens: all of the prompt's.
        completion_tokens: all of the answer's.
        custom_llm_provider: the row, where `model` has no prefix.
        usage: in place of both counts, with its details.
        service_tier: `batch`, `flex` or `priority`, for instance.

    Raises:
        ValueError: if no price is known.

    Example:
        >>> trio_llm.cost_per_token("openai/gpt-4o", 1_000, 100)
        (0.0025, 0.001)
        >>> trio_llm.cost_per_token("openai/gpt-5", 1_000, 100, service_tier="batch")
        (0.000625, 0.0005)
    """
    row, name = row_and_name(model, custom_llm_provider)
    used = usage or Usage(prompt_tokens, completion_tokens, prompt_tokens + completion_tokens)
    cost = cost_of_used(Quantities.of_usage(used, row), {"usage": used}, Sale(row, name, service=service_tier))
    total = float(cost)
    answer = sum(usd for part, usd in cost.parts.items() if part.startswith("output"))
    return total - answer, answer
