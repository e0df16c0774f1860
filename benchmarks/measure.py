"""One measurement: the calls of a scenario through one library, and what they cost this process."""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from libraries._base import Counting, Library, OpenLibrary
from loops import Loop
from replies import ANSWER, CHUNKS, DIMENSIONS, TEXTS
from scenarios import CANCEL_AFTER, Kind, Scenario

_HEALTHY: Final = "instant"
"""How a server answers at which every library has to work."""
_WARM_UP_SECONDS: Final = 5.0
_WARM_UP_CALLS: Final = 200


@dataclass
class Tally:
    """What happened to the calls of one scenario."""

    begun: int = 0
    done: int = 0
    wrong: int = 0
    """Calls that returned something else than what the server said."""
    cancelled: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """From the start of each call to its end."""
    first: list[float] = field(default_factory=list)
    """Streams: from the start of each call to its first text."""

    def note(self, *, right: bool) -> None:
        """Count an answer."""
        self.done += 1
        self.wrong += not right


class Measurement:
    """A library that is open, a loop that runs, and a scenario to play."""

    def __init__(self, library: Library, loop: Loop, scenario: Scenario) -> None:
        self._library = library
        self._loop = loop
        self._scenario = scenario
        self._pauses = cycle(CANCEL_AFTER)
        self._acts: dict[Kind, Callable[[Tally], Awaitable[None]]] = {
            Kind.CALL: self._call,
            Kind.CALLS_KEPT: self._call,
            Kind.STREAM: self._stream,
            Kind.STREAMS_TOGETHER: self._stream,
            Kind.EMBED: self._embed,
            Kind.FAN_OUT: self._call,
            Kind.CANCEL: self._cancel,
        }

    async def play(self, calls: int, seconds: float) -> Tally:
        """Make the calls of the scenario, so many at the same time as it says."""
        tally, act, clock = Tally(), self._acts[self._scenario.kind], time.perf_counter
        fan_out = getattr(self._library, "fan_out", None)
        if self._scenario.kind is Kind.FAN_OUT and fan_out is not None:
            answers = await fan_out(calls, self._scenario.in_flight)
            for answer in answers:
                tally.note(right=answer == ANSWER)
            return tally
        end = clock() + seconds

        in_rounds = self._scenario.kind is Kind.STREAMS_TOGETHER

        async def worker() -> None:
            while tally.begun < calls and (began := clock()) < end:
                tally.begun += 1
                try:
                    await act(tally)
                except Exception as error:  # noqa: BLE001 - whatever a library raises is a result
                    tally.errors[f"{type(error).__name__}: {error}"[:200]] += 1
                tally.seconds.append(clock() - began)
                if in_rounds:
                    break

        await self._loop.all(worker, self._scenario.in_flight)
        while in_rounds and tally.begun < calls and clock() < end:
            await self._loop.all(worker, self._scenario.in_flight)
        return tally

    async def _call(self, tally: Tally) -> None:
        tally.note(right=await self._library.call() == ANSWER)

    async def _stream(self, tally: Tally) -> None:
        began = time.perf_counter()
        texts = await self._library.stream(lambda: tally.first.append(time.perf_counter() - began))
        tally.note(right=texts == CHUNKS)

    async def _embed(self, tally: Tally) -> None:
        tally.note(right=await self._library.embed() == TEXTS * DIMENSIONS)

    async def _cancel(self, tally: Tally) -> None:
        cancelled = await self._loop.cancel_after(next(self._pauses), self._library.call)
        tally.cancelled += cancelled
        tally.done += 1


async def measure(
    opener: OpenLibrary, loop: Loop, scenario: Scenario, address: str, watch: AbstractContextManager[Any]
) -> dict[str, Any]:
    """Play a scenario and report its cost. Opening the library and its connections is not part of it.

    `watch` surrounds the part that is measured: a profiler, or nothing.
    """
    async with AsyncExitStack() as opened:
        library = await opened.enter_async_context(opener(f"{address}/{scenario.behaviour}"))
        healthy = library
        if scenario.behaviour != _HEALTHY:  # a second one beside it only then, as purses hold for everything beneath
            healthy = await opened.enter_async_context(opener(f"{address}/{_HEALTHY}"))
        measurement = Measurement(library, loop, scenario)
        await _first_call(library, healthy, scenario)
        gc.collect()
        base = _resident()
        _forget_peak()
        warm_up = max(scenario.in_flight, min(scenario.calls // 2, _WARM_UP_CALLS))
        await measurement.play(warm_up, max(_WARM_UP_SECONDS, scenario.seconds))
        gc.collect()
        with watch:
            began, cpu = time.perf_counter(), time.process_time()
            tally = await measurement.play(scenario.calls, scenario.seconds)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - began
        survives = await healthy.call() == ANSWER
        own = library.numbers() if isinstance(library, Counting) else {}
    return {**_report(tally, cpu, wall), **_memory(base, scenario.in_flight), **own, "survives": survives}


async def _first_call(library: Library, healthy: Library, scenario: Scenario) -> None:
    """Let the library import and make what it makes once."""
    await healthy.call()
    if scenario.kind in {Kind.STREAM, Kind.STREAMS_TOGETHER}:
        await library.stream(lambda: None)
    elif scenario.kind is Kind.EMBED:
        await library.embed()


def _report(tally: Tally, cpu: float, wall: float) -> dict[str, Any]:
    return {
        "calls": tally.done,
        "wrong": tally.wrong,
        "cancelled": tally.cancelled,
        "errors": dict(tally.errors),
        "cpu_us_per_call": cpu / max(tally.done, 1) * 1e6,
        "calls_per_second": tally.done / wall,
        "cpu_share": cpu / wall,
        "p50_ms": _percentile(tally.seconds, 0.5),
        "p99_ms": _percentile(tally.seconds, 0.99),
        "first_p50_ms": _percentile(tally.first, 0.5),
        "first_p99_ms": _percentile(tally.first, 0.99),
    }


def _percentile(seconds: list[float], share: float) -> float | None:
    """In milliseconds; None of nothing."""
    return sorted(seconds)[min(int(share * len(seconds)), len(seconds) - 1)] * 1e3 if seconds else None


def _memory(base: int, in_flight: int) -> dict[str, Any]:
    peak = _peak()
    return {"peak_kb": peak, "kb_per_call_in_flight": max(0, peak - base) / in_flight}


def _resident() -> int:
    """Memory of this process now, in kB."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024
    return _peak()


def _forget_peak() -> None:
    """Start the peak afresh, so that what an import needed for a moment is not counted; Linux only."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """The most memory of this process since `_forget_peak`, in kB."""
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // 1024 if sys.platform == "darwin" else most
