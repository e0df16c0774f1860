"""Events as lines of JSON, in a file."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from typing import IO, Any, ClassVar, Final

from .._engine.events import Event
from ._records import RecordMaker

_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), default=str, allow_nan=False)
_DEEPEST: Final = 20
"""Levels of a label that are written as they are; one can contain itself."""


def line_of(record: Mapping[str, Any]) -> str:
    """A record as one line. What has no JSON form, a label perhaps, is written as its text."""
    try:
        return _ENCODER.encode(record) + "\n"
    except (ValueError, TypeError):  # a number that is none, a key that is no text, or a list within itself
        return _ENCODER.encode(_plain(record)) + "\n"


def _plain(value: Any, depth: int = 0) -> Any:
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {str(name): _plain(held, depth + 1) for name, held in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return [_plain(held, depth + 1) for held in value]
    is_plain = value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
    return value if is_plain else str(value)


class JSONLines:
    """Writes every event as a line of JSON, at once: what is written is there also if the program is killed.

    `python -m trio_llm trace FILE` draws such a file. Each line has `event`, `at` (seconds since the first event), `id`
    (the call or the group), and what the event has to say. There are no keys in it. What was asked and answered, and
    the providers' words in errors, are in it only if `contents` is true.

    Example:
        with open("calls.jsonl", "w") as file:
            async with trio_llm.Client(observers=[trio_llm.observe.JSONLines(file)]) as client:
                await client.fan_out(requests)
    """

    wants: ClassVar[Collection[type[Event]]] = (Event,)

    def __init__(self, file: IO[str], *, contents: bool = False) -> None:
        """Write to a text file, which the caller opens and closes."""
        self._file = file
        self._recorder = RecordMaker(contents=contents)

    def observe(self, event: Event) -> None:
        """Write the event's line."""
        for record in self._recorder.records(event):
            self._file.write(line_of(record))
        self._file.flush()
