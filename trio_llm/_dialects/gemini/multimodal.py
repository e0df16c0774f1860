"""Vectors of texts, images and videos by `multimodalembedding@001`, at Vertex AI's `predict`.

The model makes a vector of each kind in an instance, never one of several, so that an input is one part here. A video
has a vector for each of its segments, and so always gives a list of vectors; which segments, may be said beside its
address, and is told beside the vectors.

Source: Google Cloud docs, "Multimodal embeddings API", model reference of generative AI on Vertex AI,
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/multimodal-embeddings-api, and
"VisionEmbeddingModelInstance", 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from ..._convert.converter import ConversionError, load
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.errors import BadRequestError
from ..._types.http import HTTPRequest
from ..._types.vector import Vector
from ..contract import WireCall, json_request, merge_extra_body
from ..embedding_inputs import InputPart, items_of, parts_of_inputs
from ..parameters import supported_parameters
from .models import model_path

MODEL: Final = "multimodalembedding"
"""How the names of these models begin."""
_EXPRESSIBLE: Final = frozenset({"dimensions"})
_FIELDS: Final = {"text": "text", "image_url": "image", "video_url": "video"}
_STORAGE: Final = "gs://"
_SEGMENTS: Final = {
    "start_offset_sec": "startOffsetSec",
    "end_offset_sec": "endOffsetSec",
    "interval_sec": "intervalSec",
}
"""What may be said of a video, and how Google calls it: whole seconds."""


@attrs.frozen
class _VideoSegment:
    embedding: Vector
    start: Any = attrs.field(default=None, alias="startOffsetSec")
    end: Any = attrs.field(default=None, alias="endOffsetSec")


@attrs.frozen
class _MediaPrediction:
    text: Vector | None = attrs.field(default=None, alias="textEmbedding")
    image: Vector | None = attrs.field(default=None, alias="imageEmbedding")
    video: list[_VideoSegment] = attrs.field(factory=list[_VideoSegment], alias="videoEmbeddings")

    def vector(self) -> Vector | list[Any]:
        """The one vector, or those of a video's segments."""
        if (single := self.text or self.image) is not None:
            return single
        if not self.video:
            raise ConversionError("a prediction without a vector")
        return [segment.embedding.tolist() for segment in self.video]

    def segments(self) -> dict[str, Any] | None:
        """Where a video's segments begin and end, in seconds; None where there are none."""
        if not self.video:
            return None
        return {"segments": [{"start_offset_sec": one.start, "end_offset_sec": one.end} for one in self.video]}


@attrs.frozen
class _MediaPredictions:
    predictions: list[_MediaPrediction] = attrs.Factory(list[_MediaPrediction])


def encode_multimodal_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors: `dimensions` holds for texts and images.

    Raises:
        BadRequestError: for token ids, inputs of several parts, addresses that are not in Cloud Storage, and what
            nobody can say of a video.
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    inputs = parts_of_inputs(call, tuple(_FIELDS))
    body: dict[str, Any] = {
        "instances": [_instance(parts, f"input[{number}]", call.model) for number, parts in enumerate(inputs)]
    }
    if "dimensions" in given:
        body["parameters"] = {"dimension": given["dimensions"]}
    return json_request(model_path(call.model, "predict"), merge_extra_body(body, request.options.extra_body))


def _instance(parts: Sequence[InputPart], where: str, model: str) -> dict[str, Any]:
    if len(parts) != 1:
        raise BadRequestError(f"{where} must be one part: this model makes a vector of each", model=model)
    part = parts[0]
    if part.kind == "text":
        return {"text": part.value}
    segments = _segments(part, where, model) if part.kind == "video_url" else {}
    if part.data is not None:
        held = {"bytesBase64Encoded": part.data}
        mime_type = part.value.removeprefix("data:").partition(";")[0]
        return {_FIELDS[part.kind]: held | ({"mimeType": mime_type} if part.kind == "image_url" else segments)}
    if not part.value.startswith(_STORAGE):
        raise BadRequestError(f"{where} must be a data: URL in base64, or an address of {_STORAGE}", model=model)
    return {_FIELDS[part.kind]: {"gcsUri": part.value} | segments}


def _segments(part: InputPart, where: str, model: str) -> dict[str, Any]:
    if unknown := [name for name in part.told if name not in _SEGMENTS]:
        known = ", ".join(_SEGMENTS)
        raise BadRequestError(f"{where}.video_url has {unknown[0]!r}; beside its url it may have {known}", model=model)
    return {"videoSegmentConfig": {_SEGMENTS[name]: value for name, value in part.told.items()}} if part.told else {}


def decode_multimodal_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """The vectors in the order of the input; no tokens are told.

    Raises:
        ConversionError: if the reply is malformed, or has not one prediction for each input.
    """
    predictions = load(body, _MediaPredictions).predictions
    if len(predictions) != len(items_of(call)):
        raise ConversionError(f"{len(predictions)} predictions for {len(items_of(call))} inputs")
    data = [
        Embedding(prediction.vector(), index, model_extra=prediction.segments())
        for index, prediction in enumerate(predictions)
    ]
    return EmbeddingResponse(data, call.model)
