"""Classes as JSON schema, as strict as they allow."""

from __future__ import annotations

import datetime
import enum
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional

import attrs
import pytest

from trio_llm._dialects.schema import answer_schema, response_format_dict
from trio_llm._types.errors import BadRequestError


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@attrs.define
class Fruit:
    """A fruit."""

    name: str


@attrs.define
class Branch:
    fruits: list[Fruit]
    branches: list[Branch]


@attrs.define
class Node:
    value: int
    left: Node | None = None
    below: Branch | None = None


FRUIT = {
    "type": "object",
    "description": "A fruit.",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


def schema_of(kind: Any) -> Any:
    """The schema of a field of this type."""
    cls = attrs.make_class("Holder", {"field": attrs.field(type=kind)})
    return answer_schema(cls)["properties"]["field"]


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (type(None), {"type": "null"}),
        (datetime.datetime, {"type": "string", "format": "date-time"}),
        (datetime.date, {"type": "string", "format": "date"}),
        (Any, {}),
        (object, {}),
        (Fruit, FRUIT),
        (Colour, {"type": "string", "enum": ["red", "blue"]}),
        (Level, {"type": "integer", "enum": [1, 2]}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", 1, None], {"enum": ["a", 1, None]}),
        (Optional[int], {"anyOf": [{"type": "integer"}, {"type": "null"}]}),  # noqa: UP045 - the old way must work
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (list[Fruit], {"type": "array", "items": FRUIT}),
        (list, {"type": "array", "items": {}}),
        (Sequence[int], {"type": "array", "items": {"type": "integer"}}),
        (set[int], {"type": "array", "items": {"type": "integer"}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (tuple[float, float], {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
        (
            tuple[int, str],
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
        ),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Mapping[str, Fruit], {"type": "object", "additionalProperties": FRUIT}),
        (dict, {"type": "object", "additionalProperties": {}}),
        (Annotated[int, "in grams", 7], {"type": "integer", "description": "in grams"}),
        (Annotated[int, 7], {"type": "integer"}),
    ],
    ids=str,
)
def test_every_type_has_its_schema(kind: Any, schema: Any) -> None:
    assert schema_of(kind) == schema


def test_a_type_without_json_form_is_refused_by_its_field() -> None:
    with pytest.raises(BadRequestError, match=r"field 'price' has a type without a JSON form: .*Decimal"):
        answer_schema(attrs.make_class("Priced", {"price": attrs.field(type=Decimal)}))


def test_a_class_that_contains_itself_is_referred_to() -> None:
    schema = answer_schema(Node)

    assert schema["properties"]["left"] == {"anyOf": [{"$ref": "#"}, {"type": "null"}]}
    assert schema["properties"]["below"] == {"anyOf": [{"$ref": "#/$defs/Branch"}, {"type": "null"}]}
    branch = schema["$defs"]["Branch"]
    assert branch["properties"]["branches"] == {"type": "array", "items": {"$ref": "#/$defs/Branch"}}
    assert branch["properties"]["fruits"]["items"] == FRUIT


def test_every_field_is_required_and_no_other_allowed() -> None:
    schema = answer_schema(Node)

    assert schema["required"] == ["value", "left", "below"]
    assert schema["additionalProperties"] is False


def test_a_class_becomes_a_strict_format_named_after_it() -> None:
    assert response_format_dict(Fruit) == {
        "type": "json_schema",
        "json_schema": {"name": "Fruit", "schema": FRUIT, "strict": True},
    }


@pytest.mark.parametrize("kind", [dict[str, int], Any, list[dict[str, int]], list[Any], dict[str, int] | None])
def test_a_class_with_free_keys_or_any_is_not_strict(kind: Any) -> None:
    cls = attrs.make_class("Loose", {"field": attrs.field(type=kind)})

    assert response_format_dict(cls)["json_schema"]["strict"] is False


def test_a_recursive_class_is_strict() -> None:
    assert response_format_dict(Node)["json_schema"]["strict"] is True


def test_a_dictionary_stays_as_it_is() -> None:
    given = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}

    assert response_format_dict(given) == given
    assert response_format_dict(given) is not given


class PydanticLike:
    """Stands in for a pydantic model: only the method counts."""

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {
            "type": "object",
            "title": "PydanticLike",
            "$defs": {"Inner": {"type": "object", "properties": {"x": {"type": "integer", "default": 3}}}},
            "properties": {
                "inner": {"$ref": "#/$defs/Inner"},
                "either": {"anyOf": [{"type": "object", "properties": {}}, {"type": "null"}], "default": None},
                "many": {"type": "array", "items": {"type": "object", "properties": {"default": {"type": "string"}}}},
            },
            "required": ["inner"],
        }


def test_a_pydantic_model_is_made_strict() -> None:
    made = response_format_dict(PydanticLike)["json_schema"]

    assert (made["name"], made["strict"]) == ("PydanticLike", True)
    assert made["schema"] == {
        "type": "object",
        "title": "PydanticLike",
        "$defs": {
            "Inner": {
                "type": "object",
                "properties": {"x": {"type": "integer"}},
                "required": ["x"],
                "additionalProperties": False,
            }
        },
        "properties": {
            "inner": {"$ref": "#/$defs/Inner"},
            "either": {
                "anyOf": [
                    {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
                    {"type": "null"},
                ]
            },
            "many": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"default": {"type": "string"}},
                    "required": ["default"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["inner", "either", "many"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("extra", [True, {"type": "integer"}])
def test_a_pydantic_model_that_allows_more_is_not_strict(extra: object) -> None:
    class Open:
        @classmethod
        def model_json_schema(cls) -> dict[str, Any]:
            return {"type": "object", "properties": {}, "additionalProperties": extra}

    made = response_format_dict(Open)["json_schema"]

    assert made["strict"] is False
    assert made["schema"]["additionalProperties"] == extra


def test_a_pydantic_model_with_a_field_of_any_type_is_not_strict() -> None:
    class Anything:
        @classmethod
        def model_json_schema(cls) -> dict[str, Any]:
            return {"type": "object", "properties": {"x": True}}

    assert response_format_dict(Anything)["json_schema"]["strict"] is False


@pytest.mark.parametrize("value", ["json_object", Fruit("x"), 3])
def test_what_is_neither_is_refused(value: Any) -> None:
    with pytest.raises(BadRequestError, match="response_format must be a dictionary or a type, not"):
        response_format_dict(value)


def test_schemas_are_json() -> None:
    assert json.loads(json.dumps(answer_schema(Node))) == answer_schema(Node)
