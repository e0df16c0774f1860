"""Answers that are looked for until they are there: Replicate's predictions, and Black Forest Labs' pictures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trio

from trio_llm import (
    APIConnectionError,
    APIResponseValidationError,
    AuthenticationError,
    BadRequestError,
    Client,
    ContentPolicyViolationError,
    InternalServerError,
    RetryPolicy,
    Timeout,
    UnsupportedParamsError,
)

KEYS = {"REPLICATE_API_TOKEN": "r8-key", "BFL_API_KEY": "bfl-key"}
HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which port?"}]
MODEL = "replicate/meta/llama-9"
URLS = {"stream": "https://stream.replicate.com/v1/p1", "get": "https://api.replicate.com/v1/predictions/p1"}
STARTING = {"id": "p1", "status": "starting", "output": None, "error": None, "urls": URLS}
DONE = {
    "id": "p1",
    "status": "succeeded",
    "output": ["Söder", "hamn."],
    "error": None,
    "metrics": {"input_token_count": 7, "output_token_count": 3, "predict_time": 0.5},
}
BEGIN, LOOK = "POST api.replicate.com/v1/models/meta/llama-9/predictions", "GET api.replicate.com/v1/predictions/p1"
STOP = "POST api.replicate.com/v1/predictions/p1/cancel"
PLACE = "https://api.eu9.bfl.ai/v1/get_result?id=t1"
OUTPUT = b'event: output\nid: 1\ndata: {"a":\n\nevent: output\nid: 2\ndata:  [DONE]\n\n'


class Provider:
    """Answers from a list, one request after the other; the last answer stays."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.times: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.times.append(trio.current_time())
        if request.url.path.endswith("/cancel"):
            return httpx.Response(200, json={"id": "p1", "status": "canceled"})
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(201, json=answer)

    @property
    def paths(self) -> list[str]:
        return [f"{one.method} {one.url.host}{one.url.raw_path.decode()}" for one in self.asked]

    def body(self) -> Any:
        return json.loads(self.asked[0].content)


def events(data: bytes) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=data)


@asynccontextmanager
async def asking(provider: Callable[[httpx.Request], httpx.Response], attempts: int = 1) -> AsyncIterator[Client]:
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http,
        Client(http_client=http, variables=KEYS, retry=RetryPolicy(attempts=attempts)) as client,
    ):
        yield client


pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("autojump_clock")]


async def test_a_prediction_is_looked_at_until_it_has_ended() -> None:
    provider = Provider(STARTING, {**STARTING, "status": "processing"}, DONE)
    async with asking(provider) as client:
        response = await client.completion(MODEL, HELLO, max_tokens=9, extra_body={"input": {"top_k": 3}})

    assert response.choices[0].message.content == "Söderhamn."
    assert response.usage is not None
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (7, 3)
    assert provider.paths == [BEGIN, LOOK, LOOK]
    assert [later - provider.times[0] for later in provider.times] == pytest.approx([0, 0.5, 1.25])
    assert provider.body() == {
        "input": {"prompt": "Which port?", "system_prompt": "Be brief.", "max_tokens": 9, "top_k": 3}
    }
    assert {request.headers["authorization"] for request in provider.asked} == {"Bearer r8-key"}


async def test_a_call_that_runs_out_of_time_stops_its_prediction() -> None:
    provider = Provider(STARTING)
    async with asking(provider) as client:
        with pytest.raises(Timeout, match="within 3 s"):
            await client.completion(MODEL, HELLO, timeout=3)

    assert provider.paths[-1] == STOP
    assert provider.times[-1] - provider.times[0] == pytest.approx(3)


async def test_a_call_that_is_cancelled_stops_its_prediction() -> None:
    provider = Provider(STARTING)
    async with asking(provider) as client:
        with trio.move_on_after(1) as scope:
            await client.completion(MODEL, HELLO)

    assert scope.cancelled_caught
    assert provider.paths.count(STOP) == 1


