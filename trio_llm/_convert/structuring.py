"""From JSON objects to classes: a function for each class, written out and compiled as attrs does `__init__`.

Replies consist of little else, and the cost of a chunk is the cost of this: a loop over its fields takes more than
twice as long.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import attrs

Hook = Callable[[Any, Any], Any]
"""From a decoded value, and its type as cattrs passes it, to what is made of it."""


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


def is_plain(cls: type[Any], *ignored: Callable[..., None]) -> bool:
    """Whether making an object of an attrs class is no more than setting its fields.

    Args:
        cls: the class.
        ignored: what may be done after it was made, as `__attrs_post_init__`; it has nothing to do with replies.
    """
    fields = attrs.fields(cls)
    return getattr(cls, "__attrs_post_init__", None) in (None, *ignored) and not any(
        field.converter
        or field.validator
        or (not field.init and field.default is not attrs.NOTHING)
        or getattr(field.default, "takes_self", False)
        for field in fields
    )


def compiled(plan: ClassPlan) -> Hook:
    """The function for one class, which `is_plain`."""
    known = frozenset(field.name for field in plan.fields)
    names: dict[str, Any] = {
        "careful": plan.careful,
        "cls": plan.cls,
        "extra_of": lambda value: {key: value[key] for key in value if key not in known and value[key] is not None},
        "Failure": plan.failure,
        "has_all": known.issuperset,
        "new": object.__new__,
        "put": object.__setattr__,
    }
    text = "\n".join(_lines(plan, names))
    exec(compile(text, f"<structuring of {plan.cls.__qualname__}>", "exec"), names)
    made: Hook = names["structure"]
    return made


def _lines(plan: ClassPlan, names: dict[str, Any]) -> Iterator[str]:
    is_frozen = "__setattr__" in vars(plan.cls)
    set_field = "put(made, '{0}', {1})" if is_frozen else "made.{0} = {1}"
    yield "def structure(value, _):"
    yield "    if type(value) is not dict:"
    yield "        return careful(value, None)"
    yield "    made = new(cls)"
    yield "    try:"
    for number, field in enumerate(plan.fields):
        absent = _absent(field, number, names)
        yield f"        if {field.name!r} in value and (item := value[{field.name!r}]) is not None:"
        if field.item_hook is not None:
            yield from _items(field.item_hook, number, names)
        yield "            " + set_field.format(field.field.name, _present(field, number, names))
        yield "        else:"
        yield "            " + (set_field.format(field.field.name, absent) if absent else "return careful(value, None)")
    yield "    except Failure:"
    yield "        return careful(value, None)"
    if plan.keeps_extra:
        yield "    " + set_field.format("model_extra", "None if has_all(value) else extra_of(value) or None")
    yield "    return made"


def _absent(plan: FieldPlan, number: int, names: dict[str, Any]) -> str | None:
    """The expression for a field that is absent; None if it has to be there."""
    default: Any = plan.field.default
    if default is attrs.NOTHING:
        return None
    if default is None:
        return "None"
    made = isinstance(default, attrs.Factory)  # type: ignore[arg-type]  # it is a class, whatever its stub says
    names[f"default_{number}"] = default.factory if made else default
    return f"default_{number}()" if made else f"default_{number}"


def _items(hook: Hook, number: int, names: dict[str, Any]) -> Iterator[str]:
    """The lines that turn the list `item` into the list `items`."""
    names[f"item_hook_{number}"] = hook
    yield "            if type(item) is not list:"
    yield "                return careful(value, None)"
    yield "            items = []"
    yield "            for one in item:"
    yield f"                items.append(item_hook_{number}(one, None))"


def _present(plan: FieldPlan, number: int, names: dict[str, Any]) -> str:
    if plan.item_hook is not None:
        return "items"
    names[f"hook_{number}"] = plan.hook
    if plan.exact is None:
        return f"hook_{number}(item, None)"
    return f"(item if type(item) is {plan.exact.__name__} else hook_{number}(item, None))"
