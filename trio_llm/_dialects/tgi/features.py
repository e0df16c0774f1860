"""Vectors by feature extraction: a list of numbers for each text.

`input_type` is the name of a prompt that the model's repository has. Fields of the task's own (`normalize`, `truncate`)
go through `extra_body`.

Source: Hugging Face, "Inference Providers, Feature Extraction", 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import ConversionError, parse
from ..._convert.narrow import as_object, in_address
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.http import HTTPRequest
from ..continuations import ERRORS
from ..contract import ReplyIsError, WireCall, json_request, merge_extra_body
from ..embedding_inputs import check_plain_numbers, texts_of
from ..failing import retryable
from ..parameters import supported_parameters
from ..vectors import checked_vectors, read_vector

_EXPRESSIBLE: Final = frozenset({"dimensions", "encoding_format", "input_type"})


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors, which come as numbers.

    Raises:
        BadRequestError: for an input that is not text.
        UnsupportedParamsError: for an encoding other than `float`.
    """
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    check_plain_numbers(call)
    body: dict[str, Any] = {"inputs": texts_of(call, "Hugging Face")}
    if "input_type" in given:
        body["prompt_name"] = given["input_type"]
    if "dimensions" in given:
        body["dimensions"] = given["dimensions"]
    path = f"/{in_address(call.model, safe='/')}/pipeline/feature-extraction"
    return json_request(path, merge_extra_body(body, request.options.extra_body))


def decode_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Read vectors, which come in the order of the input; nobody counts their tokens.

    A model that does not sum up its tokens gives a list of vectors for each text.

    Raises:
        ConversionError: if there is not one for each text.
        ReplyIsError: for an error with status 200.
    """
    document = parse(body)
    if as_object(document).get("error"):
        raise ReplyIsError(retryable(ERRORS.of_value(document)))
    if not isinstance(document, list):
        raise ConversionError(f"expected vectors, got {document!r:.60}")
    vectors: list[Any] = [document] if document and isinstance(document[0], int | float) else document
    asked = 1 if isinstance(call.request.input, str) else len(call.request.input)
    if len(vectors) != asked:
        raise ConversionError(f"{len(vectors)} vectors for {asked} texts")
    data = [Embedding(read_vector(vector, "f", f"[{index}]"), index) for index, vector in enumerate(vectors)]
    return checked_vectors(call, EmbeddingResponse(data, call.model))
