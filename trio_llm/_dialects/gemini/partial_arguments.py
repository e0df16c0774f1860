"""Arguments of a call that come value by value, each with its place in the object.

Vertex AI sends them so where `streamFunctionCallArguments` is asked for. A text may itself come in pieces. The object
is known to be whole only when the call says that nothing more of it will come.

Source: Vertex AI, "Introduction to function calling", streaming of arguments; "FunctionCall" and "PartialArg" of the
API reference, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, Final

from ..._convert.converter import ConversionError
from ..._convert.narrow import as_objects

_STEP: Final = re.compile(
    r"""\.(?P<name>[^.\[\]]+)|\[(?P<place>\d+)\]|\[(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\]"""
)
_ESCAPED: Final = re.compile(r"\\(.)")
_VALUES: Final = ("stringValue", "numberValue", "boolValue", "nullValue")


class PartialArguments:
    """The arguments of one call, as far as they came."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._growing: str | None = None
        """The path of a text that goes on."""

    def add(self, pieces: Any) -> None:
        """Take the next values.

        Raises:
            ConversionError: for a path that leads nowhere.
        """
        for piece in as_objects(pieces):
            name = next((name for name in _VALUES if name in piece), None)
            if name is None:
                continue
            path = str(piece.get("jsonPath"))
            self._put(path, None if name == "nullValue" else piece[name], goes_on=self._growing == path)
            self._growing = path if name == "stringValue" and piece.get("willContinue") else None

    def object(self) -> dict[str, Any]:
        """The arguments so far."""
        return self._root

    def _put(self, path: str, value: Any, *, goes_on: bool) -> None:
        holder: Any = self._root
        steps = [*_steps(path)]
        for step, following in pairwise(steps):
            holder = _child(holder, step, [] if isinstance(following, int) else {}, path)
        held = _child(holder, steps[-1], value, path)
        if goes_on and isinstance(held, str) and isinstance(value, str):
            value = held + value
        holder[steps[-1]] = value


def _steps(path: str) -> Iterable[str | int]:
    """Names and places of a path such as `$.ports[0].name`."""
    at = 1
    found = None
    while at < len(path) or found is None:  # the root alone is no argument
        found = _STEP.match(path, at)
        if found is None:
            raise ConversionError(f"expected the path of an argument, got {path!r}", ".jsonPath")
        at = found.end()
        if found["place"] is not None:
            yield int(found["place"])
        else:
            yield found["name"] or _ESCAPED.sub(r"\1", found["quoted"][1:-1])


def _child(holder: Any, step: str | int, new: Any, path: str) -> Any:
    """What an object or a list has at a step; a new value where it has nothing."""
    if isinstance(step, int) and isinstance(holder, list) and step <= len(holder):
        if step == len(holder):
            holder.append(new)
        return holder[step]
    if isinstance(step, str) and isinstance(holder, dict):
        return holder.setdefault(step, new)
    raise ConversionError(f"expected the path of an argument, got {path!r}", ".jsonPath")
