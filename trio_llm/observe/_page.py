"""A trace as one page that needs nothing beside itself: no network, no files.

The page is `page.html` of this folder. Its data is put in as JSON, as small as it can be without being packed: names of
states and marks by their numbers, times in microseconds, and facts of a bar as they are.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

from ._svg import COLOURS, STATES
from ._timeline import MARKS, SEGMENTS, Bar, Timeline

_SEGMENT: Final = {kind: number for number, kind in enumerate(SEGMENTS)}
_MARK: Final = {kind: number for number, kind in enumerate(MARKS)}


def page_of(timeline: Timeline, title: str) -> str:
    """The page as text."""
    data = {
        "title": title,
        "length": _micros(timeline.length),
        "began": timeline.began,
        "segments": SEGMENTS,
        "marks": MARKS,
        "colours": [COLOURS[kind] for kind in SEGMENTS],
        "states": STATES,
        "pauses": [[_micros(pause.start), _micros(pause.end), pause.name] for pause in timeline.pauses],
        "bars": [_bar(bar) for bar in timeline.bars],
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, default=str)
    # What ends a script, or begins a comment in one, must not stand in it.
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    page = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    return page.replace('"THE TRACE"', text, 1)


def _bar(bar: Bar) -> list[Any]:
    segments = [
        number for one in bar.segments for number in (_SEGMENT.get(one.kind, 0), _micros(one.start), _micros(one.end))
    ]
    marks: list[Any] = [
        value for one in bar.marks for value in (_MARK[one.kind], _micros(one.at), *([one.text] if one.text else [0]))
    ]
    times = [_micros(bar.start), _micros(bar.end or bar.start)]
    return [bar.id, bar.kind, bar.name, bar.depth, *times, bar.state, segments, marks, bar.facts]


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)
