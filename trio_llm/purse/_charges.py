"""What attempts cost: the entries of a bill.

Most attempts have plain usage, and their price is arithmetic on a few numbers (`models.rates`). All others go the long
way, as `response.cost` does: what a provider told itself, pictures and sounds, tiers, streams that were cut. Both give
the same number. The `Cost` with its parts is made when somebody reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import attrs

from .._engine.seams import Learnt
from .._engine.watching import NO_HEADERS, labels_of
from .._types.chat import ModelResponse
from ..models.costs import Cost, Sale, cost_of, cost_of_used, told_cost
from ..models.prices import Prices, Quantities
from ..models.rates import Rates
from ..models.sizes import answered_tokens, expected_tokens


@attrs.define(eq=False)
class Charge:
    """One attempt on the bill.

    Example:
        for charge in purse.bill:
            print(charge.provider, charge.model, charge.usd)
    """

    provider: str
    model: str
    """By its name without the provider's prefix."""
    labels: Mapping[str, Any]
    """The `metadata` of its call."""
    prompt_tokens: float
    completion_tokens: float
    usd: float | None
    """What was charged; None if nobody knows the price."""
    _cached: int = attrs.field(repr=False)
    _reasoning: int = attrs.field(repr=False)
    _service: str | None = attrs.field(repr=False)
    _source: Cost | Prices = attrs.field(repr=False)
    """The cost, or by which prices it is worked out."""

    @property
    def cost(self) -> Cost:
        """The same with its parts, and where the price is from."""
        if isinstance(self._source, Prices):
            reasoning = min(self._reasoning, self.completion_tokens)
            parts = {
                "input": self.prompt_tokens - self._cached,
                "cache_read": self._cached,
                "output": self.completion_tokens - reasoning,
                "output_reasoning": reasoning,
            }
            quantities = Quantities({part: count for part, count in parts.items() if count})
            paid = self._source.parts_of(quantities, self._service)
            self._source = Cost(self.usd, paid or {}, self._source.source)
        return self._source


Entry: TypeAlias = tuple[str, str, Mapping[str, Any], float, float, float | None, int, int, str | None, Cost | Prices]
"""What a `Charge` is made of when somebody reads it. A bill has many entries: one object each, without the response."""


def entry_of(learnt: Learnt, rates: Rates | None) -> Entry | None:
    """What an attempt cost at the rates of its model; None if nothing came back that could be charged."""
    usage, response, service = learnt.usage, learnt.response, None
    if usage is not None and rates is not None:
        if response is None:
            is_plain = learnt.error is None or not _is_cut(learnt)
        else:
            # Its usage must be all that its cost depends on.
            is_plain = type(response) is ModelResponse and not response.model_extra
            for choice in response.choices if is_plain else ():
                is_plain = is_plain and bool(choice.finish_reason)
            service = response.service_tier if is_plain else None
        if is_plain and (found := rates.plainly(usage, service)) is not None:
            prompt, answer, usd, cached, reasoning = found
            request = learnt.request
            labels = labels_of(request) if request.parameters or request.options.metadata else NO_HEADERS
            return learnt.provider, learnt.model, labels, prompt, answer, usd, cached, reasoning, service, rates.prices
    if usage is None and response is None and not learnt.received:
        return None
    cost, (prompt, answer) = _cost_at_length(learnt), _tokens(learnt)
    labels = labels_of(learnt.request)
    return learnt.provider, learnt.model, labels, prompt, answer, cost.usd, 0, 0, None, cost


def _is_cut(learnt: Learnt) -> bool:
    """Whether it is a stream whose usage was told at its beginning, and which never came to its end."""
    usage = learnt.usage
    return learnt.error is not None and usage is not None and learnt.received > usage.completion_tokens


def _cost_at_length(learnt: Learnt) -> Cost:
    row, name, usage = learnt.provider, learnt.model, learnt.usage
    if learnt.response is not None:
        return cost_of(learnt.response, row, name, asked=learnt.request)
    if (told := told_cost({"usage": usage})) is not None:
        return Cost(told, {"told": told}, f"told by {row}")
    prompt, answer = _tokens(learnt)
    if usage is None:
        quantities = Quantities.of_tokens(prompt, answer)
    else:
        quantities = Quantities.of_usage(attrs.evolve(usage, completion_tokens=answer), row)
    cost = cost_of_used(quantities, {"usage": usage}, Sale(row, name))
    return attrs.evolve(cost, estimated=usage is None or _is_cut(learnt))


def _tokens(learnt: Learnt) -> tuple[int, int]:
    """Of prompt and answer: as told, else about as many as were sent and delivered."""
    usage, response = learnt.usage, learnt.response
    if usage is not None:
        return usage.prompt_tokens, max(usage.completion_tokens, learnt.received if _is_cut(learnt) else 0)
    if response is None:
        return expected_tokens(learnt.request)[0], learnt.received
    if isinstance(response, ModelResponse):
        return expected_tokens(learnt.request)[0], answered_tokens(response)
    return 0, 0
