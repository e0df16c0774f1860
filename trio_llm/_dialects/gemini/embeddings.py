"""Embeddings: `batchEmbedContents` of the Gemini API, and `predict` of Vertex AI.

Source: Gemini API reference, "models.batchEmbedContents"; Vertex AI reference, "Text embeddings API"; 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from ..._convert.converter import ConversionError, load
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.errors import UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from ..._types.vector import Vector
from ..contract import Call, json_request, merge_extra_body, supported_parameters
from ..embedding_inputs import texts_of
from .models import model_path, resource_name

_EXPRESSIBLE: Final = frozenset(("dimensions", "encoding_format", "input_type"))
_TASKS: Final[Mapping[str, str]] = {
    "query": "RETRIEVAL_QUERY",
    "search_query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "passage": "RETRIEVAL_DOCUMENT",
    "search_document": "RETRIEVAL_DOCUMENT",
}
"""Other vendors' words; Gemini's own are taken as they are, in either case."""


@attrs.frozen
class _Vector:
    values: Vector


@attrs.frozen
class _Counts:
    prompt: int = attrs.field(default=0, alias="promptTokenCount")


@attrs.frozen
class _Batch:
    """Vectors in the order of the requests; gateways may answer with the single vector of `embedContent`."""

    embeddings: list[_Vector] = attrs.Factory(list[_Vector])
    embedding: _Vector | None = None
    usage: _Counts | None = attrs.field(default=None, alias="usageMetadata")


@attrs.frozen
class _Statistics:
    token_count: int = 0


@attrs.frozen
class _CountedVector:
    values: Vector
    statistics: _Statistics = _Statistics()


@attrs.frozen
class _Prediction:
    embeddings: _CountedVector


@attrs.frozen
class _Predictions:
    predictions: list[_Prediction] = attrs.Factory(list[_Prediction])


def encode_embeddings(call: Call[EmbeddingRequest]) -> HTTPRequest:
    """A request for the vectors of several texts.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
        BadRequestError: for an input that is not text.
    """
    asked = _asked(call)
    requests = [
        {"model": resource_name(call.model), "content": {"parts": [{"text": text}]}, **asked}
        for text in texts_of(call, "Gemini")
    ]
    return _post(call, "batchEmbedContents", {"requests": requests})


def decode_embeddings(call: Call[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """The vectors in the order of the input.

    Raises:
        ConversionError: if the reply is malformed, or has not one vector for each text.
    """
    batch = load(body, _Batch)
    usage = None if batch.usage is None else Usage(batch.usage.prompt, 0, batch.usage.prompt)
    vectors = batch.embeddings or ([batch.embedding] if batch.embedding else [])
    return _response(call, [vector.values for vector in vectors], usage)


def encode_predicted_embeddings(call: Call[EmbeddingRequest]) -> HTTPRequest:
    """The same request to Vertex AI. Raises as `encode_embeddings` does."""
    asked = _asked(call)
    task = {"task_type": asked["taskType"]} if "taskType" in asked else {}
    size = {"outputDimensionality": asked["outputDimensionality"]} if "outputDimensionality" in asked else {}
    body = {"instances": [{"content": text, **task} for text in texts_of(call, "Gemini")]}
    return _post(call, "predict", body | ({"parameters": size} if size else {}))


def decode_predicted_embeddings(call: Call[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Vertex AI's reply. Raises as `decode_embeddings` does."""
    vectors = [prediction.embeddings for prediction in load(body, _Predictions).predictions]
    tokens = sum(vector.statistics.token_count for vector in vectors)
    return _response(call, [vector.values for vector in vectors], Usage(tokens, 0, tokens))


def _post(call: Call[EmbeddingRequest], verb: str, body: dict[str, Any]) -> HTTPRequest:
    merged = merge_extra_body(body, call.request.options.extra_body)
    return json_request(model_path(call.model, verb), merged)


def _asked(call: Call[EmbeddingRequest]) -> dict[str, Any]:
    drop = call.request.options.drop_params
    parameters = supported_parameters(call.request.parameters, call, _EXPRESSIBLE, drop=drop)
    if parameters.get("encoding_format", "float") != "float" and not drop:
        raise UnsupportedParamsError("encoding_format can only be float; drop_params=True leaves it out")
    asked: dict[str, Any] = {}
    if "dimensions" in parameters:
        asked["outputDimensionality"] = parameters["dimensions"]
    if "input_type" in parameters:
        kind = str(parameters["input_type"])
        asked["taskType"] = _TASKS.get(kind.lower(), kind.upper())
    return asked


def _response(call: Call[EmbeddingRequest], vectors: list[Vector], usage: Usage | None) -> EmbeddingResponse:
    expected = len(texts_of(call, "Gemini"))
    if len(vectors) != expected:
        raise ConversionError(f"{len(vectors)} vectors for {expected} texts")
    data = [Embedding(vector, index) for index, vector in enumerate(vectors)]
    return EmbeddingResponse(data, call.model, usage=usage)
