"""A script in a file: a list of JSON, each item an action, or null for the default answer.

    [
        {"failure": 429},
        {"reply": "Hello there"},
        {"reply": {"tool_calls": [{"name": "add", "arguments": {"a": 1}}], "latency": 0.5}},
        {"reply": {"text": "this breaks off", "cut_at": {"event": 2}}},
        {"failure": {"status": 503, "retry_after": 2}},
        {"disconnect": {}},
        {"raw": {"body": "<html>", "content_type": "text/html", "status": 502}},
        null
    ]

The fields are those of `Reply`, `Failure`, `Disconnect` and `RawReply`; a text alone is a reply's text, a number alone
a failure's status, and a place is `{"event": N}` or `{"byte": N}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Final

import attrs

from .._convert import json as _json
from .._types.usage import Usage
from ._actions import Action, AtByte, AtEvent, Cause, Disconnect, Failure, RawReply, Reply, ToolUse

_PLACES: Final[Mapping[str, Callable[[int], AtEvent | AtByte]]] = {"event": AtEvent, "byte": AtByte}


def read_script(path: str | PathLike[str]) -> list[Action | None]:
    """Read the actions of a script from a file of JSON.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it is no list of actions; the message says which item is wrong, and why.

    Example:
        simulator = Simulator(read_script("script.json"), then=Reply())
    """
    try:
        items = _json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is no JSON: {error}") from error
    if not isinstance(items, list):
        raise ValueError(f"{path} has to be a list of actions")  # noqa: TRY004  # it is the file that is wrong
    return [_action(item, f"{path}, item {number}") for number, item in enumerate(items, 1)]


def _action(item: Any, where: str) -> Action | None:
    if item is None:
        return None
    if not isinstance(item, dict) or len(item) != 1:
        raise ValueError(f"{where}: an object with one of {', '.join(_KINDS)} is wanted")
    ((kind, given),) = item.items()
    if kind not in _KINDS:
        raise ValueError(f"{where}: there is no action {kind!r}; there are {', '.join(_KINDS)}")
    cls, alone = _KINDS[kind]
    given = {alone: given} if isinstance(given, str | int) else given
    if not isinstance(given, dict):
        raise ValueError(f"{where}: the fields of {kind!r} have to be an object")  # noqa: TRY004  # the same
    known = {field.name for field in attrs.fields(cls)}
    if unknown := sorted(given.keys() - known):
        raise ValueError(f"{where}: {kind!r} has no field {unknown[0]!r}; it has {', '.join(sorted(known))}")
    try:
        action: Action = cls(**{name: _READ.get(name, _as_it_is)(value) for name, value in given.items()})
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"{where}: {error}") from error
    return action


_KINDS: Final[Mapping[str, tuple[type[Any], str]]] = {
    "reply": (Reply, "text"),
    "failure": (Failure, "status"),
    "disconnect": (Disconnect, "cause"),
    "raw": (RawReply, "body"),
}
"""The classes of actions, and the field that stands for all of one."""


def _as_it_is(value: Any) -> Any:
    return value


def _place(value: Mapping[str, int]) -> AtEvent | AtByte:
    ((kind, number),) = value.items()
    return _PLACES[kind](number)


def _calls(value: list[Mapping[str, Any]]) -> list[ToolUse]:
    return [ToolUse(**one) for one in value]


def _body(value: str | list[str]) -> bytes | list[bytes]:
    return value.encode() if isinstance(value, str) else [piece.encode() for piece in value]


def _usage(value: Mapping[str, int]) -> Usage:
    prompt, answer = value["prompt_tokens"], value["completion_tokens"]
    return Usage(prompt, answer, prompt + answer)


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "body": _body,
    "cause": lambda name: Cause[name.upper()],
    "cut_at": _place,
    "stall_at": _place,
    "tool_calls": _calls,
    "usage": _usage,
}
"""Fields that are no plain JSON."""
