"""A budget for a block of a program: `async with trio_llm.spending(usd=2.0) as purse:`.

A purse is a gate. Every attempt passes it that is made beneath the block, in whatever task and by whatever client. The
money of an attempt is in one of three states:

- *reserved*, from the moment before it leaves: what it will cost about, by its length and the limit of its answer. An
  attempt for which too little is left does not leave, and its call raises `BudgetExceededError`.
- *charged*, when it is over: by the usage that came back, or by what its provider told. Of a stream that ended early,
  by what was delivered, marked as estimated.
- *returned*, if the provider refused it, or never answered.

What always holds: charged and reserved together were within the limit when the last attempt left. So the limit can be
passed by as much as estimates were too low. What is left by a purse is left by the purses around it, too: each attempt
passes all of them, the outermost first.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import attrs

import trio_llm

from .._engine.gates import gates_beneath
from .._engine.seams import Departure, Learnt
from .._engine.watching import labels_of
from .._runtime import trio
from .._types.errors import BudgetExceededError
from .._types.request import AnyRequest
from ..models.costs import Cost, cost_of, cost_of_quantities, told_cost
from ..models.facts import prices_of
from ..models.prices import Quantities
from ..models.sizes import estimated_tokens, expected_answer

_PRICED_BY_TOKEN: Final = frozenset({"anthropic_messages", "completion", "embedding", "responses", "text_completion"})
_UNCERTAIN: Final = 0.3
"""By how much the tokens of a prompt, counted by bytes, are off for most texts."""
_SHORT_ANSWER: Final = 0.1
"""Of the expected length: the least that an answer is expected to have."""


@attrs.frozen
class Charge:
    """One attempt on the bill.

    Example:
        for charge in purse.bill:
            print(charge.provider, charge.model, charge.cost.usd)
    """

    provider: str
    model: str
    """By its name without the provider's prefix."""
    labels: Mapping[str, Any]
    """The `metadata` of its call."""
    prompt_tokens: float
    completion_tokens: float
    cost: Cost


@attrs.define
class _Reserved:
    usd: float
    tokens: float
    departure: Departure


