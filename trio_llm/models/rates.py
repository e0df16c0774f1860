"""The price of a model, worked out once for many calls: what a purse reckons with at every attempt.

Theory of operation. `Rates` are the prices of one model as plain numbers. They answer for *plain* usage: tokens of
prompt and answer, cached and reasoning ones among them, at any service, up to the first tier by length. For all other
usage they say None, and whoever asks goes the long way, by `cost_of`. Where they answer they answer the same as that.

A `RateBook` keeps the rates of the models that its owner asks for. It forgets them when the program says another price
(`register_model`), and with every minute, as some prices depend on the time of day.

The parts of a usage are thought to be within the whole: no more tokens of sound than tokens.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import attrs

from .._types.request import AnyRequest
from .._types.usage import Usage
from .facts import prices_of
from .places import PRICED_BY_PLACE
from .price_tables import KEPT_FOR
from .prices import REASONING_BESIDE, WIDER_PARTS, Prices, rate_of
from .registered import registered
from .sizes import expected_tokens

BY_TOKEN: Final = frozenset({"anthropic_messages", "completion", "embedding", "responses", "text_completion"})
"""Operations that are paid by token, whatever the model."""
_NEVER: Final = -1
_UNASKED: Final[Any] = object()
_OF_THEIR_OWN: Final = frozenset(WIDER_PARTS) - {"cache_read"}


@attrs.frozen
class _Numbers:
    """USD by what is paid for."""

    once: float
    """A request, however long."""
    prompt: float
    """A token of it, as the others."""
    answer: float
    cached: float
    reasoning: float
    longest: int
    """Tokens of a prompt to which they hold."""
    has_parts: bool
    """Whether some parts of prompts or answers have rates of their own beside those, as sound and pictures."""


class Rates:
    """What one model costs, for plain usage.

    Example:
        rates = Rates("openai", "gpt-4o", prices)
        _, _, prompt, answer, usd, cached, reasoning = rates.plainly(response.usage, response.service_tier)
    """

    __slots__ = ("_by_service", "_usual", "by_place", "name", "prices", "row", "services")

    def __init__(self, row: str, name: str, prices: Prices) -> None:
        """The rates of prices of a row's model."""
        self.row: str = row
        self.name: str = name
        self.prices: Prices = prices
        self.by_place: bool = row in PRICED_BY_PLACE
        """Whether they may not hold everywhere: see `places`."""
        tiers = [tier.above for of_service in (prices.tiers, *prices.service_tiers.values()) for tier in of_service]
        longest = _NEVER if row in REASONING_BESIDE else min(tiers, default=sys.maxsize)
        self._usual = _numbers(prices.rates, longest)
        self.services: tuple[str | None, ...] = (None, *prices.services)
        """Those that have rates of their own, the usual one first."""
        self._by_service: dict[str | None, _Numbers] = {
            name: _numbers({**prices.rates, **rates}, longest) for name, rates in prices.services.items()
        }

    def plainly(self, usage: Usage, service: str | None = None) -> PlainCharge | None:
        """What a usage costs, as one of these rates; None if it is not plain.

        A service tier that is None or unknown is the usual one.
        """
        # Reading a field of a record takes longer than reckoning with it, so as few are read as will do.
        prompt, answer = usage.prompt_tokens, usage.completion_tokens
        numbers = self._usual
        if service in self._by_service:
            numbers = self._by_service[service]
        else:
            service = None
        if prompt > numbers.longest or usage.model_extra or not (prompt or answer):
            return None
        usd, cached, reasoning = numbers.once + prompt * numbers.prompt + answer * numbers.answer, 0, 0
        if (of_prompt := usage.prompt_tokens_details) is not None:
            cached = of_prompt.cached_tokens or 0
            if cached or numbers.has_parts:
                if of_prompt.cache_creation_tokens or of_prompt.audio_tokens or of_prompt.image_tokens:
                    return None
                if cached > prompt:
                    return None
                usd += cached * (numbers.cached - numbers.prompt)
        if (of_answer := usage.completion_tokens_details) is not None:
            reasoning = of_answer.reasoning_tokens or 0
            if numbers.has_parts:
                if of_answer.audio_tokens or of_answer.image_tokens:
                    return None
                usd += min(reasoning, answer) * (numbers.reasoning - numbers.answer)
        return self, service, prompt, answer, usd, cached, reasoning

    def expected(self, request: AnyRequest, size: int | None) -> tuple[float, float, Rates] | None:
        """About what a request will cost at the usual service, in USD and in tokens; None if that is not plain.

        Args:
            request: what is asked.
            size: bytes of the request as it is sent, where that is known.
        """
        prompt, answer = expected_tokens(request, size)
        numbers = self._usual
        if prompt > numbers.longest or request.operation not in BY_TOKEN:
            return None
        return numbers.once + prompt * numbers.prompt + answer * numbers.answer, prompt + answer, self


PlainCharge: TypeAlias = tuple[Rates, str | None, int, int, float, int, int]
"""By which rates and of which of their services, tokens of prompt and answer, USD, tokens of cache and of reasoning."""


def _numbers(rates: Mapping[str, float], longest: int) -> _Numbers:
    prompt, answer = rate_of(rates, "input"), rate_of(rates, "output")
    cached, reasoning = rate_of(rates, "cache_read"), rate_of(rates, "output_reasoning")
    if prompt is None or answer is None or cached is None or reasoning is None:
        return _UNKNOWN  # a token may have no price
    has_parts = not _OF_THEIR_OWN.isdisjoint(rates)
    return _Numbers(rates.get("request", 0.0), prompt, answer, cached, reasoning, longest, has_parts)


_UNKNOWN: Final = _Numbers(0.0, 0.0, 0.0, 0.0, 0.0, _NEVER, has_parts=False)


class RateBook:
    """The rates of the models that somebody asks for often.

    Example:
        book = RateBook()
        rates = book.of("openai", "gpt-4o")
    """

    def __init__(self) -> None:
        self._rates: dict[tuple[str, str], Rates | None] = {}
        self._before: dict[tuple[str, str], Rates | None] = {}
        """What was known until the last minute."""
        self._until = 0.0
        self._registered = registered.models

    def of(self, row: str, name: str) -> Rates | None:
        """The rates of a row's model; None if nobody says a price, as without the extra `models`."""
        if time.time() >= self._until or self._registered is not registered.models:
            self._forget()
        found = self._rates.get((row, name), _UNASKED)
        return self._ask(row, name) if found is _UNASKED else found

    def _ask(self, row: str, name: str) -> Rates | None:
        try:
            prices = prices_of(row, name)
        except ModuleNotFoundError:
            prices = None
        before = self._before.get((row, name))
        rates = None if prices is None else Rates(row, name, prices)
        if before is not None and before.prices == prices:
            rates = before  # so that long bills have few of them
        self._rates[row, name] = rates
        return rates

    def _forget(self) -> None:
        self._before = self._rates
        self._rates = {}
        self._registered = registered.models
        self._until = (time.time() // KEPT_FOR + 1) * KEPT_FOR
