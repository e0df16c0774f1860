"""Tools of a provider that refuses what its reference lacks.

A field that the provider does not know may change what a tool does. It is told before the call, not left out in
silence.

Source: OpenAI's Python SDK 3.57.0, `ChatCompletionFunctionTool`, `ChatCompletionCustomTool` and, for the Responses API,
`FunctionTool` and `CustomTool`, 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..._convert.narrow import is_object
from ..._types.errors import UnsupportedParamsError

_OUTSIDE: Final = frozenset({"type", "cache_control"})
"""`cache_control` is a mark, which the dialect writes, or leaves out, as the provider's row says."""
CHAT_TOOLS: Final[Mapping[str, frozenset[str]]] = {
    "function": frozenset({"name", "description", "parameters", "strict", "cache_control"}),
    "custom": frozenset({"name", "description", "format", "cache_control"}),
}
"""Fields of the tools of chats, by kind."""
_LATER: Final = frozenset({"allowed_callers", "async", "defer_loading", "output_schema"})
RESPONSES_TOOLS: Final[Mapping[str, frozenset[str]]] = {kind: known | _LATER for kind, known in CHAT_TOOLS.items()}
"""Fields of the tools of responses, by kind."""


def known_tools(tools: Sequence[Any], fields: Mapping[str, frozenset[str]], *, drop: bool) -> list[Any]:
    """The tools with the fields that the provider knows. Tools of its own kinds are for it to judge.

    Raises:
        UnsupportedParamsError: for a field that it does not know and that is not null; `drop` leaves it out.
    """
    unknown: list[str] = []
    made = [_known(tool, f"tools[{place}]", fields, unknown) for place, tool in enumerate(tools)]
    if unknown and not drop:
        raise UnsupportedParamsError(f"cannot express {', '.join(unknown)}; drop_params=True leaves it out")
    return made


def _known(tool: Any, where: str, fields: Mapping[str, frozenset[str]], unknown: list[str]) -> Any:
    kind = next((kind for kind in fields if is_object(tool) and is_object(tool.get(kind))), None)
    if kind is None:
        return tool
    inside = fields[kind]
    outside = _OUTSIDE | {kind} | (_LATER & inside)
    if outside.issuperset(tool) and inside.issuperset(tool[kind]):
        return tool
    unknown += _beyond(tool, outside, where) + _beyond(tool[kind], inside, f"{where}.{kind}")
    return _within(tool, outside) | {kind: _within(tool[kind], inside)}


def _beyond(holder: Mapping[str, Any], known: Iterable[str], where: str) -> list[str]:
    return [f"{where}.{name}" for name, value in holder.items() if name not in known and value is not None]


def _within(holder: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in holder.items() if name in known}
