"""Names of tools as providers take them, each only once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from ..tools import Tool

LONGEST: Final = 64
_OTHER: Final = re.compile(r"[^a-zA-Z0-9_-]+")


def plain_name(name: str) -> str:
    """A name of letters, digits, _ and -, of at most 64 characters."""
    return _OTHER.sub("_", name)[:LONGEST] or "_"


def told_apart(named: Sequence[tuple[str, str]]) -> list[str]:
    """A name for each pair of owner and name: its own where it is the only one, else with the owner's in front."""
    plain = [plain_name(name) for _, name in named]
    count = Counter(plain)
    taken = {name for name in plain if count[name] == 1}
    told: list[str] = []
    for (owner, _), name in zip(named, plain, strict=True):
        told.append(name if count[name] == 1 else _free(f"{plain_name(owner)}__{name}", taken))
        taken.add(told[-1])
    return told


def _free(name: str, taken: set[str]) -> str:
    free, number = name[:LONGEST], 1
    while free in taken:
        number += 1
        ending = f"_{number}"
        free = name[: LONGEST - len(ending)] + ending
    return free


def renamed(owned: Iterable[tuple[str, Tool[..., Any]]]) -> list[Tool[..., Any]]:
    """Tools with names that differ."""
    listed = [*owned]
    names = told_apart([(owner, tool.name) for owner, tool in listed])
    return [attrs.evolve(tool, name=name) for name, (_, tool) in zip(names, listed, strict=True)]
