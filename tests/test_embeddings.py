"""Embeddings: compact vectors, base64, and inputs that take several requests."""

from __future__ import annotations

import json
import math
import pickle
import struct
import tracemalloc
from array import array
from base64 import b64encode
from contextlib import suppress
from copy import deepcopy
from typing import Any, cast

import attrs
import pytest
from hypothesis import given, strategies as st

import trio_llm
from trio_llm import (
    APIError,
    AuthenticationError,
    Client,
    EmbeddingRequest,
    EmbeddingResponse,
    Limits,
    UnsupportedParamsError,
)
from trio_llm._catalog import CATALOG
from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.cohere import COHERE
from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.openai import OPENAI
from trio_llm._dialects.quirks import NO_QUIRKS, Quirks
from trio_llm._dialects.vectors import read_vector
from trio_llm._engine.embedding_parts import joined, parts_of
from trio_llm._types.embeddings import Embedding
from trio_llm.testing import Action, Failure, Reply, Simulator

assert OPENAI.embeddings is not None
assert COHERE.embeddings is not None
KEYS = {"OPENAI_API_KEY": "k", "GEMINI_API_KEY": "k", "MISTRAL_API_KEY": "k"}
floats = st.floats(width=32, allow_nan=False)


def responded(vectors: list[Any], quirks: Quirks = NO_QUIRKS) -> EmbeddingResponse:
    data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    call = WireCall(EmbeddingRequest("p/m", "x"), "m", quirks)
    return OPENAI.embeddings.decode(call, json.dumps({"data": data}).encode())  # type: ignore[union-attr]


def decoded(vectors: list[Any], quirks: Quirks = NO_QUIRKS) -> list[Any]:
    return [item.embedding for item in responded(vectors, quirks).data]


@given(numbers=st.lists(floats, min_size=1))
def test_base64_and_numbers_give_the_same_vector(numbers: list[float]) -> None:
    text = b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()

    assert decoded([text, numbers]) == [numbers, numbers]


@given(numbers=st.lists(st.floats(allow_nan=False), min_size=1))
def test_numbers_from_json_are_as_they_were_written(numbers: list[float]) -> None:
    assert decoded([numbers]) == [numbers]


def test_a_vector_is_a_plain_list_made_once_and_the_callers_to_change() -> None:
    (embedding,) = responded([b64encode(struct.pack("<2f", 0.5, 0.1)).decode()]).data
    first = embedding.embedding
    first.append(3.0)

    assert type(first) is list
    assert embedding.embedding is first
    assert json.loads(json.dumps(embedding.embedding)) == first
    assert math.isclose(first[1], 0.1, rel_tol=1e-7)
    assert first[1] != 0.1


def test_an_array_is_read_without_the_list_being_made() -> None:
    response = responded([b64encode(struct.pack("<2f", 1.5, 2.5)).decode()] * 3)
    tracemalloc.start()
    try:
        table, row = response.as_array(), response.data[0].as_array()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert (table.format, table.shape, table.readonly) == ("f", (3, 2), True)
    numbers: Any = table.tolist()
    assert numbers == [[1.5, 2.5]] * 3
    assert (row.format, row.shape, row.readonly, [*row]) == ("f", (2,), True, [1.5, 2.5])
    assert all(cast("Any", embedding)._held._list is None for embedding in response.data)
    assert peak < 10_000


def test_numpy_takes_the_arrays_as_they_are() -> None:
    numpy = pytest.importorskip("numpy")
    response = responded([[1.5, 2.5], [1, 2]])

    assert numpy.asarray(response.as_array()).shape == (2, 2)
    assert numpy.asarray(response.as_array()).dtype == numpy.float64
    assert numpy.asarray(response.data[1].as_array()).tolist() == [1, 2]
    assert numpy.asarray(trio_llm.types.Embedding([0.5]).as_array()).tolist() == [0.5]


@pytest.mark.parametrize(("vectors", "sizes"), [([], "no"), ([[]], r"\[0\]"), ([[1.0], [1.0, 2.0]], r"\[1, 2\]")])
def test_no_table_is_made_of_vectors_that_make_none(vectors: list[Any], sizes: str) -> None:
    with pytest.raises(ValueError, match=f"no table can be made of vectors of {sizes} numbers"):
        EmbeddingResponse([trio_llm.types.Embedding(vector) for vector in vectors]).as_array()


def test_a_vector_is_shown_by_its_length() -> None:
    assert repr(responded([[0.5] * 1536]).data[0]) == "Embedding(embedding=<1536 numbers>)"


