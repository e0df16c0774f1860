"""Embeddings: compact vectors, base64, and inputs that take several requests."""

from __future__ import annotations

import json
import math
import pickle
import struct
import tracemalloc
from array import array
from base64 import b64encode
from copy import deepcopy
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

import trio_llm
from trio_llm import AuthenticationError, Client, EmbeddingRequest, Limits, Vector
from trio_llm._catalog import CATALOG
from trio_llm._convert.converter import ConversionError, structure
from trio_llm._dialects.cohere import COHERE
from trio_llm._dialects.contract import NO_QUIRKS, Call, Quirks
from trio_llm._dialects.openai import OPENAI
from trio_llm._engine.embedding_parts import joined, parts_of
from trio_llm.testing import Action, Failure, Reply, Simulator

assert OPENAI.embeddings is not None
assert COHERE.embeddings is not None
KEYS = {"OPENAI_API_KEY": "k", "GEMINI_API_KEY": "k", "MISTRAL_API_KEY": "k"}
floats = st.floats(width=32, allow_nan=False)


def decoded(vectors: list[Any], quirks: Quirks = NO_QUIRKS) -> list[Any]:
    data = [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    call = Call(EmbeddingRequest("p/m", "x"), "m", quirks)
    return [item.embedding for item in OPENAI.embeddings.decode(call, json.dumps({"data": data}).encode()).data]  # type: ignore[union-attr]


@given(numbers=st.lists(floats))
def test_a_vector_reads_like_the_list_it_was_made_of(numbers: list[float]) -> None:
    vector = Vector(numbers)

    assert vector == numbers == list(vector) == vector.tolist()
    assert vector == tuple(numbers)
    assert len(vector) == len(numbers)
    assert vector[1:-1] == numbers[1:-1]
    assert [vector[index] for index in range(len(numbers))] == numbers
    assert pickle.loads(pickle.dumps(vector)) == deepcopy(vector) == vector


@given(numbers=st.lists(floats))
def test_base64_and_numbers_give_the_same_vector(numbers: list[float]) -> None:
    text = b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()

    assert decoded([text, numbers]) == [numbers, numbers]


def test_a_vector_is_as_exact_as_32_bits_are() -> None:
    assert Vector([0.1]) == [0.1]
    assert Vector([0.1])[0] != 0.1
    assert math.isclose(Vector([0.1])[0], 0.1, rel_tol=1e-7)


@pytest.mark.parametrize("other", [[1.0], [1.0, 3.0], ["a", "b"], [1.0, None], "ab", 3, None, [1.0, 10**400]])
def test_a_vector_differs_from_everything_else(other: object) -> None:
    assert Vector([1.0, 2.0]) != other


def test_a_vector_gives_its_memory_to_whoever_reads_buffers() -> None:
    view = Vector([1.5, 2.5]).as_array()

    assert (view.format, view.readonly, view.tolist()) == ("f", True, [1.5, 2.5])
    numpy = pytest.importorskip("numpy")
    assert numpy.asarray(Vector([1.5, 2.5])).dtype == numpy.float32


@pytest.mark.parametrize(("typecode", "type_text"), [("f", "<f4"), ("b", "|i1"), ("B", "|u1")])
def test_a_vector_tells_numpy_what_it_holds(typecode: str, type_text: str) -> None:
    interface = Vector([1, 2, 3], typecode).__array_interface__

    assert (interface["version"], interface["shape"], interface["typestr"]) == (3, (3,), type_text)
    assert interface["data"].tolist() == [1, 2, 3]


def test_a_vector_shows_its_beginning_only() -> None:
    assert repr(Vector([0.5, 1.0])) == "<Vector of 2: [0.5, 1]>"
    assert repr(Vector(range(1536))) == "<Vector of 1536: [0, 1, 2, 3, …]>"
    with pytest.raises(TypeError, match="unhashable"):
        hash(Vector())


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
    response = trio_llm.EmbeddingResponse([trio_llm.Embedding(Vector([0.5]), 0)])

    assert response.model_dump()["data"][0]["embedding"] == [0.5]
    assert json.loads(response.model_dump_json())["data"][0]["embedding"] == [0.5]
    assert structure([1, 2.5], Vector) == [1.0, 2.5]


@pytest.mark.parametrize("as_text", [True, False], ids=["base64", "numbers"])
def test_vectors_take_hardly_more_memory_than_their_numbers(as_text: bool) -> None:
    count, size = 500, 1536
    vector: Any = array("f", range(size))
    item = b64encode(vector.tobytes()).decode() if as_text else vector.tolist()
    body = json.dumps({"data": [{"index": index, "embedding": item} for index in range(count)]}).encode()
    call = Call(EmbeddingRequest("p/m", "x"), "m")
    tracemalloc.start()
    try:
        response = OPENAI.embeddings.decode(call, body)  # type: ignore[union-attr]
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(response.data) == count
    assert held < 1.3 * count * size * 4


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
    response = trio_llm.EmbeddingResponse([trio_llm.Embedding(Vector([1.0]), 0)], "m")

    assert joined([response, attrs.evolve(response, data=[trio_llm.Embedding(Vector([2.0]), 0)])]).usage is None


def cohere(reply: object) -> trio_llm.EmbeddingResponse:
    assert COHERE.embeddings is not None
    return COHERE.embeddings.decode(Call(EmbeddingRequest("p/m", ["a"]), "m"), json.dumps(reply).encode())


def test_cohere_is_asked_in_its_own_words() -> None:
    assert COHERE.embeddings is not None
    request = EmbeddingRequest("cohere/m", "a", dimensions=256, extra_body={"truncate": "END"})
    http = COHERE.embeddings.encode(Call(request, "m"))
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
    plain = COHERE.embeddings.encode(Call(EmbeddingRequest("cohere/m", ["a"]), "m"))
    assert isinstance(plain.body, bytes)
    assert "output_dimension" not in json.loads(plain.body)
    with pytest.raises(trio_llm.BadRequestError, match=r"input\[0\]"):
        COHERE.embeddings.encode(Call(EmbeddingRequest("cohere/m", [[1]]), "m"))


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
