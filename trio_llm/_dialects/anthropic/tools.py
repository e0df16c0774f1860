"""Tools and the choice among them.

Functions become tools with an `input_schema`. OpenAI's custom tools, which take free text, become tools with one
text, and their calls are turned back. Tools in Anthropic's own shape, such as `{"type": "web_search_20250305", ...}`,
are sent as they are, with the beta header where theirs is one.

Source: Anthropic API reference, "Create a Message" (tools, tool_choice) and "Beta headers", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..._convert.narrow import an_object, as_mapping, objects
from ..._types.chat import ChatRequest
from ..._types.errors import BadRequestError, UnsupportedParamsError
from ..contract import WireCall
from ..tool_schemas import object_schema
from .blocks import ToolNames
from .parts import cache_mark
from .structured import ANSWER_TOOL, answers_by_tool, closed_schema

Tool = Mapping[str, Any]

_FREE_TEXT: Final = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
_BETAS: Final[Mapping[str, str]] = {
    "computer_20241022": "computer-use-2024-10-22",
    "computer_20250124": "computer-use-2025-01-24",
    "computer_20251124": "computer-use-2025-11-24",
    "advisor_20260301": "advisor-tool-2026-03-01",
    "mcp_toolset": "mcp-client-2025-11-20",
}
_OWN: Final = frozenset({"allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"})
"""Fields of a tool that only Anthropic has; they may stand in the function or beside it."""
_KNOWN: Final = frozenset(
    {"type", "function", "custom", "name", "description", "parameters", "strict", "format", "input_schema"}
    | {"cache_control", "prompt_cache_breakpoint"}
)
_CHOICES: Final[Mapping[str, str]] = {"auto": "auto", "none": "none", "required": "any", "any": "any"}
_SEARCHES: Final[Mapping[str, int]] = {"low": 1, "medium": 5, "high": 10}
"""Most searches of one answer for each `search_context_size`, as LiteLLM counts."""


def tool_names(call: WireCall[ChatRequest]) -> ToolNames:
    """What the names of called tools mean in the reply to a request."""
    tools = call.request.parameters.get("tools") or ()
    custom = frozenset(tool["custom"]["name"] for tool in tools if tool.get("custom") is not None)
    return ToolNames(ANSWER_TOOL if answers_by_tool(call) else None, custom)


def wire_tools(parameters: Mapping[str, Any], *, drop: bool) -> list[dict[str, Any]]:
    """`tools`, `functions` and `web_search_options` as tools.

    Raises:
        BadRequestError: for a tool that is malformed.
        UnsupportedParamsError: for a custom tool with a grammar, and for fields that no tool has here, unless `drop`.
    """
    given = objects(parameters.get("tools"), "tools")
    functions = objects(parameters.get("functions"), "functions")
    if not drop:
        _refuse_unknown([*given, *functions])
    tools = [_tool(tool, place) for place, tool in given]
    tools += [_function(function, place) for place, function in functions]
    if (search := parameters.get("web_search_options")) is not None:
        tools.append(_web_search(an_object(search, "web_search_options")))
    return tools


def beta_headers(tools: Iterable[Tool]) -> set[str]:
    """The beta features that the tools belong to."""
    return {_BETAS[tool["type"]] for tool in tools if tool.get("type") in _BETAS}


def wire_tool_choice(parameters: Mapping[str, Any], tools: list[dict[str, Any]]) -> dict[str, Any] | None:
    """`tool_choice`, `function_call` and `parallel_tool_calls`; None where there is nothing to say.

    Raises:
        UnsupportedParamsError: for a choice that the wire cannot express.
    """
    given = parameters.get("tool_choice", parameters.get("function_call"))
    choice = _choice(given) if given is not None else None
    if not tools and (choice is None or choice["type"] in ("auto", "none")):
        return None
    if parameters.get("parallel_tool_calls") is False and (choice is None or choice["type"] != "none"):
        return {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    return choice


def _choice(given: object) -> dict[str, Any]:
    if isinstance(given, str) and given in _CHOICES:
        return {"type": _CHOICES[given]}
    choice = as_mapping(given)
    named = as_mapping(choice.get("function") or choice.get("custom") or choice)
    if isinstance(named.get("name"), str):
        return {"type": "tool", "name": named["name"]}
    if choice.get("type") in [*_CHOICES.values()]:
        return dict(choice)
    raise UnsupportedParamsError(f"cannot express tool_choice {given!r:.80}")


def _refuse_unknown(tools: Iterable[tuple[str, Tool]]) -> None:
    """A field that the wire lacks may change what a tool does: it is not left out in silence."""
    for place, tool in tools:
        inner = tool.get("function") or tool.get("custom")
        described: Iterable[Tool] = [tool, as_mapping(inner)] if inner is not None else [tool] if "name" in tool else []
        if inner is None and tool.get("type") not in (None, "function"):
            continue  # a tool in Anthropic's own shape
        unknown = {name for holder in described for name, value in holder.items() if value is not None} - _KNOWN - _OWN
        if unknown:
            names = ", ".join(sorted(unknown))
            raise UnsupportedParamsError(f"{place}: cannot express {names}; drop_params=True leaves it out")


def _tool(tool: Tool, where: str) -> dict[str, Any]:
    if tool.get("function") is not None:
        return _with_marker(_function(an_object(tool["function"], f"{where}.function"), where), tool)
    if tool.get("custom") is not None:
        return _with_marker(_custom(an_object(tool["custom"], f"{where}.custom"), where), tool)
    if "name" not in tool and tool.get("type") in (None, "function", "custom"):
        raise BadRequestError(f"{where} has no function")
    if tool.get("type") == "function":  # the flat shape of OpenAI's responses
        return _with_marker(_function(tool, where), tool)
    return dict(tool)


def _function(function: Tool, where: str) -> dict[str, Any]:
    schema = object_schema(an_object(function.get("parameters") or {"properties": {}}, f"{where}.function.parameters"))
    if schema.get("type", "object") != "object":
        raise BadRequestError(f"{where}.function.parameters must be the schema of an object")
    made = _described(function, where)
    made["input_schema"] = {"type": "object", **schema}
    if function.get("strict"):
        made |= {"strict": True, "input_schema": closed_schema(made["input_schema"]) or made["input_schema"]}
    return _with_marker(made, function)


def _custom(custom: Tool, where: str) -> dict[str, Any]:
    form = an_object(custom.get("format") or {}, f"{where}.custom.format")
    if form.get("type", "text") != "text":
        raise UnsupportedParamsError(f"{where}: cannot express a custom tool with a {form.get('type')}")
    return {**_described(custom, where), "input_schema": _FREE_TEXT}


def _described(tool: Tool, where: str) -> dict[str, Any]:
    if not isinstance(tool.get("name"), str):
        raise BadRequestError(f"{where} has no name")
    description = tool.get("description")
    return {"name": tool["name"], **({"description": description} if description else {})}


def _with_marker(made: dict[str, Any], tool: Tool) -> dict[str, Any]:
    if mark := cache_mark(tool):
        made["cache_control"] = mark
    return made | {name: tool[name] for name in _OWN if tool.get(name) is not None}


def _web_search(options: Mapping[str, Any]) -> dict[str, Any]:
    tool: dict[str, Any] = {"type": "web_search_20250305", "name": "web_search"}
    if size := options.get("search_context_size"):
        tool["max_uses"] = _SEARCHES.get(str(size), _SEARCHES["medium"])
    if location := options.get("user_location"):
        place = an_object(location, "web_search_options.user_location").get("approximate")
        tool["user_location"] = {"type": "approximate", **an_object(place or {}, "user_location.approximate")}
    return tool
