"""Budgets: what the calls of a block may cost, and what they did.

async with trio_llm.spending(usd=2.0) as purse:
    await client.fan_out(requests)
print(purse.spent, purse.bill)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._budget import (
        Budget as Budget,
    )
    from ._spending import (
        Charge as Charge,
        Estimate as Estimate,
        Purse as Purse,
        estimate as estimate,
        spending as spending,
    )
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__, {"_budget": "Budget", "_spending": "Charge Estimate Purse estimate spending"}
    )
