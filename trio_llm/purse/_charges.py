"""What attempts cost: the entries of a bill.

Most attempts have plain usage, and their price is arithmetic on a few numbers (`models.rates`). All others go the long
way, as `response.cost` does: what a provider told itself, pictures and sounds, tiers, and streams that were cut, whose
chunks are put together. Both give the same number. The `Cost` with its parts is made when somebody reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from .._engine.seams import Learnt
from .._engine.stream_rules import PictureFolding, TranscriptFolding
from .._engine.watching import NO_HEADERS, labels_of
from .._types.chat import ModelResponse, ModelResponseStream
from .._types.folding import ChatFolding, Folding, TextFolding, fold
from .._types.messages_api.folding import MessageFolding
from .._types.responses_api.folding import EventFolding
from ..models.costs import TOLD_IN_HEADER, Cost, Sale, cost_of, cost_of_used
from ..models.prices import Prices, Quantities
from ..models.rates import Rates
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


_OPENAI: Final = "api.openai.com"
"""The usual host, which needs no look at headers."""
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
Entry: TypeAlias = tuple[str, str, Mapping[str, Any], float, float, float | None, int, int, str | None, Cost | Prices]
"""What a `Charge` is made of when somebody reads it. A bill has many entries: one object each, without the response."""


def entry_of(learnt: Learnt, rates: Rates | None) -> Entry | None:
    """What an attempt cost at the rates of its model; None if nothing came back that could be charged."""
    usage, response, service = learnt.usage, learnt.response, None
    if usage is not None and rates is not None:
        if response is None:
            is_plain, service = _of_stream(learnt)
        else:
            # Its usage must be all that its cost depends on.
            is_plain = type(response) is ModelResponse and not response.model_extra
            is_plain = is_plain and (learnt.host == _OPENAI or not _told_in_header(learnt))
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
    cost, asked, answered = _at_length(learnt)
    return learnt.provider, learnt.model, labels_of(learnt.request), asked, answered, cost.usd, 0, 0, None, cost


def _told_in_header(learnt: Learnt) -> bool:
    if learnt.provider not in _HAVE_GATEWAYS or learnt.head is None:
        return False
    headers = learnt.head.headers
    undecoded: bytes | None = getattr(headers, "undecoded", None)
    # To decode all of them costs more than to reckon.
    return (undecoded is None or b"litellm" in undecoded.lower()) and TOLD_IN_HEADER in headers


def _of_stream(learnt: Learnt) -> tuple[bool, str | None]:
    """Whether its usage is all that the cost of a stream depends on, and the service that answered."""
    last = learnt.delivered[-1] if learnt.delivered else None
    if learnt.error is not None or type(last) is not ModelResponseStream or last.model_extra:
        return False, None
    return True, last.service_tier or learnt.delivered[0].service_tier


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
        cost = cost_of_used(quantities, {"usage": learnt.usage}, Sale(row, name))
    else:
        cost = cost_of(response, row, name, asked=asked)
        quantities, _ = quantities_of(response, row, asked)
    return cost, quantities.prompt_tokens, quantities.answer_tokens
