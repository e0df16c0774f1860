"""Which failures are refusals for coming too often, and which of those waiting cures. Pure decisions."""

from __future__ import annotations

from typing import Final

from .._types.errors import APIError
from .settings import LONGEST_RESPECTED_WAIT

TOO_MANY: Final = 429
_PAUSING: Final = frozenset({TOO_MANY, 529})
"""Statuses after which whoever else asks would be refused as well."""
_UNPAID: Final = frozenset(
    {
        # OpenAI, "Error codes", 2026-11: a 429 of an account that has used up what it paid for.
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        # Moonshot, "Error codes", 2026-11.
        "exceeded_current_quota_error",
        # Z.AI, "Errors", 2026-11: the balance, or the package, is used up.
        "1113",
        # Others who copied OpenAI's 429 with a word of their own for an empty account.
        "insufficient_balance",
        "insufficient_user_quota",
    }
)
"""Codes of refusals that end when somebody pays, not when time has passed."""


def is_hopeless(error: APIError) -> bool:
    """Whether it is a refusal that no waiting cures."""
    return error.code in _UNPAID


def is_pausing(error: BaseException | None) -> bool:
    """Whether it says that the lane should be quiet for a while."""
    return isinstance(error, APIError) and error.status_code in _PAUSING and not is_hopeless(error)


def waiting_cures(error: APIError) -> bool:
    """Whether a refused call may go back into its line: it came too often, and not for too long a time."""
    return (
        error.status_code == TOO_MANY
        and not is_hopeless(error)
        and error.should_retry is not False
        and (error.retry_after or 0.0) <= LONGEST_RESPECTED_WAIT
    )
