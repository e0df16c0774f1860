"""From the records of a trace to what can be drawn: bars in rows, cut into segments, with marks.

A bar is a call or a group of calls. Bars are in the order of a tree: a group before what belongs to it, and what
belongs to one group by its start. A call is always in one of these states, and each is a segment of its bar:

    begins ──> wait:slot, wait:rate, wait:pause ──> asks ──> flows ──> its end
       └──────────────────────────────────────────^  │ ^        │
                                                     v │        │ a stream that broke
                                                  pauses <──────┘

Where several parts of a call are under way, the last thing that happened says its state.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import attrs

from ._records import VERSION

SEGMENTS: Final = ("begins", "wait:slot", "wait:rate", "wait:pause", "asks", "flows", "pauses", "group")
MARKS: Final = ("chunk", "failed", "fallback", "seam", "won", "cancelled")
_SHOWN_AS_FACTS: Final = frozenset({"event", "at", "id", "parent", "kind", "index", "end", "labels", "version", "time"})


_LONGEST_FACT: Final = 4_000
"""Characters of a fact that are drawn. The trace itself has all of them."""


class NoTraceError(ValueError):
    """A file that is no trace."""


@attrs.frozen
class Segment:
    """A part of a bar, in seconds since the trace began."""

    kind: str
    start: float
    end: float


@attrs.frozen
class Mark:
    """Something that happened at one moment."""

    kind: str
    at: float
    text: str = ""


@attrs.define
class Bar:
    """A call, or a group of them."""

    id: int
    kind: str
    name: str
    parent: int | None
    start: float
    end: float | None = None
    """None until its end is known."""
    state: str = "open"
    """How it ended: `ok`, `failed`, `cancelled`, `abandoned`. `open` if the trace ends before it does."""
    depth: int = 0
    segments: list[Segment] = attrs.Factory(list[Segment])
    marks: list[Mark] = attrs.Factory(list[Mark])
    facts: dict[str, Any] = attrs.Factory(dict[str, Any])
    _since: float = 0.0
    _inside: str = "begins"

    def enter(self, state: str, at: float) -> None:
        """Another state begins, unless it is the same."""
        if state == self._inside:
            return
        if at > self._since:
            self.segments.append(Segment(self._inside, self._since, at))
        self._inside, self._since = state, at

    def close(self, at: float, state: str) -> None:
        """It is over."""
        self.enter("", at)
        self.end, self.state = at, state


@attrs.frozen
class Pause:
    """An account that stood still after a refusal."""

    start: float
    end: float
    name: str


@attrs.frozen
class Timeline:
    """All of a trace."""

    bars: Sequence[Bar]
    pauses: Sequence[Pause]
    length: float
    """Seconds."""
    began: float | None
    """Seconds since 1970."""

    def counts(self) -> dict[str, int]:
        """How many calls ended in which way."""
        counts: dict[str, int] = {}
        for bar in self.bars:
            if bar.kind == "call":
                counts[bar.state] = counts.get(bar.state, 0) + 1
        return counts


def timeline_of(records: Iterable[Mapping[str, Any]]) -> Timeline:
    """What happened, by the records of a trace in their order.

    Raises:
        NoTraceError: if they are none.
    """
    reading = _TimelineReading()
    for record in records:
        reading.take(record)
    return reading.finish()


class _TimelineReading:
    """A timeline while its records are read."""

    def __init__(self) -> None:
        self._bars: dict[int, Bar] = {}
        self._pauses: list[Pause] = []
        self._last = 0.0
        self._began: float | None = None

    def take(self, record: Mapping[str, Any]) -> None:
        """Read one record."""
        try:
            self._take(record)
        except NoTraceError:
            raise
        except (
            ArithmeticError,
            AttributeError,
            KeyError,
            TypeError,
            ValueError,
        ) as error:  # whoever wrote it, it was not a trace
            raise NoTraceError(f"this is no record of a trace: {str(record)[:80]}") from error

    def _take(self, record: Mapping[str, Any]) -> None:
        event = record["event"]
        if event == "Began":
            if record["version"] != VERSION:
                raise NoTraceError(f"the trace has version {record['version']}; this program reads {VERSION}")
            self._began = _seconds(record["time"])
            return
        at, id = _seconds(record["at"]), int(record["id"])
        self._last = max(self._last, at)
        if event in ("CallStarted", "GroupStarted"):
            self._bars[id] = _begun(record, at, id)
        elif (bar := self._bars.get(id)) is not None:
            self._note(bar, event, record, at)

    def _note(self, bar: Bar, event: str, record: Mapping[str, Any], at: float) -> None:
        if event in _MARKED:
            kind, described = _MARKED[event]
            bar.marks.append(Mark(kind, at, described(record)))
        if event == "CallWaiting":
            reason = f"wait:{record['reason']}"
            bar.enter(reason if reason in SEGMENTS else "begins", at)
        elif event == "AttemptSent":
            bar.enter("asks", at)
            bar.facts.update(_facts(record))
        elif event in ("FirstContent", "StreamProgress"):
            bar.enter("flows", at)
        elif event == "AttemptFailed":
            self._fail(bar, record, at)
        elif event == "ContestWon":
            bar.facts["winner"] = record.get("index")
        elif event in ("CallEnded", "GroupEnded"):
            self._end(bar, record, at)

    def _fail(self, bar: Bar, record: Mapping[str, Any], at: float) -> None:
        bar.enter("pauses", at)
        if "paused" in record:
            name = f"{bar.facts.get('provider', '')}/{bar.facts.get('model', '')}"
            self._pauses.append(Pause(at, at + _seconds(record["paused"]), name))

    def _end(self, bar: Bar, record: Mapping[str, Any], at: float) -> None:
        state = str(record.get("end", "ok"))
        bar.facts.update(_facts(record))
        if state in ("cancelled", "abandoned"):
            bar.marks.append(Mark("cancelled", at, str(record.get("reason", record.get("cause", state)))))
        bar.close(at, state)

    def finish(self) -> Timeline:
        """The whole."""
        if self._began is None and not self._bars:
            raise NoTraceError("there is no record of a trace in it")
        for bar in self._bars.values():
            if bar.end is None:
                bar.close(self._last, "open")
        pauses = _joined(self._pauses)
        length = max([self._last, *(bar.end or 0.0 for bar in self._bars.values())])
        return Timeline(_in_order(self._bars), pauses, length, self._began)


def _seconds(value: Any) -> float:
    """A time that can be drawn: JSON has infinite ones as well."""
    if not math.isfinite(seconds := float(value)):
        raise ValueError(f"{value!r} is no time")
    return seconds


def _begun(record: Mapping[str, Any], at: float, id: int) -> Bar:
    kind, labels = str(record.get("kind", "call")), record.get("labels") or {}
    is_call = record["event"] == "CallStarted"
    name = str(record.get("model") or kind) if is_call else str(labels.get("name") or kind)
    if "index" in record:
        name = f"{record['index']}: {name}"
    parent = None if record.get("parent") is None else int(record["parent"])
    bar = Bar(id, kind, name, parent, at, since=at, inside="begins" if is_call else "group")
    bar.facts.update(_facts(record), **labels)
    return bar


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _short(value) for name, value in record.items() if name not in _SHOWN_AS_FACTS}


def _short(value: Any) -> Any:
    """A fact that can be looked at: a conversation may have megabytes, and a trace thousands of them."""
    if not isinstance(value, str | Mapping | list):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return value if len(text) <= _LONGEST_FACT else f"{text[:_LONGEST_FACT]} ... {len(text)} characters"


def _described(record: Mapping[str, Any]) -> str:
    words = [str(record[name]) for name in ("error", "status", "code", "message") if name in record]
    pause = f", again in {record['pause']:.3g} s" if "pause" in record else ""
    return " ".join(words) + pause


_MARKED: Final[Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]]] = {
    "StreamProgress": ("chunk", lambda record: ""),
    "AttemptFailed": ("failed", _described),
    "CallFellBack": ("fallback", lambda record: f"goes on with {record.get('model')}"),
    "StreamSeam": ("seam", lambda record: str(record.get("seam", ""))),
    "ContestWon": ("won", lambda record: f"{record.get('index')} has won"),
}


def _joined(pauses: Iterable[Pause]) -> list[Pause]:
    """One for each stretch of time in which an account stood still."""
    joined: list[Pause] = []
    for pause in sorted(pauses, key=lambda one: (one.name, one.start)):
        before = joined[-1] if joined else None
        if before is not None and before.name == pause.name and pause.start <= before.end:
            joined[-1] = attrs.evolve(before, end=max(before.end, pause.end))
        else:
            joined.append(pause)
    return joined


def _in_order(bars: Mapping[int, Bar]) -> list[Bar]:
    """As a tree, without recursion: groups may be nested deeply."""
    below: dict[int | None, list[Bar]] = {}
    for bar in bars.values():
        below.setdefault(bar.parent if bar.parent in bars else None, []).append(bar)
    for siblings in below.values():
        siblings.sort(key=lambda bar: (bar.start, bar.id), reverse=True)
    ordered: list[Bar] = []
    waiting = below.get(None, [])
    while waiting:
        bar = waiting.pop()
        parent = None if bar.parent is None else bars.get(bar.parent)
        bar.depth = 0 if parent is None else parent.depth + 1
        ordered.append(bar)
        waiting += below.get(bar.id, [])
    return ordered
