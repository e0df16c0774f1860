"""Chat completions with a whole reply.

Source: OpenAI API reference, "Create chat completion" and "The chat completion object", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from attrs import evolve

from ..._convert.converter import structure
from ..._convert.narrow import JSONObject, as_object, is_object
from ..._types.chat import CHAT_PARAMETERS, ChatRequest, ModelResponse
from ..._types.folding import fold_chunks
from ..._types.http import HTTPRequest
from ..asked_tools import plain_choice
from ..bodies import ReadingOfEvents, read_body, unwrapped, whole_document
from ..contract import ErrorDetail, ReplyIsError, WireCall
from ..efforts import plain_effort
from ..failing import any_content, no_answer
from ..parameters import supported_parameters
from ..quirks import CacheMarks, MaxTokensName, Metadata, Quirks
from ..schema import response_format_dict
from ..strict_schema import is_strict, strict_schema
from ..tool_calls import ConversationIds, calls_in, taken_apart
from ..typed_schemas import typed_function
from .chat_stream import open_chat_decoder
from .elsewhere import by_responses, thinks_elsewhere
from .known_tools import CHAT_TOOLS, known_tools, posted, with_object
from .messages import sendable_messages
from .parts import with_mark
from .replies import (
    an_answer_object,
    failure_in,
    failure_of,
    is_settled,
    require_choices,
    settle_call,
    settle_choice,
    settle_message,
    settle_place,
    settle_usage,
    told_beside,
)

_PATH = "/chat/completions"
_KIND = "chat.completion"
_WITHOUT_THINKING = CHAT_PARAMETERS - {"thinking"}
_LIMITS = ("max_tokens", "max_completion_tokens")
_OFF = ("none", "disable")
_ANY_OBJECT = {"name": "answer", "schema": {"type": "object"}}


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The request for a whole reply."""
    if call.quirks.tools_by_responses and thinks_elsewhere(call):
        return by_responses().encode(call)
    body = chat_body(call)
    body.pop("stream_options", None)  # which are refused where nothing is streamed
    if call.quirks.thinks_in_streams_only and "reasoning_effort" not in body:
        body.setdefault(call.quirks.thinking_flag, False)
    return posted(call, _PATH, body)


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The request for a streamed reply. Usage is asked for, so that no stream goes unaccounted."""
    if call.quirks.tools_by_responses and thinks_elsewhere(call):
        return by_responses().encode_stream(call)
    body = chat_body(call)
    body["stream"] = True
    if call.quirks.stream_usage:
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    else:
        body.pop("stream_options", None)
    return posted(call, _PATH, body)


def chat_body(call: WireCall[ChatRequest]) -> dict[str, Any]:
    """What every request has, whole or streamed, without `extra_body`."""
    request = call.request
    quirks = call.quirks
    if quirks.thought_before_calls and _thinks_not(request):
        quirks = evolve(quirks, thought_before_calls="")
    messages = sendable_messages(request.messages, quirks, drop=request.options.drop_params)
    body: dict[str, Any] = {"model": call.model, "messages": messages}
    if request.parameters:
        body.update(_parameters(call))
        if call.quirks.thinking_flag and body.get("reasoning_effort") in _OFF:
            body[call.quirks.thinking_flag] = False
            del body["reasoning_effort"]
    if request.options.metadata and _takes_metadata(body, call.quirks.metadata):
        body["metadata"] = request.options.metadata
    return body


def _thinks_not(request: ChatRequest) -> bool:
    told = {**request.parameters, **(request.options.extra_body or {})}
    thinking = told.get("thinking")
    if is_object(thinking):
        return bool(thinking.get("type") == "disabled")
    return told.get("reasoning_effort") in _OFF


def _takes_metadata(body: Mapping[str, Any], rule: Metadata) -> bool:
    return rule is Metadata.ALWAYS or (rule is Metadata.STORED and body.get("store") is True)


def _parameters(call: WireCall[ChatRequest]) -> dict[str, Any]:
    request, quirks = call.request, call.quirks
    given = _limit_renamed(_without_empty(request.parameters), quirks.max_tokens_name)
    if is_object(given.get("reasoning_effort")):
        others = {name: value for name, value in given.items() if name != "reasoning_effort"}
        effort = plain_effort(given["reasoning_effort"])
        given = others if effort is None else {**others, "reasoning_effort": effort}
    if quirks.thinking_is_a_switch and "reasoning_effort" in given:
        given = _switched_off(given)
    known = CHAT_PARAMETERS if quirks.thinking else _WITHOUT_THINKING
    parameters = supported_parameters(given, call, known, drop=request.options.drop_params)
    if "response_format" in parameters:
        parameters["response_format"] = _response_format(parameters["response_format"], quirks)
    if "tools" in parameters:
        tools = parameters["tools"]
        if quirks.closed_schema:
            tools = known_tools(tools, CHAT_TOOLS, drop=request.options.drop_params)
        parameters["tools"] = [_sendable_tool(tool, quirks) for tool in tools]
    if "tool_choice" in parameters:
        choice = parameters["tool_choice"]
        if quirks.closed_schema or quirks.message_schema is not None:  # others may have words of their own
            choice = plain_choice(choice)
        parameters["tool_choice"] = quirks.required_tool_choice if choice == "required" else choice
    return parameters


def _switched_off(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters with no thinking said by its switch; where that is given as well, it decides."""
    if parameters["reasoning_effort"] not in _OFF:
        return parameters
    others = {name: value for name, value in parameters.items() if name != "reasoning_effort"}
    return {"thinking": {"type": "disabled"}, **others}


