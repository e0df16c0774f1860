"""What is told of a fan-out when it has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from .._combinators.jobs import Status
from .calls import Call, FanOut
from .table import GAP, aligned
from .terminal import BOLD, DIM, GREEN, RED, YELLOW, Screen, clip, harmless, one_line

COLOURS: Final[Mapping[Status, str]] = {"ok": GREEN, "failed": RED, "cancelled": YELLOW, "not_started": DIM}
"""Every status, with its colour."""
_TITLES: Final = ("#", "outcome", "queued", "first token", "tokens", "tokens/s", "answer")
_NUMBERS: Final = frozenset({0, 2, 3, 4, 5})
_OUTCOME: Final = 1
_LEAST_TEXT: Final = 20
_PREVIEW: Final = 240
"""Characters of an answer that are looked at for one line."""


def write_summary(screen: Screen, fan_out: FanOut, *, show_text: bool) -> None:
    """The table of the calls, their texts where wanted, and the totals."""
    screen.write("\n" + _table(screen, fan_out.calls))
    if show_text:
        screen.write("".join(_full_text(screen, call) for call in fan_out.calls))
    screen.write(f"\n{_totals(fan_out)}\n")


def preview(call: Call) -> str:
    """The beginning of the answer, or why there is none."""
    if call.error is not None:
        return one_line(failure(call))
    return one_line(call.text[:_PREVIEW])


def failure(call: Call) -> str:
    """What went wrong with a call."""
    return f"{type(call.error).__name__}: {call.error}"


def _table(screen: Screen, calls: list[Call]) -> str:
    padded = aligned([_TITLES, *map(_row, calls)], _NUMBERS)
    width = max(_LEAST_TEXT, screen.size[0] - 1 - sum(len(cell) + len(GAP) for cell in padded[0][:-1]))
    title, *rows = padded
    lines = [screen.style(GAP.join(title), BOLD)]
    for call, row in zip(calls, rows, strict=True):
        row[_OUTCOME] = screen.style(row[_OUTCOME], COLOURS[call.status])
        lines.append(GAP.join([*row[:-1], clip(row[-1], width)]).rstrip())
    return "\n".join(lines) + "\n"


def _row(call: Call) -> list[str]:
    started, ended = call.started, call.ended
    if started is None or ended is None:
        return [str(call.index), _words(call.status), "-", "-", "-", "-", ""]
    first = f"{call.first_content - started:.2f} s" if call.first_content is not None else "-"
    tokens = f"{call.tokens}" if call.usage is not None else f"~{call.chunks}" if call.chunks else "-"
    speed = f"{call.tokens / (ended - started):.1f}" if call.tokens and ended > started else "-"
    return [str(call.index), _words(call.status), f"{started:.2f} s", first, tokens, speed, preview(call)]


def _words(status: Status) -> str:
    return status.replace("_", " ")


def _full_text(screen: Screen, call: Call) -> str:
    text = call.text if call.text or call.error is None else failure(call)
    title = screen.style(f"#{call.index} {_words(call.status)}", BOLD)
    return f"\n{title}\n{harmless(text).strip()}\n"


def _totals(fan_out: FanOut) -> str:
    calls, seconds = fan_out.calls, fan_out.seconds
    counts = Counter(call.status for call in calls)
    outcomes = ", ".join(f"{counts[status]} {_words(status)}" for status in COLOURS)
    tokens = sum(call.tokens for call in calls)
    speed = tokens / seconds if seconds else 0.0
    return (
        f"{len(calls)} calls: {outcomes}\n"
        f"{seconds:.2f} s wall time, {tokens} tokens, {speed:.1f} tokens/s overall, at most {fan_out.peak} in flight"
    )
