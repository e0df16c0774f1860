"""Vectors. Source: IBM watsonx.ai API reference, "Text embeddings", 2026-11."""

from __future__ import annotations

from typing import Final

from ..._convert.converter import ConversionError
from ..._convert.narrow import as_objects, parse_object
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from ..continuations import ERRORS
from ..contract import ReplyIsError, WireCall
from ..embedding_inputs import check_plain_numbers, texts_of
from ..failing import retryable
from ..parameters import supported_parameters
from ..vectors import checked_vectors, read_vector
from .requests import watsonx_request

_EXPRESSIBLE: Final = frozenset({"encoding_format"})


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors, which come as numbers.

    Raises:
        BadRequestError: for an input that is not text.
        UnsupportedParamsError: for an encoding other than `float`.
    """
    request = call.request
    supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    check_plain_numbers(call)
    return watsonx_request(call, "/embeddings", {"inputs": texts_of(call, "watsonx")})


def decode_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Read vectors, which come in the order of the input.

    Raises:
        ConversionError: if there are none.
        ReplyIsError: if it is an error.
    """
    reply = parse_object(body)
    if reply.get("errors") or reply.get("error"):
        raise ReplyIsError(retryable(ERRORS.of_value(reply)))
    results = as_objects(reply.get("results"))
    if not results:
        raise ConversionError("expected vectors, got none", ".results")
    data = [
        Embedding(read_vector(result.get("embedding"), "f", f".results[{index}].embedding"), index)
        for index, result in enumerate(results)
    ]
    tokens = reply.get("input_token_count")
    usage = Usage(tokens, 0, tokens) if isinstance(tokens, int) else None
    return checked_vectors(call, EmbeddingResponse(data, call.model, usage=usage))
