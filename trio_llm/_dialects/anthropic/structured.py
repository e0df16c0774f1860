"""`response_format` as native structured output, or as a tool that has to be called.

Native output (`output_config.format`) is exact, goes together with thinking and tools, and comes as text. It takes
closed schemas only, so it serves `json_schema` formats on models that have it; what it cannot enforce (lengths,
ranges, patterns) is moved into the descriptions, as Anthropic's own SDKs do. `json_object`, schemas with free keys
or recursion, and older models get a tool whose input is the answer: the model is made to call it, and its input is
put back into the content. Models that cannot be made to call a tool are told in words.

Source: Anthropic docs, "Structured outputs" (JSON schema limitations) and "Tool use" (forcing tool use), 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import attrs

from ..._convert import json as _json
from ..._convert.narrow import a_list, an_object, as_mapping
from ..._types.chat import ChatRequest
from ..._types.errors import BadRequestError
from ..._types.receipt import EnforcedBy
from ..contract import WireCall
from ..quirks import Answers, Quirks
from ..schema import response_format_dict
from ..told_schema import with_told_schema
from .models import has_structured_output, takes_forced_tools

Schema = dict[str, Any]

_IN_WORDS: Final = Quirks(answers=Answers.WORDS)
ANSWER_TOOL: Final = "json_answer"
_DESCRIPTION: Final = "Give your answer by calling this tool; its input is the whole answer."

_KEPT: Final = frozenset({"type", "enum", "const", "default", "title", "description", "required", "$ref"})
_FORMATS: Final = ("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid")
_TABLES: Final = ("properties", "$defs", "definitions")
_CHOICES: Final[Mapping[str, str]] = {"anyOf": "anyOf", "oneOf": "anyOf"}
_TYPED: Final = frozenset({"type", "enum", "const", "$ref", "properties", *_CHOICES})
"""A schema without any of these allows everything."""
_UNCLOSABLE: Final = frozenset(
    {"allOf", "not", "if", "then", "else", "patternProperties", "propertyNames", "prefixItems", "contains"}
)


class _OpenSchema(Exception):
    """A schema that native output does not take."""


def native_format(call: WireCall[ChatRequest]) -> dict[str, Any] | None:
    """The `output_config.format` of a request, if it asks for JSON that native output can give.

    Raises:
        BadRequestError: for a format that does not exist.
    """
    asked = _asked_schema(call)
    closed = closed_schema(asked) if asked and has_structured_output(call.model) else None
    return None if closed is None else {"type": "json_schema", "schema": closed}


def answers_by_tool(call: WireCall[ChatRequest]) -> bool:
    """Whether a request asks for JSON that only a tool can give."""
    return enforced_by(call) == "tool"


def enforced_by(call: WireCall[ChatRequest]) -> EnforcedBy | None:
    """How the model is held to the JSON that a request asks for; None if it asks for none."""
    if _asked_schema(call) is None:
        return None
    if native_format(call) is not None:
        return "schema"
    return "tool" if takes_forced_tools(call.model) else "instruction"


def told(call: WireCall[ChatRequest]) -> WireCall[ChatRequest]:
    """The call, with what it asks for in words where nothing else can be done."""
    if enforced_by(call) != "instruction":
        return call
    return attrs.evolve(call, request=with_told_schema(call.request, _IN_WORDS))


def answer_tool(call: WireCall[ChatRequest]) -> dict[str, Any] | None:
    """The tool whose input is the answer, where one is needed."""
    if not answers_by_tool(call):
        return None
    schema = _asked_schema(call) or {}
    if schema.get("type", "object") != "object":
        raise BadRequestError("response_format: the schema of an answer must be that of an object")
    return {"name": ANSWER_TOOL, "description": _DESCRIPTION, "input_schema": {"type": "object", **schema}}


def _asked_schema(call: WireCall[ChatRequest]) -> Mapping[str, Any] | None:
    """The schema of the JSON that is asked for; empty for any object, None if text will do."""
    given = call.request.parameters.get("response_format")
    if given is None or "response_format" in call.quirks.unsupported:
        return None
    form = response_format_dict(given)
    match form.get("type"):
        case "text":
            return None
        case "json_object":
            return {}
        case "json_schema":
            described = an_object(form.get("json_schema"), "response_format.json_schema")
            return an_object(described.get("schema"), "response_format.json_schema.schema")
        case kind:
            raise BadRequestError(f"response_format has a type that is not known: {kind!r}")


def closed_schema(schema: Mapping[str, Any]) -> Schema | None:
    """The schema as native output takes it; None if that would change which answers fit."""
    if _is_recursive(schema, schema, ()):
        return None
    try:
        return _closed(schema)
    except _OpenSchema:
        return None


def _closed(given: object) -> Schema:
    if isinstance(given, bool):
        raise _OpenSchema
    schema = an_object(given, "a schema")
    if _UNCLOSABLE.intersection(schema) or not _TYPED.intersection(schema) or _is_open(schema):
        raise _OpenSchema
    made: Schema = {}
    unenforced: Schema = {}
    for name, value in schema.items():
        if name in _KEPT or (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1)):
            made[name] = value
        elif name in _TABLES:
            made[name] = {key: _closed(inner) for key, inner in an_object(value, name).items()}
        elif name in _CHOICES:
            made[_CHOICES[name]] = [_closed(inner) for _, inner in a_list(value, name)]
        elif name == "items":
            made[name] = _closed(value)
        elif name not in ("additionalProperties", "$schema"):
            unenforced[name] = value
    if _is_object(schema):
        made["additionalProperties"] = False
    return _described(made, unenforced)


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return "properties" in schema or kind == "object" or (isinstance(kind, list) and "object" in kind)


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Whether an object has free keys. One that names its keys and says nothing of others is taken to mean those."""
    further = schema.get("additionalProperties")
    if further is None:
        return _is_object(schema) and not schema.get("properties")
    return further is not False


def _described(made: Schema, unenforced: Schema) -> Schema:
    if unenforced:
        words = ", ".join(f"{name}: {_json.dumps(value).decode()}" for name, value in unenforced.items())
        made["description"] = f"{made.get('description', '')} ({words})".strip()
    return made


def _is_recursive(root: Mapping[str, Any], schema: object, inside: tuple[str, ...]) -> bool:
    """Whether a reference leads back into itself."""
    for reference in _references(schema):
        if reference in inside or reference == "#":
            return True
        if _is_recursive(root, _target(root, reference), (*inside, reference)):
            return True
    return False


def _references(schema: object) -> Iterator[str]:
    """References of a schema, apart from those that only its definitions make."""
    for name, value in as_mapping(schema).items():
        if name == "$ref" and isinstance(value, str):
            yield value
        elif name not in ("$defs", "definitions", "enum", "const", "default"):
            yield from _references(value)
    if isinstance(schema, list):
        for value in cast("list[object]", schema):
            yield from _references(value)


def _target(root: Mapping[str, Any], reference: str) -> object:
    found: object = root
    for step in reference.removeprefix("#/").split("/"):
        found = as_mapping(found).get(step)
    return found
