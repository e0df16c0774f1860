"""What attempts cost: the charges of a bill.

Most attempts have plain usage, and their price is arithmetic on a few numbers (`models.rates`). All others go the long
way, as `response.cost` does: what a provider told itself, pictures and sounds, tiers, and streams that were cut, whose
chunks are put together. Both give the same number. A bill has many charges: those that are plain and without labels
stay tuples until somebody reads them, as does the `Cost` with its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from .._engine.seams import Learnt
from .._engine.stream_rules import PictureFolding, TranscriptFolding
from .._engine.watching import NO_HEADERS, labels_of
from .._types.chat import ModelResponse, ModelResponseStream
from .._types.folding import ChatFolding, Folding, TextFolding, fold
from .._types.messages_api.folding import MessageFolding
from .._types.responses_api.folding import EventFolding
from ..models.costs import TOLD_IN_HEADER, Cost, Sale, cost_of, cost_of_used
from ..models.places import names_place
from ..models.prices import Prices, Quantities
from ..models.rates import PlainCharge, Rates
from ..models.used import asked_amounts, quantities_of


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
    _cached: int = attrs.field(default=0, repr=False)
    _reasoning: int = attrs.field(default=0, repr=False)
    _service: str | None = attrs.field(default=None, repr=False)
    _source: Cost | Prices = attrs.field(kw_only=True, repr=False)
    """The cost, or by which prices it is worked out."""

    @classmethod
    def of_plain(cls, plain: PlainCharge, labels: Mapping[str, Any] = NO_HEADERS) -> Charge:
        """The same, as others may read it."""
        rates, service, prompt, answer, usd, cached, reasoning = plain
        return cls(rates.row, rates.name, labels, prompt, answer, usd, cached, reasoning, service, source=rates.prices)

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


_HAVE_GATEWAYS: Final = frozenset({"custom_openai", "litellm_proxy", "openai"})
"""Rows behind which LiteLLM's gateway may be."""
_FOLDINGS: Final[Mapping[str, Callable[[], Folding[Any, Any]]]] = {
    "anthropic_messages": MessageFolding,
    "completion": ChatFolding,
    "image_edit": PictureFolding,
    "image_generation": PictureFolding,
    "responses": EventFolding,
    "text_completion": TextFolding,
    "transcription": TranscriptFolding,
}
"""By operation, what puts the chunks of its streams together."""


def charge_of(learnt: Learnt, rates: Rates | None) -> Charge | PlainCharge | None:
    """What an attempt cost at the rates of its model; None if nothing came back that could be charged."""
    response, plain = learnt.response, None
    if rates is not None and not (rates.by_place and names_place(learnt.request.options)):
        if type(response) is ModelResponse:
            plain = _plain_charge(learnt, response, rates)
        elif response is None:
            plain = _plain_charge_of_stream(learnt, rates)
    if plain is not None:
        request = learnt.request
        if request.parameters or request.options.metadata:
            return Charge.of_plain(plain, labels_of(request))
        return plain
    if learnt.usage is None and response is None and not learnt.received:
        return None
    cost, asked, answered = _at_length(learnt)
    return Charge(learnt.provider, learnt.model, labels_of(learnt.request), asked, answered, cost.usd, source=cost)


def _plain_charge(learnt: Learnt, response: ModelResponse, rates: Rates) -> PlainCharge | None:
    """The charge of a response whose usage is all that its cost depends on."""
    usage, head = learnt.usage, learnt.head
    if usage is None or response.model_extra:
        return None
    for choice in response.choices:
        if not choice.finish_reason:
            return None
    if head is not None and rates.row in _HAVE_GATEWAYS:
        # To decode all of the headers costs more than to reckon.
        undecoded: bytes | None = getattr(head.headers, "undecoded", None)
        if (undecoded is None or b"litellm" in undecoded.lower()) and TOLD_IN_HEADER in head.headers:
            return None
    return rates.plainly(usage, response.service_tier)


def _plain_charge_of_stream(learnt: Learnt, rates: Rates) -> PlainCharge | None:
    usage, delivered = learnt.usage, learnt.delivered
    last = delivered[-1] if delivered else None
    if usage is None or learnt.error is not None or type(last) is not ModelResponseStream or last.model_extra:
        return None
    return rates.plainly(usage, last.service_tier or delivered[0].service_tier)


def _at_length(learnt: Learnt) -> tuple[Cost, float, float]:
    """The cost, and the tokens of prompt and answer."""
    row, name, asked = learnt.provider, learnt.model, learnt.request
    response = learnt.response
    if response is None and learnt.delivered and asked.operation in _FOLDINGS:
        response = fold(_FOLDINGS[asked.operation](), learnt.delivered)
    if response is None:
        # Sound that was streamed, or what was made piece by piece: there is nothing to look at.
        amounts = asked_amounts(asked)
        quantities = Quantities.of_usage(learnt.usage, row) if learnt.usage is not None else Quantities(amounts)
        cost = cost_of_used(quantities, {"usage": learnt.usage}, Sale(row, name, asked=asked))
    else:
        cost = cost_of(response, row, name, asked=asked)
        quantities, _ = quantities_of(response, row, asked)
    return cost, quantities.prompt_tokens, quantities.answer_tokens
