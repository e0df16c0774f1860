"""What a call stands in line with: its own ticket, and what it shares with the others of its fan-out.

A ticket is made when a call goes to an account, and lasts for all of its attempts there. It gets its `arrival` when it
first comes, and keeps it. A refused call of a fan-out is sent *behind* the first of its line, and tries
again after it. The account writes to a ticket; whoever made the call reads what became of it.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import attrs

from .._types.errors import APIError, AuthenticationError
from .buckets import RateCost
from .lane import Lane


@attrs.define(eq=False)
class Crowd:
    """The calls of one fan-out: what one of them learns of an account counts for all of them."""

    wrong_keys: dict[Hashable, APIError] = attrs.Factory(dict[Hashable, APIError])
    """Accounts whose credential was refused, and the refusal."""

    def check(self, account: Hashable) -> None:
        """Raises `AuthenticationError` if there is no use in asking with the account's credential again."""
        error = self.wrong_keys.get(account)
        if error is not None:
            message = f"not sent, as this credential was refused before: {error.message}"
            raise AuthenticationError(message, code=error.code, request_id=error.request_id) from error


class Ticket:
    """A call's claim to its place in line. Its attempts share it: a call that is repeated does not begin at the end.

    Every call makes one, so it has slots. What stands below `crowd` the account fills in, for most calls nothing of it.
    """

    __slots__ = (
        "arrival",
        "behind",
        "crowd",
        "estimate",
        "holder",
        "lane",
        "priority",
        "refused",
        "request",
        "stuck",
    )

    def __init__(self, lane: Lane, priority: int = 0, request: object = None, crowd: Crowd | None = None) -> None:
        self.lane = lane
        self.priority = priority
        """Higher goes first."""
        self.request = request
        """What it asks, where somebody may want to know what that costs."""
        self.holder: Any = None
        """What its call is known as to whoever asks who holds slots; None if nobody does."""
        self.crowd = crowd
        """The fan-out that it belongs to: a refusal then puts it back into its line."""
        self.arrival: int | None = None
        """When it first came."""
        self.behind: tuple[int, ...] | None = None
        """Its rank since it was refused."""
        self.estimate: RateCost | None = None
        """What its request will cost, once somebody wanted to know."""
        self.refused = False
        """Whether it was refused in a way that waiting cures, while its lane was not given up."""
        self.stuck: str | None = None
        """What it waited for, and how long, when its wait was ended."""

    @property
    def rank(self) -> tuple[int, ...]:
        """Smaller is nearer to the front."""
        assert self.arrival is not None
        return self.behind or (-self.priority, self.arrival)

    def send_behind_first(self, number: int) -> None:
        """Let whoever is first in line try next, and follow. `number` is larger each time."""
        first = self.lane.line.first
        if first is not None and first.rank[0] == -self.priority and first.rank > self.rank:
            self.behind = (*first.rank[:2], number)
