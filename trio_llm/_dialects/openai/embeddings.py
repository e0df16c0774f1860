"""Embeddings.

Source: OpenAI API reference, "Create embeddings", 2026-11; Voyage AI, "Text embeddings" (usage without
`prompt_tokens`); Perplexity, "Embeddings" (base64 of signed bytes).
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import structure
from ..._convert.narrow import JSONObject, as_object, parse_object
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.errors import BadRequestError
from ..._types.http import HTTPRequest
from ..contract import WireCall, json_request, merge_extra_body
from ..embedding_inputs import has_parts
from ..parameters import supported_parameters
from ..vectors import checked_vectors, read_vector
from .replies import require_list, settle_usage

_PARAMETERS: Final = frozenset({"dimensions", "encoding_format", "input_type", "user"})


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors.

    Raises:
        BadRequestError: for content parts.
    """
    request = call.request
    if has_parts(call):
        raise BadRequestError("input: this provider embeds texts and token ids, no content parts", model=call.model)
    asked = request.parameters
    if call.quirks.vectors_as_base64 and "encoding_format" not in asked:
        asked = {**asked, "encoding_format": "base64"}  # a third of the bytes, and no number to parse
    parameters = supported_parameters(asked, call, _PARAMETERS, drop=request.options.drop_params)
    body = {"model": call.model, "input": request.input, **parameters}
    return json_request("/embeddings", merge_extra_body(body, request.options.extra_body))


def decode_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Read vectors, in the order of the input: `index` decides, whatever the order on the wire.

    Base64 text holds little-endian numbers, 32-bit floats unless the provider's quirks say otherwise.
    """
    reply = parse_object(body)
    items = require_list(reply, "data")
    reply["data"] = []
    _settle_embedding_usage(as_object(reply.get("usage")))
    response = structure(reply, EmbeddingResponse)
    vectors = [_embedding(item, number, call.quirks.base64_typecode) for number, item in enumerate(items)]
    response.data = sorted(vectors, key=lambda vector: vector.index)
    return checked_vectors(call, response)


def _embedding(value: Any, number: int, typecode: str) -> Embedding:
    item = as_object(value)
    numbers = read_vector(item.pop("embedding", None), typecode, f".data[{number}].embedding")
    if item.get("index") is None:
        item["index"] = number
    made = structure(item, Embedding)
    made.embedding = numbers
    return made


def _settle_embedding_usage(usage: JSONObject) -> None:
    if usage.get("prompt_tokens") is None and usage.get("input_tokens") is None:
        usage["prompt_tokens"] = usage.get("total_tokens")
    settle_usage(usage)
