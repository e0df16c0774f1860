"""The dictionary habits of every response class, written once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import attrs

from .vector import Vector

ANSWER: Final[Mapping[str, bool]] = MappingProxyType({"answer": True})
"""Marks a field that carries the answer: only there is a value of the wrong type fatal to a reply."""


@attrs.define
class Record:
    """An attrs class that can also be read like the JSON object it came from.

    `record.name`, `record["name"]`, `record.get("name")` and `"name" in record` all work; documented fields
    that the provider left out are None, fields that it added are found in `model_extra` and by name.
    """

    field_names: ClassVar[tuple[str, ...]] = ()

    model_extra: dict[str, Any] | None = attrs.field(default=None, kw_only=True, repr=False)
    """Fields of the reply that the class does not document."""

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        cls.field_names = tuple(field.name for field in attrs.fields(cls) if field.name != "model_extra")

    if not TYPE_CHECKING:  # pragma: no branch - for type checkers a misspelt attribute stays an error

        def __getattr__(self, name: str) -> Any:
            extra = None if name == "model_extra" else self.model_extra
            if extra is not None and name in extra:
                return extra[name]
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getitem__(self, key: str) -> Any:
        if key in self.field_names:
            return getattr(self, key)
        if self.model_extra is not None and key in self.model_extra:
            return self.model_extra[key]
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self.field_names:
            setattr(self, key, value)
        else:
            self.model_extra = {**(self.model_extra or {}), key: value}

    def __contains__(self, key: object) -> bool:
        return any(key == name for name in self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:
        """Names of the fields that have a value."""
        named = [name for name in self.field_names if getattr(self, name) is not None]
        return named + list(self.model_extra or ())

    def items(self) -> list[tuple[str, Any]]:
        """Names and values of the fields that have one."""
        return [(name, self[name]) for name in self.keys()]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a field, `default` where it is absent or None."""
        value = self[key] if key in self.field_names or key in (self.model_extra or ()) else None
        return default if value is None else value

    def model_dump(self, *, exclude_none: bool = False) -> dict[str, Any]:
        """The record and all within it as plain dictionaries and lists."""
        fields = [(name, getattr(self, name)) for name in self.field_names] + list((self.model_extra or {}).items())
        return {
            name: _plain(value, exclude_none=exclude_none)
            for name, value in fields
            if not (exclude_none and value is None)
        }

    def model_dump_json(self, *, indent: int | None = None, exclude_none: bool = False) -> str:
        """The record as JSON text."""
        return json.dumps(self.model_dump(exclude_none=exclude_none), indent=indent, ensure_ascii=False)

    def json(self) -> dict[str, Any]:
        """The same as `model_dump()`: LiteLLM's name for it."""
        return self.model_dump()


def _plain(value: Any, *, exclude_none: bool) -> Any:
    if isinstance(value, Record):
        return value.model_dump(exclude_none=exclude_none)
    if isinstance(value, Vector):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item, exclude_none=exclude_none) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item, exclude_none=exclude_none) for key, item in value.items()}
    return value
