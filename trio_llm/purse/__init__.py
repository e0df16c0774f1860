"""Budgets: what the calls of a block may cost, and what they did.

async with trio_llm.spending(usd=2.0) as purse:
    await client.fan_out(requests)
print(purse.spent, purse.bill)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._budget import Budget as Budget
    from ._charges import Charge as Charge
    from ._estimate import (
        Estimate as Estimate,
        estimate as estimate,
    )
    from ._purse import Purse as Purse
    from ._spending import spending as spending
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "_budget": "Budget",
            "_charges": "Charge",
            "_estimate": "Estimate estimate",
            "_purse": "Purse",
            "_spending": "spending",
        },
    )
