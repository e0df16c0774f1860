"""What a call cost: told by the provider, else computed from its usage and the published prices."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs

from .._types.errors import LLMError
from .._types.request import AnyRequest
from .._types.usage import Usage
from .facts import prices_of, row_and_name
from .hosts import seller_of
from .prices import Quantities
from .used import quantities_of

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
_OWN_KEY: Final = ("usage", "is_byok")
_UPSTREAM: Final = ("usage", "cost_details", "upstream_inference_cost")
"""What a host charges to the caller's own key comes beside what the gateway charges, which is then its fee.

Other calls have it too, and there it is the same sum once more. OpenRouter docs, "Usage accounting", 2026-11.
"""


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


def cost_of_response(response: Any) -> Cost:
    """What a response of a call cost; it knows whose it is. See `trio_llm.types.ModelResponse.cost`."""
    receipt = getattr(response, "receipt", None)
    if receipt is None:
        named = getattr(response, "model", None)
        try:
            row, name = row_and_name(named or "")
        except LLMError:
            return Cost(told_cost(response), reason="the response is a copy, and does not say whose it is")
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
    told = told_cost(response)
    if told is not None:
        return Cost(told, {"told": told}, f"told by {row}")
    quantities, is_estimated = quantities_of(response, row, asked)
    if not quantities.amounts:
        return Cost(None, reason="the response says nothing of its usage")
    try:
        row, name = seller_of(row, name, _at(response, ("provider",)))
        cost = cost_of_quantities(quantities, row, name, service=_service(response), at=at)
    except ModuleNotFoundError as error:
        return Cost(None, reason=str(error))
    return attrs.evolve(cost, estimated=is_estimated)


def _service(response: Any) -> str | None:
    service = getattr(response, "service_tier", None)
    return service if isinstance(service, str) else None


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
    return Cost(sum(parts.values()), parts, prices.source)


def told_cost(response: Any) -> float | None:
    """The cost in USD that the provider itself put into a response, whoever charges it; None if it did not."""
    for path, unit in _TOLD:
        told = _number(_at(response, path))
        if told is not None:
            own = _number(_at(response, _UPSTREAM)) if _at(response, _OWN_KEY) is True else None
            return told * unit + (own or 0.0)
    return None


def _at(response: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        response = response.get(name) if hasattr(response, "get") else None
    return response


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def completion_cost(
    completion_response: Any, model: str | None = None, *, custom_llm_provider: str | None = None
) -> float:
    """The cost of a response in USD, as its provider told it, else by its usage.

    Args:
        completion_response: any response of this package, or a chunk with `usage`.
        model: `"provider/name"`; needed where the name in the response leads to no provider.
        custom_llm_provider: the row, where the model has no prefix.

    Raises:
        ValueError: if it cannot be known; the message says why.

    Example:
        >>> trio_llm.completion_cost(response, model="openai/gpt-4o")
        0.00035
    """
    if model is None and custom_llm_provider is None:
        return float(cost_of_response(completion_response))
    named = model or getattr(completion_response, "model", None)
    if named is None:
        raise ValueError("which model? give model=, or a response that names it")
    row, name = row_and_name(named, custom_llm_provider)
    return float(cost_of(completion_response, row, name))


def cost_per_token(
    model: str,
    prompt_tokens: int = 0,
    completion_tokens: int = 0,
    *,
    custom_llm_provider: str | None = None,
    usage: Usage | None = None,
) -> tuple[float, float]:
    """The cost in USD of a prompt's and of an answer's tokens.

    Args:
        model: `"provider/name"`.
        prompt_tokens: all of the prompt's.
        completion_tokens: all of the answer's.
        custom_llm_provider: the row, where `model` has no prefix.
        usage: in place of both counts, with its details.

    Raises:
        ValueError: if no price is known.

    Example:
        >>> trio_llm.cost_per_token("openai/gpt-4o", 1_000, 100)
        (0.0025, 0.001)
    """
    row, name = row_and_name(model, custom_llm_provider)
    used = usage or Usage(prompt_tokens, completion_tokens, prompt_tokens + completion_tokens)
    cost = cost_of_quantities(Quantities.of_usage(used, row), row, name)
    total = float(cost)
    answer = sum(usd for part, usd in cost.parts.items() if part.startswith("output"))
    return total - answer, answer
