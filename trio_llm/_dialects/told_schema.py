"""Schemas in words, for providers that enforce none: what comes back is checked all the same.

Source: DeepSeek API docs, "JSON Output" (`json_object`, and the word JSON in the prompt), 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._convert import json as _json
from .._types.chat import ChatRequest
from .._types.request import changed
from .contract import Answers, Quirks
from .schema import response_format_dict

_BY_SCHEMA: Final = "Answer with one JSON object that fits this JSON schema, and with nothing else:\n"
_ANY: Final = "Answer with one JSON object, and with nothing else."
_JSON: Final = {"type": "json_object"}


def with_told_schema(request: Any, quirks: Quirks) -> Any:
    """A request as its provider can take it: what the provider does not enforce is asked for in words."""
    given = request.parameters.get("response_format") if isinstance(request, ChatRequest) else None
    if given is None or quirks.answers is Answers.SCHEMA:
        return request
    wanted = response_format_dict(given)
    kind = wanted.get("type")
    if kind not in ("json_schema", "json_object") or (kind == "json_object" and quirks.answers is Answers.JSON):
        return request
    described = wanted.get("json_schema")
    schema = described.get("schema") if isinstance(described, Mapping) else None
    words = _ANY if schema is None else _BY_SCHEMA + _json.dumps(schema).decode()
    parameters = {name: value for name, value in request.parameters.items() if name != "response_format"}
    if quirks.answers is Answers.JSON:
        parameters["response_format"] = _JSON
    return changed(request, messages=_with_words(request.messages, words), parameters=parameters)


def _with_words(messages: tuple[Mapping[str, Any], ...], words: str) -> tuple[Mapping[str, Any], ...]:
    first, *rest = messages
    if first["role"] in ("system", "developer") and isinstance(first.get("content"), str):
        return ({**first, "content": f"{first['content']}\n\n{words}"}, *rest)
    return ({"role": "system", "content": words}, *messages)
