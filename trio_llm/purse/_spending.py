"""A budget for a block of a program: `async with trio_llm.spending(usd=2.0) as purse:`."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import attrs

from .._engine.gates import gates_beneath
from .._runtime import trio
from .._types.errors import BudgetExceededError
from ._purse import Purse, checked_limit, load_prices


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
        ValueError: for a limit that is no amount.
        BudgetExceededError: from a call beneath that has no room. It is no failure of a provider: nothing retries it.

    Example:
        >>> async with trio_llm.spending(usd=2.0, soft=1.5) as purse:
        ...     outcomes = await client.fan_out(requests)
        >>> purse.spent, purse.by("model")
    """
    purse = Purse(usd, tokens, name)
    if soft is not None:
        soft = checked_limit(soft, f"{name} warns at", "USD")
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
