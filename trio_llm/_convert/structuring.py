"""From JSON objects to classes: functions for the sets of fields that replies have, written out and compiled.

Replies consist of little else, and the cost of a chunk is the cost of this. A provider gives nearly every object of a
kind the same fields. So there is a function for each such set: it fetches all values at once, and asks of none whether
it is there.

`careful` of the plan says what is right. It reads any object field by field, and all that is here comes to the same.
Of one class, each set of fields goes through these states:

    new ──> counted, and read carefully ──> OFTEN times seen: compiled ──> at hand

- At hand is one compiled function for each number of fields. A function that does not find its fields raises
  `KeyError`, and that of the set that did come takes its place.
- At most MOST_SETS sets are counted, and none of more than MOST_FIELDS fields: objects of other sets are read
  carefully for ever, so that a provider that makes names up costs time and no memory.
- Threads may count, compile and take a place at once: what is made twice is the same, and nothing half-made is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from operator import itemgetter
from typing import Any, Final

import attrs

Hook = Callable[[Any, Any], Any]
"""From a decoded value, and its type as cattrs passes it, to what is made of it."""
OFTEN: Final = 8
"""Objects of one set of fields after which a function is compiled for it: that takes as long as reading a few dozen."""
MOST_SETS: Final = 64
MOST_FIELDS: Final = 64


@attrs.frozen
class FieldPlan:
    """How one field of a class is read."""

    field: attrs.Attribute[Any]
    exact: type[Any] | None
    """The type whose values are taken as they are, if there is one."""
    hook: Hook
    """For all other values."""
    item_hook: Hook | None = None
    """For the items of a list, where the field is one: in place of `hook`, which fails with the item's path."""

    @property
    def is_answer(self) -> bool:
        """Whether it carries the answer, so that a value of the wrong type cannot be passed over."""
        return "answer" in self.field.metadata

    @property
    def is_required(self) -> bool:
        """Whether an object without it makes no sense."""
        return self.field.default is attrs.NOTHING

    @property
    def name(self) -> str:
        """Its name in replies: that of the argument."""
        return self.field.alias or self.field.name


@attrs.frozen
class ClassPlan:
    """How a class is made."""

    cls: type[Any]
    fields: Collection[FieldPlan]
    """Those that replies have, so not `model_extra`."""
    keeps_extra: bool
    """Whether fields that the class does not document go to `model_extra`."""
    careful: Hook
    """Does the same field by field. It is asked where anything fails, and raises what is to be raised."""
    failure: type[Exception]
    """What hooks raise."""


def is_plain(cls: type[Any], ignored: Callable[..., None] | None) -> bool:
    """Whether making an object of an attrs class is no more than setting its fields.

    Args:
        cls: the class.
        ignored: what may be done after it was made, as `__attrs_post_init__`: it has nothing to do with replies.
    """
    fields = attrs.fields(cls)
    return getattr(cls, "__attrs_post_init__", None) in (None, ignored) and not any(
        field.converter
        or field.validator
        or (not field.init and field.default is not attrs.NOTHING)
        or getattr(field.default, "takes_self", False)
        for field in fields
    )


def fast_hook(plan: ClassPlan) -> Hook:
    """What reads the objects of one class, which `is_plain`."""
    sets = _Sets(plan)
    at_hand, careful, read_other = sets.at_hand, plan.careful, sets.read

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not dict:
            return careful(value, None)
        try:
            return at_hand[len(value)](value)
        except KeyError:
            pass  # read below, where an error of the reading has no other behind it
        return read_other(value)

    return structure


