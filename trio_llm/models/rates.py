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
from typing import Final

import attrs

from .._types.usage import Usage
from .facts import prices_of
from .price_tables import KEPT_FOR
from .prices import REASONING_BESIDE, WIDER_PARTS, Prices, rate_of
from .registered import registered

_NEVER: Final = -1
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
    has_parts: bool
    """Whether some parts of prompts or answers have rates of their own beside those, as sound and pictures."""


class Rates:
    """What one model costs, for plain usage.

    Example:
        rates = Rates("openai", prices)
        prompt, answer, usd, cached, reasoning = rates.plainly(response.usage, response.service_tier)
    """

    __slots__ = ("_by_service", "_longest", "_usual", "prices")

    def __init__(self, row: str, prices: Prices) -> None:
        """The rates of prices of a row's model."""
        self.prices: Prices = prices
        self._usual = _numbers(prices.rates)
        self._by_service = {name: _numbers({**prices.rates, **rates}) for name, rates in prices.services.items()}
        tiers = [tier.above for of_service in (prices.tiers, *prices.service_tiers.values()) for tier in of_service]
        self._longest = _NEVER if row in REASONING_BESIDE else min(tiers, default=sys.maxsize)
        """Tokens of a prompt to which these rates hold."""

    def plainly(self, usage: Usage, service: str | None = None) -> tuple[int, int, float, int, int] | None:
        """The tokens of a usage (prompt, answer), its cost in USD, and the tokens from the cache and of reasoning.

        None if it is not plain. A service tier that is None or unknown is the usual one.
        """
        prompt, answer = usage.prompt_tokens, usage.completion_tokens
        numbers = self._usual if service is None else self._by_service.get(service, self._usual)
        if numbers is None or prompt > self._longest or usage.model_extra or not (prompt or answer):
            return None
        usd, cached, reasoning = numbers.once + prompt * numbers.prompt + answer * numbers.answer, 0, 0
        # Reading a field of a record takes longer than reckoning with it, so as few are read as will do.
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
        return prompt, answer, usd, cached, reasoning

    def usd_of_tokens(self, prompt: float, answer: float) -> float | None:
        """The cost of so many tokens at the usual service; None if it is not plain."""
        numbers = self._usual
        if numbers is None or prompt > self._longest:
            return None
        return numbers.once + prompt * numbers.prompt + answer * numbers.answer


def _numbers(rates: Mapping[str, float]) -> _Numbers | None:
    """None where a token may have no price."""
    prompt, answer = rate_of(rates, "input"), rate_of(rates, "output")
    cached, reasoning = rate_of(rates, "cache_read"), rate_of(rates, "output_reasoning")
    if prompt is None or answer is None or cached is None or reasoning is None:
        return None
    return _Numbers(rates.get("request", 0.0), prompt, answer, cached, reasoning, not _OF_THEIR_OWN.isdisjoint(rates))


class RateBook:
    """The rates of the models that somebody asks for often.

    Example:
        book = RateBook()
        rates = book.of("openai", "gpt-4o")
    """

    def __init__(self) -> None:
        self._rates: dict[tuple[str, str], Rates | None] = {}
        self._until = 0.0
        self._registered = registered.models

    def of(self, row: str, name: str) -> Rates | None:
        """The rates of a row's model; None if nobody says a price, as without the extra `models`."""
        if time.time() >= self._until or self._registered is not registered.models:
            self._forget()
        key = (row, name)
        if key not in self._rates:
            try:
                prices = prices_of(row, name)
            except ModuleNotFoundError:
                prices = None
            self._rates[key] = None if prices is None else Rates(row, prices)
        return self._rates[key]

    def _forget(self) -> None:
        self._rates.clear()
        self._registered = registered.models
        self._until = (time.time() // KEPT_FOR + 1) * KEPT_FOR
