"""`trio-llm fanout`: many prompts as one fan-out."""

from __future__ import annotations

import math
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import TextIOWrapper

import attrs
import trio

from .._catalog.provider import Provider
from .._client.client import Client
from .._limits.settings import Limits
from ..observe import JSONLines, Observer
from .arguments import MOST_IN_FLIGHT
from .calls import FanOut, PromptCall
from .checks import check_prompts, providers_for
from .files import open_new
from .interrupts import Interruption, interruptible
from .outcomes import check_apart, open_outcomes
from .progress import Board, Lines
from .prompts import defaults_of, read_prompts
from .summary import tell_failures, write_summary, write_texts, write_totals
from .terminal import Screen, standard_screen


@attrs.frozen
class _Plan:
    """How the calls are made."""

    providers: Mapping[str, Provider]
    limit: int
    limits: Limits
    deadline: float
    """Seconds."""
    quiet: bool
    """Whether nothing is shown while it runs."""
    kept: bool
    """Whether the outcomes are written to a file or a pipe."""
    observers: Sequence[Observer]


def run(arguments: Namespace) -> int:
    """Answer the prompts and return the exit status."""
    prompts = read_prompts(arguments.prompts, arguments.format, defaults_of(arguments, arguments.models or []))
    check_prompts(prompts)
    fan_out = FanOut([PromptCall(index, prompt) for index, prompt in enumerate(prompts)])
    screen = standard_screen(aside=arguments.output == "-")
    limit = min(arguments.max_in_flight or MOST_IN_FLIGHT, len(prompts))
    with ExitStack() as stack:
        providers = stack.enter_context(providers_for(prompts, limit))
        if arguments.output is not None:
            writer = open_outcomes(arguments.output, arguments.prompts, overwrite=arguments.overwrite)
            fan_out.listeners.append(stack.enter_context(writer))
        observers: list[Observer] = [fan_out]
        if arguments.trace is not None:
            check_apart(arguments.trace, arguments.prompts, "the prompts are read from it")
            check_apart(arguments.trace, arguments.output, "the outcomes are written to it")
            lines = stack.enter_context(open_new(arguments.trace, overwrite=arguments.overwrite))
            observers.append(JSONLines(stack.enter_context(TextIOWrapper(lines, "utf-8"))))
        deadline = arguments.deadline or math.inf
        plan = _Plan(
            providers,
            limit,
            _limits(arguments, limit),
            deadline,
            quiet=arguments.quiet,
            kept=arguments.output is not None,
            observers=observers,
        )
        interruption = trio.run(_answer, fan_out, plan, screen)
    if not arguments.quiet:
        write_summary(screen, fan_out)
    # Quiet or not, answers that go nowhere else are shown.
    if arguments.show_text or (arguments.quiet and arguments.output is None):
        write_texts(screen, fan_out)
    if arguments.quiet:
        tell_failures(fan_out)
    else:
        write_totals(screen, fan_out)
    if interruption.signal is not None:
        return interruption.status
    return 0 if all(call.status == "ok" for call in fan_out.calls) else 1


def _limits(arguments: Namespace, limit: int) -> Limits:
    stated = arguments.max_in_flight or arguments.rpm or arguments.tpm
    return Limits(
        max_in_flight=limit,
        requests_per_minute=arguments.rpm,
        tokens_per_minute=arguments.tpm,
        adaptive=arguments.adaptive or not stated,
    )


async def _answer(fan_out: FanOut, plan: _Plan, screen: Screen) -> Interruption:
    made = Client(limits=plan.limits, providers=plan.providers, observers=plan.observers)
    async with interruptible() as interruption, made as client:
        with trio.move_on_after(plan.deadline):
            async with trio.open_nursery() as nursery:
                if plan.quiet:
                    pass
                elif screen.live:
                    nursery.start_soon(Board(screen, fan_out).keep_drawing)
                else:
                    fan_out.listeners.append(Lines(screen, len(fan_out.calls), plan.kept))
                await fan_out.run(client, plan.limit)
                nursery.cancel_scope.cancel(reason="every call has ended")
    return interruption
