"""What an account tells of itself when it is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class LaneStatistics:
    """A snapshot of one lane: the calls that one limit of the provider's is about.

    Example:
        for account in client.statistics().accounts.values():
            print({name: lane.per_minute for name, lane in account.lanes.items()})
    """

    in_flight: int
    """Calls that hold a slot."""
    slots: float
    """How many may, as far as is known; infinite without a limit."""
    waiting: int
    """Calls that stand in its line."""
    paused_for: float = 0.0
    """Seconds for which a 429 or 529 keeps it waiting."""
    per_minute: float = math.inf
    """Requests a minute, as its refusals taught; infinite while nothing has been learnt."""


@attrs.frozen(kw_only=True)
class AccountStatistics:
    """A snapshot of one account, and sums since the client began.

    Example:
        for name, account in client.statistics().accounts.items():
            print(name, account.in_flight, account.waiting, account.paused_for)
    """

    in_flight: int
    """Calls that hold a slot, and so a connection."""
    slots: float
    """How many may; infinite without a limit."""
    waiting: int
    """Calls that stand in line."""
    paused_for: float = 0.0
    """Seconds for which a 429 or 529 keeps a lane of it waiting, the longest."""
    requests_left: float | None = None
    """Requests that could leave now, where they are limited per minute."""
    tokens_left: float | None = None
    """Tokens that are neither used nor reserved; below 0 where the answers were longer than estimated."""
    described: Mapping[str, Mapping[str, float]] = attrs.field(factory=dict[str, Mapping[str, float]])
    """What is left of the limits that adaptive accounts follow, by lane (usually a model) and name of the limit."""
    lanes: Mapping[str, LaneStatistics] = attrs.field(factory=dict[str, LaneStatistics])
    """The lanes that are in use, by name."""
    holders: Sequence[Any] = ()
    """The activities of calls that hold a slot, at most eight, where an observer wants `CallWaiting`."""
    attempts: int = 0
    """Requests sent."""
    errors: int = 0
    """Attempts that failed."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
