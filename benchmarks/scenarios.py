"""What is measured: how many calls, how many at the same time, and how the provider answers."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Kind(enum.Enum):
    """What one call of a scenario is."""

    CALL = "call"
    CALLS_KEPT = "calls kept"
    """For what keeps something of every call."""
    STREAM = "stream"
    STREAMS_TOGETHER = "streams together"
    """In rounds: as many as are in flight begin at once, and the next round when all have ended."""
    EMBED = "embed"
    FAN_OUT = "fan-out"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Scenario:
    """One measurement. It ends with the last call, or before when the time is over."""

    kind: Kind
    in_flight: int
    """Calls at the same time."""
    calls: int
    behaviour: str = "instant"
    """See `server.py`."""
    seconds: float = 4.0
    """Time after which no more calls begin: slow libraries make fewer calls, not longer runs."""


def _calls(in_flight: int, behaviour: str, calls: int, seconds: float = 4.0) -> Scenario:
    return Scenario(Kind.CALL, in_flight, calls, behaviour, seconds)


_SIZES: Final = (1, 10, 100, 1_000, 10_000)

SCENARIOS: Final = {
    **{f"call-{size}": _calls(size, "instant", max(4_000, 2 * size)) for size in _SIZES},
    **{f"delayed-{size}": _calls(size, "delay-500", min(5 * size, 20_000), 10) for size in _SIZES},
    "kept-20000": Scenario(Kind.CALLS_KEPT, 100, 20_000, seconds=30),
    "stream-10": Scenario(Kind.STREAM, 10, 200),
    "stream-500": Scenario(Kind.STREAM, 500, 500, seconds=8),
    "burst-stream-10": Scenario(Kind.STREAM, 10, 400, "burst"),
    "paced-stream-10": Scenario(Kind.STREAM, 10, 40, "paced-2"),
    "first-chunk-10": Scenario(Kind.STREAMS_TOGETHER, 10, 400),
    "embedding-10": Scenario(Kind.EMBED, 10, 400),
    "fan-out-100": Scenario(Kind.FAN_OUT, 100, 4_000, "fail-20"),
    "cancel-100": Scenario(Kind.CANCEL, 100, 4_000, "delay-10000"),
}

CANCEL_AFTER: Final = (0.0, 0.001, 0.005, 0.02)
"""Seconds after which the calls of a churn are cancelled, in turn: before, while and after they are sent."""

QUICK: Final = (
    "call-10",
    "call-1000",
    "delayed-1000",
    "delayed-10000",
    "stream-10",
    "burst-stream-10",
    "paced-stream-10",
    "first-chunk-10",
    "embedding-10",
    "fan-out-100",
    "cancel-100",
    "kept-20000",
)
"""The scenarios of the quick profile. The full one has all."""
