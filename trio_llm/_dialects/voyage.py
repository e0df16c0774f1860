"""Voyage AI: vectors of texts, and of texts with images and videos; reranking.

`encoding_format` is also the type of the numbers: `int8`, `uint8`, `binary` or `ubinary` in place of `float`.

Source: Voyage AI, "Text embeddings", "Multimodal embeddings" and "Rerankers", https://docs.voyageai.com/reference, and
the types of its package 0.5 (`MultimodalInputRequest`), 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .contract import Dialect, Endpoint, WireCall, json_request, later, merge_extra_body
from .openai import OPENAI
from .parameters import supported_parameters

if TYPE_CHECKING:
    from .._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from .._types.http import HTTPRequest

_EXPRESSIBLE: Final = frozenset({"dimensions", "encoding_format", "input_type"})
_TYPES: Final = frozenset({"int8", "uint8", "binary", "ubinary"})
_TASKS: Final = {"search_query": "query", "search_document": "document", "passage": "document"}
"""Other vendors' words."""
_KINDS: Final = ("text", "image_url", "video_url")


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors. Models for several kinds of input, and inputs of parts, have an endpoint of their own.

    Raises:
        BadRequestError: for token ids, and parts of a kind that Voyage does not take.
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    from .embedding_inputs import has_parts, parts_of_inputs, texts_of

    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    of_parts = has_parts(call) or "multimodal" in call.model
    fields: dict[str, Any] = {}
    if "input_type" in given:
        fields["input_type"] = _TASKS.get(str(given["input_type"]), given["input_type"])
    if "dimensions" in given:
        fields["output_dimension"] = given["dimensions"]
    form = given.get("encoding_format")
    if form in _TYPES:
        fields["output_dtype"] = form
    elif form == "base64" or (form is None and "output_dtype" not in (request.options.extra_body or {})):
        # A third of the bytes, and no number to parse.
        fields["output_encoding" if of_parts else "encoding_format"] = "base64"
    if of_parts:
        contents = [[_part(part) for part in parts] for parts in parts_of_inputs(call, _KINDS)]
        body = {"model": call.model, "inputs": [{"content": content} for content in contents], **fields}
        return json_request("/multimodalembeddings", merge_extra_body(body, request.options.extra_body))
    body = {"model": call.model, "input": texts_of(call, "Voyage"), **fields}
    return json_request("/embeddings", merge_extra_body(body, request.options.extra_body))


def _part(part: Any) -> dict[str, str]:
    if part.kind == "text":
        return {"type": "text", "text": part.value}
    kind = part.kind if part.data is None else part.kind.replace("url", "base64")
    return {"type": kind, kind: part.value}  # with the data URL's beginning, which names the type


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .openai.embeddings import decode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


VOYAGE: Final = Dialect(name="voyage", decode_error=OPENAI.decode_error, embeddings=_embeddings, rerank=OPENAI.rerank)
