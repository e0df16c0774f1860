"""Vectors that are missing or empty are an error on every wire, for nobody else would notice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.cohere import COHERE
from trio_llm._dialects.contract import Dialect, ReplyIsError, WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._dialects.ollama import OLLAMA
from trio_llm._dialects.openai import OPENAI
from trio_llm._dialects.tgi import TGI
from trio_llm._dialects.watsonx import WATSONX
from trio_llm._dialects.workers_ai import WORKERS_AI
from trio_llm._types.embeddings import EmbeddingRequest, EmbeddingResponse

WIRES: dict[str, tuple[Dialect, Any]] = {
    "openai": (OPENAI, lambda vectors: {"data": [{"embedding": vector} for vector in vectors]}),
    "cohere": (COHERE, lambda vectors: {"embeddings": {"float": vectors}}),
    "gemini": (GEMINI, lambda vectors: {"embeddings": [{"values": vector} for vector in vectors]}),
    "ollama": (OLLAMA, lambda vectors: {"embeddings": vectors}),
    "tgi": (TGI, lambda vectors: vectors),
    "watsonx": (WATSONX, lambda vectors: {"results": [{"embedding": vector} for vector in vectors]}),
    "workers_ai": (WORKERS_AI, lambda vectors: {"success": True, "result": {"data": vectors}}),
}


def decode(name: str, vectors: list[Any], given: Any) -> EmbeddingResponse:
    dialect, reply = WIRES[name]
    assert dialect.embeddings is not None
    return dialect.embeddings.decode(WireCall(EmbeddingRequest("m", given), "m"), json.dumps(reply(vectors)).encode())


@pytest.mark.parametrize("name", WIRES)
def test_every_input_has_its_vector(name: str) -> None:
    response = decode(name, [[1.5, 2.0], [0.5, 1.0]], ["a", "b"])

    assert [(one.index, one.embedding, one.dimensions) for one in response.data] == [
        (0, [1.5, 2.0], 2),
        (1, [0.5, 1.0], 2),
    ]


@pytest.mark.parametrize("name", WIRES)
@pytest.mark.parametrize("vectors", [[[1.5, 2.0]], [[1.5, 2.0], []], [[], []]])
def test_a_vector_that_is_missing_or_empty_is_an_error(name: str, vectors: list[Any]) -> None:
    with pytest.raises((ReplyIsError, ConversionError), match="vector"):
        decode(name, vectors, ["a", "b"])


@pytest.mark.parametrize("given", ["a", ["a"], [1, 2, 3], [[1, 2]]])
def test_tokens_are_one_input(given: Any) -> None:
    assert len(decode("openai", [[1.5]], given).data) == 1


def test_what_did_come_is_not_thrown_away() -> None:
    with pytest.raises(ReplyIsError, match="1 vectors for 2 inputs") as caught:
        decode("openai", [[1.5]], [[1, 2], [3]])
    assert caught.value.detail.partial.data[0].embedding == [1.5]
