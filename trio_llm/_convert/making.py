"""Records that dialects make, by functions that are written out and compiled.

A record's own `__init__` asks of all it is given whether it is a dictionary that has to become a record, and Python
goes a long way to it. A dialect knows what it gives. A stream has three records made for every piece of text, which so
takes a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, ParamSpec, Protocol, TypeVar

import attrs

P = ParamSpec("P")
T = TypeVar("T")


class _Maker(Protocol):
    def __call__(self, cls: Callable[P, T], /) -> Callable[P, T]: ...


def _maker(cls: Any) -> Any:
    names: dict[str, Any] = {"cls": cls, "new": object.__new__}
    exec(compile("\n".join(_lines(cls, names)), f"<making of {cls.__qualname__}>", "exec"), names)
    return names["make"]


def _lines(cls: Any, names: dict[str, Any]) -> Iterator[str]:
    fields = [field for field in attrs.fields(cls) if field.init]
    arguments = [f"{field.alias}{_default(field, names)}" for field in fields if not field.kw_only]
    named = [f"{field.alias}{_default(field, names)}" for field in fields if field.kw_only]
    yield f"def make({', '.join([*arguments, '*', *named] if named else arguments)}):"
    yield "    made = new(cls)"
    for field in fields:
        if f"default_{field.alias}" in names and f"make_{field.alias}" in names:
            yield f"    if {field.alias} is default_{field.alias}:"
            yield f"        {field.alias} = make_{field.alias}()"
        yield f"    made.{field.name} = {field.alias}"
    yield "    return made"


def _default(field: Any, names: dict[str, Any]) -> str:
    """The default of an argument as it stands in the definition."""
    if field.default is attrs.NOTHING:
        return ""
    names[f"default_{field.alias}"] = field.default
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # it is a class, whatever its stub says
        names[f"make_{field.alias}"] = field.default.factory
    return f"=default_{field.alias}"


maker: Final[_Maker] = cache(_maker)
"""The function that makes objects of a class with slots, called as the class is. It sets what it is given, unseen.

    chunk = maker(ModelResponseStream)(choices=[fragment])
"""
