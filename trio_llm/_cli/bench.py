"""`trio-llm bench`: how many calls a second there are, how long they take, and what one costs this process."""

from __future__ import annotations

import asyncio
import json
import math
import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from time import perf_counter, process_time
from typing import Any, Final

import attrs
import trio

from .._catalog.provider import Provider
from .._client.client import Client
from .._combinators.jobs import Outcome
from .._limits.settings import Limits
from .._types.chat import ChatRequest
from ..observe import CallStatistics, Statistics
from .checks import check_prompts, providers_for
from .errors import CommandError
from .prompts import PromptLine, defaults_of
from .terminal import Screen, one_line, standard_screen

_PROMPT: Final = "How many calls a second?"
_SHARES: Final = (50, 90, 99)
_ADDRESS: Final = re.compile(r"OPENAI_BASE_URL=(\S+)")


@attrs.frozen
class _Measured:
    """What became of the calls."""

    outcomes: list[Outcome]
    seconds: float
    """By the clock, from before the first call to after the last."""
    processor: float
    """Seconds of processor time of this process: a simulated provider has one of its own."""
    calls: CallStatistics


def run(arguments: Namespace) -> int:
    """Make the calls, tell the figures, and return the exit status."""
    with _prompt(arguments) as prompt:
        check_prompts([prompt])
        with providers_for([prompt], arguments.max_in_flight) as providers:
            loop = _on_trio if arguments.loop == "trio" else asyncio.run
            measured = loop(_measure(prompt.request, arguments, providers))
    _tell(standard_screen(), measured, as_json=arguments.json)
    return 0 if all(outcome.status == "ok" for outcome in measured.outcomes) else 1


@contextmanager
def _prompt(arguments: Namespace) -> Generator[PromptLine, None, None]:
    """What is asked: the model that was named, or a simulated one on this machine for the length of the block."""
    parameters = dict(defaults_of(arguments, []).parameters)
    model = arguments.model
    with _simulated(arguments) if model is None else nullcontext() as base_url:
        if base_url is not None:
            model, parameters = "openai/simulated", {"api_key": "simulated", **parameters, "api_base": base_url}
        messages = [{"role": "user", "content": arguments.prompt or _PROMPT}]
        if arguments.system is not None:
            messages.insert(0, {"role": "system", "content": arguments.system})
        yield PromptLine("what is asked", ChatRequest(model, messages, stream=arguments.stream, **parameters))


@contextmanager
def _simulated(arguments: Namespace) -> Generator[str, None, None]:
    """The base URL of a simulated provider in a process of its own, so that its work is not counted as ours."""
    options = ["--port", "0", "--quiet", "--latency", str(arguments.latency)]
    command = [sys.executable, "-m", "trio_llm", "serve", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if found := _ADDRESS.search(line):
                    yield found[1]
                    return
            raise CommandError("the simulated provider did not start: see what trio-llm serve says")
        finally:
            server.terminate()


def _on_trio(made: Awaitable[_Measured]) -> _Measured:
    async def run() -> _Measured:
        return await made

    return trio.run(run)


async def _measure(request: ChatRequest, arguments: Namespace, providers: Mapping[str, Provider]) -> _Measured:
    count, limit = arguments.calls, arguments.max_in_flight
    if arguments.model is None:
        # What is loaded by a first call of a process is no part of a call's cost; and this one costs nobody anything.
        async with Client(providers=providers) as client:
            await client.fan_out([request])
    statistics = Statistics()
    limits = Limits(max_in_flight=limit)
    async with Client(providers=providers, observers=[statistics], limits=limits) as client:
        began, spent = perf_counter(), process_time()
        outcomes = await client.fan_out([request] * count, limit=limit)
        seconds, processor = perf_counter() - began, process_time() - spent
    (calls,) = statistics.by_model.values()
    return _Measured(outcomes, seconds, processor, calls)


def _tell(screen: Screen, measured: _Measured, *, as_json: bool) -> None:
    figures = _figures(measured)
    if as_json:
        screen.write(json.dumps(figures) + "\n")
        return
    failed = [outcome for outcome in measured.outcomes if outcome.status != "ok"]
    lines = [
        f"{figures['calls']} calls in {figures['seconds']:.2f} s: {figures['calls_per_second']:.0f} a second, "
        f"{figures['processor_ms_per_call']:.2f} ms of processor time each, {len(failed)} failed",
        *(_line(name, figures[name]) for name in ("first_content", "total") if figures[name]),
    ]
    if failed:
        lines.append(f"the first failure: {one_line(str(failed[0].error))}")
    screen.write("\n".join(lines) + "\n")


def _figures(measured: _Measured) -> dict[str, Any]:
    count, calls = len(measured.outcomes), measured.calls
    return {
        "calls": count,
        "ok": calls.ok,
        "seconds": measured.seconds,
        "calls_per_second": count / measured.seconds if measured.seconds else math.inf,
        "processor_ms_per_call": measured.processor / count * 1_000,
        "attempts": calls.attempts,
        "prompt_tokens": calls.prompt_tokens,
        "completion_tokens": calls.completion_tokens,
        "first_content": _shares(calls.first_content.percentile),
        "total": _shares(calls.total.percentile),
    }


def _shares(percentile: Callable[[float], float | None]) -> dict[str, float]:
    """Seconds that so many percent of the calls do not exceed."""
    found = ((share, percentile(share)) for share in _SHARES)
    return {f"p{share}": seconds for share, seconds in found if seconds is not None}


def _line(name: str, shares: Mapping[str, float]) -> str:
    shown = ", ".join(f"{share} {seconds * 1_000:.1f} ms" for share, seconds in shares.items())
    return f"{name.replace('_', ' ')}: {shown}"
