"""The one cattrs converter: decoded JSON to attrs classes, leniently where nothing is lost.

Four rules hold for every class. Null means absent. Fields that the class does not document are kept in
`model_extra` where it has one, else ignored. Numbers written as text, and whole numbers written with a
fraction, are read. Anything else of the wrong type is an error that names its path where the field carries the answer
(`ANSWER`); elsewhere a paid answer is not given up for it: the value goes to `model_extra`, an empty one is absent.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, TypeVar, cast, get_args

import attrs
import cattrs

from .._types.vector import Vector, packed
from . import json as _json
from .pages import words_of
from .structuring import ClassPlan, FieldPlan, Hook, fast_hook, is_plain

T = TypeVar("T")
JSONObject = dict[str, Any]

_QUOTED: Final = 300
"""Characters that are quoted of what is no JSON: words that somebody wrote, most likely."""


class ConversionError(Exception):
    """A reply does not fit its class. The text ends with the path of the field, as `$.choices[0].index`.

    One that is `cut` broke off, or never began: to ask again can help.
    """

    def __init__(self, problem: str, path: str = "", *, cut: bool = False) -> None:
        super().__init__(problem, path)
        self.problem = problem
        self.path = path
        self.cut = cut

    def __str__(self) -> str:
        return f"{self.problem} @ ${self.path}"

    def inside(self, step: str) -> ConversionError:
        """The same error seen from the object around it."""
        return ConversionError(self.problem, step + self.path)


def load(text: bytes | str, cls: type[T]) -> T:
    """Decode JSON text into `cls`.

    Raises:
        ConversionError: if it is no JSON, or does not fit.
    """
    return structure(parse(text), cls)


def parse(text: bytes | str) -> Any:
    """Decode JSON text into plain values.

    Raises:
        ConversionError: if it is no JSON.
    """
    try:
        return _json.loads(text)
    except ValueError as error:
        words, cut = words_of(text, _QUOTED), _json.is_cut(error)
        problem = f"expected JSON, got {words!r}" if words else "expected JSON, got nothing"
        raise ConversionError(f"{problem}, which breaks off" if words and cut else problem, cut=cut) from error


def structure(value: Any, cls: type[T]) -> T:
    """Turn decoded JSON into `cls`.

    Raises:
        ConversionError: if it does not fit.
    """
    made: T = _hook_of(cls)(value, cls)
    return made


def read_record(value: Any, cls: type[T]) -> T:
    """`structure` for callers' own values.

    Raises:
        ValueError: if they do not fit.
    """
    try:
        return structure(value, cls)
    except ConversionError as error:
        raise ValueError(f"{cls.__name__}: {error}") from error


def read_field(cls: type[Any], name: str, value: Any) -> Any:
    """The same for the value of one field."""
    kind = next(field.type for field in attrs.fields(attrs.resolve_types(cls)) if name in (field.name, field.alias))
    try:
        return _hook_of(kind)(value, kind)
    except ConversionError as error:
        raise ValueError(f"{cls.__name__}: {error.inside(f'.{name}')}") from error


class _ClassHooks:
    """Makes the hooks of attrs classes when they are first needed.

    A class whose hook is begun but not made gets one that looks again when it is called. It may be the class itself
    that asks, in a field of its own; or another thread, which then makes the hook as well rather than wait. What is
    made twice is the same, and nothing half-made is ever seen.
    """

    def __init__(self) -> None:
        self._begun: set[type[Any]] = set()
        self._made: dict[type[Any], Hook] = {}

    def make(self, cls: type[Any]) -> Hook:
        """The hook of one class, which may refer to itself."""
        if cls in self._begun:
            return lambda value, _: (self._made.get(cls) or self._make(cls))(value, None)
        self._begun.add(cls)
        return self._make(cls)

    def _make(self, cls: type[Any]) -> Hook:
        fields = _field_plans(cls)
        careful = _careful_hook(cls, {plan.name: plan for plan in fields})
        plan = ClassPlan(cls, fields, _keeps_extra(cls), careful, ConversionError)
        made = self._made[cls] = fast_hook(plan) if is_plain(cls, getattr(cls, "build_nested", None)) else careful
        return made


def _careful_hook(cls: type[Any], fields: Mapping[str, FieldPlan]) -> Hook:
    keeps_extra = _keeps_extra(cls)

    def structure_class(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            return _as_it_is(value, cls)
        known: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        odd: dict[str, Any] = {}
        for name, item in cast("JSONObject", value).items():
            if item is None:
                continue
            if name not in fields:
                extra[name] = item
                continue
            try:
                known[name] = fields[name].hook(item, None)
            except ConversionError as error:
                if item and (fields[name].is_answer or not keeps_extra):
                    raise error.inside(f".{name}") from None
                odd[name] = item
        extra |= {name: item for name, item in odd.items() if item}
        if extra and keeps_extra:
            known["model_extra"] = extra
        try:
            return cls(**known)
        except TypeError as error:  # a field without a default is absent
            raise ConversionError(str(error).partition(") ")[2] or str(error)) from None

    return structure_class


def _keeps_extra(cls: type[Any]) -> bool:
    return "model_extra" in attrs.fields_dict(cls)


def _as_it_is(value: Any, cls: type[Any]) -> Any:
    if isinstance(value, cls):
        return value
    raise ConversionError(f"expected an object, got {value!r:.60}")


def _field_plans(cls: type[Any]) -> list[FieldPlan]:
    try:
        attrs.resolve_types(cls)
    except NameError:  # another thread, after it had resolved them, has said that the class lives elsewhere
        attrs.resolve_types(cls)
    fields = attrs.fields(cls)
    return [
        FieldPlan(field, _exact_type(field.type), converter.get_structure_hook(field.type), _item_hook(field.type))
        for field in fields
        if field.init and field.name != "model_extra"
    ]


def _exact_type(kind: Any) -> type[Any] | None:
    kinds = [one for one in (get_args(kind) or (kind,)) if one is not type(None)]
    plain = len(kinds) == 1 and kinds[0] in (str, int, float, bool) and getattr(kind, "__origin__", None) is None
    return kinds[0] if plain else None


def _item_hook(kind: Any) -> Hook | None:
    lists = [one for one in (get_args(kind) if _is_optional(kind) else (kind,)) if _is_list(one)]
    return converter.get_structure_hook(_item_type(lists[0])) if lists else None


def _is_list(cls: Any) -> bool:
    return getattr(cls, "__origin__", None) is list


def _item_type(kind: Any) -> Any:
    return next(iter(get_args(kind)), Any)


def _list_hook(cls: Any) -> Hook:
    hook = converter.get_structure_hook(_item_type(cls))

    def structure_list(value: Any, _: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ConversionError(f"expected a list, got {value!r:.60}")
        items: list[Any] = []
        try:
            for item in value:
                items.append(hook(item, None))
        except ConversionError as error:
            raise error.inside(f"[{len(items)}]") from None
        return items

    return structure_list


def _optional_hook(cls: Any) -> Hook:
    # The class hook leaves nulls out, so an optional field only ever sees its other type.
    kinds = [kind for kind in get_args(cls) if kind is not type(None)]
    return converter.get_structure_hook(kinds[0])


def _is_optional(cls: Any) -> bool:
    kinds = get_args(cls)
    return type(None) in kinds and len(kinds) == 2


def _string(value: Any, _: Any) -> str:
    if type(value) is str:
        return value
    if type(value) in (int, float):
        return str(value)
    raise ConversionError(f"expected text, got {value!r:.60}")


def _integer(value: Any, _: Any) -> int:
    if type(value) is int:
        return value
    try:
        return int(_number(value, None))
    except (ConversionError, OverflowError, ValueError):
        raise ConversionError(f"expected a whole number, got {value!r:.60}") from None


def _number(value: Any, _: Any) -> float:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except (OverflowError, ValueError):
            pass  # said below, together with the values of other types
    raise ConversionError(f"expected a number, got {value!r:.60}")


def _vector(value: Any, _: Any) -> Vector:
    if not isinstance(value, list):
        raise ConversionError(f"expected a vector, got {value!r:.60}")
    try:
        return packed(value)
    except (TypeError, OverflowError) as error:
        raise ConversionError(f"expected numbers: {error}") from None


def _vectors(value: Any, _: Any) -> Vector | list[Any]:
    if isinstance(value, list) and value and isinstance(value[0], list):
        return value  # several vectors for one text, of models for late interaction
    return _vector(value, None)


def _bytes(value: Any, _: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return b64decode(value, validate=True)
    except (TypeError, ValueError):
        raise ConversionError(f"expected base64 text, got {value!r:.60}") from None


def _boolean(value: Any, _: Any) -> bool:
    if type(value) is bool:
        return value
    raise ConversionError(f"expected true or false, got {value!r:.60}")


def _object(value: Any, _: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    raise ConversionError(f"expected an object, got {value!r:.60}")


def _make_converter() -> cattrs.Converter:
    made = cattrs.Converter()
    for kind, hook in ((str, _string), (int, _integer), (float, _number), (bool, _boolean)):
        made.register_structure_hook(kind, hook)
    made.register_structure_hook(Vector, _vector)
    made.register_structure_hook(bytes, _bytes)
    made.register_structure_hook_func(lambda cls: cls == Vector | list[Any], _vectors)
    made.register_structure_hook_func(lambda cls: cls == dict[str, Any], _object)
    made.register_structure_hook_factory(_is_list, _list_hook)
    made.register_structure_hook_factory(_is_optional, _optional_hook)
    made.register_structure_hook_factory(attrs.has, _ClassHooks().make)
    return made


converter: Final = _make_converter()
_hook_of: Final[Callable[[Any], Hook]] = cache(converter.get_structure_hook)
