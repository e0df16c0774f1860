"""Chat requests as bodies of `/api/chat`.

Sampling parameters go into `options`. Fields of Ollama's own (`keep_alive`, and in `options` `num_ctx` and its like) go
through `extra_body`.

Source: Ollama API reference, "Generate a chat completion"; guides "Thinking", "Structured outputs" and "Tool calling",
2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import an_object, objects
from ..._types.chat import ChatRequest
from ..._types.errors import UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..asked_tools import check_fields, plain_choice
from ..contract import WireCall, json_request, merge_extra_body
from ..efforts import plain_effort
from ..parameters import supported_parameters
from ..schema import response_format_dict
from .messages import wire_messages

OPTIONS: Final[Mapping[str, str]] = {
    "frequency_penalty": "frequency_penalty",
    "max_completion_tokens": "num_predict",
    "max_tokens": "num_predict",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "temperature": "temperature",
    "top_p": "top_p",
}
"""Parameters that Ollama has among its options, and their names there."""
_EXPRESSIBLE: Final = OPTIONS.keys() | {
    "functions",
    "logprobs",
    "n",
    "parallel_tool_calls",
    "reasoning_effort",
    "response_format",
    "stop",
    "stream_options",
    "thinking",
    "tool_choice",
    "tools",
    "top_logprobs",
}
_EFFORTS: Final = ("low", "medium", "high")
"""Levels that models with levels take; all others think or do not."""


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
    given = supported_parameters(request.parameters, call, frozenset(_EXPRESSIBLE), drop=request.options.drop_params)
    if given.get("n", 1) != 1:
        refuse(call, "cannot express n: there is one answer")
    fields = {
        "model": call.model,
        "messages": wire_messages(request.messages),
        "tools": _tools(call, given),
        "format": _format(call, given.get("response_format")),
        "think": _think(call, given),
        "logprobs": given.get("logprobs"),
        "top_logprobs": given.get("top_logprobs"),
        "options": options_of(given),
    }
    body = {name: value for name, value in fields.items() if value is not None and value not in ([], {})}
    body["stream"] = streamed
    return json_request("/api/chat", merge_extra_body(body, request.options.extra_body))


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """The sampling parameters under Ollama's names."""
    options = {wire: given[name] for name, wire in OPTIONS.items() if name in given}
    if (stop := given.get("stop")) is not None:
        options["stop"] = [stop] if isinstance(stop, str) else list(stop)
    return options


def _tools(call: WireCall[ChatRequest], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    choice = plain_choice(given.get("tool_choice"))
    if choice == "none":
        return []
    if choice not in (None, "auto"):
        refuse(call, f"cannot express tool_choice={choice!r}")
    if given.get("parallel_tool_calls") is False:
        refuse(call, "cannot express parallel_tool_calls=False")
    tools = [_tool(place, tool, call) for place, tool in objects(given.get("tools"), "tools")]
    tools += [
        {"type": "function", "function": dict(function)} for _, function in objects(given.get("functions"), "functions")
    ]
    return tools


def _tool(place: str, tool: Mapping[str, Any], call: WireCall[ChatRequest]) -> dict[str, Any]:
    if tool.get("type") != "function":
        raise UnsupportedParamsError(f"{place}: Ollama has functions only, not {tool.get('type')!r}", model=call.model)
    check_fields(tool, place, drop=call.request.options.drop_params)
    function = an_object(tool.get("function"), f"{place}.function")
    # What a function must obey strictly is no concern of Ollama's: it has no such mode.
    kept = {name: function[name] for name in ("name", "description", "parameters") if function.get(name) is not None}
    return {"type": "function", "function": {"parameters": {"type": "object", "properties": {}}, **kept}}


def _format(call: WireCall[ChatRequest], response_format: Any) -> Any:
    """`"json"`, or the schema itself; None for plain text."""
    if response_format is None:
        return None
    wanted = response_format_dict(response_format)
    if wanted.get("type") == "json_object":
        return wanted.get("response_schema") or "json"
    if wanted.get("type") != "json_schema":
        if wanted.get("type") != "text":
            refuse(call, f"cannot express response_format of type {wanted.get('type')!r}")
        return None
    described = an_object(wanted.get("json_schema"), "response_format.json_schema")
    return an_object(described.get("schema"), "response_format.json_schema.schema")


def _think(call: WireCall[ChatRequest], given: Mapping[str, Any]) -> Any:
    effort, thinking = plain_effort(given.get("reasoning_effort")), given.get("thinking")
    if thinking is not None:
        return an_object(thinking, "thinking").get("type") != "disabled"
    if effort is None or effort in _EFFORTS:
        return effort
    if effort in ("none", "disable"):
        return False
    refuse(call, f"cannot express reasoning_effort={effort!r}: there are none, low, medium and high")
    return "high" if effort in ("xhigh", "max") else True


def refuse(call: WireCall[Any], what: str) -> None:
    """Raises `UnsupportedParamsError`, unless the caller allows to leave out what cannot be expressed."""
    if not call.request.options.drop_params:
        raise UnsupportedParamsError(f"{what}; drop_params=True leaves it out", model=call.model)
