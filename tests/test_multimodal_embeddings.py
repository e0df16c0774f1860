"""Vectors of texts and pictures: content parts as input, where the vendor takes them."""

from __future__ import annotations

import json
from array import array
from base64 import b64encode
from typing import Any

import httpx
import pytest

from trio_llm import APIResponseValidationError, BadRequestError, Client, UnsupportedParamsError
from trio_llm.testing import Simulator

KEYS = {name: "k" for name in ("VOYAGE_API_KEY", "JINA_API_KEY", "COHERE_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY")}
KEYS |= {"VERTEXAI_PROJECT": "harbour", "CLOUDSDK_AUTH_ACCESS_TOKEN": "token"}
TEXT = {"type": "text", "text": "A boat"}
ADDRESS = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
DATA = {"type": "image_url", "image_url": "data:image/png;base64,QUJD"}
VIDEO = {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}
BASE64 = b64encode(array("f", [0.5, 1])).decode()
REPLY = {"object": "list", "data": [{"index": 0, "embedding": BASE64}], "usage": {"total_tokens": 7}}
COHERE_REPLY = {"id": "e", "embeddings": {"float": [[0.5, 1]]}, "meta": {"billed_units": {"input_tokens": 7}}}
pytestmark = pytest.mark.anyio


async def asked(model: str, given: Any, reply: Any = REPLY, **params: Any) -> tuple[str, Any, Any]:
    """Path and body of what is sent for an embedding call, and the response."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json=reply)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Client(http_client=http, variables=KEYS) as client,
    ):
        response = await client.embedding(model, given, **params)
    return sent[0].url.path, json.loads(sent[0].content), response


async def test_voyage_embeds_several_parts_as_one() -> None:
    path, body, response = await asked(
        "voyage/voyage-multimodal-9", [[TEXT, ADDRESS, DATA, VIDEO]], input_type="search_query", dimensions=2
    )

    assert path == "/v1/multimodalembeddings"
    assert body == {
        "model": "voyage-multimodal-9",
        "inputs": [
            {
                "content": [
                    {"type": "text", "text": "A boat"},
                    {"type": "image_url", "image_url": "https://example.org/a.png"},
                    {"type": "image_base64", "image_base64": "data:image/png;base64,QUJD"},
                    {"type": "video_url", "video_url": "https://example.org/a.mp4"},
                ]
            }
        ],
        "input_type": "query",
        "output_dimension": 2,
        "output_encoding": "base64",
    }
    assert response.data[0].embedding == [0.5, 1]
    assert response.usage.total_tokens == 7


async def test_voyages_models_for_several_kinds_take_texts_at_their_own_endpoint() -> None:
    path, body, _ = await asked("voyage/voyage-multimodal-9", "A boat")

    assert path == "/v1/multimodalembeddings"
    assert body["inputs"] == [{"content": [{"type": "text", "text": "A boat"}]}]


@pytest.mark.parametrize(
    ("params", "fields"),
    [
        ({}, {"encoding_format": "base64"}),
        ({"encoding_format": "base64"}, {"encoding_format": "base64"}),
        ({"encoding_format": "float"}, {}),
        ({"encoding_format": "int8"}, {"output_dtype": "int8"}),
        (
            {"extra_body": {"output_dtype": "ubinary", "truncation": False}},
            {"output_dtype": "ubinary", "truncation": False},
        ),
        ({"input_type": "document"}, {"input_type": "document", "encoding_format": "base64"}),
    ],
)
async def test_voyage_is_told_the_type_of_the_numbers_in_its_own_words(params: Any, fields: Any) -> None:
    path, body, _ = await asked("voyage/voyage-9", ["A boat"], **params)

    assert path == "/v1/embeddings"
    assert body == {"model": "voyage-9", "input": ["A boat"], **fields}


async def test_jina_embeds_texts_and_pictures_side_by_side() -> None:
    path, body, response = await asked(
        "jina_ai/jina-embeddings-v9", [TEXT, ADDRESS, DATA, "A sail"], input_type="query", dimensions=2
    )

    assert path == "/v1/embeddings"
    assert body == {
        "model": "jina-embeddings-v9",
        "input": [{"text": "A boat"}, {"image": "https://example.org/a.png"}, {"image": "QUJD"}, {"text": "A sail"}],
        "task": "retrieval.query",
        "dimensions": 2,
        "embedding_type": "base64",
    }
    assert response.data[0].embedding == [0.5, 1]


async def test_jinas_own_words_and_texts_go_as_they_are() -> None:
    _, body, _ = await asked("jina_ai/m", "A boat", input_type="text-matching", encoding_format="float")

    assert body == {"model": "m", "input": ["A boat"], "task": "text-matching", "embedding_type": "float"}


async def test_cohere_embeds_several_parts_as_one() -> None:
    path, body, _ = await asked("cohere/embed-v9", [[TEXT, DATA], "A sail"], COHERE_REPLY, encoding_format="float")

    assert path == "/v2/embed"
    assert body == {
        "model": "embed-v9",
        "inputs": [
            {
                "content": [
                    {"type": "text", "text": "A boat"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
                ]
            },
            {"content": [{"type": "text", "text": "A sail"}]},
        ],
        "input_type": "search_document",
        "embedding_types": ["float"],
    }


GOOGLE = "/publishers/google/models"
HELD = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}


async def test_gemini_embeds_several_parts_as_one() -> None:
    reply = {"embeddings": [{"values": [0.5, 1]}, {"values": [0, 1]}], "usageMetadata": {"promptTokenCount": 7}}
    path, body, response = await asked("gemini/gemini-embedding-2", [[TEXT, DATA], "A sail"], reply, dimensions=2)

    assert path == "/v1beta/models/gemini-embedding-2:batchEmbedContents"
    assert [one["content"]["parts"] for one in body["requests"]] == [[{"text": "A boat"}, HELD], [{"text": "A sail"}]]
    assert [one.embedding for one in response.data] == [[0.5, 1], [0, 1]]
    assert response.usage.prompt_tokens == 7


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ([[TEXT, DATA]], [{"text": "A boat"}, HELD]),
        ("A boat", [{"text": "A boat"}]),
        (TEXT, [{"text": "A boat"}]),
        ([ADDRESS], [{"fileData": {"mimeType": "image/png", "fileUri": "https://example.org/a.png"}}]),
    ],
)
async def test_vertex_embeds_one_content_a_request_with_later_models(given: Any, parts: Any) -> None:
    reply = {"embedding": {"values": [0.5, 1]}, "usageMetadata": {"promptTokenCount": 7}}
    path, body, response = await asked("vertex_ai/gemini-embedding-2", given, reply, input_type="query", dimensions=2)

    assert path.endswith(f"/locations/global{GOOGLE}/gemini-embedding-2:embedContent")
    assert body == {"content": {"parts": parts}, "outputDimensionality": 2, "taskType": "RETRIEVAL_QUERY"}
    assert (response.data[0].embedding, response.usage.prompt_tokens) == ([0.5, 1], 7)


@pytest.mark.parametrize(
    ("given", "instance", "prediction", "vector"),
    [
        ("A boat", {"text": "A boat"}, {"textEmbedding": [0.5, 1]}, [0.5, 1]),
        (TEXT, {"text": "A boat"}, {"textEmbedding": [0.5, 1]}, [0.5, 1]),
        (
            [DATA],
            {"image": {"bytesBase64Encoded": "QUJD", "mimeType": "image/png"}},
            {"imageEmbedding": [0.5, 1]},
            [0.5, 1],
        ),
        (
            [{"type": "image_url", "image_url": "gs://quay/a.png"}],
            {"image": {"gcsUri": "gs://quay/a.png"}},
            {"imageEmbedding": [0.5, 1]},
            [0.5, 1],
        ),
        (
            [{"type": "video_url", "video_url": "gs://quay/a.mp4"}],
            {"video": {"gcsUri": "gs://quay/a.mp4"}},
            {"videoEmbeddings": [{"startOffsetSec": 0, "endOffsetSec": 7, "embedding": [0.5, 1]}]},
            [[0.5, 1]],
        ),
        (
            [{"type": "video_url", "video_url": "data:video/mp4;base64,QUJD"}],
            {"video": {"bytesBase64Encoded": "QUJD"}},
            {"videoEmbeddings": [{"embedding": [0.5, 1]}, {"embedding": [0, 1]}]},
            [[0.5, 1], [0, 1]],
        ),
    ],
)
async def test_vertex_predicts_the_vector_of_a_text_a_picture_or_a_video(
    given: Any, instance: Any, prediction: Any, vector: Any
) -> None:
    reply = {"predictions": [prediction], "deployedModelId": "1"}
    path, body, response = await asked("vertex_ai/multimodalembedding@001", given, reply, dimensions=128)

    assert path.endswith(f"/locations/us-central1{GOOGLE}/multimodalembedding@001:predict")
    assert body == {"instances": [instance], "parameters": {"dimension": 128}}
    assert response.data[0].embedding == vector


async def test_segments_of_a_video_are_asked_for_and_told() -> None:
    video = {"url": "gs://quay/a.mp4", "start_offset_sec": 8, "end_offset_sec": 24, "interval_sec": 8}
    vectors = [{"startOffsetSec": at, "endOffsetSec": at + 8, "embedding": [0.5, 1]} for at in (8, 16)]
    reply = {"predictions": [{"videoEmbeddings": vectors}]}
    _, body, response = await asked(
        "vertex_ai/multimodalembedding@001", [{"type": "video_url", "video_url": video}], reply
    )

    config = {"startOffsetSec": 8, "endOffsetSec": 24, "intervalSec": 8}
    assert body == {"instances": [{"video": {"gcsUri": "gs://quay/a.mp4", "videoSegmentConfig": config}}]}
    assert response.data[0].embedding == [[0.5, 1], [0.5, 1]]
    assert response.data[0]["segments"] == [
        {"start_offset_sec": 8, "end_offset_sec": 16},
        {"start_offset_sec": 16, "end_offset_sec": 24},
    ]
    with pytest.raises(
        BadRequestError, match=r"input\[0\].video_url has 'start'; beside its url it may have start_off"
    ):
        await asked(
            "vertex_ai/multimodalembedding@001", [{"type": "video_url", "video_url": video | {"start": 1}}], reply
        )


async def test_the_simulator_makes_a_vector_of_each_segment() -> None:
    video = {"url": "gs://quay/a.mp4", "start_offset_sec": 10, "end_offset_sec": 45}
    async with Client(transport=Simulator(), variables=KEYS) as client:
        response = await client.embedding(
            "vertex_ai/multimodalembedding@001", [{"type": "video_url", "video_url": video}]
        )
    assert [one["end_offset_sec"] for one in response.data[0]["segments"]] == [26, 42, 45]
    assert len(response.data[0].embedding) == 3


@pytest.mark.parametrize("reply", [{"predictions": [{}]}, {"predictions": []}, {"predictions": [{"textEmbedding": 1}]}])
async def test_a_prediction_without_a_vector_is_malformed(reply: Any) -> None:
    with pytest.raises(APIResponseValidationError):
        await asked("vertex_ai/multimodalembedding@001", "A boat", reply, num_retries=0)


@pytest.mark.parametrize(
    ("model", "given", "place"),
    [
        ("voyage/m", [[TEXT, {"type": "input_audio"}]], r"input\[0\]\[1\].*input_audio"),
        ("voyage/m", [[1, 2]], r"input\[0\]"),
        ("jina_ai/m", ["a", VIDEO], r"input\[1\].*video_url"),
        ("jina_ai/m", [[TEXT, DATA]], r"input\[0\] must be one part"),
        ("cohere/m", [TEXT, VIDEO], r"input\[1\]"),
        ("gemini/m", ["a", {"type": "thumb"}], r"input\[1\].*thumb"),
        ("gemini/m", ["a", [TEXT, {"type": "image_url"}]], r"input\[1\]\[1\]"),
        ("vertex_ai/text-embedding-9", ["a", TEXT], r"input\[1\].*content parts"),
        ("vertex_ai/multimodalembedding@001", [[TEXT, DATA]], r"input\[0\] must be one part"),
        ("vertex_ai/multimodalembedding@001", [ADDRESS], r"input\[0\].*gs://"),
        ("openai/m", [TEXT], "content parts"),
        ("ollama/m", [DATA], r"input\[0\]"),
    ],
)
async def test_what_cannot_be_embedded_is_refused_with_its_place(model: str, given: Any, place: str) -> None:
    with pytest.raises(BadRequestError, match=place):
        await asked(model, given)


async def test_what_voyage_and_jina_do_not_have_is_refused() -> None:
    for model in ("voyage/m", "jina_ai/m"):
        with pytest.raises(UnsupportedParamsError, match="user"):
            await asked(model, "a", user="me")
        with pytest.raises(BadRequestError, match="chat"):
            async with Client(variables=KEYS) as client:
                await client.completion(model, [{"role": "user", "content": "Hi"}])
