"""How long calls take, and how many there are: figures by model that take no more room for more calls.

Times are counted in ranges, each 2 % wider than the one before. So a percentile is known to 1 %, and a million calls
take as much room as a hundred.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from itertools import repeat
from math import ceil, exp, floor, log
from operator import mul
from typing import Any, ClassVar, Final

import attrs

from .._engine.events import Activity, AttemptFailed, CallEnded, Event, FirstContent
from .._types.shown import html_table, markdown_table, rich_table

_PER_STEP: Final = 1 / log(1.02)
_NOTHING: Final = -(10**9)
"""The range of 0."""
_SETTLED_AFTER: Final = 256
"""Calls of a model that ended alike."""
SHOWN: Final = (0.5, 0.9, 0.99)
"""The shares of calls that are shown."""


class Figures:
    """Many numbers, of which percentiles are asked.

    Example:
        seconds = statistics.by_model["openai/gpt-4o"].total
        print(seconds.count, seconds.mean, seconds.percentile(99))
    """

    def __init__(self) -> None:
        self._new: list[float] = []
        """Numbers that are not in ranges yet: many at once are counted in a fraction of the time."""
        self.add = self._new.append
        self._ranges: dict[int, int] = {}
        self._count = 0
        self._sum = 0.0
        self._largest = 0.0

    add: Callable[[float], None]
    """Count a number that is not negative."""

    def settle(self) -> None:
        """Put what is new into its ranges. Whoever adds numbers does this now and then, so that they take no room."""
        if not self._new:
            return
        try:
            places = _places(self._new)
        except ValueError:  # by the logarithm of 0, which few of them are
            positive = [value for value in self._new if value > 0]
            places = _places(positive)
            places[_NOTHING] = len(self._new) - len(positive)
        for place, number in places.items():
            self._ranges[place] = self._ranges.get(place, 0) + number
        self._count += len(self._new)
        self._sum += sum(self._new)
        self._largest = max(self._largest, *self._new)
        self._new.clear()

    @property
    def count(self) -> int:
        """How many there are."""
        return self._count + len(self._new)

    @property
    def largest(self) -> float:
        """The largest of the numbers; 0 where there are none."""
        self.settle()
        return self._largest

    @property
    def mean(self) -> float | None:
        """Their mean; None where there are none."""
        self.settle()
        return self._sum / self._count if self._count else None

    def percentile(self, percent: float) -> float | None:
        """What so many percent of the numbers do not exceed, exact to 1 %; None where there are no numbers.

        Raises:
            ValueError: for less than 0 or more than 100.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"a percentile is from 0 to 100, not {percent}")
        self.settle()
        wanted, below = max(1, ceil(self.count * percent / 100)), 0
        for place in sorted(self._ranges):
            below += self._ranges[place]
            if below >= wanted:
                return 0.0 if place == _NOTHING else min(self.largest, exp((place + 0.5) / _PER_STEP))
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

    def settle(self) -> None:
        """Put what is new into ranges."""
        for figures in (self.wait, self.first_content, self.total, self.tokens_per_second):
            figures.settle()

    @property
    def calls(self) -> int:
        """Calls that have ended."""
        return self.ok + self.failed + self.cancelled


def _places(numbers: list[float]) -> Counter[int]:
    """How many of the numbers are in which ranges."""
    return Counter(map(floor, map(mul, map(log, numbers), repeat(_PER_STEP))))


class Statistics:
    """Counts calls and their times by model: `provider/model` as it was asked last.

    Example:
        statistics = trio_llm.observe.Statistics()
        async with trio_llm.Client(observers=[statistics]) as client:
            await client.fan_out(requests)
        print(statistics)
        print(statistics.by_model["openai/gpt-4o"].first_content.percentile(90))
    """

    wants: ClassVar[Collection[type[Event]]] = (AttemptFailed, FirstContent, CallEnded)

    def __init__(self) -> None:
        self.by_model: dict[str, CallStatistics] = {}
        self._by_names: dict[tuple[str, str], CallStatistics] = {}
        self._first_content: dict[Activity, float] = {}

    def observe(self, event: Event) -> None:
        """Take note of an event."""
        if type(event) is not CallEnded:  # as few are
            self._note(event)
            return
        activity, usage, at, begun = event.activity, event.usage, event.at, event.left
        found = self._by_names.get((event.provider, event.model))
        if found is None:
            found = self._of(event.provider, event.model, activity)
        found.attempts += event.attempts
        answer = 0
        if usage is not None:
            answer = usage.completion_tokens
            found.prompt_tokens += usage.prompt_tokens
            found.completion_tokens += answer
        started = activity.started
        if begun is not None:
            found.wait.add(begun - started)
        if self._first_content and (first := self._first_content.pop(activity, None)) is not None:
            found.first_content.add(first - started)
            begun = first
        if event.end == "ok":
            found.ok = number = found.ok + 1
            found.total.add(at - started)
            if answer and begun is not None and at > begun:
                found.tokens_per_second.add(answer / (at - begun))
        elif event.end == "failed":
            found.failed = number = found.failed + 1
        else:
            found.cancelled = number = found.cancelled + 1
        if not number % _SETTLED_AFTER:
            found.settle()

    def _note(self, event: Event) -> None:
        if isinstance(event, FirstContent):
            self._first_content[event.activity] = event.at
        elif isinstance(event, AttemptFailed) and event.number:
            self._of(event.error.llm_provider, event.error.model, event.activity).failed_attempts += 1

    def _of(self, provider: str, model: str, activity: Activity) -> CallStatistics:
        name = f"{provider}/{model}" if provider else getattr(activity.request, "model", "")
        found = self.by_model.get(name)
        if found is None:
            found = self.by_model[name] = CallStatistics()
        if provider:
            self._by_names[provider, model] = found
        return found

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


def _with_shares(field: str) -> str:
    return f"{field.replace('_', ' ')} p50/p90/p99"


def _shown(figures: Figures) -> str:
    if not figures.count:
        return "-"
    return "/".join(f"{figures.percentile(share * 100) or 0:.3g}" for share in SHOWN)