class Purse:
    """What a block of a program may spend, and has spent. `spending` makes it.

    Example:
        async with trio_llm.spending(usd=2.0) as purse:
            await client.fan_out(requests)
        print(purse.spent, "of", purse.usd_limit)
    """

    def __init__(self, usd: float | None, tokens: float | None, name: str) -> None:
        self.usd_limit: float | None = usd
        self.token_limit: float | None = tokens
        self.name: str = name
        self.bill: list[Charge] = []
        """Every attempt that cost something, in the order in which they ended."""
        self.spent: float = 0.0
        """USD that were charged. What has no known price is not among them; see `unpriced`."""
        self.tokens: float = 0.0
        """Tokens that were charged."""
        self.reserved: float = 0.0
        """USD for attempts that are under way."""
        self.unpriced: int = 0
        """Attempts on the bill whose price nobody knows."""
        self._reserved_tokens = 0.0
        self._changed: list[Callable[[], None]] = []

    @property
    def left(self) -> float | None:
        """USD that a new attempt may cost; None without a limit."""
        return None if self.usd_limit is None else max(0.0, self.usd_limit - self.spent - self.reserved)

    def by(self, *names: str) -> dict[tuple[Any, ...], float]:
        """USD by `provider`, `model` or any label of the calls, or several of them together.

        Example:
            >>> purse.by("model", "user")
            {('gpt-5', 'ann'): 0.25, ('gpt-5', None): 0.5}
        """
        sums: dict[tuple[Any, ...], float] = {}
        for charge in self.bill:
            facts = {"provider": charge.provider, "model": charge.model}
            key = tuple(facts[name] if name in facts else charge.labels.get(name) for name in names)
            sums[key] = sums.get(key, 0.0) + (charge.cost.usd or 0.0)
        return sums

    def enter_nowait(self, departure: Departure) -> object:
        """Reserve for an attempt that is about to leave.

        Raises:
            BudgetExceededError: if too little is left.
        """
        prompt, answer = estimated_tokens(departure.request), expected_answer(departure.request)
        usd = self._expected_usd(departure, prompt, answer)
        if self.usd_limit is not None and self.spent + self.reserved + usd > self.usd_limit:
            limit, spent = f"USD {self.usd_limit:.6g}", f"{self.spent:.6g} are spent, {self.reserved:.6g} reserved"
            raise self._refusal(limit, spent, f"{usd:.6g}", departure)
        if self.token_limit is not None and self.tokens + self._reserved_tokens + prompt + answer > self.token_limit:
            spent = f"{self.tokens:.0f} are spent, {self._reserved_tokens:.0f} reserved"
            raise self._refusal(f"{self.token_limit:.0f} tokens", spent, f"{prompt + answer}", departure)
        self.reserved += usd
        self._reserved_tokens += prompt + answer
        return _Reserved(usd, prompt + answer, departure)

    async def enter(self, departure: Departure) -> object:
        """The same: it never waits, since what it would wait for may wait for it."""
        await trio.lowlevel.checkpoint()
        return self.enter_nowait(departure)

    def leave(self, entered: object, learnt: Learnt) -> None:
        """Charge what the attempt cost, and return the rest."""
        assert isinstance(entered, _Reserved)
        self.reserved -= entered.usd
        self._reserved_tokens -= entered.tokens
        if not self.reserved or abs(self.reserved) < 1e-12:
            self.reserved = 0.0
        charge = _charge_of(entered.departure, learnt)
        if charge is None:
            return
        self.bill.append(charge)
        self.tokens += charge.prompt_tokens + charge.completion_tokens
        self.spent += charge.cost.usd or 0.0
        self.unpriced += charge.cost.usd is None
        for tell in self._changed:
            tell()

    def forget_first(self) -> None:
        """Take the oldest charge off the bill, and what it cost off what was spent."""
        charge = self.bill.pop(0)
        self.tokens -= charge.prompt_tokens + charge.completion_tokens
        self.spent -= charge.cost.usd or 0.0
        self.unpriced -= charge.cost.usd is None
        if not self.bill:
            self.spent = self.tokens = 0.0  # sums of many numbers end near nothing, not at it

    def on_change(self, tell: Callable[[], None]) -> None:
        """Be told after each charge."""
        self._changed.append(tell)

    def _expected_usd(self, departure: Departure, prompt: float, answer: float) -> float:
        if self.usd_limit is None or departure.request.operation not in _PRICED_BY_TOKEN:
            return 0.0
        cost = cost_of_quantities(_quantities(prompt, answer), departure.provider, departure.model)
        if cost.usd is None:
            raise BudgetExceededError(
                f"{self.name} is limited to USD {self.usd_limit:.6g}, and no price is known for {departure.model!r} of"
                f" {departure.provider}: say it with register_model, or limit the tokens"
            )
        return cost.usd

    def _refusal(self, limit: str, spent: str, asked: str, departure: Departure) -> BudgetExceededError:
        return BudgetExceededError(
            f"{self.name} is limited to {limit}: {spent}, and this call of {departure.provider}/{departure.model} would"
            f" take about {asked}"
        )

    def __repr__(self) -> str:
        limit = "" if self.usd_limit is None else f" of {self.usd_limit:.6g}"
        return f"<{self.name}: USD {self.spent:.6g}{limit} spent, {len(self.bill)} attempts>"


def _charge_of(departure: Departure, learnt: Learnt) -> Charge | None:
    """What an attempt cost; None if nothing came back that could be charged."""
    request, row, name = departure.request, departure.provider, departure.model
    labels, usage = labels_of(request), learnt.usage
    if learnt.response is not None:
        cost = cost_of(learnt.response, row, name, asked=request)
    elif usage is not None:
        told = told_cost({"usage": usage})
        known = Cost(told, {"told": told}, f"told by {row}") if told is not None else None
        cost = known or cost_of_quantities(Quantities.of_usage(usage, row), row, name)
    elif learnt.received:
        prompt, answer = float(estimated_tokens(request)), float(learnt.received)
        cost = cost_of_quantities(Quantities({"input": prompt, "output": answer}), row, name)
        return Charge(row, name, labels, prompt, answer, attrs.evolve(cost, estimated=True))
    else:
        return None
    tokens = (usage.prompt_tokens, usage.completion_tokens) if usage is not None else (0, 0)
    return Charge(row, name, labels, *tokens, cost)