def test_vectors_are_compared_by_their_numbers() -> None:
    numbers = [0.5, -2.0]
    (packed,) = responded([b64encode(struct.pack("<2f", *numbers)).decode()]).data
    (written,) = responded([numbers]).data

    assert packed == written == deepcopy(packed) == pickle.loads(pickle.dumps(packed))
    assert packed != responded([[0.5, -2.5]]).data[0]
    assert packed != numbers


def test_bytes_in_base64_are_numbers_where_the_provider_says_so() -> None:
    (vector,) = decoded([b64encode(b"\x01\xff").decode()], Quirks(base64_typecode="b"))

    assert vector == [1, -1]


def test_several_vectors_for_one_text_stay_lists() -> None:
    assert decoded([[[0.25, 1.0], [2.0]]]) == [[[0.25, 1.0], [2.0]]]


@pytest.mark.parametrize("wrong", ["x", b64encode(b"abc").decode(), None, ["a"], {"a": 1}])
def test_what_is_no_vector_is_an_error_that_names_its_path(wrong: Any) -> None:
    with pytest.raises(ConversionError, match=r"\$\.data\[0\]\.embedding"):
        decoded([wrong])


def test_vectors_are_dumped_as_lists() -> None:
    response = responded([b64encode(struct.pack("<f", 0.5)).decode()])

    assert response.model_dump()["data"][0]["embedding"] == [0.5]
    assert json.loads(response.model_dump_json())["data"][0]["embedding"] == [0.5]


@pytest.mark.parametrize("as_text", [True, False], ids=["base64", "numbers"])
def test_vectors_take_hardly_more_memory_than_their_numbers(as_text: bool) -> None:
    count, size = 500, 1536
    vector: Any = array("f", range(size))
    item = b64encode(vector.tobytes()).decode() if as_text else vector.tolist()
    body = json.dumps({"data": [{"index": index, "embedding": item} for index in range(count)]}).encode()
    call = WireCall(EmbeddingRequest("p/m", "x"), "m")
    tracemalloc.start()
    try:
        response = OPENAI.embeddings.decode(call, body)  # type: ignore[union-attr]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(response.data) == count
    assert held < 1.3 * count * size * (4 if as_text else 8)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("model", "asked", "sent"),
    [
        ("openai/m", {}, "base64"),
        ("openai/m", {"encoding_format": "float"}, "float"),
        ("mistral/m", {}, None),
    ],
)
async def test_compact_vectors_are_asked_for_where_the_provider_has_them(
    model: str, asked: dict[str, Any], sent: str | None
) -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        response = await client.embedding(model, "text", dimensions=4, **asked)

    assert json.loads(simulator.requests[0].body).get("encoding_format") == sent
    assert len(response.data[0].embedding) == 4


@pytest.mark.anyio
@pytest.mark.parametrize(("model", "most"), [("openai/m", 2048), ("gemini/m", 100)])
async def test_more_inputs_than_a_provider_takes_are_sent_in_several_requests(model: str, most: int) -> None:
    simulator = Simulator()
    texts = [f"text {number}" for number in range(2 * most + 1)]
    async with Client(transport=simulator, variables=KEYS) as client:
        response = await client.embedding(model, texts)
        first = await client.embedding(model, texts[:1])
        last = await client.embedding(model, texts[-1:])

    assert len(simulator.requests) == 3 + 2
    assert [item.index for item in response.data] == list(range(len(texts)))
    assert response.data[0].embedding == first.data[0].embedding
    assert response.data[-1].embedding == last.data[0].embedding
    if model.startswith("openai"):
        assert response.usage is not None
        assert response.usage.prompt_tokens == response.usage.total_tokens == 2 * len(texts)


@pytest.mark.anyio
async def test_parts_go_under_the_clients_limits_at_the_same_time() -> None:
    simulator = Simulator(Reply(latency=0.01))
    texts = ["text"] * 1000
    async with Client(transport=simulator, variables=KEYS, limits=Limits(max_in_flight=3)) as client:
        await client.embedding("gemini/m", texts)

    assert len(simulator.requests) == 10
    assert simulator.statistics().peak == 3


@pytest.mark.anyio
async def test_a_part_that_fails_fails_the_call_with_a_bare_error_and_ends_the_others() -> None:
    script: list[Action] = [Reply(latency=60), Failure(401, "no such key"), Reply(latency=60)]
    simulator = Simulator(script)
    async with Client(transport=simulator, variables=KEYS) as client:
        with pytest.raises(AuthenticationError, match="no such key"):
            await client.embedding("gemini/m", ["text"] * 300)

        assert simulator.statistics().active == 0


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ("one long text", 0),
        (["a", "b"], 0),
        (["a", "b", "c"], 2),
        ([1, 2, 3], 0),
        ([[1], [2], [3], [4], [5]], 3),
        ([], 0),
    ],
)
def test_only_lists_of_inputs_are_split(given: Any, parts: int) -> None:
    found = parts_of(EmbeddingRequest("p/m", given, dimensions=3, num_retries=1), 2)

    assert len(found) == parts
    assert [item for part in found for item in part.input] == (given if parts else [])
    assert all(part.parameters == {"dimensions": 3} and part.options.num_retries == 1 for part in found)
    assert parts_of(EmbeddingRequest("p/m", ["a"] * 9), None) == []


