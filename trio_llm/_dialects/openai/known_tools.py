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
from ..._types.chat import ChatRequest
from ..._types.errors import UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..contract import WireCall, json_request, merge_extra_body
from ..tool_schemas import bytes_of, may_lack_items, object_schema, with_items

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


def with_object(function: Mapping[str, Any]) -> Mapping[str, Any]:
    """A function whose parameters, if it has any, are what the provider takes for an object."""
    if "parameters" not in function:
        return function
    parameters = function["parameters"]
    if parameters is None:
        return {name: value for name, value in function.items() if name != "parameters"}
    made = object_schema(parameters) if is_object(parameters) else parameters
    return function if made is parameters else {**function, "parameters": made}


def posted(call: WireCall[ChatRequest], path: str, body: dict[str, Any]) -> HTTPRequest:
    """The request with a body and the caller's extra fields, whose tools the provider takes."""
    extra = call.request.options.extra_body
    whole = merge_extra_body(body, extra) if extra else body
    made = json_request(path, whole)
    if call.quirks.closed_schema and "tools" in whole and may_lack_items(bytes_of(made)):
        made = json_request(path, {**whole, "tools": with_items(whole["tools"])})
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
