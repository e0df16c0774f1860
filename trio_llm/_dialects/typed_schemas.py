"""Schemas of tools for vendors who want every part of them to have one type, told in one place.

Moonshot takes a subset of JSON Schema ("moonshot flavored"): parameters that are there and are an object, parts with a
type, a type inside of alternatives and never beside them, references to `$defs` with nothing beside them, and lists of
one kind. What is written otherwise means the same afterwards, but for what stood beside a reference.

Source: replies of 2026 in MoonshotAI/kimi-cli#2531 and #2061, earendil-works/pi#4138, anomalyco/opencode#39995,
CommandCodeAI/command-code#594, router-for-me/CLIProxyAPI#5316; MiniMax, "function parameters is empty (2013)",
QwenLM/qwen-code#11834.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._convert.narrow import as_list, as_mapping, is_object
from .tool_schemas import object_schema

Schema = dict[str, Any]

_NO_PARAMETERS: Final[Mapping[str, Any]] = {"type": "object", "properties": {}}
_CHOICES: Final = ("anyOf", "oneOf")
_NAMED: Final = ("properties", "$defs", "definitions", "patternProperties")
_ANYTHING: Final = ("string", "number", "boolean", "object", "null")
_DEEPEST: Final = 12
"""Levels to which references are written out. What is deeper may be anything."""
_KINDS: Final[Mapping[type, str]] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def typed_function(function: Mapping[str, Any]) -> dict[str, Any]:
    """A function with parameters as such vendors take them."""
    given = function.get("parameters")
    if not is_object(given):
        return {**function, "parameters": _NO_PARAMETERS if given is None else given}
    return {**function, "parameters": _typed(object_schema(given), given, 0)}


def _typed(schema: Any, root: Mapping[str, Any], depth: int, usual: object = None) -> Any:
    """A part, which is of the usual type where it says none."""
    if schema is True:
        schema = {}
    if not is_object(schema):
        return schema
    if isinstance(reference := schema.get("$ref"), str):
        return _referred(reference, root, depth)
    kind = schema.get("type")
    made: Schema = {
        "$defs" if name == "definitions" else name: _inside(name, value, root, depth, kind)
        for name, value in schema.items()
    }
    if any(made.get(word) for word in _CHOICES):
        made.pop("type", None)
    elif "type" not in made and "allOf" not in made:
        made |= {"type": usual} if usual is not None else _guessed(made)
    return made


def _inside(name: str, value: Any, root: Mapping[str, Any], depth: int, kind: object) -> Any:
    """What stands under a word of a part of some kind."""
    if name in _NAMED:
        return {key: _typed(one, root, depth) for key, one in as_mapping(value).items()}
    if name in _CHOICES:
        return [_typed(one, root, depth, kind) for one in as_list(value)]
    if name in ("allOf", "prefixItems"):
        return [_typed(one, root, depth) for one in as_list(value)]
    if name == "items" and isinstance(value, list):
        return _typed({"anyOf": value} if value else {}, root, depth)
    return _typed(value, root, depth) if name in ("items", "additionalProperties") and is_object(value) else value


def _guessed(schema: Schema) -> Schema:
    """The type of a part that says none."""
    values = as_list(schema.get("enum")) or ([schema["const"]] if "const" in schema else [])
    kinds = {_KINDS.get(type(value), "") for value in values}
    if "properties" in schema or "additionalProperties" in schema:
        return {"type": "object"}
    if "items" in schema or "prefixItems" in schema:
        return {"type": "array"}
    if values:
        return {"type": kinds.pop()} if len(kinds) == 1 and "" not in kinds else {}
    return {"anyOf": [{"type": kind} for kind in _ANYTHING] + [{"type": "array", "items": {"type": "string"}}]}


def _referred(reference: str, root: Mapping[str, Any], depth: int) -> Any:
    """A reference as it may be written, or what it means in place of one elsewhere."""
    for place in ("#/$defs/", "#/definitions/"):
        if reference.startswith(place):
            return {"$ref": f"#/$defs/{reference.removeprefix(place)}"}
    target: object = root
    for step in reference.removeprefix("#").strip("/").split("/"):
        target = as_mapping(target).get(step)
    return _typed(target if is_object(target) and depth < _DEEPEST else {}, root, depth + 1)
