"""Rows of text as aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

from .terminal import cells

GAP = "  "


def aligned(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> list[list[str]]:
    """Every cell but the last of each row padded to the width of its column; columns in `right` to the right."""
    widths = [max(cells(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [[*map(_padded, row[:-1], widths, [place in right for place in range(len(row))]), row[-1]] for row in rows]


def _padded(text: str, width: int, to_the_right: bool) -> str:  # noqa: FBT001 - mapped over
    space = " " * (width - cells(text))
    return space + text if to_the_right else text + space
