"""What attempts cost: the entries of a bill.

Most attempts have plain usage, and their price is arithmetic on a few numbers (`models.rates`). All others go the long
way, as `response.cost` does: what a provider told itself, pictures and sounds, tiers, streams that were cut. Both give
the same number. The `Cost` with its parts is made when somebody reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from .._engine.seams import Departure, Learnt
from .._engine.watching import labels_of
from .._types.chat import ModelResponse
from .._types.usage import Usage
from ..models.costs import Cost, cost_of, cost_of_quantities, told_cost
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
    _source: Cost | tuple[Usage, Prices, str | None] = attrs.field(repr=False)
    """The cost, or what it is made of."""

    @property
    def cost(self) -> Cost:
        """The same with its parts, and where the price is from."""
        if isinstance(self._source, tuple):
            usage, prices, service = self._source
            parts = prices.parts_of(Quantities.of_usage(usage, self.provider), service)
            self._source = Cost(self.usd, parts or {}, prices.source)
        return self._source


def charge_of(departure: Departure, learnt: Learnt, rates: Rates | None) -> Charge | None:
    """What an attempt cost at the rates of its model; None if nothing came back that could be charged."""
    usage, response, row, name = learnt.usage, learnt.response, departure.provider, departure.model
    is_plain = not _is_cut(learnt) if response is None else _is_plain(response)
    if is_plain and usage is not None and rates is not None:
        service = None if response is None else response.service_tier
        usd = rates.usd_of(usage, service)
        if usd is not None:
            labels, prompt, answer = labels_of(departure.request), usage.prompt_tokens, usage.completion_tokens
            return Charge(row, name, labels, prompt, answer, usd, (usage, rates.prices, service))
    if usage is None and response is None and not learnt.received:
        return None
    cost, tokens = _cost_at_length(departure, learnt), _tokens(departure, learnt)
    return Charge(row, name, labels_of(departure.request), *tokens, cost.usd, cost)


def _is_plain(response: object) -> bool:
    """Whether its usage is all that its cost depends on."""
    if type(response) is not ModelResponse or response.model_extra:
        return False
    for choice in response.choices:  # noqa: SIM110 - a generator would cost as much as all the rest
        if not choice.finish_reason:
            return False
    return True


def _is_cut(learnt: Learnt) -> bool:
    """Whether it is a stream whose usage was told at its beginning, and which never came to its end."""
    usage = learnt.usage
    return learnt.error is not None and usage is not None and learnt.received > usage.completion_tokens


def _cost_at_length(departure: Departure, learnt: Learnt) -> Cost:
    row, name, usage = departure.provider, departure.model, learnt.usage
    if learnt.response is not None:
        return cost_of(learnt.response, row, name, asked=departure.request)
    if (told := told_cost({"usage": usage})) is not None:
        return Cost(told, {"told": told}, f"told by {row}")
    prompt, answer = _tokens(departure, learnt)
    if usage is None:
        quantities = Quantities.of_tokens(prompt, answer)
    else:
        quantities = Quantities.of_usage(attrs.evolve(usage, completion_tokens=answer), row)
    try:
        cost = cost_of_quantities(quantities, row, name)
    except ModuleNotFoundError as error:
        return Cost(None, reason=str(error))
    return attrs.evolve(cost, estimated=usage is None or _is_cut(learnt))


def _tokens(departure: Departure, learnt: Learnt) -> tuple[int, int]:
    """Of prompt and answer: as told, else about as many as were sent and delivered."""
    usage, response = learnt.usage, learnt.response
    if usage is not None:
        return usage.prompt_tokens, max(usage.completion_tokens, learnt.received if _is_cut(learnt) else 0)
    if response is None:
        return expected_tokens(departure.request)[0], learnt.received
    if isinstance(response, ModelResponse):
        return expected_tokens(departure.request)[0], answered_tokens(response)
    return 0, 0
