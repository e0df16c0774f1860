"""`trio-llm serve`: the simulated provider on a local port."""

from __future__ import annotations

import sys
from argparse import Namespace

import trio

from ..testing import FaultPlan, Player, RateLimits, Reply, Simulator, record, replay, serve, serve_recording
from .errors import CommandError
from .interrupts import interruptible
from .terminal import standard_screen

_KEPT_REQUESTS = 100
"""Nobody looks at them, and a server may run for weeks."""


def run(arguments: Namespace) -> int:
    """Serve until Ctrl-C, which is the way to end it and so no failure."""
    try:
        if arguments.record is not None:
            trio.run(_record, arguments)
        else:
            trio.run(_serve, _provider(arguments), arguments.host, arguments.port)
    except* OSError as errors:
        raise CommandError(f"cannot listen on {arguments.host}:{arguments.port}: {_first(errors)}") from errors
    return 0


def _provider(arguments: Namespace) -> Simulator | Player:
    faults = FaultPlan(rate=arguments.fault_rate)
    if arguments.replay is not None:
        try:
            return replay(arguments.replay, speed="recorded" if arguments.speed == "recorded" else 0, faults=faults)
        except (OSError, ValueError, ImportError) as error:
            raise CommandError(f"cannot replay {arguments.replay}: {error}") from error
    return Simulator(
        Reply(arguments.text, latency=arguments.latency, gap=arguments.gap),
        faults=faults,
        limits=RateLimits(requests_per_minute=arguments.requests_per_minute),
        keep_requests=_KEPT_REQUESTS,
    )


async def _record(arguments: Namespace) -> None:
    if arguments.upstream is None:
        raise CommandError("--record needs --upstream, the address of the provider")
    async with interruptible(), trio.open_nursery() as nursery:
        recorder = record(arguments.record)
        try:
            base_url = await nursery.start(
                serve_recording, recorder, arguments.upstream, arguments.host, arguments.port
            )
        except ValueError as error:
            raise CommandError(f"--upstream: {error}") from error
        standard_screen().write(
            f"# Records to {arguments.record} what goes to {arguments.upstream}. Ctrl-C ends it.\n{base_url}\n"
        )


async def _serve(simulator: Simulator | Player, host: str, port: int) -> None:
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
