"""Reranking. OpenAI has none; the vendors that have it agree on Cohere's shape.

Source: Cohere, "Rerank v2"; Jina AI, "Reranker API"; Voyage AI, "Rerankers" (`data`, `top_k`), 2026-11.
"""

from __future__ import annotations

from ..._convert.converter import ConversionError, structure
from ..._convert.narrow import JSONObject, as_object, as_objects, parse_object
from ..._types.http import HTTPRequest
from ..._types.reranking import RERANK_PARAMETERS, RerankRequest, RerankResponse
from ..contract import WireCall, json_request, merge_extra_body
from ..parameters import supported_parameters
from .replies import require_list, settle_usage


def encode_rerank(call: WireCall[RerankRequest]) -> HTTPRequest:
    """The request for a ranking."""
    request = call.request
    parameters = supported_parameters(request.parameters, call, RERANK_PARAMETERS, drop=request.options.drop_params)
    body = {"model": call.model, "query": request.query, "documents": request.documents, **parameters}
    return json_request("/rerank", merge_extra_body(body, request.options.extra_body))


def decode_rerank(call: WireCall[RerankRequest], body: bytes) -> RerankResponse:
    """Read a ranking, the most relevant document first."""
    reply = parse_object(body)
    if "results" not in reply and "data" in reply:
        reply["results"] = reply.pop("data")
    require_list(reply, "results", may_be_empty=True)
    for place, result in enumerate(as_objects(reply["results"])):
        _settle_result(result)
        _check_result(result, len(call.request.documents), f".results[{place}]")
    usage = as_object(reply.get("usage"))
    if usage.get("prompt_tokens") is None:
        usage["prompt_tokens"] = usage.get("total_tokens")
    settle_usage(usage)
    response = structure(reply, RerankResponse)
    response.results.sort(key=lambda result: -result.relevance_score)
    return response


def _check_result(result: JSONObject, documents: int, path: str) -> None:
    """Raise `ConversionError` for a result without its document or its score, for both are taken for 0 otherwise."""
    index, score = result.get("index"), result.get("relevance_score")
    place = int(index) if isinstance(index, str) and index.isdecimal() else index
    if not isinstance(place, int | float) or not 0 <= place < documents:
        raise ConversionError(f"expected the place of one of {documents} documents, got {index!r:.60}", f"{path}.index")
    if score is None:
        raise ConversionError("expected a score, got None", f"{path}.relevance_score")


def _settle_result(result: JSONObject) -> None:
    if "relevance_score" not in result and "score" in result:
        result["relevance_score"] = result.pop("score")
    if isinstance(result.get("document"), str):
        result["document"] = {"text": result["document"]}
