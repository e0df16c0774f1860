"""What a request says of tools, where vendors' words for it differ.

`tool_choice` is taken in the forms of OpenAI, of its Responses API and of Anthropic: a request that falls back from one
vendor to another keeps its meaning. A field of a tool that a wire has no place for may change what the tool does, so it
is told before the call.

Source: OpenAI API reference, "Create chat completion" and "Create a model response" (tool_choice); Anthropic API
reference, "Create a Message" (tool_choice), 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._convert.narrow import as_mapping, is_object
from .._types.errors import UnsupportedParamsError

_WORDS: Final[Mapping[Any, str]] = {"auto": "auto", "any": "required", "required": "required", "none": "none"}
_NAMED: Final = ("tool", "function")
_OF_FUNCTIONS: Final = frozenset(
    {"type", "function", "name", "description", "parameters", "strict", "cache_control"},
)
"""Fields of a function that every wire has, or passes over without harm: marks, and what `strict` promises."""


def plain_choice(choice: Any) -> Any:
    """A `tool_choice` as OpenAI's chats have it; one of another form stays as it is, for others to judge.

    plain_choice({"type": "tool", "name": "f"})  # {"type": "function", "function": {"name": "f"}}
    """
    if isinstance(choice, str):
        return _WORDS.get(choice, choice)
    if not is_object(choice):
        return choice
    kind, name = choice.get("type"), choice.get("name")
    if choice.keys() == {"type"} and isinstance(kind, str):
        return _WORDS.get(kind, choice)
    if choice.keys() == {"type", "name"} and kind in _NAMED and isinstance(name, str):
        return {"type": "function", "function": {"name": name}}
    return choice


def check_fields(tool: Mapping[str, Any], where: str, *, drop: bool) -> None:
    """Look for fields of a function that only some vendors have.

    Raises:
        UnsupportedParamsError: if there is one that is not null, unless it may be left out.
    """
    holders = (tool, as_mapping(tool.get("function")))
    unknown = {name for holder in holders for name, value in holder.items() if value is not None} - _OF_FUNCTIONS
    if unknown and not drop:
        names = ", ".join(sorted(unknown))
        raise UnsupportedParamsError(f"{where}: cannot express {names}; drop_params=True leaves it out")
