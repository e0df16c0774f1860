"""Embeddings of `/api/embed`.

Source: Ollama API reference, "Generate embeddings", 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import ConversionError
from ..._convert.narrow import parse_object
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from ..contract import WireCall, json_request, merge_extra_body
from ..embedding_inputs import check_plain_numbers, texts_of
from ..parameters import supported_parameters
from ..vectors import checked_vectors, read_vector
from .errors import raise_error

_EXPRESSIBLE: Final = frozenset({"dimensions", "encoding_format"})


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors, which come as numbers.

    Raises:
        BadRequestError: for an input that is not text.
        UnsupportedParamsError: for an encoding other than `float`.
    """
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    check_plain_numbers(call)
    body: dict[str, Any] = {"model": call.model, "input": texts_of(call, "Ollama")}
    if "dimensions" in given:
        body["dimensions"] = given["dimensions"]
    return json_request("/api/embed", merge_extra_body(body, request.options.extra_body))


def decode_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Read vectors, which come in the order of the input.

    Raises:
        ConversionError: if there are none.
        ReplyIsError: for an error with status 200.
    """
    reply = parse_object(body)
    raise_error(reply)
    vectors = reply.get("embeddings")
    if not isinstance(vectors, list):
        raise ConversionError(f"expected vectors, got {vectors!r:.60}", ".embeddings")
    data = [Embedding(read_vector(vector, "f", f".embeddings[{index}]"), index) for index, vector in enumerate(vectors)]
    tokens = reply.get("prompt_eval_count")
    usage = Usage(tokens, 0, tokens) if isinstance(tokens, int) else None
    rest = {name: value for name, value in reply.items() if name.endswith("_duration")}
    return checked_vectors(
        call, EmbeddingResponse(data, reply.get("model") or call.model, usage=usage, model_extra=rest or None)
    )
