"""Schemas in words, for providers that enforce none: what comes back is checked all the same.

A chat is changed before it is encoded. The Responses API and the Messages API have their schemas elsewhere, and change
them where they are encoded; bridged to a chat, they are one.

Source: DeepSeek API docs, "JSON Output" (`json_object`, and the word JSON in the prompt), 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._convert import json as _json
from .._convert.narrow import as_mapping
from .._types.chat import ChatRequest
from .._types.request import AnyRequest, changed
from .quirks import Answers, Quirks
from .schema import response_format_dict

Parameters = dict[str, Any]
_BY_SCHEMA: Final = "Answer with one JSON object that fits this JSON schema, and with nothing else:\n"
_ANY: Final = "Answer with one JSON object, and with nothing else."
_JSON: Final = {"type": "json_object"}


NAMES_OF_SCHEMAS: Final = frozenset({"response_format", "text_format", "text", "output_config"})
"""Parameters without any of which no schema is asked for."""


def asks_for_schema(request: AnyRequest) -> bool:
    """Whether a request, of whichever shape, asks for an answer that fits a schema."""
    parameters = request.parameters
    match request.operation:
        case "completion":
            wanted = parameters.get("response_format")
        case "responses":
            wanted = parameters.get("text_format") or as_mapping(parameters.get("text")).get("format")
        case "anthropic_messages":
            wanted = as_mapping(parameters.get("output_config")).get("format")
        case _:
            return False
    return wanted is not None and (not isinstance(wanted, Mapping) or wanted.get("type") == "json_schema")


def with_told_schema(request: Any, quirks: Quirks) -> Any:
    """A chat as its provider can take it: what the provider does not enforce is asked for in words."""
    given = request.parameters.get("response_format") if isinstance(request, ChatRequest) else None
    words = None if given is None else _words(response_format_dict(given), quirks)
    if words is None:
        return request
    parameters = {name: value for name, value in request.parameters.items() if name != "response_format"}
    if quirks.answers is Answers.JSON:
        parameters["response_format"] = _JSON
    return changed(request, messages=_with_words(request.messages, words), parameters=parameters)


def told_in_instructions(parameters: Parameters, quirks: Quirks) -> Parameters:
    """The same for parameters of the Responses API, whose schema is in `text.format`."""
    text = as_mapping(parameters.get("text"))
    format_ = as_mapping(text.get("format"))
    words = _words(format_ if format_.get("type") != "json_schema" else {**format_, "json_schema": format_}, quirks)
    if words is None:
        return parameters
    kept = {name: value for name, value in text.items() if name != "format"}
    if quirks.answers is Answers.JSON:
        kept["format"] = _JSON
    instructions = "\n\n".join(filter(None, [parameters.get("instructions"), words]))
    others = {name: value for name, value in parameters.items() if name != "text"}
    return {**others, "instructions": instructions, **({"text": kept} if kept else {})}


def told_in_system(parameters: Parameters, quirks: Quirks) -> Parameters:
    """The same for parameters of the Messages API, whose schema is in `output_config.format`."""
    output = as_mapping(parameters.get("output_config"))
    format_ = as_mapping(output.get("format"))
    words = _words({**format_, "json_schema": format_}, quirks)
    if words is None:
        return parameters
    kept = {name: value for name, value in output.items() if name != "format"}
    system = parameters.get("system") or ""
    told = f"{system}\n\n{words}".strip() if isinstance(system, str) else [*system, {"type": "text", "text": words}]
    others = {name: value for name, value in parameters.items() if name != "output_config"}
    return {**others, "system": told, **({"output_config": kept} if kept else {})}


def _words(wanted: Mapping[str, Any], quirks: Quirks) -> str | None:
    """What a provider has to be told of a `response_format`; None where it heeds that itself."""
    kind, answers = wanted.get("type"), quirks.answers
    if answers is Answers.SCHEMA or kind not in ("json_schema", "json_object"):
        return None
    if kind == "json_object" and answers is Answers.JSON:
        return None
    schema = as_mapping(wanted.get("json_schema")).get("schema")
    return _ANY if schema is None else _BY_SCHEMA + _json.dumps(schema).decode()


def _with_words(messages: tuple[Mapping[str, Any], ...], words: str) -> tuple[Mapping[str, Any], ...]:
    first, *rest = messages
    if first["role"] in ("system", "developer") and isinstance(first.get("content"), str):
        return ({**first, "content": f"{first['content']}\n\n{words}"}, *rest)
    return ({"role": "system", "content": words}, *messages)
