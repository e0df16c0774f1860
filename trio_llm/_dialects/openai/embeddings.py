"""Embeddings.

Source: OpenAI API reference, "Create embeddings", 2026-11; Voyage AI, "Text embeddings" (usage without
`prompt_tokens`); Perplexity, "Embeddings" (base64 of signed bytes).
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode
from typing import Any, Final

from ..._convert import ConversionError, structure
from ..._dialect import Call, json_request, merge_extra_body, supported_parameters
from ..._http import HTTPRequest
from ..._types.embedding import Embedding, EmbeddingResponse
from ..._types.other_requests import EmbeddingRequest
from .replies import JSONObject, parse_object, require_list, settle_usage

_PARAMETERS: Final = frozenset({"dimensions", "encoding_format", "input_type", "user"})


def encode_embeddings(call: Call[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors."""
    request = call.request
    parameters = supported_parameters(request.parameters, call, _PARAMETERS, request.options.drop_params)
    body = {"model": call.model, "input": request.input, **parameters}
    return json_request("/embeddings", merge_extra_body(body, request.options.extra_body))


def decode_embeddings(call: Call[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Read vectors, in the order of the input: `index` decides, whatever the order on the wire.

    Base64 text holds little-endian numbers, 32-bit floats unless the provider's quirks say otherwise.
    """
    reply = parse_object(body)
    items = require_list(reply, "data")
    reply["data"] = []
    if usage := reply.get("usage"):
        _settle_embedding_usage(usage)
    response = structure(reply, EmbeddingResponse)
    vectors = [_embedding(item, number, call.quirks.base64_typecode) for number, item in enumerate(items)]
    response.data = sorted(vectors, key=lambda vector: vector.index)
    return response


def _embedding(item: Any, number: int, typecode: str) -> Embedding:
    """One vector. Its numbers are taken as they are: looking at every one would cost more than all the rest."""
    numbers = item.get("embedding") if isinstance(item, dict) else None
    try:
        if isinstance(numbers, str):
            numbers = _unpacked(numbers, typecode)
    except ValueError as error:
        raise ConversionError(f"expected base64 numbers: {error}", f".data[{number}].embedding") from error
    if not isinstance(numbers, list):
        raise ConversionError("expected a vector", f".data[{number}].embedding")
    others = {name: value for name, value in item.items() if name != "embedding" and value is not None}
    made = structure({"index": number, **others}, Embedding)
    made.embedding = numbers
    return made


def _unpacked(text: str, typecode: str) -> list[Any]:
    numbers = array(typecode)
    numbers.frombytes(b64decode(text))
    if sys.byteorder == "big":  # pragma: no cover
        numbers.byteswap()
    return numbers.tolist()


def _settle_embedding_usage(usage: JSONObject) -> None:
    if usage.get("prompt_tokens") is None and usage.get("input_tokens") is None:
        usage["prompt_tokens"] = usage.get("total_tokens")
    settle_usage(usage)
