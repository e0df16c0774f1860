"""A display of calls that run, in a terminal or a notebook, with `rich`.

Every call that has begun and not ended is in one state, *waiting* or *running*, and counted in that column of its
model's row. An event moves it from one column to another. Its end takes it out, and counts it as ok, failed or
cancelled. So the columns always add up to the calls that began. Nothing here has a thread or a task: the display is
drawn when something happens, at most so often.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import attrs

from .._engine.events import (
    Activity,
    AttemptFailed,
    AttemptSent,
    CallEnded,
    CallStarted,
    CallWaiting,
    Event,
    StreamProgress,
)

if TYPE_CHECKING:
    from rich.console import Console

_PAUSE: Final = 0.1
"""Seconds between two drawings."""
_SPEED_OVER: Final = 0.5
"""Seconds of a run before its tokens a second are worth showing."""


@attrs.define(eq=False)
class _Row:
    waiting: int = 0
    running: int = 0
    ok: int = 0
    failed: int = 0
    cancelled: int = 0
    retries: int = 0
    tokens: int = 0


class Progress:
    """Shows how many calls wait, run and have ended, by model, for one call or for a million.

    It needs the extra `rich`: `pip install "trio-llm[rich]"`. Where the output is no terminal, only the end is written.

    Args:
        total: calls that will be made, if that is known: then there is a bar.
        console: where to draw; stderr if it is not given.
        clock: what says the time, in seconds.

    Raises:
        ModuleNotFoundError: without that extra.

    Example:
        with trio_llm.observe.Progress(total=len(requests)) as progress:
            async with trio_llm.Client(observers=[progress]) as client:
                await client.fan_out(requests)
    """

    wants: ClassVar[Collection[type[Event]]] = (
        CallStarted,
        CallWaiting,
        AttemptSent,
        AttemptFailed,
        StreamProgress,
        CallEnded,
    )

    def __init__(
        self,
        total: int | None = None,
        *,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            from rich.console import Console
        except ModuleNotFoundError as error:
            how = 'pip install "trio-llm[rich]"'
            raise ModuleNotFoundError(f"a display needs the package rich: {how}", name=error.name) from None
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bars, TextColumn, TimeElapsedColumn

        self._clock = clock
        self._bars = Bars(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), get_time=clock
        )
        self._bar = self._bars.add_task("calls", total=total)
        self._rows: dict[str, _Row] = {}
        self._open: dict[Activity, str] = {}
        """Calls that have not ended, and the state of each: the field of its row."""
        self._began = clock()
        self._drawn = -_PAUSE
        self._live = Live(
            console=console or Console(stderr=True), auto_refresh=False, get_renderable=self._picture, transient=False
        )

    def __enter__(self) -> Self:
        self._began = self._clock()
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def observe(self, event: Event) -> None:
        """Take note of an event, and draw if the last drawing is a while ago."""
        activity = event.activity
        row = self._rows.setdefault(getattr(activity.request, "model", "") or "", _Row())
        match event:
            case CallStarted():
                self._move(activity, row, "waiting")
            case AttemptSent():
                self._move(activity, row, "running")
            case CallWaiting():
                self._move(activity, row, "waiting")
            case AttemptFailed():
                row.retries += event.pause is not None
                self._move(activity, row, "waiting")
            case StreamProgress():
                row.tokens += len(event.chunks)
            case CallEnded():
                self._end(event, row)
        now = self._clock()
        if now - self._drawn >= _PAUSE:
            self._drawn = now
            self._live.refresh()

    def _move(self, activity: Activity, row: _Row, to: str | None) -> None:
        before = self._open.pop(activity, None)
        if before is not None:
            setattr(row, before, getattr(row, before) - 1)
        if to is not None:
            self._open[activity] = to
            setattr(row, to, getattr(row, to) + 1)

    def _end(self, event: CallEnded, row: _Row) -> None:
        self._move(event.activity, row, None)
        row.ok += event.end == "ok"
        row.failed += event.end == "failed"
        row.cancelled += event.end in ("cancelled", "abandoned")
        if not getattr(event.activity.request, "stream", False) and event.usage is not None:
            row.tokens += event.usage.completion_tokens
        self._bars.update(self._bar, advance=1)

    def __rich__(self) -> Any:
        """What is shown now, for programs that draw with `rich` themselves."""
        return self._picture()

    def _picture(self) -> Any:
        from rich.console import Group
        from rich.table import Table

        table = Table("model", "waiting", "running", "ok", "failed", "cancelled", "retries", "tokens", "tokens/s")
        seconds = self._clock() - self._began
        for name, row in self._rows.items():
            counts = (row.waiting, row.running, row.ok, row.failed, row.cancelled, row.retries, row.tokens)
            speed = f"{row.tokens / seconds:.0f}" if seconds > _SPEED_OVER else ""
            table.add_row(name, *map(str, counts), speed)
        return Group(table, self._bars.get_renderable())