class _Sets:
    """The sets of fields that objects of one class had."""

    def __init__(self, plan: ClassPlan) -> None:
        self._plan = plan
        self._seen: Counter[frozenset[str]] = Counter()
        self._compiled: dict[frozenset[str], Callable[[Any], Any]] = {}
        self.at_hand: dict[int, Callable[[Any], Any]] = {}
        """The function for the fields that came last, by their number."""

    def read(self, value: dict[str, Any]) -> Any:
        """The object of a value whose fields have no function at hand."""
        fields = frozenset(value)
        made = self._compiled.get(fields)
        if made is None and self._is_often(fields):
            made = self._compiled[fields] = _compiled(self._plan, tuple(value))
        if made is None:
            return self._plan.careful(value, None)
        self.at_hand[len(fields)] = made
        return made(value)

    def _is_often(self, fields: frozenset[str]) -> bool:
        if len(fields) > MOST_FIELDS or (fields not in self._seen and len(self._seen) >= MOST_SETS):
            return False
        self._seen[fields] += 1
        return self._seen[fields] >= OFTEN and self._has_all_required(fields)

    def _has_all_required(self, fields: frozenset[str]) -> bool:
        return all(field.name in fields for field in self._plan.fields if field.is_required)


def _compiled(plan: ClassPlan, fields: tuple[str, ...]) -> Callable[[Any], Any]:
    """The function for objects with these fields. It is given what has as many; other fields raise `KeyError`."""
    extra = frozenset(fields).difference(field.name for field in plan.fields)
    names: dict[str, Any] = {
        "careful": plan.careful,
        "cls": plan.cls,
        "extra_of": lambda value: {name: value[name] for name in value if name in extra and value[name] is not None},
        "Failure": plan.failure,
        "new": object.__new__,
        "put": object.__setattr__,
    }
    if fields:
        names["pick"] = itemgetter(*fields)
    text = "\n".join(_lines(plan, fields, names))
    exec(compile(text, f"<structuring of {plan.cls.__qualname__}>", "exec"), names)
    made: Callable[[Any], Any] = names["structure"]
    return made


def _lines(plan: ClassPlan, fields: tuple[str, ...], names: dict[str, Any]) -> Iterator[str]:
    variables = {name: f"value_{number}" for number, name in enumerate(fields)}
    is_frozen = "__setattr__" in vars(plan.cls)
    set_field = "put(made, '{0}', {1})" if is_frozen else "made.{0} = {1}"
    yield "def structure(value):"
    if fields:
        yield f"    {', '.join(variables.values())} = pick(value)"
    yield "    made = new(cls)"
    yield "    try:"
    for number, field in enumerate(plan.fields):
        variable = variables.pop(field.name, None)
        if variable is not None and field.is_required:
            yield f"        if {variable} is None:"
            yield "            return careful(value, None)"
        if variable is not None and field.item_hook is not None:
            yield from _items(field.item_hook, variable, number, names)
        yield "        " + set_field.format(field.field.name, _expression(field, variable, number, names))
    yield "    except Failure:"
    yield "        return careful(value, None)"
    if plan.keeps_extra:
        yield "    " + set_field.format("model_extra", "extra_of(value) or None" if variables else "None")
    yield "    return made"


def _expression(plan: FieldPlan, variable: str | None, number: int, names: dict[str, Any]) -> str:
    """What a field is set to, if the variable holds its value; None where the object does not have the field."""
    absent = _absent(plan, number, names)
    if variable is None:
        return absent
    if plan.item_hook is not None:
        return f"{absent} if {variable} is None else items"
    names[f"hook_{number}"] = plan.hook
    other = f"{absent} if {variable} is None else hook_{number}({variable}, None)"
    return other if plan.exact is None else f"{variable} if type({variable}) is {plan.exact.__name__} else {other}"


def _absent(plan: FieldPlan, number: int, names: dict[str, Any]) -> str:
    """The expression for a field that is absent or null."""
    default: Any = plan.field.default
    if default is None:
        return "None"
    made = isinstance(default, attrs.Factory)  # type: ignore[arg-type]  # it is a class, whatever its stub says
    names[f"default_{number}"] = default.factory if made else default
    return f"default_{number}()" if made else f"default_{number}"


def _items(hook: Hook, variable: str, number: int, names: dict[str, Any]) -> Iterator[str]:
    """The lines that turn a list into the list `items`."""
    names[f"item_hook_{number}"] = hook
    yield f"        if {variable} is not None:"
    yield f"            if type({variable}) is not list:"
    yield "                return careful(value, None)"
    yield "            items = []"
    yield f"            for one in {variable}:"
    yield f"                items.append(item_hook_{number}(one, None))"
