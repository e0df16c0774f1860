"""A fan-out of 200 requests, by default settings, against a provider that limits its rate, and what it cost.

`python tests/limited_fan_outs.py` runs the whole grid, 384 of them, and says which was not as it should be.
"""

from __future__ import annotations

import sys
from itertools import product
from typing import Literal

import attrs
from virtual import KEYS, ask

from trio_llm import Client
from trio_llm._limits.adaptive import FIRST_NUMBER
from trio_llm._runtime import trio
from trio_llm.testing import RateLimits, Reply, Simulator, run_in_virtual_time

CALLS = 200
PER_MINUTE = 60
TOKENS = 7
"""Of a call: three words, and their echo of four."""


@attrs.frozen
class Case:
    """One provider, and how it is asked."""

    limit: Literal["requests", "tokens"]
    burst: int
    """Calls that it allows at once."""
    models: int
    """Asked by turns; all of them share the account's limit."""
    headers: bool
    """Whether its replies describe the limit."""
    latency: float
    """Seconds of an answer; a refusal comes at once."""
    backend: Literal["trio", "asyncio"]
    per_minute: int = PER_MINUTE
    """Calls that it allows in the long run."""

    def __str__(self) -> str:
        described = "described" if self.headers else "silent"
        rate = "" if self.per_minute == PER_MINUTE else f"-{self.per_minute}"
        return f"{self.limit}-{self.burst}-{self.models}-{described}-{self.latency:g}s-{self.backend}{rate}"

    @property
    def limits(self) -> RateLimits:
        """The provider's."""
        seconds = self.burst * 60 / self.per_minute
        if self.limit == "requests":
            return RateLimits(requests_per_minute=self.per_minute, burst=seconds)
        return RateLimits(tokens_per_minute=self.per_minute * TOKENS, burst=seconds)

    @property
    def least_time(self) -> float:
        """Seconds that nobody could do it in less."""
        return (CALLS - self.burst) * 60 / self.per_minute + self.latency

    def run(self) -> Result:
        """Ask it, in virtual time."""
        simulator = Simulator(Reply(latency=self.latency), limits=self.limits)
        provider = "openai" if self.headers else "gemini"
        requests = [ask("one two three", model=f"{provider}/{n % self.models}") for n in range(CALLS)]

        async def main() -> Result:
            async with Client(transport=simulator, variables=KEYS) as client:
                began = trio.current_time()
                outcomes = await client.fan_out(requests)
                answered = sum(outcome.status == "ok" for outcome in outcomes)
                return Result(answered, len(simulator.requests), trio.current_time() - began)

        result: Result = run_in_virtual_time(main, backend=self.backend)
        return result


@attrs.frozen
class Result:
    """What came of it."""

    answered: int
    sent: int
    seconds: float

    def faults(self, case: Case) -> list[str]:
        """What was not kept."""
        longest, most = 1.25 * case.least_time + 60, 1.1 * (CALLS + FIRST_NUMBER)
        return [
            *([f"{self.answered} answered"] if self.answered != CALLS else []),
            *([f"{self.sent} sent, not {most:g}"] if self.sent > most else []),
            *([f"{self.seconds:.0f} s, not {longest:.0f}"] if self.seconds > longest else []),
        ]


WHOLE_GRID = [
    Case(*values)  # type: ignore[arg-type]
    for values in product(
        ("requests", "tokens"), (1, 2, 5, 10, 20, 50), (1, 2), (True, False), (0.2, 1, 5, 30), ("trio", "asyncio")
    )
]


def main() -> int:
    """Run all, and return how many were not as they should be."""
    wrong = 0
    for case in WHOLE_GRID:
        if faults := case.run().faults(case):
            wrong += 1
            print(f"{case}: {', '.join(faults)}", flush=True)
    print(f"{len(WHOLE_GRID)} fan-outs, {wrong} wrong")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
