"""The Responses API through a client: where each vendor is asked, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest
from responses_wire import ITEMS, MESSAGE, USAGE, events_of, response, stream_of

import trio_llm
from trio_llm import (
    APIConnectionError,
    APIError,
    BadRequestError,
    Client,
    InternalServerError,
    ResponsesRequest,
    RetryPolicy,
    UnsupportedParamsError,
)

KEYS = {
    **dict.fromkeys(
        ("OPENAI_API_KEY", "XAI_API_KEY", "GROQ_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY", "MISTRAL_API_KEY"),
        "k",
    ),
    "AZURE_API_KEY": "k",
    "AZURE_API_BASE": "https://r.openai.azure.com",
    "ANTHROPIC_API_KEY": "k",
}
Answer = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def answered(
    answer: Answer | dict[str, Any], attempts: int = 1
) -> AsyncIterator[tuple[Client, list[httpx.Request]]]:
    """A client, and what it asked."""
    seen: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(request) if callable(answer) else httpx.Response(200, json=answer)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(note)) as http,
        Client(http_client=http, variables=KEYS, retry=RetryPolicy(attempts=attempts, first_pause=0)) as client,
    ):
        yield client, seen


def events(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream_of(events_of(response())))


ADDRESSES = [
    ("gpt-5", {}, "https://api.openai.com/v1/responses"),
    ("openai/gpt-5", {"api_base": "http://127.0.0.1:9/v1", "api_key": "k"}, "http://127.0.0.1:9/v1/responses"),
    ("azure/gpt-5", {}, "https://r.openai.azure.com/openai/v1/responses"),
    (
        "azure/gpt-5",
        {"api_version": "2025-03-01-preview"},
        "https://r.openai.azure.com/openai/responses?api-version=2025-03-01-preview",
    ),
    ("xai/grok-4", {}, "https://api.x.ai/v1/responses"),
    ("groq/openai/gpt-oss-20b", {}, "https://api.groq.com/openai/v1/responses"),
    ("openrouter/openai/gpt-5", {}, "https://openrouter.ai/api/v1/responses"),
    ("deepseek/deepseek-v4", {}, "https://api.deepseek.com/responses"),
    ("llamacpp/m", {}, "http://127.0.0.1:8080/v1/responses"),
    ("vllm/m", {}, "http://localhost:8000/v1/responses"),
    ("lm_studio/m", {}, "http://127.0.0.1:1234/v1/responses"),
    # These have no Responses API.
    ("mistral/mistral-small", {}, "https://api.mistral.ai/v1/chat/completions"),
    ("anthropic/claude-x", {"max_output_tokens": 9}, "https://api.anthropic.com/v1/messages"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("model", "params", "url"), ADDRESSES)
async def test_each_vendor_is_asked_at_its_own_address(model: str, params: dict[str, Any], url: str) -> None:
    async with answered(lambda _: httpx.Response(500, json={"error": {"message": "no"}})) as (client, seen):
        with pytest.raises(InternalServerError):
            await client.responses("hi", model, **params)

    assert [str(request.url) for request in seen] == [url]


@pytest.mark.anyio
async def test_a_response_has_text_items_and_usage() -> None:
    async with answered(response()) as (client, seen):
        reply = await client.responses(input="Where?", model="gpt-5", instructions="Be short.")

    assert json.loads(seen[0].content) == {"model": "gpt-5", "input": "Where?", "instructions": "Be short."}
    assert reply.output_text == "In Paris."
    assert [item.type for item in reply.output] == [item["type"] for item in ITEMS]
    assert reply.usage is not None
    assert reply.usage.total_tokens == USAGE["total_tokens"]


@pytest.mark.anyio
async def test_events_are_typed_and_the_response_is_there_at_the_end() -> None:
    async with answered(events) as (client, seen):
        stream = await client.responses("Where?", "gpt-5", stream=True)
        kinds = [event.type async for event in stream]
        async with client.stream_responses("Where?", "gpt-5") as pumped:
            again = [event.type async for event in pumped]

    assert json.loads(seen[0].content)["stream"] is True
    assert kinds == again == [event["type"] for event in events_of(response())]
    assert stream.response.output_text == pumped.response.output_text == "In Paris."


@pytest.mark.anyio
async def test_a_whole_reply_where_a_stream_was_asked_for_is_its_last_event() -> None:
    async with answered(response()) as (client, _):
        stream = await client.responses("Where?", "gpt-5", stream=True)
        kinds = [event.type async for event in stream]

    assert kinds == ["response.completed"]
    assert stream.response.output_text == "In Paris."


@pytest.mark.anyio
async def test_a_stream_that_breaks_off_carries_what_had_arrived() -> None:
    cut = stream_of(events_of(response())[:-6])
    async with answered(lambda _: httpx.Response(200, content=cut)) as (client, _):
        stream = await client.responses("Where?", "gpt-5", stream=True)
        with pytest.raises(APIConnectionError) as caught:
            [event async for event in stream]

    assert caught.value.partial.output_text == "In Paris."


@pytest.mark.anyio
async def test_a_response_that_failed_raises_with_its_partial_and_its_usage() -> None:
    failed = response(status="failed", error={"code": "server_error", "message": "It broke."}, output=[MESSAGE])
    async with answered(failed) as (client, _):
        with pytest.raises(InternalServerError, match="It broke") as caught:
            await client.responses("Where?", "gpt-5")
    partial: Any = caught.value.partial
    assert (partial.output_text, partial.usage.total_tokens) == ("In Paris.", 50)

    async with answered(lambda _: httpx.Response(200, content=stream_of(events_of(failed)))) as (client, _):
        async with client.stream_responses("Where?", "gpt-5") as stream:
            kinds: list[str] = []
            with pytest.raises(InternalServerError, match="It broke") as caught:
                async for event in stream:
                    kinds.append(event.type)
    partial = caught.value.partial
    assert kinds[-1] == "response.failed"
    assert (partial.output_text, partial.usage.total_tokens) == ("In Paris.", 50)


@pytest.mark.anyio
async def test_stored_responses_are_looked_at_listed_and_forgotten() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path:
            case "GET", "/v1/responses/resp_1":
                return httpx.Response(200, json=response())
            case "GET", "/v1/responses/resp_1/input_items":
                return httpx.Response(200, json={"object": "list", "data": ITEMS, "has_more": False})
            case "DELETE", "/v1/responses/resp_1":
                return httpx.Response(200, json={"id": "resp_1", "object": "response", "deleted": True})
            case "POST", "/v1/responses/resp_1/cancel":
                return httpx.Response(200, json=response(status="cancelled", output=[]))
            case "POST", "/v1/responses/compact":
                return httpx.Response(200, json=response(object="response.compaction", output=[ITEMS[4]]))
        return httpx.Response(404, json={"error": {"message": f"no {request.url}"}})

    async with answered(answer) as (client, seen):
        assert (await client.get_response("resp_1")).output_text == "In Paris."
        assert len((await client.list_input_items("resp_1", limit=2)).data) == len(ITEMS)
        assert (await client.delete_response("resp_1")).deleted
        assert (await client.cancel_response("resp_1", "openai/gpt-5")).status == "cancelled"
        assert (await client.compact_response("Where?", "gpt-5")).output[0].type == "compaction"
        with pytest.raises(APIError, match="no https"):
            await client.get_response("resp_2", custom_llm_provider="xai")

    assert seen[1].url.query == b"limit=2"
    assert seen[-1].url.host == "api.x.ai"


@pytest.mark.anyio
async def test_azure_s_dated_surface_has_its_stored_responses_beside_the_deployments() -> None:
    async with answered(response()) as (client, seen):
        await client.get_response("resp_1", "azure/gpt-5", api_version="2025-03-01-preview", starting_after=3)

    assert seen[0].url.path == "/openai/responses/resp_1"
    assert dict(seen[0].url.params) == {"starting_after": "3", "api-version": "2025-03-01-preview"}


@pytest.mark.anyio
@pytest.mark.parametrize("method", ["get_response", "delete_response", "cancel_response", "list_input_items"])
async def test_a_provider_without_memory_has_no_stored_responses(method: str) -> None:
    async with answered(response()) as (client, seen):
        with pytest.raises(BadRequestError, match="mistral has no"):
            await getattr(client, method)("resp_1", "mistral/m")

    assert not seen


@pytest.mark.anyio
async def test_what_needs_memory_is_refused_before_a_byte_leaves() -> None:
    async with answered(response()) as (client, seen):
        for params in ({"previous_response_id": "resp_1"}, {"background": True}, {"conversation": "conv_1"}):
            with pytest.raises(UnsupportedParamsError, match=next(iter(params))):
                await client.responses("hi", "mistral/m", **params)

    assert not seen


@pytest.mark.anyio
async def test_requests_run_in_a_fan_out() -> None:
    async with answered(response()) as (client, _):
        outcomes = await client.fan_out([ResponsesRequest("hi", "gpt-5"), ResponsesRequest("hi", "openai/gpt-5")])

    assert [outcome.response and outcome.response.output_text for outcome in outcomes] == ["In Paris."] * 2


@pytest.mark.anyio
@pytest.mark.parametrize("model", ["openai/responses/gpt-4o", "gpt-5-codex", "openai/o3-pro", "gpt-5.2-pro"])
async def test_models_with_nothing_else_chat_by_the_responses_api(model: str) -> None:
    async with answered(response()) as (client, seen):
        reply = await client.completion(model, [{"role": "user", "content": "Where?"}])
    async with answered(events) as (client, _):
        async with client.stream(model, [{"role": "user", "content": "Where?"}]) as stream:
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert str(seen[0].url) == "https://api.openai.com/v1/responses"
    assert json.loads(seen[0].content)["model"] == model.split("/")[-1]
    assert reply.choices[0].message.content == text == "In Paris."
    assert stream.response.usage == reply.usage


@pytest.mark.anyio
async def test_a_cancelled_stream_in_the_background_cancels_the_response_on_either_loop() -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:  # noqa: ASYNC900 - httpx asks for one
            yield stream_of(events_of(response())[:4])
            scope.cancel()
            await anyio.sleep_forever()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=response(status="cancelled")) if "cancel" in request.url.path else endless

    endless = httpx.Response(200, stream=Endless())
    async with answered(answer) as (client, seen):
        with anyio.CancelScope() as scope:
            stream = await client.responses("Where?", "gpt-5", stream=True, background=True)
            [event async for event in stream]

    assert [request.url.path for request in seen] == ["/v1/responses", "/v1/responses/resp_1/cancel"]


def test_module_functions_have_litellm_s_names() -> None:
    names = ["responses", "get_responses", "delete_responses", "cancel_responses", "compact_responses"]
    for name in [*names, "list_input_items"]:
        assert callable(getattr(trio_llm, name))
        assert getattr(trio_llm, f"a{name}").__name__ == f"a{name}"
