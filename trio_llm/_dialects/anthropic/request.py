"""Chat requests for the Messages API.

Parameters of OpenAI's that only ask for what Anthropic does anyway (`n=1`, penalties of 0, `store=False`) are
accepted. `user` and `safety_identifier` become `metadata.user_id`; what else `metadata` has is for the call's events.

Source: Anthropic API reference, "Create a Message" (CreateMessageParams), "Versions" and "Service tiers", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..._convert.narrow import a_list, as_mapping
from ..._types.chat import ChatRequest
from ..._types.http import HTTPRequest
from ..contract import WireCall, json_request, merge_extra_body
from ..parameters import supported_parameters
from ..tool_schemas import bytes_of, may_be_older, of_today
from .messages import conversation
from .models import takes_late_system
from .structured import ANSWER_TOOL, answer_tool, native_format, told
from .thinking import is_thinking, max_tokens, may_demand, refuse, sampling_fields, settle_forced_tool, thinking_fields
from .tools import beta_headers, wire_tool_choice, wire_tools

PATH: Final = "/v1/messages"
VERSION: Final = ("anthropic-version", "2023-06-01")
_BINDING_BETA: Final = "thinking-binding-controls-2026-08-01"
_FILES_BETA: Final = "files-api-2025-04-14"

_EXPRESSIBLE: Final = frozenset(
    {
        "temperature", "top_p", "stop", "user", "safety_identifier", "max_tokens",
        "max_completion_tokens", "stream_options", "tools", "tool_choice", "parallel_tool_calls", "functions",
        "function_call", "response_format", "reasoning_effort", "thinking", "service_tier", "web_search_options",
    }
)  # fmt: skip
_TIERS: Final[Mapping[str, str]] = {
    "auto": "auto",
    "default": "standard_only",
    "standard_only": "standard_only",
    "priority": "auto",  # Anthropic has no stronger word: "auto" takes priority capacity where there is some
}


def encode(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The request of a whole reply.

    Raises:
        UnsupportedParamsError: for a parameter, or content, that the wire cannot express.
        BadRequestError: for messages, tools or formats that are malformed.
    """
    return _encode(call, stream=False)


def encode_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The request of a streamed reply; raises what `encode` raises."""
    return _encode(call, stream=True)


def _encode(call: WireCall[ChatRequest], *, stream: bool) -> HTTPRequest:
    body = _body(call)
    if stream:
        body["stream"] = True
    betas = beta_headers(body.get("tools", ()))
    if "block_binding" in body.get("thinking", ()):
        betas.add(_BINDING_BETA)
    if _mentions_files(body["messages"]):
        betas.add(_FILES_BETA)
    headers = (VERSION, ("anthropic-beta", ",".join(sorted(betas)))) if betas else (VERSION,)
    body = merge_extra_body(body, call.request.options.extra_body)
    made = json_request(PATH, body, headers)
    if "tools" in body and may_be_older(bytes_of(made)):
        made = json_request(PATH, {**body, "tools": of_today(body["tools"])}, headers)
    return made


def _body(call: WireCall[ChatRequest]) -> dict[str, Any]:
    call = told(call)
    request = call.request
    parameters = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    system, turns = conversation(request.messages, late_system=takes_late_system(call.model))
    fields = thinking_fields(call, parameters)
    body: dict[str, Any] = {"model": call.model, "messages": turns}
    body["max_tokens"] = max_tokens(call, parameters, fields.get("thinking"))
    if system:
        body["system"] = system
    body |= fields
    if (form := native_format(call)) is not None:
        body["output_config"] = {**body.get("output_config", {}), "format": form}
    body |= _tool_fields(call, parameters)
    if body.get("tool_choice", {}).get("type") in ("any", "tool"):
        if may_demand(call):
            settle_forced_tool(call, body)
        else:
            body["tool_choice"] = _undemanding(body["tool_choice"])
    thinks = is_thinking(body)
    return body | sampling_fields(call, parameters, thinks=thinks) | _other_fields(call, parameters)


def _tool_fields(call: WireCall[ChatRequest], parameters: Mapping[str, Any]) -> dict[str, Any]:
    tools = wire_tools(parameters, drop=call.request.options.drop_params)
    choice = wire_tool_choice(parameters, tools)
    if (answer := answer_tool(call)) is not None:
        choice = _choice_with_answer(choice, alone=not tools)
        tools.append(answer)
    fields: dict[str, Any] = {}
    if tools:
        fields["tools"] = tools
    if choice is not None:
        fields["tool_choice"] = choice
    return fields


def _undemanding(choice: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in choice.items() if name != "name"} | {"type": "auto"}


def _choice_with_answer(choice: dict[str, Any] | None, *, alone: bool) -> dict[str, Any]:
    """The choice that makes the model call some tool: the answer's, or one of the caller's where it may."""
    kind = choice["type"] if choice is not None else "auto"
    if alone or kind == "none":
        return {"type": "tool", "name": ANSWER_TOOL, "disable_parallel_tool_use": True}
    return {**(choice or {}), "type": "any"} if kind == "auto" else choice or {}


def _other_fields(call: WireCall[ChatRequest], parameters: Mapping[str, Any]) -> dict[str, Any]:
    fields = {
        "stop_sequences": _stop_sequences(call, parameters.get("stop")),
        "metadata": _metadata(call, parameters),
        "service_tier": _service_tier(call, parameters.get("service_tier")),
    }
    return {name: value for name, value in fields.items() if value}


def _stop_sequences(call: WireCall[ChatRequest], stop: object) -> list[str]:
    given = [stop] if isinstance(stop, str) else [text for _, text in a_list(stop, "stop")]
    visible = [text for text in given if isinstance(text, str) and text.strip()]
    if len(visible) < len(given):
        refuse(call, "cannot express a stop that is no text, or white space only")
    return visible


def _metadata(call: WireCall[ChatRequest], parameters: Mapping[str, Any]) -> dict[str, Any]:
    given = (call.request.options.metadata or {}).get("user_id")
    user = parameters.get("user", parameters.get("safety_identifier", given))
    return {} if user is None else {"user_id": user}


def _service_tier(call: WireCall[ChatRequest], tier: object) -> str | None:
    if tier is not None and str(tier) not in _TIERS:
        refuse(call, f"cannot express service_tier {tier!r}")
    return _TIERS.get(str(tier))


def _mentions_files(turns: Iterable[Mapping[str, Any]]) -> bool:
    sources = (block.get("source") for turn in turns for block in turn["content"])
    return any(as_mapping(source).get("type") == "file" for source in sources)
