"""A purse: what may be spent, what is, and what was.

Theory of operation. A purse is a gate. Every attempt passes it that is made beneath the block, in whatever task and by
whatever client. The money of an attempt is in one of three states:

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

from collections.abc import Callable
from typing import Any, Final

from .._engine.seams import Departure, Learnt
from .._runtime import trio
from .._types.amounts import as_number
from .._types.errors import BudgetExceededError
from ..models.costs import cost_of_quantities
from ..models.facts import prices_of
from ..models.prices import Quantities
from ..models.rates import BY_TOKEN, RateBook, Rates
from ..models.sizes import expected_tokens
from ._bill import Bill
from ._charges import Charge, charge_of
from ._expected import PAID, expected_parts

_NOTHING: Final = 1e-12
"""USD. Sums of many numbers end near nothing, not at it."""


class Purse:
    """What a block of a program may spend, and has spent. `spending` makes it.

    Example:
        async with trio_llm.spending(usd=2.0) as purse:
            await client.fan_out(requests)
        print(purse.spent, "of", purse.usd_limit)
    """

    def __init__(self, usd: float | None, tokens: float | None, name: str) -> None:
        self.usd_limit: float | None = None if usd is None else checked_limit(usd, f"{name} is limited to", "USD")
        self.token_limit: float | None = None
        if tokens is not None:
            self.token_limit = checked_limit(tokens, f"{name} is limited to", "tokens")
        self.name: str = name
        self.spent: float = 0.0
        """USD that were charged. What has no known price is not among them; see `unpriced`."""
        self.tokens: float = 0.0
        """Tokens that were charged."""
        self.reserved: float = 0.0
        """USD for attempts that are under way."""
        self.unpriced: int = 0
        """Attempts on the bill whose price nobody knows."""
        self._reserved_tokens = 0.0
        self._bill = Bill()
        self._changed: list[Callable[[], None]] = []
        self._book = RateBook()

    @property
    def bill(self) -> list[Charge]:
        """Every attempt that cost something, in the order in which they ended."""
        return list(self._bill)

    @property
    def attempts(self) -> int:
        """How many are on the bill."""
        return len(self._bill)

    @property
    def left(self) -> float | None:
        """USD that a new attempt may cost; None without a limit."""
        return None if self.usd_limit is None else max(0.0, self.usd_limit - self.spent - self.reserved)

    def by(self, *names: str) -> dict[tuple[Any, ...], float]:
        """USD by `provider`, `model` or any label of the calls, or several of them together; a list by its text.

        Example:
            >>> purse.by("model", "user")
            {('gpt-5', 'ann'): 0.25, ('gpt-5', None): 0.5}
        """
        sums: dict[tuple[Any, ...], float] = {}
        for charge in self.bill:
            facts = {"provider": charge.provider, "model": charge.model}
            key = tuple(facts[name] if name in facts else _hashable(charge.labels.get(name)) for name in names)
            sums[key] = sums.get(key, 0.0) + (charge.usd or 0.0)
        return sums

    def enter_nowait(self, departure: Departure) -> object:
        """Reserve for an attempt that is about to leave.

        Raises:
            BudgetExceededError: if too little is left.
        """
        rates, limit, most = self._book.of(departure.provider, departure.model), self.usd_limit, self.token_limit
        plain = None if rates is None else rates.expected(departure.request, departure.size)
        expected = self._expected_at_length(departure, rates) if plain is None else plain
        usd, tokens, _ = expected
        if limit is not None and self.spent + self.reserved + usd > limit:
            spent = f"{self.spent:.6g} are spent, {self.reserved:.6g} reserved"
            raise self._refusal(f"USD {limit:.6g}", spent, f"{usd:.6g}", departure)
        if most is not None and self.tokens + self._reserved_tokens + tokens > most:
            spent = f"{self.tokens:.0f} are spent, {self._reserved_tokens:.0f} reserved"
            raise self._refusal(f"{most:.0f} tokens", spent, f"{tokens}", departure)
        self.reserved += usd
        self._reserved_tokens += tokens
        return expected

    async def enter(self, departure: Departure) -> object:
        """The same: it never waits, since what it would wait for may wait for it."""
        await trio.lowlevel.checkpoint()
        return self.enter_nowait(departure)

    def leave(self, entered: object, learnt: Learnt) -> None:
        """Charge what the attempt cost, and return the rest."""
        reserved: Any = entered
        usd, tokens, rates = reserved
        self._reserved_tokens -= tokens
        left = self.reserved - usd
        self.reserved = left if left > _NOTHING else 0.0
        charge = charge_of(learnt, rates)
        if isinstance(charge, tuple):
            self.tokens += charge[2] + charge[3]
            self.spent += charge[4]
            self._bill.add_plain(charge)
        elif charge is None or (not charge.usd and learnt.request.operation not in PAID):
            return
        else:
            self.tokens += charge.prompt_tokens + charge.completion_tokens
            self.spent += charge.usd or 0.0
            self.unpriced += charge.usd is None
            self._bill.add(charge)
        for tell in self._changed:
            tell()

    def forget_first(self) -> None:
        """Take the oldest charge off the bill, and what it cost off what was spent."""
        charge = self._bill.pop_first()
        self.tokens -= charge.prompt_tokens + charge.completion_tokens
        self.spent -= charge.usd or 0.0
        self.unpriced -= charge.usd is None
        if not self._bill:
            self.spent = self.tokens = 0.0  # sums of many numbers end near nothing, not at it

    def on_change(self, tell: Callable[[], None]) -> None:
        """Be told after each charge."""
        self._changed.append(tell)

    def _expected_at_length(self, departure: Departure, rates: Rates | None) -> tuple[float, float, Rates | None]:
        request, size = departure.request, departure.size
        prompt, answer = expected_tokens(request, size)
        usd: float | None = 0.0
        if self.usd_limit is not None and request.operation in BY_TOKEN:
            usd = cost_of_quantities(Quantities.of_tokens(prompt, answer), departure.provider, departure.model).usd
        elif self.usd_limit is not None and request.operation in PAID:
            usd = None if rates is None else sum(expected_parts(request, rates.prices, size).values())
        if usd is None:
            raise self._unpriced(departure)
        return usd, prompt + answer, rates

    def _unpriced(self, departure: Departure) -> BudgetExceededError:
        return BudgetExceededError(
            f"{self.name} is limited to USD {self.usd_limit:.6g}, and no price is known for {departure.model!r} of"
            f" {departure.provider}: say it with register_model, or limit the tokens"
        )

    def _refusal(self, limit: str, spent: str, asked: str, departure: Departure) -> BudgetExceededError:
        return BudgetExceededError(
            f"{self.name} is limited to {limit}: {spent}, and this call of {departure.provider}/{departure.model} would"
            f" take about {asked}"
        )

    def __repr__(self) -> str:
        limit = "" if self.usd_limit is None else f" of {self.usd_limit:.6g}"
        return f"<{self.name}: USD {self.spent:.6g}{limit} spent, {self.attempts} attempts>"


def checked_limit(given: float, told: str, unit: str) -> float:
    """A limit as a float; whoever counts money does it in decimals.

    Raises:
        ValueError: if it is no amount: what no comparison finds too much, as NaN, would limit nothing.
    """
    limit = as_number(given)
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0:
        raise ValueError(f"{told} {given!r} {unit}, which is no amount")
    return float(limit)


def _hashable(label: Any) -> Any:
    try:
        hash(label)
    except TypeError:
        return repr(label)
    return label


def load_prices() -> None:
    """They take 0.3 s the first time, which should not happen in the middle of calls."""
    prices_of("openai", "gpt-4o")
