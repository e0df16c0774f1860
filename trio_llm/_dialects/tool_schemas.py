"""Schemas of what tools take, as vendors demand them of every request: one that does not fit costs all of it.

Servers of tools (MCP's above all) write what JSON Schema allows. Vendors want less: an object at the root that names
its properties, without alternatives; some want every array to say of what it is. What can be written in those words
means the same afterwards. Alternatives at the root cannot: their properties stand side by side, and what they demand is
told in words.

Source: OpenAI, "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level",
"object schema missing properties" and "array schema missing items"; Anthropic, "input_schema does not support oneOf,
allOf, or anyOf at the top level" and "It must match JSON Schema draft 2020-12"; Bedrock, "inputSchema.json.type must be
one of the following: object"; replies of 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .._convert.narrow import as_list, as_mapping, as_objects, is_object, json_text
from .._types.http import HTTPRequest

Schema = dict[str, Any]

_COMPOSED: Final = frozenset({"$ref", "allOf", "anyOf", "enum", "not", "oneOf"})
_CHOICES: Final = ("anyOf", "oneOf")
_REFUSED: Final = ("not", "enum")
_OUTLINED: Final = ("title", "description", "required")
_OBJECT: Final = "object"
_MOST_REFERENCES: Final = 8
"""References from one to the next that are followed."""


def object_schema(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with an object at its root that names its properties; the same one where that is so already."""
    kind = schema.get("type")
    if kind == _OBJECT and "properties" in schema and _COMPOSED.isdisjoint(schema):
        return schema
    if kind not in (None, _OBJECT) and _OBJECT not in as_list(kind):
        return schema  # of something else, which is for the vendor to judge
    made = _resolved(schema, schema)
    told: list[str] = []
    for part in as_objects(made.pop("allOf", None)):
        every = _resolved(part, schema)
        _join(made, [every])
        made = {**every, **made}
    for word in _CHOICES:
        if word in made:
            parts = [_resolved(part, schema) for part in as_objects(made.pop(word))]
            _join(made, parts)
            told.append(f"{word}: {json_text([_outline(part) for part in parts])}")
    told += [f"{word}: {json_text(made.pop(word))}" for word in _REFUSED if word in made]
    if told:
        made["description"] = " ".join(filter(None, (made.get("description"), *told)))
    made["type"] = _OBJECT
    made.setdefault("properties", {})
    return made


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Schema:
    """A schema with what its own reference means in place of that."""
    made = dict(schema)
    for _ in range(_MOST_REFERENCES):
        reference = made.pop("$ref", None)
        if not isinstance(reference, str):
            return made
        target: object = root
        for step in reference.removeprefix("#").strip("/").split("/"):
            target = as_mapping(target).get(step)
        made = {**as_mapping(target), **made}
    return made


def _join(made: Schema, parts: list[Schema]) -> None:
    """Put the properties of parts beside those that there are. Several parts demand what all of them do."""
    properties: Schema = dict(as_mapping(made.get("properties")))
    for part in parts:
        for name, schema in as_mapping(part.get("properties")).items():
            held = properties.setdefault(name, schema)
            if held != schema:
                properties[name] = {"anyOf": [*_alternatives(held), schema]}
    demanded = [as_list(part.get("required")) for part in parts]
    common = [name for name in demanded[0] if all(name in names for names in demanded)] if demanded else []
    required = list(dict.fromkeys([*as_list(made.get("required")), *common]))
    made["properties"] = properties
    if required:
        made["required"] = required


def _alternatives(schema: object) -> Iterable[Any]:
    told = as_mapping(schema)
    return told["anyOf"] if told.keys() == {"anyOf"} else [schema]


def _outline(part: Schema) -> Schema:
    """What tells an alternative from others: what it demands, and the values that it has fixed."""
    outline = {name: part[name] for name in _OUTLINED if part.get(name)}
    properties = as_mapping(part.get("properties"))
    fixed = {name: as_mapping(one)["const"] for name, one in properties.items() if "const" in as_mapping(one)}
    return {
        **outline,
        **({"properties": list(properties)} if properties else {}),
        **({"const": fixed} if fixed else {}),
    }


def bytes_of(request: HTTPRequest) -> bytes:
    """The body of a JSON request."""
    assert isinstance(request.body, bytes)
    return request.body


def may_lack_items(body: bytes) -> bool:
    """Whether a request may have an array that does not say of what it is, or not in one schema."""
    return body.count(b'"array"') > body.count(b'"items"') or b'"items":[' in body


def may_be_older(body: bytes) -> bool:
    """Whether a request may have a schema in words of before draft 2020-12."""
    return b'"items":[' in body or b'"exclusiveMinimum":true' in body or b'"exclusiveMaximum":true' in body


def with_items(value: Any) -> Any:
    """Tools whose arrays all say of what they are: of anything, where nothing was said."""
    if isinstance(value, list | tuple):
        return [with_items(one) for one in value]
    if not is_object(value):
        return value
    made = {name: with_items(one) for name, one in value.items()}
    kind = made.get("type")
    items = made.get("items", made.get("prefixItems"))
    if isinstance(items, list):
        made["items"] = {"anyOf": items} if items else {}
    elif "items" not in made and (kind == "array" or (isinstance(kind, list) and "array" in kind)):
        made["items"] = {}
    return made


def of_today(value: Any) -> Any:
    """Tools with schemas in the words of draft 2020-12, where they are written in those of earlier ones."""
    if isinstance(value, list | tuple):
        return [of_today(one) for one in value]
    if not is_object(value):
        return value
    made = {name: of_today(one) for name, one in value.items()}
    if isinstance(made.get("items"), list):
        made["prefixItems"] = made.pop("items")
        if "additionalItems" in made:
            made["items"] = made.pop("additionalItems")
    for word, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if made.get(word) is True and bound in made:
            made[word] = made.pop(bound)
        elif isinstance(made.get(word), bool):
            del made[word]
    return made
