"""Tools and the choice among them.

Source: Gemini API reference, "Tool", "FunctionDeclaration" and "FunctionCallingConfig", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..._convert.narrow import is_object
from ..._types.errors import BadRequestError, UnsupportedParamsError
from ..asked_tools import plain_choice
from ..tool_schemas import object_schema
from .schema import gemini_schema

_MODES: Final[Mapping[str, str]] = {"none": "NONE", "auto": "AUTO", "required": "ANY"}
# A list of allowed names is read in these modes only; VALIDATED leaves the model the choice to answer in words.
_LISTING_MODES: Final[Mapping[str, str]] = {"auto": "VALIDATED", "required": "ANY"}
_KNOWN: Final = frozenset(
    {"type", "function", "name", "description", "parameters", "strict", "behavior", "response"}
    | {"cache_control", "prompt_cache_breakpoint"}
)
"""Fields of a tool that are said here, or that only hint at what the service does by itself."""
_DEFAULT_SEARCH: Final[Mapping[str, Any]] = {"search_context_size": "medium"}


def wire_tools(parameters: Mapping[str, Any], *, drop: bool) -> list[dict[str, Any]]:
    """`tools`, `functions` and `web_search_options`: functions together, Google's own tools as they are.

    Raises:
        UnsupportedParamsError: for a tool or a search option that the wire does not have, unless `drop`.
        BadRequestError: for a tool that is none.
    """
    declared: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for number, tool in enumerate(_all_tools(parameters)):
        if not is_object(tool):
            raise BadRequestError(f"tools[{number}] is no tool: {tool!r:.80}")
        if "type" not in tool:
            others.append(dict(tool))
        elif tool["type"] == "function":
            declared.append(_declaration(tool, f"tools[{number}]", drop=drop))
        elif not drop:
            raise UnsupportedParamsError(f"tools[{number}]: Gemini has no tools of type {tool['type']!r}")
    if "web_search_options" in parameters:
        others.append(_search(parameters["web_search_options"], drop=drop))
    return ([{"functionDeclarations": declared}] if declared else []) + others


def tool_config(parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """`tool_choice`, or the older `function_call`; None leaves the choice to the model.

    Strict functions are expressed by the mode in which calls always fit their schema.

    Raises:
        BadRequestError: for a choice that is none.
    """
    choice = plain_choice(parameters.get("tool_choice", parameters.get("function_call")))
    if choice in ("auto", "none") and parameters.get("tools", True) in ([], ()):
        return None  # there is nothing to choose among
    if choice in (None, "auto") and any(_is_strict(tool) for tool in parameters.get("tools", ())):
        return _calling("VALIDATED")
    if choice is None:
        return None
    if isinstance(choice, str) and choice in _MODES:
        return _calling(_MODES[choice])
    return _named_choice(choice)


def _all_tools(parameters: Mapping[str, Any]) -> Iterable[Any]:
    yield from parameters.get("tools", ())
    for function in parameters.get("functions", ()):
        yield {"type": "function", "function": function}


def _declaration(tool: Mapping[str, Any], where: str, *, drop: bool) -> dict[str, Any]:
    function = tool.get("function")
    if not is_object(function) or not function.get("name"):
        raise BadRequestError(f"{where}.function.name is missing")
    declared: dict[str, Any] = {"name": function["name"], "description": function.get("description") or ""}
    if function.get("parameters"):
        declared["parametersJsonSchema"] = gemini_schema(object_schema(function["parameters"]))
    if function.get("response"):
        declared["responseJsonSchema"] = gemini_schema(function["response"])
    if behavior := function.get("behavior") or tool.get("behavior"):
        declared["behavior"] = behavior
    both = {name for holder in (tool, function) for name, value in holder.items() if value is not None}
    if (unknown := sorted(both - _KNOWN)) and not drop:
        names = ", ".join(unknown)
        raise UnsupportedParamsError(f"{where}: cannot express {names}; drop_params=True leaves it out")
    return declared


def _search(options: Mapping[str, Any], *, drop: bool) -> dict[str, Any]:
    refused = [name for name, value in options.items() if value is not None and value != _DEFAULT_SEARCH.get(name)]
    if refused and not drop:
        raise UnsupportedParamsError(
            f"web_search_options: cannot express {', '.join(refused)}; drop_params=True leaves it out"
        )
    return {"googleSearch": {}}


def _is_strict(tool: Any) -> bool:
    function = tool.get("function") if is_object(tool) else None
    return is_object(function) and function.get("strict") is True


def _named_choice(choice: Any) -> dict[str, Any]:
    """A choice of one function, or of several that are allowed."""
    if is_object(choice):
        allowed = choice.get("allowed_tools")
        if is_object(allowed) and allowed.get("mode") in _LISTING_MODES:
            return _calling(_LISTING_MODES[allowed["mode"]], [_name_of(tool) for tool in allowed.get("tools", ())])
        return _calling("ANY", [_name_of(choice)])
    raise BadRequestError(f"tool_choice is none: {choice!r:.80}")


def _name_of(tool: Mapping[str, Any]) -> str:
    function = tool.get("function", tool)
    name = function.get("name") if is_object(function) else None
    if not isinstance(name, str):
        raise BadRequestError(f"tool_choice names no function: {tool!r:.80}")
    return name


def _calling(mode: str, names: Sequence[str] = ()) -> dict[str, Any]:
    config: dict[str, Any] = {"mode": mode}
    if names:
        config["allowedFunctionNames"] = list(names)
    return {"functionCallingConfig": config}
