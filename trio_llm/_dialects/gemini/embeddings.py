"""Embeddings: `batchEmbedContents` of the Gemini API, and `predict` and `embedContent` of Vertex AI.

An input of content parts becomes one vector, by models from `gemini-embedding-2` on. These have `embedContent` on
Vertex AI, which takes one input a request.

Source: Gemini API reference, "models.batchEmbedContents"; Vertex AI reference, "Text embeddings API" and
"PredictionService.EmbedContent" (v1); 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from ..._convert.converter import ConversionError, load
from ..._convert.narrow import as_mapping
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.errors import BadRequestError
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from ..._types.vector import Vector
from ..contract import WireCall, json_request, merge_extra_body
from ..embedding_inputs import check_plain_numbers, has_parts, items_of, texts_of
from ..parameters import supported_parameters
from ..vectors import checked_vectors
from .media import Part, media_part
from .models import model_path, resource_name
from .multimodal import MODEL as MULTIMODAL, decode_multimodal_embeddings, encode_multimodal_embeddings

_EXPRESSIBLE: Final = frozenset(("dimensions", "encoding_format", "input_type"))
_TASKS: Final[Mapping[str, str]] = {
    "query": "RETRIEVAL_QUERY",
    "search_query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "passage": "RETRIEVAL_DOCUMENT",
    "search_document": "RETRIEVAL_DOCUMENT",
}
"""Other vendors' words; Gemini's own are taken as they are, in either case."""

_OF_CONTENTS: Final = re.compile(r"(models/)?gemini-embedding-(?!001)")
"""Models that Vertex AI has at `embedContent`."""


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
class _VectorPrediction:
    embeddings: _CountedVector


@attrs.frozen
class _VectorPredictions:
    predictions: list[_VectorPrediction] = attrs.Factory(list[_VectorPrediction])


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """A request for the vectors of several texts or contents.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
        BadRequestError: for token ids, and parts of a kind or at an address that Gemini does not take.
    """
    asked = _asked(call)
    requests = [{"model": resource_name(call.model), "content": {"parts": parts}, **asked} for parts in _contents(call)]
    return _post(call, "batchEmbedContents", {"requests": requests})


def decode_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """The vectors in the order of the input.

    Raises:
        ConversionError: if the reply is malformed, or has not one vector for each input.
    """
    batch = load(body, _Batch)
    usage = None if batch.usage is None else Usage(batch.usage.prompt, 0, batch.usage.prompt)
    vectors = batch.embeddings or ([batch.embedding] if batch.embedding else [])
    return _response(call, [vector.values for vector in vectors], usage)


def encode_predicted_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The same request to Vertex AI, whose models have three forms of it. Raises as `encode_embeddings` does."""
    if call.model.startswith(MULTIMODAL):
        return encode_multimodal_embeddings(call)
    if _OF_CONTENTS.match(call.model):
        return _encode_content(call)
    asked = _asked(call)
    task = {"task_type": asked["taskType"]} if "taskType" in asked else {}
    size = {"outputDimensionality": asked["outputDimensionality"]} if "outputDimensionality" in asked else {}
    body = {"instances": [{"content": text, **task} for text in texts_of(call, "Gemini")]}
    return _post(call, "predict", body | ({"parameters": size} if size else {}))


def decode_predicted_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Vertex AI's reply. Raises as `decode_embeddings` does."""
    if call.model.startswith(MULTIMODAL):
        return decode_multimodal_embeddings(call, body)
    if _OF_CONTENTS.match(call.model):
        return decode_embeddings(call, body)
    vectors = [prediction.embeddings for prediction in load(body, _VectorPredictions).predictions]
    tokens = sum(vector.statistics.token_count for vector in vectors)
    return _response(call, [vector.values for vector in vectors], Usage(tokens, 0, tokens))


def _encode_content(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    contents = _contents(call)
    if len(contents) != 1:
        raise BadRequestError("this model takes one input a request", model=call.model)
    return _post(call, "embedContent", {"content": {"parts": contents[0]}, **_asked(call)})


def _contents(call: WireCall[EmbeddingRequest]) -> list[list[Part]]:
    """The parts of each input."""
    if not has_parts(call):
        return [[{"text": text}] for text in texts_of(call, "Gemini")]
    return [_parts(item, f"input[{number}]") for number, item in enumerate(items_of(call))]


def _parts(item: Any, where: str) -> list[Part]:
    if isinstance(item, str | Mapping):
        return [_part(item, where)]
    if not isinstance(item, Sequence):
        raise BadRequestError(f"{where} must be text or content parts, not {type(item).__name__}")
    return [_part(part, f"{where}[{number}]") for number, part in enumerate(item)]


def _part(part: Any, where: str) -> Part:
    told = {"type": "text", "text": part} if isinstance(part, str) else as_mapping(part)
    text = told.get("text")
    if told.get("type") == "text" and isinstance(text, str):
        return {"text": text}
    if (media := media_part(told, where)) is None:
        raise BadRequestError(f"{where}: Gemini embeds no parts of type {told.get('type', type(part).__name__)!r}")
    return media


def _post(call: WireCall[EmbeddingRequest], verb: str, body: dict[str, Any]) -> HTTPRequest:
    merged = merge_extra_body(body, call.request.options.extra_body)
    return json_request(model_path(call.model, verb), merged)


def _asked(call: WireCall[EmbeddingRequest]) -> dict[str, Any]:
    drop = call.request.options.drop_params
    parameters = supported_parameters(call.request.parameters, call, _EXPRESSIBLE, drop=drop)
    check_plain_numbers(call)
    asked: dict[str, Any] = {}
    if "dimensions" in parameters:
        asked["outputDimensionality"] = parameters["dimensions"]
    if "input_type" in parameters:
        kind = str(parameters["input_type"])
        asked["taskType"] = _TASKS.get(kind.lower(), kind.upper())
    return asked


def _response(call: WireCall[EmbeddingRequest], vectors: list[Vector], usage: Usage | None) -> EmbeddingResponse:
    expected = len(items_of(call))
    if len(vectors) != expected:
        raise ConversionError(f"{len(vectors)} vectors for {expected} inputs")
    data = [Embedding(vector, index) for index, vector in enumerate(vectors)]
    return checked_vectors(call, EmbeddingResponse(data, call.model, usage=usage))
