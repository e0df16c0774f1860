"""Cohere's embeddings.

Source: Cohere API reference, "Embed API (v2)", https://docs.cohere.com/reference/embed, 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import ConversionError, parse
from ..._convert.narrow import as_count, as_object
from ..._types.embeddings import Embedding, EmbeddingRequest, EmbeddingResponse
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from ..contract import WireCall, json_request, merge_extra_body
from ..embedding_inputs import InputPart, has_parts, parts_of_inputs, texts_of
from ..parameters import supported_parameters
from ..vectors import checked_vectors, read_vector

_EXPRESSIBLE: Final = frozenset({"dimensions", "encoding_format", "input_type"})
_USUAL_INPUT_TYPE: Final = "search_document"
"""Models from v3 on want to be told; LiteLLM says the same."""


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors. `encoding_format` is the one of `embedding_types` that is asked for.

    Raises:
        BadRequestError: for token ids, and parts other than texts and images.
    """
    request = call.request
    asked = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    body: dict[str, Any] = {
        "model": call.model,
        **_inputs(call),
        "input_type": asked.get("input_type", _USUAL_INPUT_TYPE),
        "embedding_types": [asked.get("encoding_format", "float")],
    }
    if "dimensions" in asked:
        body["output_dimension"] = asked["dimensions"]
    return json_request("/embed", merge_extra_body(body, request.options.extra_body))


def _inputs(call: WireCall[EmbeddingRequest]) -> dict[str, Any]:
    if not has_parts(call):
        return {"texts": texts_of(call, "Cohere")}
    contents = [[_part(part) for part in parts] for parts in parts_of_inputs(call, ("text", "image_url"))]
    return {"inputs": [{"content": content} for content in contents]}


def _part(part: InputPart) -> dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.value}
    return {"type": "image_url", "image_url": {"url": part.value}}


def decode_embeddings(call: WireCall[EmbeddingRequest], body: bytes) -> EmbeddingResponse:
    """Read vectors, which come in the order of the input. Of several types, the first is taken."""
    reply = as_object(parse(body))
    given = reply.get("embeddings")
    by_type = as_object(given)
    found: Any = by_type.get("float") or next(iter(by_type.values()), given)
    if not isinstance(found, list):
        raise ConversionError(f"expected vectors, got {found!r:.60}", ".embeddings")
    vectors: list[Any] = found
    data = [Embedding(read_vector(vector, "f", f".embeddings[{index}]"), index) for index, vector in enumerate(vectors)]
    rest = {name: value for name, value in reply.items() if name in ("id", "meta")}
    return checked_vectors(
        call, EmbeddingResponse(data, call.model, usage=_usage(as_object(reply.get("meta"))), model_extra=rest)
    )


def _usage(meta: dict[str, Any]) -> Usage | None:
    tokens = as_count(as_object(meta.get("billed_units")).get("input_tokens"))
    return None if tokens is None else Usage(tokens, 0, tokens)