_LISTS = ("tools", "functions")
_ABOUT_TOOLS = ("tool_choice", "parallel_tool_calls", "function_call")


def _without_empty(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters without empty lists, which say nothing and are refused, and what would be about no tools."""
    empty = [name for name in _LISTS if name in parameters and parameters[name] in ([], ())]
    if not empty:
        return parameters
    if not (parameters.get("tools") or parameters.get("functions")):
        empty += _ABOUT_TOOLS
    return {name: value for name, value in parameters.items() if name not in empty}


def _response_format(given: Any, quirks: Quirks) -> dict[str, Any]:
    wanted = response_format_dict(given)
    if not quirks.json_object and wanted.get("type") == "json_object":
        return {"type": "json_schema", "json_schema": _ANY_OBJECT}
    described = wanted.get("json_schema")
    if quirks.strict_schemas and is_object(given) and is_object(described):
        return {**wanted, "json_schema": _kept_strict(described, "schema")}
    return wanted


def _sendable_tool(tool: Any, quirks: Quirks) -> Any:
    if not is_object(tool):
        return tool
    marks = CacheMarks.NONE if quirks.cache_marks is CacheMarks.BREAKPOINT else quirks.cache_marks
    made = with_mark(tool, marks) if "cache_control" in tool else tool
    function = made.get("function")
    if not is_object(function):
        return made
    described = with_mark(function, marks) if "cache_control" in function else function
    described = with_object(described) if quirks.closed_schema else described
    if quirks.typed_schemas and made.get("type", "function") == "function":
        described = typed_function(described)
    described = _kept_strict(described, "parameters") if quirks.strict_schemas else described
    return made if described is function else {**made, "function": described}


def _kept_strict(described: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What is said to be strict in words that the provider knows; not strict if that would change its meaning."""
    schema = described.get(name)
    if described.get("strict") is not True or not is_object(schema):
        return described
    if is_strict(schema):
        return described
    made = strict_schema(schema, closing=False)
    return {**described, "strict": False} if made is None else {**described, name: made}


def _limit_renamed(parameters: Mapping[str, Any], name: MaxTokensName) -> Mapping[str, Any]:
    """The parameters with the answer's limit under the only name that the provider takes.

    Two different limits are sent as they are: which one is meant is not for us to say.
    """
    if name is MaxTokensName.AS_GIVEN:
        return parameters
    limits = {parameters[limit] for limit in _LIMITS if limit in parameters}
    if len(limits) != 1:
        return parameters
    others = {key: value for key, value in parameters.items() if key not in _LIMITS}
    return {**others, name.value: limits.pop()}


def decode_chat(call: WireCall[ChatRequest], body: bytes) -> ModelResponse:
    """Read a whole reply.

    Raises:
        ReplyIsError: if it holds no answer, or one that the provider broke off.
        ConversionError: if the answer in it makes no sense.
    """
    if call.quirks.tools_by_responses and thinks_elsewhere(call):
        return by_responses().decode(call, body)
    document = whole_document(body)
    if document is not None:
        return read_document(call, document)
    return read_body(body, partial(read_document, call), ReadingOfEvents(partial(open_chat_decoder, call), fold_chunks))


def read_document(call: WireCall[ChatRequest], document: Any) -> ModelResponse:
    """The response that a decoded reply is. Changes it. Raises as `decode_chat` does."""
    if type(document) is not dict or "choices" not in document:
        document = unwrapped(document, "choices")
    reply = document if type(document) is dict else an_answer_object(document)
    failure: ErrorDetail | None = None
    for number, choice in enumerate(require_choices(reply)):
        if type(choice) is dict and not is_settled(choice):
            failure = _settle(choice, number, reply, ConversationIds(call.request.messages)) or failure
    if usage := as_object(reply.get("usage")):
        settle_usage(usage)
    if reply.get("object") != _KIND:
        reply["object"] = _KIND
    if failure is not None:
        raise ReplyIsError(evolve(failure, partial=structure(reply, ModelResponse)))
    return structure(reply, ModelResponse)


def _settle(choice: JSONObject, number: int, reply: JSONObject, ids: ConversationIds) -> ErrorDetail | None:
    """Bring a choice into OpenAI's shape. Returns why it is no answer, if it is none."""
    settle_place(choice, "message")
    if choice.get("message") is None:
        return failure_in(reply) or no_answer(reply)
    message = as_object(choice.get("message"))
    settle_message(message)
    calls = calls_in(message) if "tool_calls" in message else []
    for made in calls:
        settle_call(made)
    if calls is not (apart := taken_apart(calls)):
        calls = message["tool_calls"] = apart
    for made in calls:
        made["id"] = ids.take(made.get("id"), reply.get("id"))
    settle_choice(choice, has_calls=bool(calls))
    if type(choice.get("index")) is not int:
        choice["index"] = number
    if any_content(message):
        return failure_of(choice, says_something=True)
    failure = told_beside(reply) or failure_of(choice, says_something=False)
    return failure or (None if choice["finish_reason"] else failure_in(reply) or no_answer(reply))
