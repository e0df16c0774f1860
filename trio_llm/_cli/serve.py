"""`trio-llm serve`: the simulated provider on a local port."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from functools import partial
from typing import Final

import trio

from ..testing import (
    COMMON_FAULTS,
    Action,
    AtEvent,
    Conditions,
    Constant,
    Delivery,
    Description,
    Disconnect,
    Failure,
    Fault,
    FaultPlan,
    Pace,
    Player,
    RateLimits,
    RecordedRequest,
    Reply,
    Simulator,
    Strictness,
    read_script,
    record,
    replay,
    serve,
    serve_recording,
)
from .errors import CommandError, tell
from .interrupts import interruptible
from .terminal import one_line, standard_screen

_FAULTS: Final[Mapping[str, Fault]] = {
    "429": Failure(429, "slow down", retry_after=1.0),
    "500": Failure(500, "it broke"),
    "503": Failure(503, "overloaded"),
    "reset": Disconnect(),
    "cut": Delivery(cut_at=AtEvent(2)),
    "stall": Delivery(stall_at=AtEvent(1)),
    "garble": Delivery(garble_at=0),
    "error": Delivery(error_at=1),
    "duplicate": Delivery(duplicate_at=1),
    "swap": Delivery(swap_at=1),
    "keep-alives": Delivery(keep_alives=3),
    "trickle": Delivery(split=8, trickle=0.05),
}
_KEPT_REQUESTS = 100
"""Nobody looks at them, and a server may run for weeks."""


def run(arguments: Namespace) -> int:
    """Serve until Ctrl-C, which is the way to end it and so no failure."""
    try:
        if arguments.record is not None:
            trio.run(_record, arguments)
        else:
            trio.run(_serve, _provider(arguments), arguments)
    except* OSError as errors:
        raise CommandError(f"cannot listen on {arguments.host}:{arguments.port}: {_first(errors)}") from errors
    return 0


def _provider(arguments: Namespace) -> Simulator | Player:
    kinds = [_FAULTS[name] for name in arguments.faults] if arguments.faults else COMMON_FAULTS
    faults = FaultPlan(rate=arguments.fault_rate, seed=arguments.seed, kinds=kinds)
    if arguments.replay is not None:
        try:
            return replay(arguments.replay, speed="recorded" if arguments.speed == "recorded" else 0, faults=faults)
        except (OSError, ValueError, ImportError) as error:
            raise CommandError(f"cannot replay {arguments.replay}: {error}") from error
    usual = Reply(arguments.text, latency=arguments.latency, gap=arguments.gap)
    limits = RateLimits(
        requests_per_minute=arguments.requests_per_minute, tokens_per_minute=arguments.tokens_per_minute
    )
    return Simulator(
        usual if arguments.script is None else _script(arguments.script),
        then=None if arguments.script is None else usual,
        faults=faults,
        limits=limits,
        keep_requests=_KEPT_REQUESTS,
        conditions=_conditions(arguments),
    )


def _script(path: str) -> list[Action | None]:
    try:
        return read_script(path)
    except (OSError, ValueError) as error:
        raise CommandError(f"cannot read the script: {error}") from error


def _conditions(arguments: Namespace) -> Conditions:
    description = None
    if arguments.description is not None:
        try:
            description = Description.load(arguments.description)
        except (OSError, ValueError, ImportError) as error:
            raise CommandError(f"cannot read the description: {error}") from error
    speed = arguments.tokens_per_second
    return Conditions(
        seed=arguments.seed,
        pace=Pace(gap=Constant(1 / speed if speed else 0.0)),
        strict=Strictness(description=description) if arguments.strict or description else None,
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


async def _serve(simulator: Simulator | Player, arguments: Namespace) -> None:
    log = None if arguments.quiet else _log
    async with interruptible(), trio.open_nursery() as nursery:
        base_url = await nursery.start(partial(serve, simulator, arguments.host, arguments.port, log=log))
        standard_screen().write(_announcement(base_url))
    tell(f"served {simulator.statistics().requests} requests")


def _log(request: RecordedRequest) -> None:
    """One line: what was asked, and what became of it. Keys are no part of it."""
    tokens = "" if request.usage is None else f" {request.usage.prompt_tokens}+{request.tokens_sent} tokens"
    took = "" if request.ended is None else f" {request.ended - request.started:.3f} s"
    path = one_line(request.path.partition("?")[0])
    about = one_line(f"{request.endpoint or 'unknown'} {request.model}".strip())
    fault = " (fault)" if request.fault is not None else ""
    tell(f"{request.method} {path} {request.status or '-'} {request.outcome.value}{took}: {about}{tokens}{fault}")


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
