"""The slots of an account that shares them with nobody.

What always holds: `available_tokens` is the total less what is lent, and is negative after the total was lowered below
that. At most one task waits, the first in line; `_more` is its event, and is there only while it may be waited for.
Whoever is woken looks again, as somebody else may have been faster.
"""

from __future__ import annotations

from .._runtime import trio


class Slots:
    """What a line needs of a `CapacityLimiter`, at a tenth of its price: implements `SlotLimiter`.

    It keeps no order, as only the first in line waits for it, and does not ask who borrows.
    """

    def __init__(self, total_tokens: float) -> None:
        self._total = total_tokens
        self._lent = 0
        self.available_tokens = total_tokens
        """How many are free; negative after the total was lowered below what is lent."""
        self._more: trio.Event | None = None

    @property
    def total_tokens(self) -> float:
        """How many there are; may be changed while they are lent."""
        return self._total

    @total_tokens.setter
    def total_tokens(self, number: float) -> None:
        self._total = number
        self.available_tokens = number - self._lent
        self._wake()

    def acquire_on_behalf_of_nowait(self, borrower: object) -> None:
        """Take one that is free."""
        self._lent += 1
        self.available_tokens -= 1

    async def acquire_on_behalf_of(self, borrower: object) -> None:
        """Wait for one. Cancelled while waiting, nothing has been taken."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while self.available_tokens <= 0:
            if self._more is None:
                self._more = trio.Event()
            await self._more.wait()
        self.acquire_on_behalf_of_nowait(borrower)

    def release_on_behalf_of(self, borrower: object) -> None:
        """Give one back."""
        self._lent -= 1
        self.available_tokens += 1
        if self._more is not None:
            self._wake()

    def _wake(self) -> None:
        if self._more is not None and self.available_tokens > 0:
            self._more.set()
            self._more = None
