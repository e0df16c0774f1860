"""JSON schemas in the words that Gemini reads.

`parametersJsonSchema` and `responseJsonSchema` take JSON Schema itself, but ignore the words that they do not know
and refuse others beside a `$ref`. Words with an equal are written in its terms; the rest stay as they are.

Source: Gemini API guide "Structured outputs", "JSON schema support"; reference, "GenerationConfig"; 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import is_list, is_object

Schema = dict[str, Any]

_ENUM_TYPES: Final[Mapping[type, str]] = {str: "string", int: "integer", float: "number"}
_TABLES: Final = ("properties", "$defs", "patternProperties")
_LISTS: Final = ("anyOf", "oneOf", "prefixItems")
_DEFINITIONS = "#/definitions/"


def gemini_schema(schema: Any) -> Any:
    """A JSON schema in Gemini's words, with the same meaning. The argument is not changed."""
    if not is_object(schema):
        return schema  # true and false are schemas too
    made: Schema = dict(schema)
    if "definitions" in made:
        made["$defs"] = {**made.pop("definitions"), **made.get("$defs", {})}
    for rewrite in (
        _without_const,
        _without_exclusive_bounds,
        _without_nullable,
        _without_tuples,
        _without_empty_words,
    ):
        rewrite(made)
    _rewrite_within(made)
    if "allOf" in made:
        made = _merged(made)
    _within_its_type(made)
    return _alone_with_reference(made)


def _rewrite_within(made: Schema) -> None:
    for name in _TABLES:
        if is_object(made.get(name)):
            made[name] = {key: _inner(value) for key, value in made[name].items()}
    for name in (*_LISTS, "allOf"):
        if is_list(made.get(name)):
            made[name] = [_inner(value) for value in made[name]]
    if "items" in made:
        made["items"] = _inner(made["items"])
    if "additionalProperties" in made:
        made["additionalProperties"] = gemini_schema(made["additionalProperties"])


def _inner(schema: Any) -> Any:
    """A schema inside another one. That of anything is written as an object."""
    return {} if schema is True else gemini_schema(schema)


def _without_const(made: Schema) -> None:
    if "const" not in made:
        return
    value = made.pop("const")
    if type(value) in _ENUM_TYPES:
        made["enum"] = [value]
        made.setdefault("type", _ENUM_TYPES[type(value)])
    elif value is None:
        made["type"] = "null"
    else:  # `enum` takes texts and numbers only
        if isinstance(value, bool):
            made.setdefault("type", "boolean")
        _describe(made, f"Always {str(value).lower()}.")


def _without_exclusive_bounds(made: Schema) -> None:
    for word, bound, step in (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1)):
        limit = made.get(word)
        if isinstance(limit, bool) or not isinstance(limit, int | float):
            continue  # draft 4's flag has its bound beside it
        del made[word]
        if made.get("type") == "integer":
            made[bound] = int(limit) + step
        else:
            made[bound] = limit
            _describe(made, f"Not {limit} itself.")


def _without_nullable(made: Schema) -> None:
    """OpenAPI's word for what JSON Schema says with a list of types."""
    kind = made.get("type")
    if made.get("nullable") is True and isinstance(kind, str):
        del made["nullable"]
        made["type"] = [kind, "null"]


def _without_tuples(made: Schema) -> None:
    """One schema for each place was `items` before draft 2020-12."""
    if is_list(made.get("items")):
        made["prefixItems"] = made.pop("items")


def _without_empty_words(made: Schema) -> None:
    """The empty text is refused among the words of an `enum`: "cannot be empty"."""
    words = made.get("enum")
    if is_list(words) and "" in words:
        made["enum"] = [word for word in words if word != ""]
        _describe(made, "May be empty.")
        if not made["enum"]:
            del made["enum"]


def _within_its_type(made: Schema) -> None:
    """Leave out what only objects have, and names that one lacks; say what arrays are of. Google refuses them else."""
    kind = made.get("type")
    kinds = kind if is_list(kind) else [kind]
    if kind is None:
        made.pop("type", None)
    elif "object" not in kinds:
        made.pop("properties", None)
        made.pop("required", None)
    properties, required = made.get("properties"), made.get("required")
    if is_object(properties) and required and is_list(required) and not {"anyOf", "oneOf", "allOf"} & made.keys():
        made["required"] = [name for name in required if name in properties]
        if not made["required"]:
            del made["required"]
    if "array" in kinds and not {"items", "prefixItems"} & made.keys():
        made["items"] = {}


def _merged(made: Schema) -> Schema:
    """Properties of all alternatives side by side; what is not an object's is taken from the last that has it."""
    joined: Schema = {name: value for name, value in made.items() if name != "allOf"}
    references: list[Schema] = []
    for part in made["allOf"]:
        if not is_object(part):
            continue
        if "$ref" in part:
            references.append(dict(part))
            continue
        both = {**joined.get("properties", {}), **part.get("properties", {})}
        required = list(dict.fromkeys([*joined.get("required", ()), *part.get("required", ())]))
        joined |= part
        joined |= ({"properties": both} if both else {}) | ({"required": required} if required else {})
    if len(references) == 1 and "properties" not in joined:
        return joined | references[0]
    return joined | ({"allOf": references} if references else {})


def _alone_with_reference(made: Schema) -> Schema:
    """Beside a `$ref` only words that begin with `$` are allowed: the others go around it."""
    reference = made.get("$ref")
    if not isinstance(reference, str):
        return made
    if reference.startswith(_DEFINITIONS):
        made["$ref"] = reference = reference.replace(_DEFINITIONS, "#/$defs/", 1)
    if all(name.startswith("$") for name in made):
        return made
    del made["$ref"]
    return {**made, "allOf" if "anyOf" in made else "anyOf": [{"$ref": reference}]}


def _describe(made: Schema, sentence: str) -> None:
    made["description"] = " ".join(filter(None, (made.get("description"), sentence)))
