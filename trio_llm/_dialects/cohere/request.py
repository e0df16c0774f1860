"""Chat requests as bodies of `/v2/chat`.

Fields of Cohere's own (`documents`, `citation_options`, `safety_mode`, `k`) go through `extra_body`.

Source: Cohere API reference, "Chat API (v2)", https://docs.cohere.com/reference/chat, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import an_object, as_mapping, is_object, objects
from ..._types.chat import ChatRequest
from ..._types.errors import BadRequestError, UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..asked_tools import check_fields, plain_choice
from ..contract import WireCall, json_request, merge_extra_body
from ..efforts import plain_effort
from ..parameters import supported_parameters
from ..schema import response_format_dict
from .messages import wire_messages

_RENAMED: Final[Mapping[str, str]] = {
    "frequency_penalty": "frequency_penalty",
    "logprobs": "logprobs",
    "max_completion_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "temperature": "temperature",
    "top_p": "p",
}
_EXPRESSIBLE: Final = frozenset(_RENAMED) | {
    "functions",
    "n",
    "reasoning_effort",
    "response_format",
    "stop",
    "stream_options",
    "thinking",
    "tool_choice",
    "tools",
}
_CHOICES: Final[Mapping[str, str | None]] = {"auto": None, "none": "NONE", "required": "REQUIRED"}


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a whole reply.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
        BadRequestError: for messages or tools that make no sense.
    """
    return _request(call, streamed=False)


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a streamed reply. Usage comes unasked. Raises as `encode_chat` does."""
    return _request(call, streamed=True)


def _request(call: WireCall[ChatRequest], *, streamed: bool) -> HTTPRequest:
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    if given.get("n", 1) != 1:
        _refuse(call, "cannot express n: there is one answer")
    stop = given.get("stop")
    fields = {
        "model": call.model,
        "messages": wire_messages(request.messages),
        **{wire: given[name] for name, wire in _RENAMED.items() if name in given},
        "stop_sequences": [stop] if isinstance(stop, str) else list(stop or ()),
        "response_format": _format(call, given.get("response_format")),
        "thinking": _thinking(given),
        **_tools(call, given),
    }
    body = {name: value for name, value in fields.items() if value is not None and value not in ([], {})}
    body["stream"] = streamed
    return json_request("/chat", merge_extra_body(body, request.options.extra_body))


def _tools(call: WireCall[ChatRequest], given: Mapping[str, Any]) -> dict[str, Any]:
    tools = [_tool(call, place, tool) for place, tool in objects(given.get("tools"), "tools")]
    tools += [_function(function, place) for place, function in objects(given.get("functions"), "functions")]
    choice = plain_choice(given.get("tool_choice"))
    if is_object(choice) and (named := as_mapping(choice.get("function")).get("name")):
        # One tool by name: the others are not shown, and some tool has to be called.
        tools, choice = [tool for tool in tools if tool["function"]["name"] == named], "required"
        if not tools:
            raise BadRequestError(f"tool_choice names no tool of the request: {named!r}", model=call.model)
    if choice is not None and (is_object(choice) or choice not in _CHOICES):
        _refuse(call, f"cannot express tool_choice={choice!r}")
    strict = bool(tools) and all(_is_strict(tool) for _, tool in objects(given.get("tools"), "tools"))
    return {
        "tools": tools,
        "tool_choice": _CHOICES.get(str(choice)) if tools else None,
        "strict_tools": True if strict and given.get("tools") else None,
    }


def _tool(call: WireCall[ChatRequest], place: str, tool: Mapping[str, Any]) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise UnsupportedParamsError(f"{place}: Cohere has functions only, not {tool.get('type')!r}", model=call.model)
    check_fields(tool, place, drop=call.request.options.drop_params)
    return _function(an_object(tool.get("function"), f"{place}.function"), f"{place}.function")


def _function(function: Mapping[str, Any], where: str) -> dict[str, Any]:
    parameters = an_object(function.get("parameters") or {"type": "object", "properties": {}}, f"{where}.parameters")
    described = {"description": function["description"]} if function.get("description") else {}
    return {"type": "function", "function": {"name": function.get("name"), **described, "parameters": parameters}}


def _is_strict(tool: Mapping[str, Any]) -> bool:
    return bool(an_object(tool.get("function") or {}, "function").get("strict"))


def _format(call: WireCall[ChatRequest], response_format: Any) -> dict[str, Any] | None:
    if response_format is None:
        return None
    wanted = response_format_dict(response_format)
    if wanted.get("type") == "json_schema":
        described = an_object(wanted.get("json_schema"), "response_format.json_schema")
        schema = an_object(described.get("schema"), "response_format.json_schema.schema")
        return {"type": "json_object", "json_schema": schema}
    if wanted.get("type") not in ("json_object", "text"):
        _refuse(call, f"cannot express response_format of type {wanted.get('type')!r}")
        return None
    given_schema = wanted.get("json_schema") or wanted.get("response_schema") or wanted.get("schema")
    return {"type": wanted["type"], **({"json_schema": given_schema} if given_schema else {})}


def _thinking(given: Mapping[str, Any]) -> dict[str, Any] | None:
    if (thinking := given.get("thinking")) is not None:
        told = an_object(thinking, "thinking")
        budget = told.get("budget_tokens", told.get("token_budget"))
        return {"type": told.get("type", "enabled"), **({} if budget is None else {"token_budget": budget})}
    effort = plain_effort(given.get("reasoning_effort"))
    if effort is None:
        return None
    return {"type": "disabled" if effort in ("none", "disable") else "enabled"}


def _refuse(call: WireCall[ChatRequest], what: str) -> None:
    if not call.request.options.drop_params:
        raise UnsupportedParamsError(f"{what}; drop_params=True leaves it out", model=call.model)
