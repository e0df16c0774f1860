"""Chat requests as bodies of `Converse`.

Fields of Bedrock's own (`guardrailConfig`, `performanceConfig`, `requestMetadata`, `additionalModelRequestFields`,
`promptVariables`) go through `extra_body`.

Source: Amazon Bedrock API reference, "Converse"; user guide, "Inference request parameters and response fields",
"Get validated JSON results from models", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import a_list, an_object, as_mapping, in_address, objects
from ..._types.chat import ChatRequest
from ..._types.errors import BadRequestError, UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..._types.receipt import EnforcedBy
from ..asked_tools import check_fields, plain_choice
from ..contract import WireCall, json_request, merge_extra_body
from ..efforts import plain_effort
from ..history import BEGINNING
from ..parameters import supported_parameters
from ..schema import response_format_dict
from ..tool_schemas import bytes_of, may_be_older, object_schema, of_today
from .choices import answer_choice, has_fixed_sampling, taken_choice, takes_demands
from .claude import claude_inference, claude_thinking, is_claude
from .media import cache_point
from .messages import conversation, has_results, schema_text, used_tools
from .thoughts import gpt_effort, is_gpt, taken_back

_EXPRESSIBLE: Final = frozenset(
    (
        "functions",
        "max_completion_tokens",
        "max_tokens",
        "n",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "service_tier",
        "stop",
        "stream_options",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_p",
    )
)
_TIERS: Final[Mapping[str, str]] = {"default": "default", "flex": "flex", "priority": "priority"}
_NOVA: Final = re.compile(r"(^|[./])amazon\.nova")
_EFFORTFUL: Final = re.compile(r"(^|[./])(openai\.gpt-oss|deepseek\.|qwen\.|moonshot|minimax|zai\.)")
"""Models that take OpenAI's word for it."""
_ENFORCES: Final = re.compile(r"claude-[a-z]+-(4-[5-9]|[5-9])|qwen\.|gpt-oss|mistral\.(ministral|mistral-large-3)")
"""Models whose output Bedrock holds to a schema; others are made to call a tool that takes it."""
ANSWER_TOOL: Final = "json_answer"


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a whole reply.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
        BadRequestError: for messages or tools that make no sense.
    """
    return _request(call, "converse")


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a streamed reply. Usage comes unasked. Raises as `encode_chat` does."""
    return _request(call, "converse-stream")


def model_path(model: str, verb: str) -> str:
    """Where a model, a profile or an ARN is asked."""
    return f"/model/{in_address(model)}/{verb}"


def answers_by_tool(call: WireCall[ChatRequest]) -> bool:
    """Whether the answer's form has to be enforced by a tool."""
    return _schema_of(call.request.parameters.get("response_format")) is not None and not _ENFORCES.search(call.model)


def enforced_by(call: WireCall[ChatRequest]) -> EnforcedBy:
    """How the model is held to the schema that a request asks for."""
    if not answers_by_tool(call):
        return "schema"
    return "tool" if takes_demands(call.model) else "instruction"


def _request(call: WireCall[ChatRequest], verb: str) -> HTTPRequest:
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    _check(call, given)
    system, turns = conversation(request.messages)
    turns = taken_back(call.model, turns)
    if not turns:
        if not system:
            raise BadRequestError("messages: there is nothing to answer")
        # The wire wants a turn to answer: instructions alone are the user's.
        system, turns = [], [{"role": "user", "content": system}]
    if turns[0]["role"] == "assistant":  # "a conversation must start with a user message"
        turns.insert(0, {"role": "user", "content": [{"text": BEGINNING}]})
    tools = _tools(call, given, turns)
    thinking = _thinking(call, given, tools)
    fields = {
        "messages": turns,
        "system": system,
        "inferenceConfig": _inference(call, given, thinking),
        "toolConfig": tools,
        "additionalModelRequestFields": thinking,
        "serviceTier": _tier(call, given),
        "outputConfig": _output(call, given),
    }
    body = merge_extra_body({name: value for name, value in fields.items() if value}, request.options.extra_body)
    made = json_request(model_path(call.model, verb), body)
    if tools and is_claude(call.model) and may_be_older(bytes_of(made)):
        made = json_request(model_path(call.model, verb), {**body, "toolConfig": of_today(body["toolConfig"])})
    return made


def _check(call: WireCall[ChatRequest], given: Mapping[str, Any]) -> None:
    if given.get("n", 1) != 1:
        refuse(call, "cannot express n: there is one answer")
    if given.get("parallel_tool_calls") is False:
        refuse(call, "cannot express parallel_tool_calls=False")
    kind = response_format_dict(given["response_format"]).get("type") if given.get("response_format") else None
    if kind == "json_object" and _schema_of(given["response_format"]) is None:
        refuse(call, "cannot express response_format of type 'json_object' without a schema")
    elif kind not in (None, "json_object", "json_schema", "text"):
        refuse(call, f"cannot express response_format of type {kind!r}")


def _inference(call: WireCall[ChatRequest], given: Mapping[str, Any], thinking: Mapping[str, Any]) -> dict[str, Any]:
    stop = given.get("stop")
    texts = [stop] if isinstance(stop, str) else [text for _, text in a_list(stop, "stop")]
    by_maker = claude_inference(call, given, thinking) if is_claude(call.model) else _usual(call, given)
    fields = {**by_maker, "stopSequences": texts or None}
    return {name: value for name, value in fields.items() if value is not None}


