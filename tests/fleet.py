"""Weeks of a mixed fleet in a laboratory: four providers with limits and outages, fallbacks, hedges, streams.

`make fleet` lets 1,000 virtual hours with 200 outages pass on both event loops and in another process, says what that
cost, and compares what happened to the byte. The number is the seed.

    python tests/fleet.py 1
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import attrs
from virtual import ask

from trio_llm import Client, Limits, LLMError
from trio_llm._runtime import trio
from trio_llm.testing import Disconnect, Failure, FaultPlan, Lab, Outages, RateLimits, Reply, Simulator, lab

HOUR: Final = 3600.0
MODELS: Final = ("openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-pro", "mistral/large")
LAST_RESORT: Final = MODELS[-1]
MOST_AT_ONCE: Final = 8
"""Requests of an account; the providers are watched at every step."""
SECONDS: Final = 60.0
"""Of CPU, that a whole run may take."""


@attrs.frozen(kw_only=True)
class Fleet:
    """How much happens in it."""

    hours: float = 1_000
    outages: int = 200
    """Of all four providers together."""
    users: int = 24
    requests: int = 850
    """Of each user."""

    def world(self, seed: int, backend: Any) -> Lab:
        """The providers, and whether they are well."""
        names = [model.partition("/")[0] for model in MODELS]
        providers = {name: self._provider(seed, number) for number, name in enumerate(names)}
        return lab(providers, seed=seed, backend=backend, invariants=[_not_too_many_at_once])

    def _provider(self, seed: int, number: int) -> Simulator:
        down = Outages.drawn(
            seed=seed + number, count=self.outages // len(MODELS), within=self.hours * HOUR, longest=1_800
        )
        return Simulator(
            Reply("a few words", latency=2, gap=0.05),
            faults=down | FaultPlan(rate=0.02, seed=seed, kinds=[Failure(500), Disconnect()]),
            limits=RateLimits(requests_per_minute=6),
        )

    async def work(self, world: Lab) -> None:
        """All users, at times of their own, through one client."""
        async with world.client("web", fallbacks=[LAST_RESORT], limits=Limits(max_in_flight=MOST_AT_ONCE)) as client:
            async with trio.open_nursery() as nursery:
                for number in range(self.users):
                    times = sorted(world.random.uniform(0, self.hours * HOUR) for _ in range(self.requests))
                    nursery.start_soon(_user, client, number, times)


def _not_too_many_at_once(world: Lab) -> bool:
    return all(provider.active <= MOST_AT_ONCE for provider in world.providers.values())


async def _user(client: Client, number: int, times: list[float]) -> None:
    for turn, at in enumerate(times):
        await trio.sleep_until(at)
        try:
            await _ask(client, MODELS[number % len(MODELS)], turn % 3)
        except LLMError:
            await trio.lowlevel.checkpoint()


async def _ask(client: Client, model: str, kind: int) -> None:
    request = ask("one two", model=model, timeout=300)
    if kind == 0:
        await client.hedge(request, after=1.0)
    elif kind == 1:
        async with client.stream(request.model, list(request.messages), timeout=300) as stream:
            async for _ in stream:
                pass
    else:
        await client.call(request)


def run(fleet: Fleet, seed: int, backend: Any = "trio") -> Lab:
    """A fleet whose time is over; its trace says what happened."""
    world = fleet.world(seed, backend)
    world.run(fleet.work)
    return world


def main() -> int:
    """Run it on both loops and in another process, and return whether anything was not as it should be."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    fleet = Fleet()
    traces = [_told(fleet, seed, "trio"), _told(fleet, seed, "asyncio"), _in_another_process(seed)]
    same = len(set(traces)) == 1
    print("the same to the byte" if same else "NOT THE SAME", flush=True)
    return 0 if same and time.process_time() < 2 * SECONDS else 1


def _told(fleet: Fleet, seed: int, backend: str) -> bytes:
    began = time.process_time()
    world = run(fleet, seed, backend)
    trace = world.trace.encode()
    seconds = time.process_time() - began
    down = sum(request.fault is not None for provider in world.providers.values() for request in provider.requests)
    sent = sum(provider.statistics().requests for provider in world.providers.values())
    print(
        f"{backend}: {fleet.hours:,.0f} virtual hours, {len(world.providers)} providers, {fleet.outages} outages,"
        f" {fleet.users * fleet.requests:,} calls of users, {world.calls:,} with hedges, {sent:,} requests,"
        f" {down:,} of them met a fault, {trace.count(b' falls back '):,} fell back; {seconds:.1f} s of CPU,"
        f" {len(trace):,} bytes of trace, {sha256(trace).hexdigest()[:16]}",
        flush=True,
    )
    return trace


def _in_another_process(seed: int) -> bytes:
    """The trace of a process in which sets and dictionaries of texts have another order."""
    code = f"import fleet, sys; sys.stdout.write(fleet.run(fleet.Fleet(), {seed}).trace)"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, env=environment, stdout=subprocess.PIPE, check=True
    )
    print(f"another process: {len(done.stdout):,} bytes of trace, {sha256(done.stdout).hexdigest()[:16]}", flush=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
