"""Tools, schemas and ends of answers as most wires ask for them: OpenAI's words, and names that others gave them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from .._prompt import OfferedTool
from ._model import fields, objects

_WORDS: Final[Mapping[str, str]] = {
    "auto": "auto",
    "none": "none",
    "any": "required",
    "required": "required",
    "validated": "auto",
}
_ANY_OBJECT: Final[Mapping[str, Any]] = {"type": "object"}


def tool(value: Mapping[str, Any], schema: str = "parameters") -> OfferedTool:
    """A tool from the object that has its name and the schema of its arguments."""
    return OfferedTool(str(value.get("name", "")), fields(value.get(schema)))


def functions(body: Mapping[str, Any]) -> tuple[OfferedTool, ...]:
    """OpenAI's tools, and the older functions."""
    offered = [one for one in objects(body.get("tools")) if one.get("type", "function") == "function"]
    tools = (fields(one.get("function")) or one for one in offered)
    return tuple(tool(one) for one in (*tools, *objects(body.get("functions"))))


def choice(value: object) -> str:
    """Which tool has to be called, by a word or by an object that names one."""
    if isinstance(value, str):
        return _WORDS.get(value.lower(), "auto")
    named = fields(value)
    held = fields(named.get("function")) or fields(named.get("tool")) or named
    return str(held.get("name") or _WORDS.get(str(named.get("type", "auto")), "auto"))


def format_schema(value: object) -> Mapping[str, Any] | None:
    """The schema of a `response_format`, or of what other wires call it; None where text will do."""
    form = fields(value)
    described = fields(form.get("json_schema"))
    found = described.get("schema") or described or form.get("schema") or form.get("response_schema")
    if form.get("type") == "json_schema":
        return fields(found) or _ANY_OBJECT
    return (fields(found) or _ANY_OBJECT) if form.get("type") == "json_object" else None


def stops(value: object) -> tuple[str, ...]:
    """Texts that end an answer: one, or several."""
    if isinstance(value, str):
        return (value,)
    several = cast("Iterable[object]", value) if isinstance(value, list | tuple) else ()
    return tuple(one for one in several if isinstance(one, str))