async def test_a_prediction_that_failed_is_an_error_and_is_neither_stopped_nor_looked_at_again() -> None:
    provider = Provider(STARTING, {**STARTING, "status": "failed", "error": "CUDA out of memory"})
    async with asking(provider, attempts=3) as client:
        with pytest.raises(InternalServerError, match="CUDA out of memory"):
            await client.completion(MODEL, HELLO)

    assert provider.paths == [BEGIN, LOOK]


async def test_a_look_that_fails_is_tried_again_and_begins_nothing_anew() -> None:
    provider = Provider(STARTING, httpx.Response(503, json={"detail": "busy"}), DONE)
    async with asking(provider, attempts=2) as client:
        await client.completion(MODEL, HELLO)

    assert provider.paths == [BEGIN, LOOK, LOOK]


@pytest.mark.parametrize(
    ("model", "path", "version"),
    [
        ("owner/name:abc", "/v1/predictions", "abc"),
        ("abc123", "/v1/predictions", "abc123"),
        ("deployments/me/mine", "/v1/deployments/me/mine/predictions", None),
    ],
)
async def test_versions_and_deployments_have_paths_of_their_own(model: str, path: str, version: str | None) -> None:
    provider = Provider(DONE)
    async with asking(provider) as client:
        await client.completion(f"replicate/{model}", HELLO)

    assert provider.asked[0].url.path == path
    assert provider.body().get("version") == version


async def test_a_conversation_is_written_down_and_tools_are_refused_with_their_place() -> None:
    provider = Provider(DONE)
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
    turns: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "A?"}, picture]},
        {"role": "assistant", "content": "B."},
        {"role": "user", "content": "C?"},
    ]
    async with asking(provider) as client:
        await client.completion(MODEL, turns, stop=["x", "y"])
        with pytest.raises(BadRequestError, match=r"messages\[0\]"):
            await client.completion(MODEL, [{"role": "tool", "tool_call_id": "a", "content": "b"}])
        with pytest.raises(UnsupportedParamsError, match="tools"):
            await client.completion(MODEL, HELLO, tools=[{"type": "function", "function": {"name": "f"}}])

    assert provider.body()["input"] == {
        "prompt": "User: A?\n\nAssistant: B.\n\nUser: C?\n\nAssistant:",
        "image_input": ["https://example.org/a.png"],
        "stop_sequences": "x,y",
    }


async def test_a_stream_is_read_where_the_prediction_says_with_the_key() -> None:
    provider = Provider(STARTING, events(OUTPUT + b"event: done\ndata: {}\n\n"))
    async with asking(provider) as client, client.stream(MODEL, HELLO) as stream:
        texts = [chunk.choices[0].delta.content async for chunk in stream]

    assert "".join(text or "" for text in texts) == '{"a": [DONE]'
    assert stream.response.choices[0].finish_reason == "stop"
    assert provider.paths == [BEGIN, "GET stream.replicate.com/v1/p1"]
    assert provider.body()["stream"] is True
    assert provider.asked[1].headers["authorization"] == "Bearer r8-key"
    assert provider.asked[1].headers["accept"] == "text/event-stream"


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        (b"", APIConnectionError),
        (b"event: error\ndata: it broke\n\n", InternalServerError),
        (b'event: done\ndata: {"reason": "canceled"}\n\n', InternalServerError),
    ],
)
async def test_a_stream_that_ends_otherwise_raises_with_what_there_was(rest: bytes, kind: type[Exception]) -> None:
    provider = Provider(STARTING, events(OUTPUT + rest))
    async with asking(provider) as client:
        with pytest.raises(kind) as caught:
            async with client.stream(MODEL, HELLO) as stream:
                async for _ in stream:
                    pass

    partial: Any = caught.value
    assert partial.partial.choices[0].message.content == '{"a": [DONE]'


