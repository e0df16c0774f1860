"""Embeddings of Amazon's own models, by InvokeModel: Titan and Nova, one text a request.

Source: Amazon Bedrock user guide, "Amazon Titan Embeddings G1 - Text", "Amazon Titan Text Embeddings V2"; Amazon Nova
user guide, "Embeddings request and response schema", 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import ConversionError
from ..._convert.narrow import as_count, as_object, as_objects, parse_object
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.errors import BadRequestError
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from ..contract import WireCall, json_request, merge_extra_body
from ..embedding_inputs import check_plain_numbers
from ..parameters import supported_parameters
from ..vectors import read_vector
from .request import model_path, refuse

_EXPRESSIBLE: Final = frozenset({"dimensions", "encoding_format", "input_type"})
_PURPOSES: Final = {
    "document": "GENERIC_INDEX",
    "passage": "GENERIC_INDEX",
    "query": "GENERIC_RETRIEVAL",
    "search_document": "GENERIC_INDEX",
    "search_query": "GENERIC_RETRIEVAL",
}
_USUAL_PURPOSE: Final = "GENERIC_INDEX"


def encode_titan(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """A request for the vector of a text.

    Raises:
        BadRequestError: for what is not one text.
        UnsupportedParamsError: for a format or a purpose that Titan has not.
    """
    asked = _asked(call)
    if "input_type" in asked:
        refuse(call, "cannot express input_type")
    size = {"dimensions": asked["dimensions"]} if "dimensions" in asked else {}
    return _post(call, {"inputText": _text(call), **size})


def encode_nova(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The same of a Nova model. Raises as `encode_titan` does."""
    asked = _asked(call)
    purpose = str(asked.get("input_type", _USUAL_PURPOSE))
    wanted: dict[str, Any] = {
        "embeddingPurpose": _PURPOSES.get(purpose.lower(), purpose.upper()),
        "text": {"truncationMode": "END", "value": _text(call)},
    }
    if "dimensions" in asked:
        wanted["embeddingDimension"] = asked["dimensions"]
    return _post(call, {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": wanted})


def _post(call: WireCall[EmbeddingRequest], body: dict[str, Any]) -> HTTPRequest:
    return json_request(model_path(call.model, "invoke"), merge_extra_body(body, call.request.options.extra_body))


def _asked(call: WireCall[EmbeddingRequest]) -> dict[str, Any]:
    options = call.request.options
    asked = supported_parameters(call.request.parameters, call, _EXPRESSIBLE, drop=options.drop_params)
    check_plain_numbers(call)
    return asked


def _text(call: WireCall[EmbeddingRequest]) -> str:
    given = call.request.input
    texts = [given] if isinstance(given, str) else list(given)
    if len(texts) != 1 or not isinstance(texts[0], str):
        raise BadRequestError("input: this model takes one text a request, and no token ids", model=call.model)
    return texts[0]


def decode_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Read the vector: Titan's stands alone, Nova's in a list."""
    reply = parse_object(body)
    several = as_objects(reply.get("embeddings"))
    found = several[0].get("embedding") if several else reply.get("embedding")
    if found is None:
        found = as_object(reply.get("embeddingsByType")).get("float")
    if not isinstance(found, list):
        raise ConversionError(f"expected a vector, got {found!r:.60}", ".embedding")
    count = as_count(reply.get("inputTextTokenCount"))
    usage = None if count is None else Usage(count, 0, count)
    return EmbeddingResponse([Embedding(read_vector(found, "f", ".embedding"), 0)], call.model, usage=usage)
