"""How long calls take, and how many there are: figures by model that take no more room for more calls.

Times are counted in ranges, each 2 % wider than the one before. So a percentile is known to 1 %, and a million calls
take as much room as a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Any, ClassVar, Final

import attrs

from .._engine.events import Activity, AttemptFailed, AttemptSent, CallEnded, Event, FirstContent
from .._types.shown import html_table, markdown_table, rich_table

_STEP: Final = math.log(1.02)
_LEAST: Final = 1e-6
"""What is less counts as nothing."""
_NOTHING: Final = -(10**9)
SHOWN: Final = (0.5, 0.9, 0.99)
"""The shares of calls that are shown."""


class Figures:
    """Many numbers, of which percentiles are asked.

    Example:
        seconds = statistics.by_model["openai/gpt-4o"].total
        print(seconds.count, seconds.mean, seconds.percentile(99))
    """

    def __init__(self) -> None:
        self.count = 0
        self.sum = 0.0
        self.largest = 0.0
        self._ranges: dict[int, int] = {}

    def add(self, value: float) -> None:
        """Count a number that is not negative."""
        self.count += 1
        self.sum += value
        self.largest = max(self.largest, value)
        place = int(math.log(value) // _STEP) if value > _LEAST else _NOTHING
        self._ranges[place] = self._ranges.get(place, 0) + 1

    @property
    def mean(self) -> float | None:
        """The mean; None of nothing."""
        return self.sum / self.count if self.count else None

    def percentile(self, percent: float) -> float | None:
        """What so many percent of the numbers do not exceed, to 1 %; None of nothing.

        Raises:
            ValueError: for less than 0 or more than 100.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"a percentile is from 0 to 100, not {percent}")
        wanted, below = max(1, math.ceil(self.count * percent / 100)), 0
        for place in sorted(self._ranges):
            below += self._ranges[place]
            if below >= wanted:
                return 0.0 if place == _NOTHING else min(self.largest, math.exp((place + 0.5) * _STEP))
        return None

    def __repr__(self) -> str:
        shown = ", ".join(f"p{share * 100:.0f} {self.percentile(share * 100) or 0:.3g}" for share in SHOWN)
        return f"<{self.count} figures: {shown}>" if self.count else "<no figures>"


@attrs.define(eq=False)
class CallStatistics:
    """What became of the calls of one model. Times are seconds.

    Example:
        for name, calls in statistics.by_model.items():
            print(name, calls.ok, calls.failed, calls.total.percentile(50))
    """

    ok: int = 0
    failed: int = 0
    cancelled: int = 0
    """Given up by their callers, forgotten streams among them."""
    attempts: int = 0
    """Requests sent."""
    failed_attempts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    wait: Figures = attrs.Factory(Figures)
    """From the start of a call until its first request left."""
    first_content: Figures = attrs.Factory(Figures)
    """From the start of a call until the first content of its stream."""
    total: Figures = attrs.Factory(Figures)
    """From the start to the end, of calls that ended well."""
    tokens_per_second: Figures = attrs.Factory(Figures)
    """Tokens of an answer by the time from when it was asked for to its end; of a stream from its first content."""

    @property
    def calls(self) -> int:
        """Calls that have ended."""
        return self.ok + self.failed + self.cancelled


class _Open:
    """What is kept of a call until it ends."""

    __slots__ = ("failed", "first_content", "sent")

    def __init__(self) -> None:
        self.sent: float | None = None
        self.first_content: float | None = None
        self.failed = 0


class Statistics:
    """Counts calls and their times by model: `provider/model` as it was asked last.

    Example:
        statistics = trio_llm.observe.Statistics()
        async with trio_llm.Client(observers=[statistics]) as client:
            await client.fan_out(requests)
        print(statistics)
        print(statistics.by_model["openai/gpt-4o"].first_content.percentile(90))
    """

    wants: ClassVar[Collection[type[Event]]] = (AttemptSent, AttemptFailed, FirstContent, CallEnded)

    def __init__(self) -> None:
        self.by_model: dict[str, CallStatistics] = {}
        self._open: dict[Activity, _Open] = {}

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        kind, activity = type(event), event.activity
        if kind is CallEnded:
            self._end(event)  # type: ignore[arg-type]  # which it was just asked for
            return
        call = self._open.get(activity)
        if call is None:
            call = self._open[activity] = _Open()
        if kind is AttemptSent:
            if call.sent is None:
                call.sent = event.at
        elif kind is FirstContent:
            call.first_content = event.at
        else:
            call.failed += 1

    def _end(self, event: CallEnded) -> None:
        call, usage = self._open.pop(event.activity, None), event.usage
        name = f"{event.provider}/{event.model}" if event.provider else getattr(event.activity.request, "model", "")
        found = self.by_model.get(name)
        if found is None:
            found = self.by_model[name] = CallStatistics()
        found.attempts += event.attempts
        if usage is not None:
            found.prompt_tokens += usage.prompt_tokens
            found.completion_tokens += usage.completion_tokens
        if event.end == "ok":
            found.ok += 1
            found.total.add(event.at - event.activity.started)
        elif event.end == "failed":
            found.failed += 1
        else:
            found.cancelled += 1
        if call is not None:
            _note_times(found, call, event)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A table: its head, and a row for each model."""
        yield ("model", "calls", "ok", "failed", "cancelled", "tokens", *map(_with_shares, _TIMES), "tokens/s")
        for name, calls in sorted(self.by_model.items()):
            tokens = f"{calls.prompt_tokens} + {calls.completion_tokens}"
            counts = (calls.calls, calls.ok, calls.failed, calls.cancelled)
            speed = calls.tokens_per_second.percentile(50)
            times = (_shown(getattr(calls, field)) for field in _TIMES)
            yield (name, *map(str, counts), tokens, *times, "-" if speed is None else f"{speed:.3g}")

    def __str__(self) -> str:
        rows = list(self.rows())
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        return html_table(self.rows())

    def _repr_markdown_(self) -> str:
        return markdown_table(self.rows())

    def __rich__(self) -> Any:
        return rich_table(self.rows())

    def __repr__(self) -> str:
        return f"<statistics of {sum(calls.calls for calls in self.by_model.values())} calls>"


_TIMES: Final = ("wait", "first_content", "total")


def _note_times(found: CallStatistics, call: _Open, event: CallEnded) -> None:
    found.failed_attempts += call.failed
    started = event.activity.started
    if call.sent is None:
        return
    found.wait.add(max(0.0, call.sent - started))
    if call.first_content is not None:
        found.first_content.add(call.first_content - started)
    seconds = event.at - (call.first_content or call.sent)
    if event.end == "ok" and event.usage is not None and event.usage.completion_tokens and seconds > 0:
        found.tokens_per_second.add(event.usage.completion_tokens / seconds)


def _with_shares(field: str) -> str:
    return f"{field.replace('_', ' ')} p50/p90/p99"


def _shown(figures: Figures) -> str:
    if not figures.count:
        return "-"
    return "/".join(f"{figures.percentile(share * 100) or 0:.3g}" for share in SHOWN)