def _usual(call: WireCall[ChatRequest], given: Mapping[str, Any]) -> dict[str, Any]:
    limit = given.get("max_completion_tokens", given.get("max_tokens"))
    if has_fixed_sampling(call.model):
        for name in ("temperature", "top_p"):
            if given.get(name) not in (None, 1):
                refuse(call, f"cannot express {name}: this model has none")
        return {"maxTokens": limit}
    temperature = given.get("temperature")
    if isinstance(temperature, int | float) and temperature > 1:
        refuse(call, f"cannot express temperature={temperature:g}: it ends at 1")
        temperature = None
    return {"maxTokens": limit, "temperature": temperature, "topP": given.get("top_p")}


def _tools(call: WireCall[ChatRequest], given: Mapping[str, Any], turns: list[dict[str, Any]]) -> dict[str, Any]:
    choice, drop = plain_choice(given.get("tool_choice")), call.request.options.drop_params
    tools = [block for place, tool in objects(given.get("tools"), "tools") for block in _tool(place, tool, drop=drop)]
    tools += [_spec(function, place) for place, function in objects(given.get("functions"), "functions")]
    if choice == "none":
        tools = []
        if has_results(turns):
            refuse(call, "cannot express tool_choice='none' after calls of tools")
    chosen = taken_choice(call, _choice(call, choice), tools) if tools else None
    if answers_by_tool(call):
        schema = _schema_of(given["response_format"])
        tools.append(_spec({"name": ANSWER_TOOL, "description": "Gives the answer.", "parameters": schema}, ""))
        if chosen is None or chosen == {"auto": {}}:
            chosen = answer_choice(call.model, alone=len(tools) == 1, name=ANSWER_TOOL)
    if not tools and has_results(turns):
        # Bedrock refuses a history with tools in a request without; what they took does not matter any more.
        tools = [_spec({"name": name}, "") for name in used_tools(turns) or ["unknown"]]
    if not tools:
        return {}
    return {"tools": tools, **({} if chosen is None else {"toolChoice": chosen})}


def _tool(place: str, tool: Mapping[str, Any], *, drop: bool) -> list[dict[str, Any]]:
    if tool.get("type") is None and not {"toolSpec", "systemTool", "cachePoint"}.isdisjoint(tool):
        return [dict(tool)]
    if tool.get("type") != "function":
        raise UnsupportedParamsError(f"{place}: Bedrock has functions only, not {tool.get('type')!r}")
    check_fields(tool, place, drop=drop)
    function = an_object(tool.get("function"), f"{place}.function")
    return [_spec(function, place), *cache_point(tool)]


def _spec(function: Mapping[str, Any], where: str) -> dict[str, Any]:
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    spec = {
        "name": function.get("name"),
        "description": function.get("description") or None,
        "inputSchema": {"json": object_schema(an_object(parameters, f"{where}.parameters"))},
        "strict": function.get("strict") or None,
    }
    return {"toolSpec": {name: value for name, value in spec.items() if value is not None}}


def _choice(call: WireCall[ChatRequest], choice: object) -> dict[str, Any] | None:
    if choice in (None, "auto"):
        return None if choice is None else {"auto": {}}
    if choice == "required":
        return {"any": {}}
    told = as_mapping(choice)
    name = as_mapping(told.get("function")).get("name")
    if not isinstance(name, str):
        refuse(call, f"cannot express tool_choice={choice!r}")
        return None
    return {"tool": {"name": name}}


def _thinking(call: WireCall[ChatRequest], given: Mapping[str, Any], tools: Mapping[str, Any]) -> dict[str, Any]:
    if is_claude(call.model):
        return claude_thinking(call, given, forced=not {"any", "tool"}.isdisjoint(tools.get("toolChoice", ())))
    if (thinking := given.get("thinking")) is not None:
        return {"thinking": an_object(thinking, "thinking")}
    effort = plain_effort(given.get("reasoning_effort"))
    if effort is not None and is_gpt(call.model):
        return gpt_effort(effort)
    if effort in (None, "none", "disable"):
        return {}
    if _NOVA.search(call.model):
        level = "low" if effort == "minimal" else effort
        return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": level}}
    if _EFFORTFUL.search(call.model):
        return {"reasoning_effort": effort}
    refuse(call, "cannot express reasoning_effort")
    return {}


def _tier(call: WireCall[ChatRequest], given: Mapping[str, Any]) -> dict[str, str] | None:
    tier = given.get("service_tier")
    if tier in (None, "auto"):
        return None
    if tier not in _TIERS:
        refuse(call, f"cannot express service_tier {tier!r}")
        return None
    return {"type": _TIERS[str(tier)]}


def _schema_of(response_format: Any) -> Mapping[str, Any] | None:
    if response_format is None:
        return None
    wanted = response_format_dict(response_format)
    if wanted.get("type") == "json_schema":
        described = an_object(wanted.get("json_schema"), "response_format.json_schema")
        return an_object(described.get("schema"), "response_format.json_schema.schema")
    schema = wanted.get("response_schema") if wanted.get("type") == "json_object" else None
    return schema if isinstance(schema, Mapping) else None


def _output(call: WireCall[ChatRequest], given: Mapping[str, Any]) -> dict[str, Any] | None:
    schema = _schema_of(given.get("response_format"))
    if schema is None or answers_by_tool(call):
        return None
    described = as_mapping(response_format_dict(given["response_format"]).get("json_schema"))
    told = {name: described[name] for name in ("name", "description") if described.get(name)}
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema_text(schema), **told}}}}


def refuse(call: WireCall[Any], what: str) -> None:
    """Raises `UnsupportedParamsError`, unless the caller allows to leave out what cannot be expressed."""
    if not call.request.options.drop_params:
        raise UnsupportedParamsError(f"{what}; drop_params=True leaves it out", model=call.model)
