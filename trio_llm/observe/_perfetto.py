"""A trace in the form that Perfetto and Chrome's tracing open.

Source: "Trace Event Format", Google, as Perfetto's documentation of 2026-11 refers to it: complete events (`X`),
instant events (`i`) and metadata (`M`), with times in microseconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from ._timeline import Bar, Timeline


def perfetto_of(timeline: Timeline) -> str:
    """The trace as JSON text. Bars share tracks: one takes over where another has ended."""
    events: list[dict[str, Any]] = [_named("process_name", "trio_llm", 0)]
    tracks = _tracks(timeline.bars)
    events += [_named("thread_name", f"track {track}", track) for track in range(1, max(tracks, default=0) + 1)]
    for bar, track in zip(timeline.bars, tracks, strict=True):
        events += _events_of(bar, track)
    for pause in timeline.pauses:
        events.append(_complete(f"{pause.name} pauses", "pause", (pause.start, pause.end), 0))
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}, separators=(",", ":"), default=str)


def _events_of(bar: Bar, track: int) -> list[dict[str, Any]]:
    whole = _complete(bar.name, bar.kind, (bar.start, bar.end or bar.start), track)
    whole["args"] = {**bar.facts, "id": bar.id, "end": bar.state}
    parts = [_complete(one.kind, bar.kind, (one.start, one.end), track) for one in bar.segments if one.kind != "group"]
    place = {"ph": "i", "s": "t", "pid": 1, "tid": track}
    marks = [{**place, "name": one.text or one.kind, "cat": one.kind, "ts": _micros(one.at)} for one in bar.marks]
    return [whole, *parts, *marks]


def _complete(name: str, category: str, times: tuple[float, float], track: int) -> dict[str, Any]:
    start, end = map(_micros, times)
    return {"ph": "X", "name": name, "cat": category, "ts": start, "dur": end - start, "pid": 1, "tid": track}


def _named(what: str, name: str, track: int) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": 1, "tid": track, "args": {"name": name}}


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)


def _tracks(bars: Sequence[Bar]) -> list[int]:
    """For each bar the lowest track that is free from its start to its end."""
    found: dict[int, int] = {}
    free: list[int] = []
    ends: list[tuple[float, int]] = []
    for bar in sorted(bars, key=lambda one: (one.start, one.depth)):
        while ends and ends[0][0] <= bar.start:
            heappush(free, heappop(ends)[1])
        track = heappop(free) if free else len(ends) + len(free) + 1
        found[bar.id] = track
        heappush(ends, (bar.end or bar.start, track))
    return [found[bar.id] for bar in bars]