@asynccontextmanager
async def spending(
    usd: float | None = None,
    *,
    soft: float | None = None,
    tokens: float | None = None,
    cancel: bool = False,
    name: str = "this purse",
) -> AsyncGenerator[Purse, None]:
    """A budget for all calls beneath, in any task, of any client: hedges, retries, tools and agents among them.

    Purses nest. Their bills are complete also without limits. Synchronous calls are made in a thread of their own, and
    are not beneath.

    Args:
        usd: the limit in USD. Each attempt is reserved by estimate before it leaves, and settled by its usage.
        soft: USD at which the logger `trio_llm` warns, once.
        tokens: the limit of prompts and answers together.
        cancel: whether reaching a limit also cancels the block, with all that runs in it; it then ends with
            `BudgetExceededError`.
        name: what messages call it.

    Raises:
        BudgetExceededError: from a call beneath that has no room. It is no failure of a provider: nothing retries it.

    Example:
        >>> async with trio_llm.spending(usd=2.0, soft=1.5) as purse:
        ...     outcomes = await client.fan_out(requests)
        >>> purse.spent, purse.by("model")
    """
    purse = Purse(usd, tokens, name)
    if usd is not None:
        load_prices()
    if soft is not None:
        purse.on_change(_Warning(purse, soft))
    with trio.CancelScope() as scope, gates_beneath(purse):  # noqa: ASYNC100 - the caller's block is in it
        if cancel:
            purse.on_change(_Cancellation(purse, scope))
        yield purse
    if scope.cancelled_caught:
        raise BudgetExceededError(f"{name} is empty: {purse!r}, and what ran in its block was cancelled")


def _is_empty(purse: Purse) -> bool:
    usd, tokens = purse.usd_limit, purse.token_limit
    return (usd is not None and purse.spent >= usd) or (tokens is not None and purse.tokens >= tokens)


def load_prices() -> None:
    """They take 0.3 s the first time, which should not happen in the middle of calls."""
    prices_of("openai", "gpt-4o")


@attrs.frozen
class _Cancellation:
    """Cancels a block when its purse is empty."""

    purse: Purse
    scope: trio.CancelScope

    def __call__(self) -> None:
        if _is_empty(self.purse):
            self.scope.cancel(reason=f"{self.purse.name} is empty")


@attrs.define
class _Warning:
    """Says once that a purse has passed its soft limit."""

    purse: Purse
    soft: float
    is_said: bool = False

    def __call__(self) -> None:
        if not self.is_said and self.purse.spent >= self.soft:
            self.is_said = True
            message = "%s has spent USD %.6g, more than its soft limit of %.6g"
            logging.getLogger("trio_llm").warning(message, self.purse.name, self.purse.spent, self.soft)


@attrs.frozen
class Estimate:
    """What requests will take, before any is sent.

    Example:
        expected = trio_llm.purse.estimate(requests)
        print(expected.low, expected.usd, expected.high)
    """

    requests: int
    prompt_tokens: float
    completion_tokens: float
    """At the limit that each request states for its answer, or what is usual."""
    usd: float
    low: float
    """USD, if prompts are shorter than estimated and answers much shorter than they may be."""
    high: float
    """USD, if prompts are longer than estimated and every answer as long as expected."""
    unpriced: tuple[str, ...]
    """Models without a known price; their requests are in the counts and not in the sums."""


def estimate(requests: Iterable[AnyRequest]) -> Estimate:
    """A dry run: about how many tokens requests have and what they will cost. Nothing is sent.

    Args:
        requests: as for `fan_out`.

    Raises:
        BadRequestError: if no provider fits a model.
        ModuleNotFoundError: without the extra `models`.

    Example:
        >>> trio_llm.purse.estimate([trio_llm.ChatRequest("openai/gpt-5", messages, max_tokens=300)]).usd
        0.0031
    """
    number, prompts, answers = 0, 0.0, 0.0
    sums = [0.0, 0.0, 0.0]
    unpriced: dict[str, None] = {}
    for request in requests:
        number += 1
        prompt, answer = estimated_tokens(request), expected_answer(request)
        prompts, answers = prompts + prompt, answers + answer
        bare, row, _, _ = trio_llm.get_llm_provider(request.model, request.options.custom_llm_provider)
        cases = (
            (prompt, answer),
            (prompt * (1 - _UNCERTAIN), answer * _SHORT_ANSWER),
            (prompt * (1 + _UNCERTAIN), answer),
        )
        costs = [cost_of_quantities(_quantities(*case), row, bare).usd for case in cases]
        for place, usd in enumerate(costs):
            sums[place] += usd or 0.0
        if None in costs:
            unpriced[request.model] = None
    usd, low, high = sums
    return Estimate(number, prompts, answers, usd, low, high, tuple(unpriced))


def _quantities(prompt: float, answer: float) -> Quantities:
    return Quantities({part: count for part, count in (("input", prompt), ("output", answer)) if count})
