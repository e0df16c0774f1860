"""From the bytes of a request to what it asks, and of whom: the endpoint of one wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import attrs

from .._convert import json as _json
from .._types.http import HTTPRequest, Origin
from ._ledger import RecordedRequest
from ._prompt import Prompt
from ._wires import (
    _anthropic,
    _bedrock,
    _cohere,
    _containers,
    _gemini,
    _generation,
    _invoke,
    _ollama,
    _openai,
    _other,
    _polled,
    _responses,
    _sound,
    _tokens,
    _vendors,
    _vertex,
)
from ._wires._forms import form_fields
from ._wires._model import SimulatedOperation, fields, words

ENDPOINTS: Final = (
    *_openai.ENDPOINTS,
    *_anthropic.ENDPOINTS,
    *_invoke.ENDPOINTS,
    *_bedrock.ENDPOINTS,
    *_gemini.ENDPOINTS,
    *_vertex.ENDPOINTS,
    *_responses.ENDPOINTS,
    *_containers.ENDPOINTS,
    *_ollama.ENDPOINTS,
    *_generation.ENDPOINTS,
    *_cohere.ENDPOINTS,
    *_polled.ENDPOINTS,
    *_sound.ENDPOINTS,
    *_vendors.ENDPOINTS,
    *_tokens.ENDPOINTS,
    *_other.ENDPOINTS,
)
"""The first that fits a request answers it, so that what is told apart by the body stands before what takes any."""
_NO_BODY: Final = "GET"
_KEY_HEADERS: Final = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key", "x-key")
_SIGNED: Final = re.compile(r"Credential=([^/]+)/")


@attrs.frozen
class Arrival:
    """A request that was read."""

    record: RecordedRequest
    endpoint: SimulatedOperation | None
    """None where the simulator knows no such path, or not with such a method."""
    allowed: tuple[str, ...] = ()
    """The methods that the path has, where it has not this one."""


def read(request: HTTPRequest, number: int, origin: Origin | None) -> Arrival:
    """What a request asks. Whatever its bytes are, it is read as far as it makes sense."""
    body = request.body if isinstance(request.body, bytes) else b"".join(request.body.blocks())
    path, _, query = request.path.partition("?")
    path, headers = path.rstrip("/"), dict(request.headers)
    given = _fields_of(headers, body)
    method = _NO_BODY if request.method == "HEAD" else request.method
    found = _endpoints_at(path)
    endpoint = next(
        (one for one in found if one.method == method and (one.fits is None or one.fits(path, given))), None
    )
    prompt = Prompt()
    if endpoint is not None:
        host = f"{origin}" if origin is not None else f"http://{headers.get('host', 'localhost')}"
        parameters = dict(parse_qsl(query))
        asked = endpoint.read(path, given)
        size = max(1, sum(len(words(text)) for text in asked.texts))
        prompt = attrs.evolve(asked, address=f"{host}{path}", query=parameters, size=size)
    name = endpoint.name if endpoint else ""
    record = RecordedRequest(number, request.method, request.path, headers, body, prompt, name)
    record.account = _account(headers, prompt.query)
    allowed = () if endpoint else tuple(sorted({one.method for one in found}))
    return Arrival(record, endpoint, () if method in allowed else allowed)


@lru_cache(maxsize=1_000)
def _endpoints_at(path: str) -> tuple[SimulatedOperation, ...]:
    """Kept: a program asks few paths, and there are many to compare."""
    return tuple(one for one in ENDPOINTS if one.path.search(path))


def _account(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    """The key, wherever it stands; of a signature, the access key's id."""
    found = next((headers[name] for name in _KEY_HEADERS if headers.get(name)), query.get("key", ""))
    signed = _SIGNED.search(found)
    return signed[1] if signed else found.removeprefix("Bearer ").removeprefix("Token ").removeprefix("Key ")


def _fields_of(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    form = form_fields(headers.get("content-type", ""), body)
    return _object(body) if form is None else form


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = _json.loads(body)
    except ValueError:
        return {}
    return fields(value)
