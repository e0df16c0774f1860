"""Reranking through a client, by every vendor that has it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from trio_llm import Client, UnsupportedParamsError
from trio_llm.testing import Simulator

KEYS = {
    "COHERE_API_KEY": "k",
    "JINA_API_KEY": "k",
    "VOYAGE_API_KEY": "k",
    "TOGETHER_API_KEY": "k",
}
DOCUMENTS: list[str | dict[str, str]] = ["a dog", "a black cat", {"text": "a cat"}]


@pytest.mark.anyio
async def test_documents_are_sorted_by_relevance() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        response = await client.rerank("cohere/rerank-v3.5", "black cat", DOCUMENTS, top_n=2)

    assert [result.index for result in response.results] == [1, 2]
    assert response.results[0].relevance_score == 1
    assert response.meta == {"billed_units": {"search_units": 1}}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("model", "url", "number"),
    [
        ("cohere/m", "https://api.cohere.com/v2/rerank", "top_n"),
        ("jina_ai/m", "https://api.jina.ai/v1/rerank", "top_n"),
        ("voyage/m", "https://api.voyageai.com/v1/rerank", "top_k"),
        ("together_ai/m", "https://api.together.xyz/v1/rerank", "top_n"),
        ("llamacpp/m", "http://127.0.0.1:8080/v1/rerank", "top_n"),
    ],
)
async def test_each_vendor_is_asked_at_its_own_address(model: str, url: str, number: str) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"data": [{"index": 0, "relevance_score": 0.5, "document": "a dog"}]})

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Client(http_client=http, variables=KEYS) as client,
    ):
        response = await client.rerank(model, "cat", DOCUMENTS[:2], top_n=1, return_documents=True)

    body: Any = json.loads(seen[0].content)
    assert str(seen[0].url) == url
    assert body == {"model": "m", "query": "cat", "documents": DOCUMENTS[:2], number: 1, "return_documents": True}
    assert response.results[0].document == {"text": "a dog"}


@pytest.mark.anyio
async def test_what_a_vendor_does_not_have_is_refused() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(UnsupportedParamsError, match="max_tokens_per_doc"):
            await client.rerank("voyage/m", "cat", DOCUMENTS, max_tokens_per_doc=100)
