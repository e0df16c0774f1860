"""Reranking. OpenAI has none; the vendors that have it agree on Cohere's shape.

Source: Cohere, "Rerank v2"; Jina AI, "Reranker API"; Voyage AI, "Rerankers" (`data`, `top_k`), 2026-11.
"""

from __future__ import annotations

from ..._convert.converter import structure
from ..._convert.narrow import JSONObject, as_object, as_objects, parse_object
from ..._types.http import HTTPRequest
from ..._types.reranking import RERANK_PARAMETERS, RerankRequest, RerankResponse
from ..contract import WireCall, json_request, merge_extra_body, supported_parameters
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
    for result in as_objects(reply["results"]):
        _settle_result(result)
    usage = as_object(reply.get("usage"))
    if usage.get("prompt_tokens") is None:
        usage["prompt_tokens"] = usage.get("total_tokens")
    settle_usage(usage)
    response = structure(reply, RerankResponse)
    response.results.sort(key=lambda result: -result.relevance_score)
    return response


def _settle_result(result: JSONObject) -> None:
    if "relevance_score" not in result and "score" in result:
        result["relevance_score"] = result.pop("score")
    if isinstance(result.get("document"), str):
        result["document"] = {"text": result["document"]}
