"""What a model is told of a tool's end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import attrs

from .._convert.answers import plain

LONGEST_FAILURE: Final = 2_000
"""Characters that a model is told of what went wrong."""
_PART_TYPES: Final = frozenset({"text", "image_url", "input_audio", "file", "video_url", "document"})


@attrs.frozen
class ToolOutput:
    """What a function returns that tells the model something else than the program.

    Example:
        @trio_llm.tools.tool
        async def draw(what: str) -> trio_llm.tools.ToolOutput:
            picture = await paint(what)
            return trio_llm.tools.ToolOutput({"type": "image_url", "image_url": {"url": picture.url}}, picture)
    """

    content: Any
    """What the model is told: a text, content parts, or something with a JSON form."""
    value: Any = None
    """The `value` of the `ToolResult`."""


def content_of(value: Any) -> str | list[Mapping[str, Any]]:
    """What a function returned, as content: a text, content parts such as images and files, else JSON.

    Raises:
        TypeError: for what has no JSON form.
    """
    if isinstance(value, ToolOutput):
        return content_of(value.content)
    if isinstance(value, str):
        return value
    if _is_part(value):
        return [value]
    if isinstance(value, list) and value and all(map(_is_part, value)):
        return cast("list[Mapping[str, Any]]", value)
    return "" if value is None else json.dumps(plain(value), ensure_ascii=False)


def _is_part(value: Any) -> bool:
    return isinstance(value, Mapping) and cast("Mapping[str, Any]", value).get("type") in _PART_TYPES


def failure_text(problem: str) -> str:
    """What went wrong, bounded."""
    text = f"Error: {problem}"
    return text if len(text) <= LONGEST_FAILURE else f"{text[:LONGEST_FAILURE]}… ({len(text)} characters)"


def error_text(error: Exception) -> str:
    """What an error says; its class's name where it cannot say anything."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an error of the program's may fail at this too
        return type(error).__name__


def problem_of(error: Exception) -> str:
    """What went wrong: class and text of an error, or of each in a group."""
    if isinstance(error, ExceptionGroup):
        group: ExceptionGroup[Exception] = error
        return "; ".join(map(problem_of, group.exceptions))
    return f"{type(error).__name__}: {error_text(error)}"


@attrs.frozen
class WrittenCall:
    """A call as the model wrote it."""

    id: str
    name: str
    arguments: str
    """JSON text."""
