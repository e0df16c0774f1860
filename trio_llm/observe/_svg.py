"""A trace as one SVG picture, which needs no program to look at."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from ._timeline import Bar, Timeline

COLOURS: Final = {
    "begins": "#b8bec8",
    "wait:slot": "#e0b040",
    "wait:rate": "#d98032",
    "wait:pause": "#c2557a",
    "asks": "#4c8dd6",
    "flows": "#3aa76d",
    "pauses": "#9a7fd1",
    "group": "#8894a6",
}
"""By the state of a call. Both pictures have them, and they can be told apart in light and dark."""
STATES: Final = {"failed": "#d43d3d", "cancelled": "#7a7f87", "abandoned": "#7a7f87", "open": "#7a7f87"}
"""Of ends that were not good."""
_WIDTH: Final = 1200
_NAMES: Final = 220
_TOP: Final = 48
_STYLE: Final = """
text{font:11px system-ui,sans-serif;fill:#222}.axis{stroke:#8884;stroke-width:1}rect.back{fill:#fff}
@media(prefers-color-scheme:dark){text{fill:#ddd}rect.back{fill:#16181c}}
"""


def svg_of(timeline: Timeline) -> str:
    """The picture. Rows are lower the more there are; from 400 on they have no names."""
    rows = len(timeline.bars)
    height = max(2.0, min(16.0, 6400 / max(1, rows)))
    total = _TOP + height * rows + 8
    size = f'width="{_WIDTH}" height="{total:.0f}"'
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {_WIDTH} {total:.0f}">'
        f'<style>{_STYLE}</style><rect class="back" {size}/>'
    )
    return "".join([head, *_legend(), *_axis(timeline, total), *_rows(timeline, height), "</svg>"])


def _legend() -> Iterator[str]:
    for place, (kind, colour) in enumerate([*COLOURS.items(), ("failed", STATES["failed"])]):
        x = 8 + place * 104
        yield f'<rect x="{x}" y="8" width="10" height="10" fill="{colour}"/><text x="{x + 14}" y="17">{kind}</text>'


def _axis(timeline: Timeline, total: float) -> Iterator[str]:
    for tick in range(11):
        seconds = timeline.length * tick / 10
        x = _x(timeline, seconds)
        yield f'<line class="axis" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{total:.0f}"/>'
        yield f'<text x="{x:.1f}" y="{_TOP - 6}" text-anchor="middle">{seconds:.3g} s</text>'
    for pause in timeline.pauses:
        x, width = _x(timeline, pause.start), _x(timeline, pause.end) - _x(timeline, pause.start)
        colour, title = COLOURS["wait:pause"], escape(f"{pause.name} pauses for {pause.end - pause.start:.3g} s")
        size = f'width="{width:.1f}" height="{total - _TOP:.0f}"'
        yield f'<rect x="{x:.1f}" y="{_TOP}" {size} fill="{colour}" opacity=".15"><title>{title}</title></rect>'


def _rows(timeline: Timeline, height: float) -> Iterator[str]:
    for place, bar in enumerate(timeline.bars):
        y = _TOP + place * height
        if height >= 10:
            name = escape(bar.name[:34])
            yield f'<text x="{8 + 8 * min(bar.depth, 6)}" y="{y + height - 4:.1f}">{name}</text>'
        yield f"<g><title>{escape(summary_of(bar))}</title>"
        for segment in bar.segments:
            x, width = _x(timeline, segment.start), _x(timeline, segment.end) - _x(timeline, segment.start)
            thick = height - 1 if segment.kind != "group" else max(1.0, height / 4)
            size = f'width="{max(width, 0.5):.1f}" height="{thick:.1f}"'
            yield f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{COLOURS.get(segment.kind, "#888")}"/>'
        if (colour := STATES.get(bar.state)) is not None:
            x = _x(timeline, bar.end or bar.start)
            yield f'<rect x="{x - 1.5:.1f}" y="{y:.1f}" width="3" height="{height - 1:.1f}" fill="{colour}"/>'
        yield "</g>"


def summary_of(bar: Bar) -> str:
    """A bar in a few lines: its name, its end, its times, and what is known of it."""
    seconds = (bar.end or bar.start) - bar.start
    lines = [f"{bar.kind} {bar.id}, {bar.name}: {bar.state} after {seconds:.3g} s"]
    spent: dict[str, float] = {}
    for segment in bar.segments:
        spent[segment.kind] = spent.get(segment.kind, 0.0) + segment.end - segment.start
    lines += [f"{kind} {taken:.3g} s" for kind, taken in spent.items() if kind != "group"]
    lines += [f"{name}: {value}" for name, value in bar.facts.items()]
    lines += [f"{mark.at:.3g} s: {mark.kind} {mark.text}" for mark in bar.marks if mark.kind != "chunk"]
    return "\n".join(lines)


def _x(timeline: Timeline, seconds: float) -> float:
    return _NAMES + (_WIDTH - _NAMES - 30) * (seconds / timeline.length if timeline.length else 0.0)
