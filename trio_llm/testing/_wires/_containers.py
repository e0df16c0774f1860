"""SageMaker endpoints and Cloudflare's Workers AI: other wires inside an envelope.

Source: Amazon SageMaker Runtime API reference, "InvokeEndpoint" and "InvokeEndpointWithResponseStream"; Cloudflare
docs, "Workers AI, Execute AI model" and "Responses and errors", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

import attrs

from .._actions import Failure
from .._prompt import Prompt
from ._bedrock import aws_exception, exception_name
from ._cohere import texts_of_list
from ._generation import read_features, read_generation, write_features, write_generation
from ._limit_headers import no_headers
from ._model import (
    AWS_STREAM,
    EVENT_STREAM,
    Answer,
    BodyEvent,
    Family,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    arguments_object,
    aws_event,
    data_event,
    whole,
)
from ._openai import DONE, ENDPOINTS as OF_OPENAI, usage_object
from ._vectors import DEFAULT_DIMENSIONS, vector

_CHAT, *_ = OF_OPENAI
_INVOKED: Final = re.compile(r"/endpoints/[^/]+/invocations(-response-stream)?$")


def _sagemaker_error(failure: Failure) -> dict[str, Any]:
    told = {"ErrorCode": exception_name(failure), "Message": failure.message}
    return {**told, "OriginalMessage": failure.message, "OriginalStatusCode": failure.status}


SAGEMAKER: Final = Family(
    "sagemaker", _sagemaker_error, aws_exception, aws_event("PayloadPart", b": ping\n\n").data, no_headers
)


def _contained(endpoint: SimulatedOperation, name: str, field: str) -> SimulatedOperation:
    """A container's endpoint; the path names it, and a stream comes in the payloads of AWS's messages."""

    def read(path: str, body: Mapping[str, Any]) -> Prompt:
        asked = endpoint.read(path, body)
        return attrs.evolve(asked, model=unquote(path.split("/")[-2]), stream=path.endswith("-stream"))

    def write(prompt: Prompt, answer: Answer) -> ReplyBody:
        written = endpoint.write(prompt, answer)
        if written.content_type != EVENT_STREAM:
            return written
        kind = "application/octet-stream"
        events = [
            aws_event("PayloadPart", event.data, tokens=event.tokens, content_type=kind) for event in written.events
        ]
        return ReplyBody(AWS_STREAM, events)

    def fits(_path: str, body: Mapping[str, Any]) -> bool:
        return field in body

    return SimulatedOperation(f"sagemaker.{name}", _INVOKED, SAGEMAKER, read, write, fits=fits)


_TEXTS: Final = SimulatedOperation("tgi.generate", _INVOKED, SAGEMAKER, read_generation, write_generation)
_VECTORS: Final = SimulatedOperation("tgi.embeddings", _INVOKED, SAGEMAKER, read_features, write_features)


def _cloudflare_error(failure: Failure) -> dict[str, Any]:
    code = int(failure.code) if failure.code and failure.code.isdecimal() else 5000 + failure.status
    return {"result": None, "success": False, "errors": [{"code": code, "message": failure.message}], "messages": []}


CLOUDFLARE: Final = Family(
    "cloudflare",
    _cloudflare_error,
    lambda failure: data_event({"errors": [{"message": failure.message, "code": failure.status}]}).data,
    b": keep-alive\n\n",
    no_headers,
)
_RUN: Final = re.compile(r"/run/.+$")


def _model(path: str) -> str:
    return unquote(path.partition("/run/")[2])


def _read_run(path: str, body: Mapping[str, Any]) -> Prompt:
    return attrs.evolve(_CHAT.read(path, body), model=_model(path))


def _enveloped(result: Any, *, tokens: int = 0) -> ReplyBody:
    return whole({"result": result, "success": True, "errors": [], "messages": []}, tokens=tokens)


def _write_run(prompt: Prompt, answer: Answer) -> ReplyBody:
    calls = [{"name": call.name, "arguments": arguments_object(call)} for call in answer.tool_calls]
    if not prompt.stream:
        made = {"tool_calls": calls} if calls else {}
        said = {"response": "".join(answer.text), **made, "usage": usage_object(answer)}
        return _enveloped(said, tokens=answer_tokens(answer))
    return ReplyBody(EVENT_STREAM, [*_run_events(answer, calls), DONE])


def _run_events(answer: Answer, calls: list[dict[str, Any]]) -> Iterator[BodyEvent]:
    for piece in answer.text:
        yield data_event({"response": piece}, tokens=1)
    if calls:
        yield data_event({"response": "", "tool_calls": calls}, tokens=len(calls))
    yield data_event({"response": "", "usage": usage_object(answer)})


def _read_vectors(path: str, body: Mapping[str, Any]) -> Prompt:
    texts = texts_of_list(body.get("text"))
    return Prompt(_model(path), texts, texts[-1] if texts else "", body=body)


def _write_vectors(prompt: Prompt, _answer: Answer) -> ReplyBody:
    data = [vector(text, DEFAULT_DIMENSIONS) for text in prompt.texts]
    return _enveloped({"shape": [len(data), DEFAULT_DIMENSIONS], "data": data, "pooling": "mean"})


def _makes_vectors(_path: str, body: Mapping[str, Any]) -> bool:
    return "text" in body


ENDPOINTS: Final = (
    _contained(_CHAT, "chat", "messages"),
    # Vectors are asked for by a list, a continuation by one text and its parameters.
    _contained(_TEXTS, "generate", "parameters"),
    _contained(_VECTORS, "embeddings", "inputs"),
    SimulatedOperation("cloudflare.embeddings", _RUN, CLOUDFLARE, _read_vectors, _write_vectors, fits=_makes_vectors),
    SimulatedOperation("cloudflare.run", _RUN, CLOUDFLARE, _read_run, _write_run),
)
