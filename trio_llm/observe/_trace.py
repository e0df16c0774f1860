"""A trace: everything that happened to calls, kept as lines of JSON, to be looked at afterwards.

It only grows: each event is written down as it comes, and nothing is looked up or changed. All pictures are drawn from
the lines, when they are asked for, so that a trace that was loaded draws the same as the one that was saved.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from html import escape
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self

from .._engine.events import Event
from .._types.shown import markdown_table, rich_table
from ._json_lines import line_of
from ._page import page_of
from ._perfetto import perfetto_of
from ._records import RecordMaker
from ._svg import svg_of
from ._timeline import NoTraceError, Timeline, timeline_of


class Trace:
    """Keeps what happens to calls, and draws it: what ran when, what it waited for, who won, who was cancelled by whom.

    An event takes fewer than 200 bytes. `python -m trio_llm trace FILE` draws a trace that was saved. There are no keys
    in it. What was asked and answered, and the providers' words in errors, are in it only if `contents` is true.

    Example:
        trace = trio_llm.observe.Trace()
        async with trio_llm.Client(observers=[trace]) as client:
            await client.fan_out(requests)
        trace.save("calls.jsonl")
        Path("calls.html").write_text(trace.as_html())
    """

    wants: ClassVar[Collection[type[Event]]] = (Event,)

    def __init__(self, *, contents: bool = False) -> None:
        self._recorder = RecordMaker(contents=contents)
        self._lines = bytearray()
        self.count: int = 0
        """Records so far."""

    def observe(self, event: Event) -> None:
        """Keep an event."""
        for record in self._recorder.records(event):
            self._keep(record)

    def _keep(self, record: Mapping[str, Any]) -> None:
        self._lines += line_of(record).encode()
        self.count += 1

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """A trace from a file that `save`, `JSONLines` or `fanout --trace` wrote. A last line that was cut is left out.

        Raises:
            OSError: if it cannot be read.
            ValueError: if it is no trace.
        """
        trace = cls()
        lines = Path(path).read_bytes().split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                if number == len(lines) and trace.count:
                    break  # the program that wrote it was ended
                raise NoTraceError(f"line {number} of {path} is not JSON") from error
            if not isinstance(record, dict) or "event" not in record:
                raise NoTraceError(f"line {number} of {path} is no record of a trace")
            trace._lines += line + b"\n"
            trace.count += 1
        if not trace.count:
            raise NoTraceError(f"there is no record of a trace in {path}")
        return trace

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, a line of JSON for each record.

        Raises:
            OSError: if that cannot be done.
        """
        Path(path).write_bytes(self._lines)

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self._lines)

    def records(self) -> Iterator[dict[str, Any]]:
        """What happened, in order: `event`, `at` (seconds), `id`, and what the event has to say."""
        yield from map(json.loads, bytes(self._lines).splitlines())

    def as_html(self, title: str = "trio_llm trace") -> str:
        """One page that needs nothing beside itself: to zoom, to search, and to hover over for the facts of a call."""
        return page_of(self._timeline(), title)

    def as_svg(self) -> str:
        """A picture."""
        return svg_of(self._timeline())

    def as_perfetto(self) -> str:
        """JSON that Perfetto (ui.perfetto.dev) and Chrome's tracing open."""
        return perfetto_of(self._timeline())

    def _timeline(self) -> Timeline:
        return timeline_of(self.records()) if self.count else Timeline((), (), 0.0, None)

    def _repr_html_(self) -> str:
        # In a frame of its own: the page has a program, and a notebook has its own styles.
        page = escape(self.as_html())
        return f'<iframe srcdoc="{page}" sandbox="allow-scripts" style="width:100%;height:480px;border:0"></iframe>'

    def _rows(self) -> Iterator[tuple[str, ...]]:
        timeline = self._timeline()
        yield ("calls", "records", "seconds")
        ends = ", ".join(f"{number} {state}" for state, number in timeline.counts().items())
        yield (ends, str(self.count), f"{timeline.length:.3g}")

    def _repr_markdown_(self) -> str:
        return markdown_table(self._rows())

    def __rich__(self) -> Any:
        return rich_table(self._rows())

    def __repr__(self) -> str:
        return f"<trace of {self.count} records>"
