"""`trio-llm serve`: the simulated provider on a local port."""

from __future__ import annotations

import sys
from argparse import Namespace

import trio

from ..testing import FaultPlan, RateLimits, Reply, Simulator, serve
from .errors import CommandError
from .interrupts import interruptible
from .terminal import standard_screen

_KEPT_REQUESTS = 100
"""Nobody looks at them, and a server may run for weeks."""


def run(arguments: Namespace) -> int:
    """Serve until Ctrl-C, which is the way to end it and so no failure."""
    script = Reply(arguments.text, latency=arguments.latency, gap=arguments.gap)
    simulator = Simulator(
        script,
        faults=FaultPlan(rate=arguments.fault_rate),
        limits=RateLimits(requests_per_minute=arguments.requests_per_minute),
        keep_requests=_KEPT_REQUESTS,
    )
    try:
        trio.run(_serve, simulator, arguments.host, arguments.port)
    except* OSError as errors:
        raise CommandError(f"cannot listen on {arguments.host}:{arguments.port}: {_first(errors)}") from errors
    return 0


async def _serve(simulator: Simulator, host: str, port: int) -> None:
    async with interruptible(), trio.open_nursery() as nursery:
        base_url = await nursery.start(serve, simulator, host, port)
        standard_screen().write(_announcement(base_url))
    print(f"served {simulator.statistics().requests} requests", file=sys.stderr)


def _announcement(base_url: str) -> str:
    return (
        f"# A simulated provider; any key will do. Ctrl-C ends it.\n"
        f"export OPENAI_BASE_URL={base_url}/v1 OPENAI_API_KEY=any\n"
        f"export ANTHROPIC_BASE_URL={base_url} ANTHROPIC_API_KEY=any\n"
        f"export GEMINI_BASE_URL={base_url}/v1beta GEMINI_API_KEY=any\n"
    )


def _first(group: BaseExceptionGroup[OSError]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(getattr(error, "strerror", None) or error)
