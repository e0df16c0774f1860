"""Records that go back to their provider as they came from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, ClassVar, Final, Self, TypeAlias, TypeVar

import attrs

from .mapping import Record

Nested: TypeAlias = Mapping[str, Callable[[Any], Any]]
"""How the fields of a record are read that are records themselves, by their names."""


_AsRead = TypeVar("_AsRead", bound="AsRead")
_BESIDE: Final = frozenset({"read_names", "null_names"})
_OF_ALL: Final = frozenset({*_BESIDE, "model_extra", "receipt"})


@attrs.frozen
class _Shape:
    """What a value has to be an instance of, and each within it where it is a list."""

    kinds: tuple[type, ...]
    items: _Shape | None = None

    def fits(self, value: Any) -> bool:
        """Whether a value is one."""
        if not isinstance(value, self.kinds):
            return False
        within: Any = value
        return self.items is None or all(map(self.items.fits, within))


_SHAPES: Final[Mapping[str, _Shape]] = {
    "Any": _Shape((object,)),
    "str": _Shape((str,)),
    "int": _Shape((int,)),
    "float": _Shape((int, float)),
    "bool": _Shape((bool,)),
    "dict[str, Any]": _Shape((dict,)),
}


def _shape(kind: str) -> _Shape:
    if kind.startswith("list["):
        return _Shape((list,), _shape(kind.removeprefix("list[").removesuffix("]")))
    return _SHAPES.get(kind) or _Shape((AsRead,))  # all else are records


@attrs.define
class AsRead(Record):
    """A record that is dumped as it was read: the same names in the same order, nulls among them.

    Values are taken as they are. One of another type than its field has stands in `model_extra`, so that one odd field
    beside an answer does not cost the answer. What a program sets afterwards is dumped too, behind the rest.
    """

    field_names: ClassVar[tuple[str, ...]] = ()
    nested: ClassVar[Nested] = {}
    goes_back: ClassVar[bool] = True
    shapes: ClassVar[Mapping[str, _Shape]] = {}
    """What a value has to be, where its field says so."""

    read_names: tuple[str, ...] | None = attrs.field(default=None, kw_only=True, repr=False, eq=False)
    """The names that it was read with, in their order; None where it was made here."""
    null_names: frozenset[str] = attrs.field(default=frozenset(), kw_only=True, repr=False, eq=False)
    """Those that were null. A field whose type has no null has its default meanwhile."""

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        super().__attrs_init_subclass__()
        cls.field_names = tuple(name for name in cls.field_names if name not in _BESIDE)
        types = [(field.name, str(field.type).removesuffix(" | None")) for field in attrs.fields(cls)]
        cls.shapes = {name: _shape(kind) for name, kind in types if name not in _OF_ALL and kind != "Any"}

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Self:
        """The record of a JSON object. It shares what is inside with that object."""
        known: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        nulls = frozenset(name for name, item in value.items() if item is None)
        for name, item in value.items():
            if name not in cls.field_names:
                extra[name] = item
            elif item is not None:
                read = cls.nested[name](item) if name in cls.nested else item
                (known if name not in cls.shapes or cls.shapes[name].fits(read) else extra)[name] = read
        return cls(**known, model_extra=extra or None, read_names=tuple(value), null_names=nulls)

    @classmethod
    def read_plain(cls, value: Any) -> Self:
        """See `Record.read_plain`."""
        if not isinstance(value, Mapping):
            raise ValueError(f"{cls.__name__}: expected an object, got {value!r:.60}")  # noqa: TRY004 - as its base does
        return cls.read(value)

    @classmethod
    def read_nested(cls, name: str, value: Any) -> Any:
        """See `Record.read_nested`."""
        return cls.nested[name](value) if name in cls.nested else value

    def fields_to_dump(self) -> list[tuple[str, Any]]:
        """Names and values as they were read, and what was set since."""
        named = dict(super().fields_to_dump()) | (self.model_extra or {})
        for name in self.null_names & named.keys():
            if not self._has_own(name):
                named[name] = None
        given = {name: named[name] for name in self.read_names or () if name in named}
        later = {name: value for name, value in named.items() if name not in given and self._has_own(name)}
        return [*given.items(), *later.items()]

    def _has_own(self, name: str) -> bool:
        """Whether a field that had no value says something. A default does only in a record that was made here."""
        if self.read_names is None:
            return self[name] is not None
        return name not in self.field_names or self[name] != getattr(type(self)(), name)


def one_of(kinds: Mapping[Any, type[_AsRead]], value: Mapping[str, Any], usual: type[_AsRead]) -> type[_AsRead]:
    """The class of an object's `type`, which may be anything at all."""
    kind = value.get("type")
    return kinds.get(kind, usual) if isinstance(kind, str) else usual


def read_object(cls: type[AsRead]) -> Callable[[Any], Any]:
    """A reading of a field that is an object; whatever else stands there stays."""
    return lambda value: cls.read(value) if isinstance(value, Mapping) else value


def read_each(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A reading of a field that is a list; whatever else stands there stays."""
    return lambda value: [read(item) for item in value] if isinstance(value, list) else value


def read_count(value: Any) -> int:
    """A reading of a number of tokens; what is none counts as nothing."""
    return int(value) if isinstance(value, int | float) and isfinite(value) else 0
