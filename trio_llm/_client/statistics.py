"""What a client tells of itself when it is asked."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .._limits.statistics import AccountStatistics
from .._transport import TransportStatistics


@attrs.frozen
class ClientStatistics:
    """A snapshot of a client.

    Example:
        statistics = client.statistics()
        print(statistics.connections.active, list(statistics.accounts))
    """

    accounts: Mapping[str, AccountStatistics]
    """By provider and base URL."""
    connections: TransportStatistics
