"""Chat requests as `generateContent` bodies.

Source: Gemini API reference, "models.generateContent" and "GenerationConfig", v1beta, 2026-11; Vertex AI's v1 takes
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..._convert.narrow import a_list, is_object
from ..._types.chat import ChatRequest
from ..._types.errors import BadRequestError, UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..contract import WireCall, json_request, merge_extra_body
from ..history import BEGINNING
from ..parameters import supported_parameters
from ..schema import response_format_dict
from .contents import system_instruction, turns
from .models import family_of, model_path
from .schema import gemini_schema
from .thinking import thinking_config
from .tools import tool_config, wire_tools

_SAME_MEANING: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "top_p": "topP",
    "n": "candidateCount",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}
"""Parameters that the generation config has under another name."""
_TRANSLATED: Final = frozenset(
    (
        "stop",
        "response_format",
        "modalities",
        "audio",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "parallel_tool_calls",
        "web_search_options",
        "reasoning_effort",
        "thinking",
        "service_tier",
        "store",
        "stream_options",
    )
)
_EXPRESSIBLE: Final = _TRANSLATED | _SAME_MEANING.keys()
_TIERS: Final[Mapping[str, str]] = {
    "auto": "unspecified",
    "default": "standard",
    "standard": "standard",
    "flex": "flex",
    "priority": "priority",
}
_SPEECH_FORMAT = "pcm16"
"""The one format in which the models speak."""


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a whole reply.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
        BadRequestError: for messages or tools that make no sense.
    """
    return _request(call, "generateContent")


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a streamed reply. Usage comes unasked. Raises as `encode_chat` does."""
    return _request(call, "streamGenerateContent?alt=sse")


def _request(call: WireCall[ChatRequest], verb: str) -> HTTPRequest:
    body = merge_extra_body(_body(call), call.request.options.extra_body)
    return json_request(model_path(call.model, verb), body)


def _body(call: WireCall[ChatRequest]) -> dict[str, Any]:
    drop = call.request.options.drop_params
    parameters = _checked(supported_parameters(call.request.parameters, call, _EXPRESSIBLE, drop=drop), call, drop=drop)
    fields = {
        **_conversation(call),
        "tools": wire_tools(parameters, drop=drop),
        "toolConfig": tool_config(parameters),
        "generationConfig": _generation_config(parameters, call, drop=drop),
        "serviceTier": _TIERS.get(parameters.get("service_tier", "")),
        "store": parameters.get("store"),
    }
    return {name: value for name, value in fields.items() if value is not None and value not in ([], {})}


def _conversation(call: WireCall[ChatRequest]) -> dict[str, Any]:
    messages = call.request.messages
    system, contents = system_instruction(messages), turns(messages, family_of(call.model))
    if contents and contents[0]["role"] == "model" and any("functionCall" in part for part in contents[0]["parts"]):
        # "Function call turn comes immediately after a user turn".
        contents.insert(0, {"role": "user", "parts": [{"text": BEGINNING}]})
    if contents:
        return {"systemInstruction": system, "contents": contents}
    if system is None:
        raise BadRequestError("messages: there is nothing to answer")
    # The wire wants a turn to answer: instructions alone are the user's.
    return {"contents": [{"role": "user", **system}]}


def _checked(parameters: dict[str, Any], call: WireCall[ChatRequest], *, drop: bool) -> dict[str, Any]:
    """The parameters without those whose value has no words on the wire."""
    refused = [name for name, expresses in _VALUES.items() if name in parameters and not expresses(parameters[name])]
    if refused and not drop:
        named = ", ".join(f"{name}={parameters[name]!r}" for name in refused)
        raise UnsupportedParamsError(f"cannot express {named}; drop_params=True leaves it out", model=call.model)
    return {name: value for name, value in parameters.items() if name not in refused}


_VALUES: Final[Mapping[str, Callable[[Any], bool]]] = {
    # Models call several functions at once whenever they see fit.
    "parallel_tool_calls": lambda allowed: allowed is True,
    "service_tier": lambda tier: isinstance(tier, str) and tier in _TIERS,
    "audio": lambda audio: audio.get("format", _SPEECH_FORMAT) == _SPEECH_FORMAT,
}


def _generation_config(parameters: Mapping[str, Any], call: WireCall[ChatRequest], *, drop: bool) -> dict[str, Any]:
    config = {wire: parameters[name] for name, wire in _SAME_MEANING.items() if name in parameters}
    stop = parameters.get("stop")
    config |= _response_format(parameters)
    config |= _given(
        stopSequences=[stop] if isinstance(stop, str) else stop and [text for _, text in a_list(stop, "stop")],
        responseModalities=[str(kind).upper() for kind in parameters.get("modalities", ())],
        speechConfig=_speech(parameters.get("audio")),
        thinkingConfig=thinking_config(parameters, family_of(call.model), drop=drop),
    )
    return config


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _speech(audio: Mapping[str, Any] | None) -> dict[str, Any] | None:
    voice = (audio or {}).get("voice")
    return {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}} if voice else None


def _response_format(parameters: Mapping[str, Any]) -> dict[str, Any]:
    if "response_format" not in parameters:
        return {}
    wanted = response_format_dict(parameters["response_format"])
    kind = wanted.get("type")
    if kind == "text":
        return {}
    config: dict[str, Any] = {"responseMimeType": "application/json"}
    if kind == "json_schema":
        config["responseJsonSchema"] = _response_schema(wanted.get("json_schema"))
    elif kind != "json_object":
        raise BadRequestError(f"response_format: unknown type {kind!r}")
    return config


def _response_schema(described: Any) -> Any:
    schema = described.get("schema") if is_object(described) else None
    if not is_object(schema):
        raise BadRequestError("response_format.json_schema.schema is missing")
    made = gemini_schema(schema)
    if described.get("description"):
        made.setdefault("description", described["description"])
    return made
