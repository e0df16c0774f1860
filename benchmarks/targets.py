"""What trio_llm has to reach: costs as ratios between libraries that were measured in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

CPU: Final = "cpu_us_per_call"

Measured = dict[tuple[str, str, str], dict[str, Any]]
"""The median of every number, by library, loop and scenario."""


@dataclass(frozen=True)
class Target:
    """A number of ours over another number, and how small or large it has to be."""

    says: str
    limit: float
    ours: tuple[str, str, str]
    """Library, loop and scenario."""
    other: tuple[str, str, str] | None = None
    """What it is divided by; None for 1."""
    inverted: bool = False
    """The other one over ours, which has to be the limit at least."""
    number: str = CPU
    at_least: bool = False

    def value(self, measured: Measured) -> float | None:
        """The ratio, None if one of the two was not measured."""
        ours = measured.get(self.ours, {}).get(self.number)
        other = 1.0 if self.other is None else measured.get(self.other, {}).get(self.number)
        if not ours or not other:
            return None
        return other / ours if self.inverted else ours / other

    def is_met(self, value: float) -> bool:
        """Whether the ratio is good enough."""
        return value >= self.limit if self.inverted or self.at_least else value <= self.limit


def _against_peers(scenario: str, litellm: float, openai: float) -> list[Target]:
    peers = (("litellm", litellm), ("openai", openai))
    return [
        Target(
            f"{scenario}: {peer} needs >= {limit:g} x",
            limit,
            (*_OURS, scenario),
            (peer, "asyncio", scenario),
            inverted=True,
        )
        for peer, limit in peers
    ]


_OURS: Final = ("trio_llm", "asyncio")
_RAW: Final = ("raw", "trio")

TARGETS: Final = (
    Target("call-10 on Trio: <= 2.5 x the raw loop", 2.5, ("trio_llm", "trio", "call-10"), (*_RAW, "call-10")),
    Target("call-10 on asyncio: <= 4.5 x the raw loop", 4.5, (*_OURS, "call-10"), (*_RAW, "call-10")),
    *(
        Target(
            f"call-10 on {loop}: below bare aiohttp",
            1,
            ("trio_llm", loop, "call-10"),
            ("aiohttp", "asyncio", "call-10"),
        )
        for loop in ("trio", "asyncio")
    ),
    *_against_peers("call-10", 25, 12),
    *(
        Target(
            f"call-1000 on {loop}: <= 1.8 x call-10",
            1.8,
            ("trio_llm", loop, "call-1000"),
            ("trio_llm", loop, "call-10"),
        )
        for loop in ("trio", "asyncio")
    ),
    *(
        Target(
            f"delayed-1000 on {loop}: >= {share:.0%} of 2,000 calls/s",
            2_000 * share,
            ("trio_llm", loop, "delayed-1000"),
            number="calls_per_second",
            at_least=True,
        )
        for loop, share in (("trio", 0.85), ("asyncio", 0.8))
    ),
    *(
        Target(
            f"delayed-10000 on {loop}: < 60 kB a call in flight",
            60,
            ("trio_llm", loop, "delayed-10000"),
            number="kb_per_call_in_flight",
        )
        for loop in ("trio", "asyncio")
    ),
    *(
        Target(f"{scenario} on {loop}: <= 3 x the raw loop", 3, ("trio_llm", loop, scenario), (*_RAW, scenario))
        for scenario in ("stream-10", "burst-stream-10", "paced-stream-10")
        for loop in ("trio", "asyncio")
    ),
    *(
        Target(
            f"call-10 with {what}: <= {limit:g} x without",
            limit,
            (f"trio_llm-{what}", "trio", "call-10"),
            ("trio_llm", "trio", "call-10"),
        )
        for what, limit in (("adaptive", 1.05), ("statistics", 1.1), ("spending", 1.1), ("otel", 2.5))
    ),
    Target(
        "trace of 20,000 calls: < 200 bytes an event",
        200,
        ("trio_llm-trace", "trio", "kept-20000"),
        number="bytes_per_event",
    ),
    *_against_peers("stream-10", 30, 10),
    *(
        Target(
            f"first-chunk-10 on {loop}: the first chunk within 1.5 x bare aiohttp's time",
            1.5,
            ("trio_llm", loop, "first-chunk-10"),
            ("aiohttp", "asyncio", "first-chunk-10"),
            number="first_p50_ms",
        )
        for loop in ("trio", "asyncio")
    ),
)
