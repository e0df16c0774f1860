"""What responses, streams and errors tell of the reply that they came in."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from test_observers import REQUESTS
from virtual import KEYS, ask, client_of, in_virtual_time

import trio_llm
from trio_llm import APIConnectionError, EmbeddingRequest, RateLimitError
from trio_llm._runtime import trio
from trio_llm.testing import AtEvent, Failure, Reply, Simulator

HEADERS = {"x-left": "41"}
MODELS = ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"]


@pytest.mark.parametrize("model", MODELS)
@in_virtual_time
async def test_a_response_knows_who_answered_and_how_long_that_took(model: str) -> None:
    simulator = Simulator([Failure(503, latency=5), Reply("Hello", latency=2)])
    async with client_of(simulator, attempts=2) as client:
        response = await client.call(ask("x", model=model))

    told = (response.llm_provider, response.requested_model, response.request_id)
    assert told == (*model.split("/"), "simulated-1")
    assert response.response_seconds == pytest.approx(2)


@pytest.mark.parametrize("operation", REQUESTS)
@in_virtual_time
async def test_a_response_of_any_operation_knows_it(operation: str) -> None:
    request = REQUESTS[operation]
    async with client_of(Simulator(Reply(latency=2)), variables=KEYS | {"COHERE_API_KEY": "k"}) as client:
        response = await client.call(request)

    provider, model = request.model.split("/")
    assert (response.llm_provider, response.requested_model) == (provider, model)
    assert (response.request_id, response.response_seconds) == ("simulated-0", pytest.approx(2))


@in_virtual_time
async def test_a_stream_knows_it_from_its_first_content_on_and_its_seconds_in_the_end() -> None:
    simulator = Simulator(Reply(["one ", "two"], latency=2))
    async with client_of(simulator) as client, client.stream("openai/gpt-4o", ask("x").messages) as pumped:
        pulled = await client.completion("openai/gpt-4o", ask("x").messages, stream=True)
        for stream in (pulled, pumped):
            assert (stream.request_id in ("simulated-0", "simulated-1"), stream.llm_provider) == (True, "openai")
        assert pulled.response_seconds is pulled.response.response_seconds is None
        async for _ in pulled:
            pass
        assert pulled.response.requested_model == "gpt-4o"
        assert pulled.response_seconds == pulled.response.response_seconds == pytest.approx(2)


@in_virtual_time
async def test_a_stream_that_was_asked_for_again_knows_its_last_reply() -> None:
    broken = Reply(["one ", "two"], cut_at=AtEvent(2))
    simulator = Simulator([broken, Reply("all")])
    async with client_of(simulator, attempts=2) as client:
        stream = await client.completion("openai/gpt-4o", ask("x").messages, stream=True, on_break="restart")
        async for _ in stream:
            pass
    assert stream.request_id == stream.response.request_id == "simulated-1"


@in_virtual_time
async def test_a_refusal_has_the_headers_of_its_reply() -> None:
    async with client_of(Simulator(Failure(429, latency=3, headers=HEADERS))) as client:
        with pytest.raises(RateLimitError) as raised:
            await client.call(ask("x"))
    assert (raised.value.request_id, raised.value.response_headers["x-left"]) == ("simulated-0", "41")
    assert raised.value.response_seconds == pytest.approx(3)
    assert pickle.loads(pickle.dumps(raised.value)).response_headers["x-left"] == "41"


@in_virtual_time
async def test_a_stream_that_breaks_has_the_headers_of_its_reply() -> None:
    simulator = Simulator(Reply(["one ", "two"], latency=3, cut_at=AtEvent(2)))
    async with client_of(simulator) as client:
        stream = await client.completion("openai/gpt-4o", ask("x").messages, stream=True)
        with pytest.raises(APIConnectionError) as raised:
            async for _ in stream:
                pass
    assert raised.value.request_id == raised.value.response_headers["x-request-id"] == "simulated-0"
    assert raised.value.response_seconds == pytest.approx(3)


@in_virtual_time
async def test_an_embedding_in_parts_took_from_its_first_request_to_its_last_reply() -> None:
    simulator = Simulator(Reply(latency=2))
    async with client_of(simulator, limits=trio_llm.Limits(max_in_flight=1)) as client:
        began = trio.current_time()
        response = await client.call(EmbeddingRequest("openai/text-embedding-3-small", ["word"] * 5000))
        took = trio.current_time() - began
    assert len(simulator.requests) > 1
    assert response.response_seconds == pytest.approx(took)
    assert response.request_id == "simulated-0"


@in_virtual_time
async def test_it_is_no_part_of_the_json_and_goes_with_copies() -> None:
    async with client_of(Simulator(Reply("Hello"))) as client:
        response = await client.call(ask("x"))
    again = trio_llm.ModelResponse.model_validate_json(response.model_dump_json())

    assert again == response
    assert (again.request_id, dict(again.response_headers), again.llm_provider) == (None, {}, None)
    assert "receipt" not in response
    assert "headers" not in repr(response) + response.model_dump_json()
    copies: list[Any] = [copy.copy(response), response.model_copy(deep=True), pickle.loads(pickle.dumps(response))]
    assert [one.request_id for one in copies] == ["simulated-0"] * 3
    assert [one.response_seconds for one in copies] == [response.response_seconds] * 3
