"""Reranking in Cohere's shape ("Rerank v2", 2026-11), which Jina, Voyage and others follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict, Unpack

import attrs

from .costed import Costed
from .mapping import ANSWER, Record
from .receipt import Received
from .request import AnyRequest, CallOptions, ControlParams, checked_list, checked_model, checked_text, split_arguments
from .usage import Usage


class RerankModelParams(TypedDict, total=False):
    """Cohere's parameters ("Rerank v2", 2026-11), and `return_documents` of those who follow it."""

    top_n: int | None
    return_documents: bool | None
    max_tokens_per_doc: int | None


class RerankParams(RerankModelParams, ControlParams, total=False):
    """Every keyword argument of a rerank call beside `model`, `query` and `documents`."""


RERANK_PARAMETERS = frozenset(RerankModelParams.__annotations__)


@attrs.frozen(init=False)
class RerankRequest(AnyRequest["RerankResponse"]):
    """One rerank call as a value.

    Example:
        response = await client.call(RerankRequest("cohere/rerank-v3.5", "capital of France", ["Paris", "Rome"]))
    """

    operation: ClassVar[str] = "rerank"

    model: str
    query: str
    documents: Sequence[str | Mapping[str, Any]]
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self, model: str, query: str, documents: Sequence[str | Mapping[str, Any]], **params: Unpack[RerankParams]
    ) -> None:
        parameters, options = split_arguments(params, RERANK_PARAMETERS)
        query, documents = checked_text(query, "query"), checked_list(documents, "documents")
        self.__attrs_init__(checked_model(model), query, documents, parameters, options)


@attrs.define
class RerankResult(Record):
    """One document's rank: `index` is its place in the request, `relevance_score` grows with relevance.

    Example:
        for result in response.results:
            print(documents[result.index], result.relevance_score)
    """

    index: int = attrs.field(default=0, metadata=ANSWER)
    relevance_score: float = attrs.field(default=0.0, metadata=ANSWER)
    document: dict[str, Any] | None = None
    """The document as `{"text": ...}`, where it was asked for."""


@attrs.define
class RerankResponse(Costed, Received, Record):
    """The reply to a rerank call: the most relevant document first.

    Example:
        response = await trio_llm.arerank("cohere/rerank-v3.5", "capital of France", ["Rome", "Paris"])
        print(response.results[0].index, response.results[0].relevance_score)
    """

    id: str | None = None
    results: list[RerankResult] = attrs.field(factory=list[RerankResult], metadata=ANSWER)
    model: str | None = None
    meta: dict[str, Any] | None = None
    """Cohere's account of what is billed."""
    usage: Usage | None = None
