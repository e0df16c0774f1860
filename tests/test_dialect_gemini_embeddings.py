"""Embeddings of the Gemini API and of Vertex AI."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import Dialect, Endpoint, WireCall
from trio_llm._dialects.gemini import GEMINI, VERTEX
from trio_llm._types.embeddings import EmbeddingRequest, EmbeddingResponse
from trio_llm._types.errors import BadRequestError, UnsupportedParamsError
from trio_llm._types.usage import Usage

MODEL = "gemini-embedding-001"


def endpoint(dialect: Dialect) -> Endpoint[EmbeddingRequest, EmbeddingResponse]:
    assert dialect.embeddings is not None
    return dialect.embeddings


def call_of(texts: Any, **params: Any) -> WireCall[EmbeddingRequest]:
    return WireCall(EmbeddingRequest(MODEL, texts, **params), MODEL)


def encoded(dialect: Dialect, texts: Any, **params: Any) -> tuple[str, dict[str, Any]]:
    request = endpoint(dialect).encode(call_of(texts, **params))
    assert isinstance(request.body, bytes)
    return request.path, json.loads(request.body)


def decoded(dialect: Dialect, texts: Any, reply: Any) -> EmbeddingResponse:
    return endpoint(dialect).decode(call_of(texts), json.dumps(reply).encode())


def test_every_text_is_a_request_of_the_batch() -> None:
    path, body = encoded(GEMINI, ["a", "b"], dimensions=8, input_type="search_query", encoding_format="float")
    asked = {"model": f"models/{MODEL}", "outputDimensionality": 8, "taskType": "RETRIEVAL_QUERY"}

    assert path == f"/models/{MODEL}:batchEmbedContents"
    assert body == {"requests": [{**asked, "content": {"parts": [{"text": text}]}} for text in "ab"]}


def test_vertex_predicts_instances() -> None:
    path, body = encoded(VERTEX, "a", dimensions=8, input_type="clustering", extra_body={"parameters": {"x": 1}})

    assert path == f"/models/{MODEL}:predict"
    assert body == {
        "instances": [{"content": "a", "task_type": "CLUSTERING"}],
        "parameters": {"outputDimensionality": 8, "x": 1},
    }
    assert encoded(VERTEX, "a")[1] == {"instances": [{"content": "a"}]}


def test_token_ids_are_refused() -> None:
    with pytest.raises(BadRequestError, match=r"input\[0\]"):
        encoded(GEMINI, [1, 2])


@pytest.mark.parametrize("params", [{"encoding_format": "base64"}, {"user": "u"}])
def test_what_cannot_be_expressed_is_refused_or_left_out(params: dict[str, Any]) -> None:
    (name,) = params
    with pytest.raises(UnsupportedParamsError, match=name):
        encoded(GEMINI, "a", **params)
    assert encoded(GEMINI, "a", **params, drop_params=True) == encoded(GEMINI, "a")


def test_vectors_come_in_the_order_of_the_input() -> None:
    reply = {"embeddings": [{"values": [1, 0.5]}, {"values": [0.0, 1.0]}], "usageMetadata": {"promptTokenCount": 4}}
    response = decoded(GEMINI, ["a", "b"], reply)

    assert [(one.index, one.embedding) for one in response.data] == [(0, [1.0, 0.5]), (1, [0.0, 1.0])]
    assert (response.model, response.usage) == (MODEL, Usage(4, 0, 4))


def test_a_single_vector_is_read_as_well() -> None:
    response = decoded(GEMINI, "a", {"embedding": {"values": [1.0]}})

    assert (response.data[0].embedding, response.usage) == ([1.0], None)


def test_vertex_counts_tokens_of_every_text() -> None:
    vectors = [{"embeddings": {"values": [1.0], "statistics": {"token_count": n}}} for n in (2, 3)]
    response = decoded(VERTEX, ["a", "b"], {"predictions": vectors})

    assert ([one.embedding for one in response.data], response.usage) == ([[1.0], [1.0]], Usage(5, 0, 5))


@pytest.mark.parametrize("reply", [{}, {"embeddings": [{"values": [1.0]}]}, {"embeddings": [{}, {}]}])
def test_a_missing_vector_makes_the_reply_malformed(reply: Any) -> None:
    with pytest.raises(ConversionError):
        decoded(GEMINI, ["a", "b"], reply)