def test_a_joined_response_without_usage_has_none() -> None:
    response = trio_llm.EmbeddingResponse([trio_llm.types.Embedding([1.0], 0)], "m")

    assert joined([response, attrs.evolve(response, data=[trio_llm.types.Embedding([2.0], 0)])]).usage is None


def cohere(reply: object) -> trio_llm.EmbeddingResponse:
    assert COHERE.embeddings is not None
    return COHERE.embeddings.decode(WireCall(EmbeddingRequest("p/m", ["a"]), "m"), json.dumps(reply).encode())


def test_cohere_is_asked_in_its_own_words() -> None:
    assert COHERE.embeddings is not None
    request = EmbeddingRequest("cohere/m", "a", dimensions=256, extra_body={"truncate": "END"})
    http = COHERE.embeddings.encode(WireCall(request, "m"))
    assert isinstance(http.body, bytes)

    assert http.path == "/embed"
    assert json.loads(http.body) == {
        "model": "m",
        "texts": ["a"],
        "input_type": "search_document",
        "embedding_types": ["float"],
        "output_dimension": 256,
        "truncate": "END",
    }
    plain = COHERE.embeddings.encode(WireCall(EmbeddingRequest("cohere/m", ["a"]), "m"))
    assert isinstance(plain.body, bytes)
    assert "output_dimension" not in json.loads(plain.body)
    with pytest.raises(trio_llm.BadRequestError, match=r"input\[0\]"):
        COHERE.embeddings.encode(WireCall(EmbeddingRequest("cohere/m", [[1]]), "m"))


def test_coheres_vectors_are_read_whatever_their_type() -> None:
    meta = {"billed_units": {"input_tokens": 3.0}}
    response = cohere({"id": "r", "embeddings": {"float": [[1.0], [2.0]]}, "meta": meta})

    assert [item.embedding for item in response.data] == [[1.0], [2.0]]
    assert response.usage is not None
    assert response.usage.prompt_tokens == 3
    assert response["id"] == "r"
    assert cohere({"embeddings": {"int8": [[1]]}}).data[0].embedding == [1]
    assert cohere({"embeddings": [[1.0]]}).usage is None
    with pytest.raises(ConversionError, match=r"\$\.embeddings"):
        cohere({"embeddings": {}})


def test_every_provider_with_a_limit_takes_at_least_one_input() -> None:
    assert all((row.quirks.most_inputs or 1) > 0 for row in CATALOG.values())


@pytest.mark.parametrize("odd", [[{}], [{"a": 1}, 2], ["x"], [None]])
def test_a_vector_of_something_else_is_none(odd: list[Any]) -> None:
    with pytest.raises(ConversionError, match="expected"):
        read_vector(odd, "f", ".embedding")
    if isinstance(odd[0], dict):
        with pytest.raises(ValueError, match="Embedding: expected numbers"):
            Embedding(odd, 0)


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("ollama/m", {}),
        ("huggingface/maker/m", {}),
        ("gemini/m", {}),
        ("cloudflare/run/@cf/maker/m", {"api_base": "https://api.cloudflare.com/client/v4/accounts/a/ai"}),
        ("watsonx_text/m", {"api_base": "https://us-south.ml.cloud.ibm.com", "extra_body": {"project_id": "p"}}),
        ("bedrock/amazon.titan-embed-text-v2:0", {"aws_region_name": "us-east-1"}),
    ],
    ids=str,
)
@pytest.mark.anyio
async def test_who_has_plain_numbers_alone_is_asked_for_no_other_format(model: str, settings: Any) -> None:
    simulator = Simulator()
    async with Client(transport=simulator) as client:
        with pytest.raises(UnsupportedParamsError, match="encoding_format can only be float") as caught:
            await client.embedding(model, "a", api_key="k", encoding_format="base64", **settings)
        assert model.endswith(caught.value.model)
        assert not simulator.requests
        for options in ({"encoding_format": "float"}, {"encoding_format": "base64", "drop_params": True}):
            with suppress(APIError):  # what it answers is of no interest
                await client.embedding(model, "a", api_key="k", **options, **settings)
    assert len({request.body for request in simulator.requests if "token" not in request.path}) == 1
