"""Results as SVG pictures, written by hand: bars of CPU per call, and lines over the number of calls in flight."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from targets import CPU, Measured

_COLOURS: Final = ("#0b6e4f", "#c8553d", "#2d4f8e", "#e0a030", "#7a4d9f", "#5b8c9a", "#8a8a8a", "#b05078")
_OURS: Final = "#0b6e4f"
_OTHERS: Final = "#9aa5b1"
_FONT: Final = 'font-family="sans-serif" font-size="12"'
_BAR: Final = 22
_LEFT: Final = 190
_WIDTH: Final = 820


def bars(scenario: str, measured: Measured) -> str:
    """The CPU time of a call, library by library, on a logarithmic scale."""
    found = [
        (f"{library} ({loop})", cell[CPU])
        for (library, loop, name), cell in measured.items()
        if name == scenario and cell.get(CPU)
    ]
    found.sort(key=lambda row: row[1])
    lowest = 10 ** math.floor(math.log10(found[0][1]))
    scale = (_WIDTH - _LEFT - 110) / math.log10(found[-1][1] / lowest)
    body = [_label(10, 22, f"{scenario}: CPU µs a call, logarithmic")]
    for number, (name, cost) in enumerate(found):
        top, width = 36 + number * _BAR, max(2.0, math.log10(cost / lowest) * scale)
        colour = _OURS if name.startswith(("trio_llm", "raw")) else _OTHERS
        body.append(_label(_LEFT - 8, top + 14, name, anchor="end"))
        body.append(f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR - 5}" fill="{colour}"/>')
        body.append(_label(_LEFT + width + 6, top + 14, f"{cost:,.0f}"))
    return _picture(body, 48 + len(found) * _BAR)


def lines(family: str, measured: Measured) -> str | None:
    """The CPU time of a call over the number in flight (`call` or `delayed`); None of fewer than two numbers."""
    series = _series(family, measured)
    sizes = sorted({size for points in series.values() for size, _ in points})
    if len(sizes) < 2:
        return None
    costs = [cost for points in series.values() for _, cost in points]
    low, high = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)))
    across, down = (_WIDTH - 260) / math.log10(sizes[-1] / sizes[0]), 300 / (high - low)

    def place(size: int, cost: float) -> tuple[float, float]:
        return 60 + math.log10(size / sizes[0]) * across, 340 - (math.log10(cost) - low) * down

    body = [_label(10, 22, f"{family}: CPU µs a call over calls in flight, both logarithmic")]
    body += [_label(place(size, 10**low)[0], 360, f"{size:,}", anchor="middle") for size in sizes]
    for power in range(low, high + 1):
        left, top = place(sizes[0], 10**power)
        body.append(f'<line x1="{left}" y1="{top}" x2="{_WIDTH - 200}" y2="{top}" stroke="#dddddd"/>')
        body.append(_label(left - 8, top + 4, f"{10**power:,}", anchor="end"))
    for number, (name, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        body.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body.append(_label(_WIDTH - 190, 50 + number * 18, name, colour=colour))
    return _picture(body, 380)


def _series(family: str, measured: Measured) -> dict[str, list[tuple[int, float]]]:
    series: dict[str, list[tuple[int, float]]] = {}
    for (library, loop, scenario), cell in measured.items():
        name, _, size = scenario.rpartition("-")
        if name == family and cell.get(CPU):
            series.setdefault(f"{library} ({loop})", []).append((int(size), cell[CPU]))
    return {name: sorted(points) for name, points in series.items() if len(points) > 1}


def _label(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#222222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" {_FONT}>{escape(text)}</text>'


def _picture(body: Iterable[str] | Sequence[str], height: int) -> str:
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    inside = "\n".join([f'<rect width="{_WIDTH}" height="{height}" fill="white"/>', *body])
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{inside}\n</svg>\n'
