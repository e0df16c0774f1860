"""Usages of several calls, added up."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

import attrs

from .mapping import Record
from .usage import Usage


def summed(usages: Iterable[Usage | None]) -> Usage | None:
    """The usage of all; None if none was told. Fields that are no numbers are the first's."""
    known = [usage for usage in usages if usage is not None]
    return reduce(_added, known) if known else None


def _added(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    if isinstance(one, Record) and isinstance(other, Record):
        names = (field.name for field in attrs.fields(type(one)) if field.init and field.name != "model_extra")
        return type(one)(**{name: _added(getattr(one, name), getattr(other, name)) for name in names})
    return one + other if isinstance(one, int | float) and isinstance(other, int | float) else one
