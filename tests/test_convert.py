"""Decoded JSON to attrs classes: lenient where nothing is lost, exact about the place of what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_llm._convert.converter import ConversionError, _careful_hook, _field_plans, load, parse, structure
from trio_llm._convert.structuring import MOST_FIELDS, MOST_SETS, OFTEN, ClassPlan, Hook, fast_hook
from trio_llm._types.chat import ModelResponse, ModelResponseStream
from trio_llm._types.mapping import ANSWER, Record
from trio_llm._types.usage import Usage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@attrs.define
class Leaf(Record):
    name: str = attrs.field(default="", metadata=ANSWER)
    size: int | None = attrs.field(default=None, metadata=ANSWER)
    weight: float = attrs.field(default=0.0, metadata=ANSWER)
    ripe: bool = attrs.field(default=False, metadata=ANSWER)
    color: str | None = None
    rings: int = 0


@attrs.define
class Tree(Record):
    leaves: list[Leaf] = attrs.field(factory=list, metadata=ANSWER)
    branch: Tree | None = attrs.field(default=None, metadata=ANSWER)
    notes: dict[str, Any] | None = attrs.field(default=None, metadata=ANSWER)
    anything: Any = None
    tags: list[str] | None = None
    marks: list[bool] | None = None


@attrs.frozen
class Wire:
    kind: str
    size: int = 0


@attrs.define
class Checked(Record):
    size: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    tags: list[str] = attrs.Factory(lambda self: [str(self.size)], takes_self=True)


@attrs.frozen
class Branch:
    wires: list[Wire] = attrs.Factory(list)
    _hidden: str | None = None


def outcome(make: Callable[[Any, Any], object], value: object, cls: object) -> object:
    try:
        return make(value, cls)
    except ConversionError as error:
        return str(error)


def test_classes_that_do_more_than_hold_their_fields_are_made_by_their_own_means() -> None:
    assert structure({"size": 2}, Checked) == Checked(2, ["2"])
    with pytest.raises(ValueError, match="size"):
        structure({"size": 0}, Checked)


def test_frozen_classes_are_built_under_the_names_of_their_arguments() -> None:
    assert structure({"wires": [{"kind": "a"}], "hidden": "b"}, Branch) == Branch([Wire("a")], "b")


def test_what_is_made_anew_by_default_is_made_for_each() -> None:
    one, other = structure({}, Tree), structure({}, Tree)

    assert one.leaves is not other.leaves


@given(JSON)
def test_the_fast_way_and_the_careful_way_come_to_the_same(value: object) -> None:
    careful = _careful_hook(Tree, {plan.name: plan for plan in _field_plans(Tree)})
    for name in ("leaves", "branch", "notes", "anything", "tags", "marks", "other"):
        assert outcome(structure, {name: value}, Tree) == outcome(careful, {name: value}, None)


def counted_hook(cls: type[Any]) -> tuple[Hook, list[object]]:
    """The fast hook of a class, and what it has had read carefully."""
    plans, read = _field_plans(cls), list[object]()
    careful = _careful_hook(cls, {plan.name: plan for plan in plans})

    def counting(value: object, _: object) -> object:
        read.append(value)
        return careful(value, None)

    return fast_hook(ClassPlan(cls, plans, issubclass(cls, Record), counting, ConversionError)), read


def test_fields_that_come_often_get_a_function_of_their_own() -> None:
    hook, carefully = counted_hook(Leaf)

    made = [hook({"name": "a", "size": number, "shape": None, "kind": "x"}, None) for number in range(OFTEN + 5)]

    assert made == [Leaf("a", number, model_extra={"kind": "x"}) for number in range(OFTEN + 5)]
    assert len(carefully) == OFTEN - 1


def test_sets_of_as_many_fields_take_turns_without_being_taken_for_each_other() -> None:
    hook, carefully = counted_hook(Leaf)
    values = [{"name": "a", "size": 1}, {"ripe": True, "color": "red"}, {"size": 2, "name": "b"}] * OFTEN
    wanted = [Leaf("a", 1), Leaf(ripe=True, color="red"), Leaf("b", 2)] * OFTEN

    assert [hook(value, None) for value in values] == wanted
    assert len(carefully) == 2 * (OFTEN - 1)


def test_a_provider_that_makes_names_up_costs_no_memory() -> None:
    hook, carefully = counted_hook(Leaf)
    for number in range(MOST_SETS):
        hook({f"name {number}": number}, None)
    late, wide = {"name": "a"}, {f"name {number}": number for number in range(MOST_FIELDS + 1)}
    carefully.clear()

    assert [hook(late, None) for _ in range(2 * OFTEN)] == [Leaf("a")] * 2 * OFTEN
    assert len(carefully) == 2 * OFTEN

    wide_hook, carefully = counted_hook(Leaf)
    assert [wide_hook(wide, None) for _ in range(2 * OFTEN)] == [Leaf(model_extra=wide)] * 2 * OFTEN
    assert len(carefully) == 2 * OFTEN


def test_a_required_field_is_missed_however_often() -> None:
    hook, _ = counted_hook(Wire)
    for _ in range(2 * OFTEN):
        for value in ({"size": 1}, {}, {"kind": None, "size": 1}):
            with pytest.raises(ConversionError, match="kind") as told:
                hook(value, None)
            assert told.value.__suppress_context__ or told.value.__context__ is None


@given(st.lists(st.dictionaries(st.sampled_from(["name", "size", "weight", "ripe", "x", "y"]), JSON), max_size=40))
def test_any_row_of_objects_is_read_as_if_each_came_alone(values: list[dict[str, Any]]) -> None:
    careful = _careful_hook(Leaf, {plan.name: plan for plan in _field_plans(Leaf)})
    hook, _ = counted_hook(Leaf)

    for value in values * 3:
        assert outcome(hook, value, Leaf) == outcome(careful, value, None)


def test_nested_classes_are_built() -> None:
    tree = load(
        b'{"leaves": [{"name": "a", "size": 3, "ripe": true}], "branch": {"notes": {"x": 1}}, "anything": [1]}', Tree
    )

    assert tree == Tree([Leaf("a", 3, ripe=True)], Tree(notes={"x": 1}), None, [1])


def test_lists_of_plain_values_are_built() -> None:
    assert structure({"tags": ["a", 1], "marks": [True]}, Tree) == Tree(tags=["a", "1"], marks=[True])


def test_null_means_absent() -> None:
    assert structure({"leaves": None, "branch": None}, Tree) == Tree()


def test_fields_that_a_record_does_not_document_stay_readable() -> None:
    leaf = structure({"name": "a", "colour": "green", "nothing": None}, Leaf)

    assert leaf["colour"] == "green"
    assert leaf.model_extra == {"colour": "green"}


def test_fields_that_a_plain_class_does_not_document_are_ignored() -> None:
    assert structure({"kind": "k", "colour": "green"}, Wire) == Wire("k")


@pytest.mark.parametrize(
    ("value", "size"), [(3, 3), ("3", 3), (3.0, 3), ("3.0", 3), (10**20, 10**20)], ids=lambda value: repr(value)
)
def test_numbers_written_otherwise_are_read(value: object, size: int) -> None:
    assert structure({"size": value}, Leaf).size == size


def test_a_number_is_read_where_a_text_belongs() -> None:
    assert structure({"name": 7}, Leaf).name == "7"


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "expected an object, got [] @ $"),
        ({"leaves": {"a": 1}}, "expected a list, got {'a': 1} @ $.leaves"),
        ({"leaves": [{}, 1]}, "expected an object, got 1 @ $.leaves[1]"),
        ({"leaves": [{"size": "x"}]}, "expected a whole number, got 'x' @ $.leaves[0].size"),
        ({"leaves": [{"size": True}]}, "expected a whole number, got True @ $.leaves[0].size"),
        ({"leaves": [{"size": 1e400}]}, "expected a whole number, got inf @ $.leaves[0].size"),
        ({"leaves": [{"size": "nan"}]}, "expected a whole number, got 'nan' @ $.leaves[0].size"),
        ({"leaves": [{"size": [1]}]}, "expected a whole number, got [1] @ $.leaves[0].size"),
        ({"branch": {"branch": {"leaves": [{"weight": "x"}]}}}, "expected a number, got 'x' @ $.branch.branch.leaves[0].weight"),  # noqa: E501
        ({"leaves": [{"weight": 10**400}]}, f"expected a number, got 1{'0' * 59} @ $.leaves[0].weight"),
        ({"leaves": [{"weight": True}]}, "expected a number, got True @ $.leaves[0].weight"),
        ({"leaves": [{"name": [""]}]}, "expected text, got [''] @ $.leaves[0].name"),
        ({"leaves": [{"ripe": "yes"}]}, "expected true or false, got 'yes' @ $.leaves[0].ripe"),
        ({"notes": [0]}, "expected an object, got [0] @ $.notes"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_its_path(value: object, problem: str) -> None:
    with pytest.raises(ConversionError) as caught:
        structure(value, Tree)

    assert str(caught.value) == problem


@pytest.mark.parametrize(("odd", "kept"), [(["red"], ["red"]), ({"hue": 1}, {"hue": 1}), ([], None), ({}, None)])
def test_an_odd_field_beside_the_answer_is_readable_and_costs_nothing(odd: object, kept: object) -> None:
    leaf = structure({"name": "a", "color": odd, "rings": "many"}, Leaf)

    assert (leaf.name, leaf.color, leaf.rings) == ("a", None, 0)
    assert leaf.model_extra == {**({"color": kept} if kept else {}), "rings": "many"}


@given(st.dictionaries(st.sampled_from(["color", "rings", "other"]), JSON))
def test_nothing_beside_the_answer_can_be_so_odd_that_the_answer_is_lost(beside: dict[str, Any]) -> None:
    assert structure({"name": "a", **beside}, Leaf).name == "a"


@pytest.mark.parametrize("empty", [[], "", False])
def test_an_empty_value_of_the_wrong_type_says_nothing_and_is_absent(empty: object) -> None:
    assert structure({"branch": empty, "leaves": empty or {}}, Tree) == Tree()


def test_a_field_without_default_that_is_absent_is_named() -> None:
    with pytest.raises(ConversionError, match="missing 1 required positional argument: 'kind'"):
        structure({"size": 1}, Wire)


@pytest.mark.parametrize("text", [b"", b"<html>", b"{", "nonsense"])
def test_what_is_no_json_is_quoted(text: bytes | str) -> None:
    with pytest.raises(ConversionError, match="expected JSON, got"):
        parse(text)


def test_numbers_that_json_does_not_have_are_read_as_some_servers_write_them() -> None:
    assert load('{"weight": Infinity}', Leaf).weight == float("inf")


@given(JSON)
def test_any_json_either_fits_or_is_refused_with_a_path(value: object) -> None:
    for cls in (ModelResponse, ModelResponseStream, Tree):
        try:
            made = structure({"choices": value, "usage": value, "leaves": value, "branch": value}, cls)
        except ConversionError as error:
            assert "@ $" in str(error)
        else:
            assert isinstance(made, cls)


@given(st.builds(Usage, st.integers(0), st.integers(0), st.integers(0)))
def test_a_dumped_record_structures_to_itself(usage: Usage) -> None:
    assert structure(usage.model_dump(), Usage) == usage
