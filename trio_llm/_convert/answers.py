"""Answers of models, and arguments of tools, as the types of the caller.

This is strict where the reading of replies is lenient: what a model writes is checked, and what is wrong is said in
words that the model can be shown. A number is no text, true is no number, and a field that is absent is only filled
where its class has a default for it. Keys that a class does not have are passed over.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import keyword
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin

import attrs
import cattrs
from cattrs.cols import list_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from . import json as _json
from .fields import fields_of, is_typed_dictionary

T = TypeVar("T")
MOST_PROBLEMS: Final = 5
"""Problems of one value that are told."""
LONGEST_PROBLEM: Final = 300
"""Characters that are told of each."""


class UnfitError(ValueError):
    """A value does not fit its type. The text says what is wrong, and where."""


def read_json(text: str) -> Any:
    """JSON of a model's, also within a code fence.

    Raises:
        UnfitError: if it is none.
    """
    bare = text.strip()
    if bare.startswith("```"):
        bare = bare.removeprefix("```json").strip("`").strip()
    try:
        return _json.loads(bare)
    except ValueError as error:
        raise UnfitError(f"it is not JSON ({error}): {text[:60]!r}" if text.strip() else "it is empty") from None


def read_answer(text: str) -> Any:
    """JSON of a model's that may stand among words, as models put it that are not held to a schema: its first object.

    Raises:
        UnfitError: if there is none.
    """
    try:
        return read_json(text)
    except UnfitError:
        start = text.find("{")
        if start < 0:
            raise
        try:
            return json.JSONDecoder().raw_decode(text, start)[0]
        except (ValueError, RecursionError):
            pass  # what is wrong with the whole tells more
        raise


def fit(value: Any, kind: Any) -> Any:
    """Plain values as a type.

    Raises:
        UnfitError: if they do not fit.
    """
    return checked(lambda: _converter().structure(value, kind))


def plain(value: Any) -> Any:
    """A value of the caller's types as plain ones, for JSON.

    Raises:
        TypeError: for what has no JSON form.
    """
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if dump is not None else _converter().unstructure(value)


def checked(read: Callable[[], T]) -> T:
    """What is read.

    Raises:
        UnfitError: where it raises any of the errors of values that do not fit.
    """
    try:
        return read()
    except cattrs.BaseValidationError as error:
        told = cattrs.transform_error(error, format_exception=_told)
        more = f"; and {len(told) - MOST_PROBLEMS} more" if len(told) > MOST_PROBLEMS else ""
        raise UnfitError("; ".join(one[:LONGEST_PROBLEM] for one in told[:MOST_PROBLEMS]) + more) from None
    except _MISFITS as error:
        raise UnfitError(_told(error, None)[:LONGEST_PROBLEM]) from None


_ABSENT: Final = object()
_MISFITS: Final = (ValueError, TypeError, KeyError, AttributeError)


def _told(error: BaseException, _: Any) -> str:
    if isinstance(error, KeyError):
        return f"the field {error.args[0]!r} is missing"
    return str(error) or type(error).__name__


@cache
def _converter() -> cattrs.Converter:
    made = cattrs.Converter()
    for kind in (str, int, float, bool):
        made.register_structure_hook(kind, _SIMPLE[kind])
    made.register_structure_hook(datetime.datetime, lambda value, _: datetime.datetime.fromisoformat(value))
    made.register_structure_hook(datetime.date, lambda value, _: datetime.date.fromisoformat(value))
    made.register_structure_hook_func(lambda kind: kind in (Any, object), lambda value, _: value)
    made.register_structure_hook_func(
        lambda kind: hasattr(kind, "model_validate") and isinstance(kind, type),
        lambda value, kind: kind.model_validate(value),
    )
    made.register_structure_hook_func(_is_choice, _choice)
    made.register_structure_hook_factory(_is_class, _class_hook)
    made.register_structure_hook_factory(is_typed_dictionary, _dictionary_hook)
    made.register_structure_hook_factory(_is_list, _list_hook)
    made.register_structure_hook_factory(_is_union, _union_hook)
    return made


def _exactly(wanted: str, *kinds: type[Any]) -> Any:
    def read(value: Any, kind: Any) -> Any:
        if type(value) in kinds:
            return kind(value)
        if kind is int and isinstance(value, float) and value.is_integer():
            return int(value)
        raise ValueError(f"expected {wanted}, got {value!r:.60}")

    return read


_SIMPLE: Final[Mapping[type[Any], Any]] = {
    str: _exactly("text", str),
    int: _exactly("a whole number", int),
    float: _exactly("a number", int, float),
    bool: _exactly("true or false", bool),
}


def _is_choice(kind: Any) -> bool:
    return get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, enum.Enum))


def _is_class(kind: Any) -> bool:
    return isinstance(kind, type) and (attrs.has(kind) or dataclasses.is_dataclass(kind))


def _is_list(kind: Any) -> bool:
    return get_origin(kind) in (list, set, frozenset, Sequence) or kind in (list, set, frozenset)


def _list_hook(kind: Any, converter: cattrs.Converter) -> Any:
    items: Any = types.GenericAlias(list, (next(iter(get_args(kind)), Any),))
    hook = list_structure_factory(items, converter)
    container = get_origin(kind) or kind
    made = container if container in (set, frozenset) else list

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"expected a list, got {value!r:.60}")  # noqa: TRY004 - a misfit, as the others
        return made(hook(value, items))

    return structure


def _class_hook(kind: Any, converter: cattrs.Converter) -> Any:
    hook = make_dict_structure_fn(kind, converter)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected an object, got {value!r:.60}")  # noqa: TRY004 - a misfit, as the others
        return hook(value, kind)

    return structure


def _dictionary_hook(kind: Any, converter: cattrs.Converter) -> Any:
    hook = fields_hook(*fields_of(kind))
    return lambda value, _: hook(value)


def fields_hook(hints: Mapping[str, Any], required: Collection[str]) -> Callable[[Any], dict[str, Any]]:
    """What reads the fields of an object into a dictionary, by their types.

    The function raises what `checked` catches.
    """
    names = {_place(name, number): name for number, name in enumerate(hints)}
    fields = {
        place: attrs.field(type=hints[name], default=attrs.NOTHING if name in required else _ABSENT)
        for place, name in names.items()
    }
    record = attrs.make_class("Fields", fields)
    converter = _converter()
    renamed: Any = {place: override(rename=name) for place, name in names.items()}
    read: Any = make_dict_structure_fn(record, converter, **renamed)

    def structure(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"expected an object, got {value!r:.60}")  # noqa: TRY004 - a misfit, as the others
        made = read(value, record)
        held = {name: getattr(made, place) for place, name in names.items()}
        return {name: item for name, item in held.items() if item is not _ABSENT}

    return structure


def _place(name: str, number: int) -> str:
    """The attribute that a field is read into: its own name, since errors tell it, where that can be one."""
    is_plain = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
    return name if is_plain else f"field_{number}"


def _choice(value: Any, kind: Any) -> Any:
    choices: Sequence[Any] = [*cast("Any", kind)] if isinstance(kind, type) else get_args(kind)
    plain = [choice.value if isinstance(choice, enum.Enum) else choice for choice in choices]
    for choice, known in zip(choices, plain, strict=True):
        if type(known) is type(value) and known == value:
            return choice
    raise ValueError(f"expected one of {', '.join(map(repr, plain))}, got {value!r:.60}")


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, types.UnionType)


def _union_hook(kind: Any, converter: cattrs.Converter) -> Any:
    members = get_args(kind)

    def structure(value: Any, _: Any) -> Any:
        if value is None and type(None) in members:
            return None
        problems: list[str] = []
        for member in sorted((one for one in members if one is not type(None)), key=lambda one: _rank(value, one)):
            try:
                return converter.structure(value, member)
            except (cattrs.BaseValidationError, *_MISFITS) as error:
                told = cattrs.transform_error(error, format_exception=_told)
                problems.append(f"as {getattr(member, '__name__', member)}: {told[0]}")
        raise ValueError("none of the allowed types fits: " + ", or ".join(problems))

    return structure


def _rank(value: Any, member: Any) -> int:
    """How badly a member fits: values as they are first, then classes by the keys that they do not share."""
    if type(value) is member:
        return -1
    names = _field_names(member)
    return len(names ^ set(value)) if isinstance(value, dict) and names else 0


def _field_names(kind: Any) -> set[str]:
    if isinstance(kind, type) and attrs.has(kind):
        return {field.name for field in attrs.fields(kind)}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return {field.name for field in dataclasses.fields(kind)}
    return set(getattr(kind, "model_fields", ()) or getattr(kind, "__annotations__", ()))
