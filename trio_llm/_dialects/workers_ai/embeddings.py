"""Vectors.

Source: Cloudflare docs, "Workers AI, Models, bge-base-en-v1.5" (API schemas), 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..._convert.converter import ConversionError, parse
from ..._convert.narrow import as_list
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.http import HTTPRequest
from ..contract import WireCall, json_request, merge_extra_body
from ..embedding_inputs import check_plain_numbers, texts_of
from ..parameters import supported_parameters
from ..vectors import checked_vectors, read_vector
from .envelope import result_of, run_path

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
    body = {"text": texts_of(call, "Cloudflare")}
    return json_request(run_path(call), merge_extra_body(body, request.options.extra_body))


def decode_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Read vectors, which come in the order of the input.

    Raises:
        ConversionError: if there is not one for each text.
        ReplyIsError: if it is an error.
    """
    vectors = as_list(result_of(parse(body)).get("data"))
    asked = 1 if isinstance(call.request.input, str) else len(call.request.input)
    if len(vectors) != asked:
        raise ConversionError(f"{len(vectors)} vectors for {asked} texts", ".result.data")
    data = [
        Embedding(read_vector(vector, "f", f".result.data[{index}]"), index) for index, vector in enumerate(vectors)
    ]
    return checked_vectors(call, EmbeddingResponse(data, call.model))
