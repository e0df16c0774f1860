"""Models of other makers on Vertex AI, each by its maker's wire format, which Google hands on: `rawPredict`.

Paths are relative to `https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}`.
Google's own models stand in `gemini`; makers whose models Google puts behind OpenAI's API need no dialect here.

Source: Anthropic docs, "Claude on Vertex AI"; Google Cloud docs, "Use Anthropic's Claude models", "Count tokens for
Claude models" and "Mistral AI models", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .._convert.narrow import in_address
from .._types.http import HTTPRequest
from .anthropic import ANTHROPIC
from .anthropic.errors import ERRORS as OF_ANTHROPIC
from .contract import Dialect, WireCall, json_request
from .counting import body_of
from .error_bodies import ErrorReading
from .gemini.errors import ERRORS as OF_GOOGLE
from .hosting import Placing, hosted, hosted_stream
from .openai import OPENAI

VERSION: Final = "vertex-2023-10-16"
"""Stands in the body in place of Anthropic's header."""
COUNTER: Final = "count-tokens"
"""The model that counts for the model that the body names."""
# Google answers for itself, and hands on what the maker's server answered.
_ERRORS: Final = ErrorReading(
    {**OF_ANTHROPIC.kinds, **OF_GOOGLE.kinds}, {**OF_ANTHROPIC.statuses, **OF_GOOGLE.statuses}
)


def _path(publisher: str, model: str, verb: str) -> str:
    return f"/publishers/{publisher}/models/{in_address(model, safe='@')}:{verb}"


def _claude(verb: str) -> Placing:
    def place(call: WireCall[Any], request: HTTPRequest) -> HTTPRequest:
        body: Mapping[str, Any] = {"anthropic_version": VERSION, **body_of(request)}
        fields = {name: value for name, value in body.items() if name != "model"}
        return json_request(_path("anthropic", call.model, verb), fields, _betas(request))

    return place


def _count(_: WireCall[Any], request: HTTPRequest) -> HTTPRequest:
    return json_request(_path("anthropic", COUNTER, "rawPredict"), body_of(request), _betas(request))


def _betas(request: HTTPRequest) -> tuple[tuple[str, str], ...]:
    return tuple(field for field in request.headers if field[0] == "anthropic-beta")


def _mistral(verb: str) -> Placing:
    def place(call: WireCall[Any], request: HTTPRequest) -> HTTPRequest:
        return HTTPRequest("POST", _path("mistralai", call.model, verb), request.headers, request.body)

    return place


CLAUDE: Final = Dialect(
    name="vertex_claude",
    decode_error=_ERRORS.of_reply,
    chat=hosted(ANTHROPIC.chat, _claude("rawPredict")),
    chat_stream=hosted_stream(ANTHROPIC.chat_stream, _claude("streamRawPredict")),
    messages=hosted(ANTHROPIC.messages, _claude("rawPredict")),
    messages_stream=hosted_stream(ANTHROPIC.messages_stream, _claude("streamRawPredict")),
    count_tokens=hosted(ANTHROPIC.count_tokens, _count),
)
MISTRAL: Final = Dialect(
    name="vertex_mistral",
    decode_error=_ERRORS.of_reply,
    chat=hosted(OPENAI.chat, _mistral("rawPredict")),
    chat_stream=hosted_stream(OPENAI.chat_stream, _mistral("streamRawPredict")),
)
