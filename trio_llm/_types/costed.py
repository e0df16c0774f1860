"""The door from a response to what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models.costs import Cost


class Costed:
    """What has a price."""

    __slots__ = ()

    @property
    def cost(self) -> Cost:
        """What the call cost in USD, as its provider told it, else by its usage and the published prices.

        It is computed when asked for. `usd` is None if it cannot be known, and `reason` says why. Of a stream that did
        not end it is an estimate, and says so. What a provider itself calls `cost` is `response["cost"]`.

        Example:
            >>> response.cost.usd
            0.00035
        """
        from ..models.costs import cost_of_response  # a room, entered by its door

        return cost_of_response(self)