async def test_a_picture_is_looked_for_at_the_address_that_was_named() -> None:
    provider = Provider(
        {"id": "t1", "polling_url": PLACE},
        {"id": "t1", "status": "Pending", "result": None},
        {"id": "t1", "status": "Ready", "result": {"sample": "https://cdn.example/a.png", "seed": 4}},
    )
    async with asking(provider) as client:
        response = await client.image_generation("A boat", "black_forest_labs/flux-9", size="64x32")

    assert response.data[0].url == "https://cdn.example/a.png"
    assert response["seed"] == 4
    look = "GET api.eu9.bfl.ai/v1/get_result?id=t1"
    assert provider.paths == ["POST api.bfl.ai/v1/flux-9", look, look]
    assert provider.body() == {"prompt": "A boat", "width": 64, "height": 32}
    assert {request.headers["x-key"] for request in provider.asked} == {"bfl-key"}


@pytest.mark.parametrize(
    "place",
    ["https://api.bfl.ai.example/v1/get_result?id=t1", "http://api.eu9.bfl.ai/get", "file:///etc/passwd", "no address"],
)
async def test_a_key_does_not_follow_an_address_to_somebody_else(place: str) -> None:
    provider = Provider({"id": "t1", "polling_url": place})
    async with asking(provider) as client:
        with pytest.raises(APIResponseValidationError, match="no host of black_forest_labs"):
            await client.image_generation("A boat", "black_forest_labs/flux-9")

    assert len(provider.asked) == 1


async def test_the_key_of_a_host_of_ones_own_does_not_go_to_the_vendor() -> None:
    provider = Provider({"id": "t1", "polling_url": PLACE})
    async with asking(provider) as client:
        with pytest.raises(APIResponseValidationError, match="no host"):
            await client.image_generation(
                "A boat", "black_forest_labs/flux-9", api_base="https://proxy.example/v1", api_key="proxy-key"
            )

    assert [request.url.host for request in provider.asked] == ["proxy.example"]


@pytest.mark.parametrize(
    ("status", "kind"), [("Content Moderated", ContentPolicyViolationError), ("Error", InternalServerError)]
)
async def test_a_picture_that_was_refused_is_an_error_of_its_own(status: str, kind: type[Exception]) -> None:
    provider = Provider({"id": "t1"}, {"id": "t1", "status": status, "result": None})
    async with asking(provider, attempts=3) as client:
        with pytest.raises(kind, match=status):
            await client.image_generation("A boat", "black_forest_labs/flux-9")

    assert provider.paths == ["POST api.bfl.ai/v1/flux-9", "GET api.bfl.ai/v1/get_result?id=t1"]


async def test_pictures_of_predictions_come_by_their_addresses() -> None:
    provider = Provider(STARTING, {**DONE, "output": ["https://replicate.delivery/a.png"]})
    async with asking(provider) as client:
        response = await client.image_generation("A boat", MODEL, n=2, size="64x32")
        with pytest.raises(BadRequestError, match="size"):
            await client.image_generation("A boat", MODEL, size="large")

    assert [picture.url for picture in response.data] == ["https://replicate.delivery/a.png"]
    assert provider.body() == {"input": {"prompt": "A boat", "num_outputs": 2, "width": 64, "height": 32}}


async def test_a_refused_token_is_asked_for_anew_for_the_beginning_and_for_every_look() -> None:
    refused = httpx.Response(401, json={"detail": "stale"})
    provider, given = Provider(refused, STARTING, refused, DONE), list[str]()

    def token() -> str:
        given.append(f"token-{len(given)}")
        return given[-1]

    async with asking(provider) as client:
        response = await client.completion(MODEL, HELLO, api_key=token)

    assert response.choices[0].message.content == "Söderhamn."
    assert provider.paths == [BEGIN, BEGIN, LOOK, LOOK]
    assert [request.headers["authorization"] for request in provider.asked] == [f"Bearer {key}" for key in given]
    assert len(set(given)) == 4


async def test_a_refused_text_is_no_better_at_a_second_look() -> None:
    provider = Provider(STARTING, httpx.Response(401, json={"detail": "wrong"}))
    async with asking(provider) as client:
        with pytest.raises(AuthenticationError):
            await client.completion(MODEL, HELLO)

    assert provider.paths == [BEGIN, LOOK, STOP]
