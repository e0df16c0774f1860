"""Wires that carry less than a chat: texts that go on, answers that are looked for, sound, vectors and pictures."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from simulated_rows import Everything

from trio_llm import Client, RetryPolicy, exceptions
from trio_llm._catalog import CATALOG
from trio_llm._types.http import HTTPRequest
from trio_llm.testing import Failure, Reply, Simulator, running_server

pytestmark = pytest.mark.anyio
HELLO = [{"role": "user", "content": "one two three"}]
GOING_ON = [
    *(f"bedrock/invoke/{name}" for name in ("anthropic.claude-v2", "amazon.titan-text-lite-v1", "cohere.command-r-v1")),
    *(f"bedrock/invoke/{name}" for name in ("meta.llama3-8b-instruct-v1:0", "mistral.mistral-7b-instruct-v0:2")),
    *(f"bedrock/invoke/{name}" for name in ("mistral.mistral-large-3", "anthropic.claude-opus-9", "amazon.nova-9")),
    *("cloudflare/run/@cf/meta/llama-3.2-1b-instruct", "replicate/meta/meta-llama-3-70b-instruct"),
]
UNCOUNTED = ("replicate/",)
"""Streams that tell no usage."""


def client_of(simulator: Simulator, model: str) -> Client:
    row = CATALOG[model.partition("/")[0]]
    return Client(transport=simulator, variables=Everything(row), retry=RetryPolicy(attempts=1))


@pytest.mark.parametrize("model", GOING_ON)
async def test_models_that_go_on_with_a_text_answer_whole_and_streamed(model: str, autojump_clock: Any) -> None:
    simulator = Simulator(lambda _: None)
    async with client_of(simulator, model) as client:
        whole = await client.completion(model, HELLO, max_tokens=20)
        async with client.stream(model, HELLO, max_tokens=20) as stream:
            pieces = [choice.delta.content async for chunk in stream for choice in chunk.choices]

    assert whole.choices[0].message.content == "".join(filter(None, pieces)) == "echo: one two three"
    assert len([piece for piece in pieces if piece]) == 4
    assert (whole.choices[0].finish_reason, stream.response.choices[0].finish_reason) == ("stop", "stop")
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 4
    if not model.startswith(UNCOUNTED):
        assert stream.response.usage is not None
        assert stream.response.usage.completion_tokens == 4


@pytest.mark.parametrize("model", ["watsonx_text/some", "tgi/some", "sagemaker/some", "ollama/some", "openai/some"])
async def test_texts_go_on_until_their_limit(model: str) -> None:
    async with client_of(Simulator(lambda _: None), model) as client:
        whole = await client.text_completion(model, "one two three", max_tokens=2)
        streamed = await client.text_completion(model, "one two three", max_tokens=2, stream=True)
        pieces = [choice.text async for chunk in streamed for choice in chunk.choices]

    assert whole.choices[0].text == "".join(filter(None, pieces)) == "echo: one "
    assert whole.choices[0].finish_reason == "length"
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (3, 2)


async def test_keys_that_sign_are_made_up_as_others_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOMETHING_ELSE", "")  # set to nothing, as is usual for flags
    simulator = Simulator()
    async with Client(transport=simulator) as client:
        await client.completion("sagemaker/mine", HELLO, aws_region_name="eu-north-1")

    assert "Credential=simulated/" in dict(simulator.requests[0].headers)["authorization"]


async def test_a_prediction_takes_one_action_however_often_it_is_looked_at(autojump_clock: Any) -> None:
    simulator = Simulator([Reply("first"), Reply("second")])
    async with client_of(simulator, "replicate/x") as client:
        answers = [await client.completion("replicate/meta/llama", HELLO) for _ in range(2)]

    assert [answer.choices[0].message.content for answer in answers] == ["first", "second"]
    assert [request.method for request in simulator.requests] == ["POST", "GET"] * 2


async def test_a_picture_is_looked_for_where_the_reply_says(autojump_clock: Any) -> None:
    simulator = Simulator()
    async with client_of(simulator, "black_forest_labs/x") as client:
        picture = await client.image_generation("a cat", "black_forest_labs/flux-2-pro")

    assert picture.data[0].url == "https://images.invalid/1.png"
    assert [request.path.partition("?")[0] for request in simulator.requests] == ["/v1/flux-2-pro", "/v1/get_result"]


@pytest.mark.parametrize("model", ["cohere/embed-v4", "bedrock/cohere.embed-v4:0", "ollama/m", "watsonx_text/m"])
async def test_equal_texts_have_equal_vectors_on_every_wire(model: str) -> None:
    async with client_of(Simulator(), model) as client:
        data = (await client.embedding(model, ["one", "two", "one"])).data

    assert data[0].embedding == data[2].embedding != data[1].embedding


@pytest.mark.parametrize(
    "model",
    [
        *("voyage/voyage-multimodal-3.5", "jina_ai/jina-embeddings-v4", "cohere/embed-v4"),
        *("gemini/gemini-embedding-2", "vertex_ai/gemini-embedding-2", "vertex_ai/multimodalembedding@001"),
    ],
)
async def test_pictures_have_vectors_where_the_vendor_takes_them(model: str) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    async with client_of(Simulator(), model) as client:
        inputs: list[list[dict[str, Any]]] = [[{"type": "text", "text": "a cat"}], [picture]]
        data = (await client.embedding(model, inputs)).data

    assert len(data) == 2
    assert data[0].embedding != data[1].embedding


async def test_a_videos_segments_have_vectors() -> None:
    model, video = "vertex_ai/multimodalembedding@001", {"type": "video_url", "video_url": "gs://quay/a.mp4"}
    async with client_of(Simulator(), model) as client:
        data = (await client.embedding(model, [video])).data

    assert [len(numbers) for numbers in data[0].embedding] == [8]  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["deepgram/nova-3", "elevenlabs/scribe_v1"])
async def test_sound_becomes_the_scripted_text_with_its_words(model: str) -> None:
    async with client_of(Simulator(Reply("Well said.")), model) as client:
        heard = await client.transcription(model, ("sound.mp3", b"ID3"))

    assert heard.text == "Well said."
    assert [word.word for word in heard.words or ()] == ["Well", "said."]


def test_the_last_event_of_a_stream_of_bedrocks_has_its_counts() -> None:
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": HELLO}
    path = "/model/anthropic.claude-x/invoke-with-response-stream"
    timeline = Simulator().respond(HTTPRequest("POST", path, (), json.dumps(body).encode())).timeline
    payloads = [json.loads(piece.data[piece.data.index(b"{") : -4])["bytes"] for piece in timeline]

    counted = [b"amazon-bedrock-invocationMetrics" in b64decode(payload) for payload in payloads]
    assert counted == [False] * (len(payloads) - 1) + [True]


ERRORS = [
    ("cohere/m", exceptions.RateLimitError),
    ("ollama/m", exceptions.RateLimitError),
    ("watsonx_text/m", exceptions.RateLimitError),
    ("sagemaker/m", exceptions.RateLimitError),
    ("cloudflare/run/m", exceptions.RateLimitError),
    ("replicate/a/b", exceptions.RateLimitError),
    ("bedrock/invoke/meta.llama3", exceptions.RateLimitError),
]


@pytest.mark.parametrize(("model", "kind"), ERRORS)
async def test_failures_are_said_in_each_vendors_words(model: str, kind: type[Exception]) -> None:
    def script(_: Any) -> Failure:
        return Failure(429, "slow down")

    async with client_of(Simulator(script), model) as client:
        with pytest.raises(kind, match="slow down"):
            await client.completion(model, HELLO)


async def test_a_path_that_has_another_method_says_so() -> None:
    reply = Simulator().respond(HTTPRequest("DELETE", "/v1/chat/completions", (), b""))

    assert reply.head is not None
    assert (reply.head.status, reply.head.headers["allow"]) == (405, "POST")


def test_wires_are_served_on_a_port_too() -> None:
    import trio_llm

    with running_server(Simulator(lambda _: None)) as base_url:
        for model in ("cohere/m", "ollama/m", "replicate/a/b", "sagemaker/m", "bedrock/invoke/meta.llama3-8b"):
            home = base_url if model.startswith(("ollama", "sagemaker", "bedrock")) else f"{base_url}/v2"
            answer = trio_llm.completion(model, HELLO, api_base=home, api_key="k", num_retries=0)
            assert answer.choices[0].message.content == "echo: one two three"
            stream = trio_llm.completion(model, HELLO, api_base=home, api_key="k", num_retries=0, stream=True)
            assert json.dumps([chunk.choices[0].delta.content for chunk in stream if chunk.choices]).count("echo") == 1
