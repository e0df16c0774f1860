"""Jina AI: vectors of texts and images; reranking.

`encoding_format` is Jina's `embedding_type`: `float`, `base64`, `binary` or `ubinary`. `input_type` is its `task`.

Source: Jina AI, "Embeddings API" and "Reranker API", https://jina.ai/embeddings, 2026-11; jina-on-prem, "API
Reference", 2026-07.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .._types.errors import BadRequestError
from .contract import Dialect, Endpoint, WireCall, json_request, later, merge_extra_body
from .openai import OPENAI
from .parameters import supported_parameters

if TYPE_CHECKING:
    from .._types.embeddings import EmbeddingRequest, EmbeddingResponse
    from .._types.http import HTTPRequest
    from .embedding_inputs import InputPart

_EXPRESSIBLE: Final = frozenset({"dimensions", "encoding_format", "input_type"})
_TASKS: Final = {
    "query": "retrieval.query",
    "search_query": "retrieval.query",
    "document": "retrieval.passage",
    "passage": "retrieval.passage",
    "search_document": "retrieval.passage",
    "clustering": "separation",
}
"""Other vendors' words; Jina's own are taken as they are."""


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors.

    Raises:
        BadRequestError: for token ids, parts of a kind that Jina does not take, and inputs of several parts.
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    from .embedding_inputs import has_parts, parts_of_inputs, texts_of

    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    inputs: list[Any]
    if has_parts(call):
        inputs = [
            _input(parts, number, call.model)
            for number, parts in enumerate(parts_of_inputs(call, ("text", "image_url")))
        ]
    else:
        inputs = list(texts_of(call, "Jina"))
    body: dict[str, Any] = {"model": call.model, "input": inputs}
    if "input_type" in given:
        body["task"] = _TASKS.get(str(given["input_type"]), given["input_type"])
    if "dimensions" in given:
        body["dimensions"] = given["dimensions"]
    body["embedding_type"] = given.get("encoding_format", "base64")  # a third of the bytes, and no number to parse
    return json_request("/embeddings", merge_extra_body(body, request.options.extra_body))


def _input(parts: list[InputPart], number: int, model: str) -> dict[str, str]:
    if len(parts) != 1:
        raise BadRequestError(f"input[{number}] must be one part: Jina makes a vector of each", model=model)
    part = parts[0]
    return {"text": part.value} if part.kind == "text" else {"image": part.data or part.value}


@later
def _embeddings() -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    from .openai.embeddings import decode_embeddings

    return Endpoint(encode_embeddings, decode_embeddings)


JINA: Final = Dialect(name="jina", decode_error=OPENAI.decode_error, embeddings=_embeddings, rerank=OPENAI.rerank)
