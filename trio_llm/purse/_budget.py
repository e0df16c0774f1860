"""A budget that lasts: what an account, or all of a client's, may cost in any day, hour or minute.

Theory of operation. Each account that is asked has a purse of its own. A charge is *on the bill* from its attempt's end
until it is older than the period, and then *forgotten*: what was spent is what is on the bill. So the limit holds for
every stretch of time as long as the period, not for days of the calendar. Nothing here waits or has a task: what is old
is forgotten when the next attempt comes.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Literal, cast

import attrs

from .._engine.seams import Departure, Learnt
from .._runtime import trio
from ._purse import Purse, load_prices


@attrs.define
class _Account:
    name: str
    """Its provider."""
    purse: Purse
    times: deque[float] = attrs.Factory(deque[float])
    """When each charge on the bill was made."""


class Budget:
    """What calls may cost within a period. Given as `Client(budget=...)`, to one client or to several.

    An attempt that would pass the limit does not leave, and its call raises `BudgetExceededError`. It is kept in
    memory, in one process.

    Args:
        usd: the limit in USD.
        tokens: the limit of prompts and answers together.
        per: seconds after which a charge is forgotten, as 86_400; without it none is.
        each: whether every `account` (a key of a provider) has a limit of its own, or `all` share one.
        name: what messages call it.
        clock: what says the time, in seconds.

    Raises:
        ValueError: without any limit, for one that is no amount, or for a period that is not positive.
        ModuleNotFoundError: for a limit in USD without the extra `models`.

    Example:
        async with trio_llm.Client(budget=trio_llm.purse.Budget(usd=20, per=86_400)) as client:
            await client.fan_out(requests)
    """

    def __init__(  # noqa: PLR0913 - options of a budget, all by name
        self,
        *,
        usd: float | None = None,
        tokens: float | None = None,
        per: float = math.inf,
        each: Literal["account", "all"] = "account",
        name: str = "this budget",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if usd is None and tokens is None:
            raise ValueError("a budget has a limit: usd=, tokens=, or both")
        if each not in ("account", "all"):
            raise ValueError(f"each {each!r} has no budget: it is each 'account', or 'all' together")
        if not per > 0:
            raise ValueError(f"the period of a budget is a number of seconds, not {per}")
        if usd is not None:
            load_prices()
        empty = Purse(usd, tokens, name)
        self._limits = (empty.usd_limit, empty.token_limit, name)
        self._per = per
        self._each = each
        self._clock = clock
        self._accounts: dict[int, _Account] = {}

    @property
    def purses(self) -> Mapping[str, Purse]:
        """What was spent within the period, by provider; further accounts of the same provider are numbered."""
        purses: dict[str, Purse] = {}
        seen: Counter[str] = Counter()
        for account in self._accounts.values():
            self._forget_old(account)
            seen[account.name] += 1
            number = seen[account.name]
            purses[account.name if number == 1 else f"{account.name} #{number}"] = account.purse
        return purses

    def enter_nowait(self, departure: Departure) -> object:
        """Reserve for an attempt that is about to leave.

        Raises:
            BudgetExceededError: if too little is left.
        """
        key, name = (departure.account, departure.provider) if self._each == "account" else (0, "all")
        account = self._accounts.get(key)
        if account is None:
            account = self._accounts[key] = _Account(name, Purse(*self._limits))
        self._forget_old(account)
        return account, account.purse.enter_nowait(departure)

    async def enter(self, departure: Departure) -> object:
        """The same: it never waits."""
        await trio.lowlevel.checkpoint()
        return self.enter_nowait(departure)

    def leave(self, entered: object, learnt: Learnt) -> None:
        """Charge what the attempt cost, and return the rest."""
        account, reserved = cast("tuple[_Account, object]", entered)
        purse = account.purse
        purse.leave(reserved, learnt)
        account.times += [self._clock()] * (purse.attempts - len(account.times))

    def _forget_old(self, account: _Account) -> None:
        since = self._clock() - self._per
        while account.times and account.times[0] <= since:
            account.times.popleft()
            account.purse.forget_first()
