"""A request that was written down comes back without its key, and does not run until it is given one."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import trio_llm
from trio_llm import ChatRequest, EmbeddingRequest
from trio_llm.testing import Simulator

pytestmark = pytest.mark.anyio
KEY = "sk-explicit-0123456789"
MESSAGES = [{"role": "user", "content": "Hi"}]
ENVIRONMENT = {"OPENAI_API_KEY": "sk-of-the-environment", "GROQ_API_KEY": "sk-of-the-environment"}
REQUESTS: dict[str, Any] = {
    "a chat": ChatRequest("openai/m", MESSAGES, api_key=KEY),
    "vectors": EmbeddingRequest("openai/m", "a", api_key=KEY),
    "a key in a header": ChatRequest("openai/m", MESSAGES, extra_headers={"X-Team-Key": KEY, "x-trace": "7"}),
    "a cloud's keys": ChatRequest("openai/m", MESSAGES, aws_secret_access_key=KEY, aws_region_name="us-east-1"),
}


def back(request: Any) -> Any:
    written = pickle.dumps(request)
    assert KEY.encode() not in written
    return pickle.loads(written)


async def run(request: Any) -> Simulator:
    simulator = Simulator()
    async with trio_llm.Client(transport=simulator, variables=ENVIRONMENT) as client:
        (outcome,) = await client.fan_out([request])
    if outcome.error is not None:
        assert simulator.requests == []
        raise outcome.error
    return simulator


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_request_with_a_key_of_its_own_comes_back_without_it_and_refuses_to_run(name: str) -> None:
    request = back(REQUESTS[name])

    with pytest.raises(trio_llm.AuthenticationError, match="with_api_key"):
        await run(request)
    simulator = await run(request.with_api_key("sk-another-0123456789"))
    assert len(simulator.requests) == 1
    assert KEY not in repr(request)


async def test_all_the_rest_comes_back() -> None:
    request = back(REQUESTS["a key in a header"])

    assert request.options.extra_headers == {"x-trace": "7"}
    assert back(REQUESTS["a cloud's keys"]).options.settings == (("aws_region_name", "us-east-1"),)
    assert (request.model, request.messages) == ("openai/m", tuple(MESSAGES))


@pytest.mark.parametrize("options", [{}, {"api_key": ""}, {"timeout": 9.0}])
async def test_a_request_without_a_key_of_its_own_runs_as_before(options: dict[str, Any]) -> None:
    request = pickle.loads(pickle.dumps(ChatRequest("openai/m", MESSAGES, **options)))

    assert request == ChatRequest("openai/m", MESSAGES, **options)
    assert len((await run(request)).requests) == 1


async def test_keys_of_fallbacks_are_withheld_as_well() -> None:
    other = ChatRequest("groq/m", MESSAGES, api_key=KEY)
    request = back(ChatRequest("openai/m", MESSAGES, fallbacks=[{"model": "groq/m", "api_key": KEY}, other, "groq/n"]))

    assert request.options.api_key is None
    first, second, third = request.options.fallbacks
    with pytest.raises(trio_llm.AuthenticationError, match="with_api_key"):
        await run(ChatRequest(messages=MESSAGES, **first))
    with pytest.raises(trio_llm.AuthenticationError, match="with_api_key"):
        await run(second)
    assert third == "groq/n"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
async def test_a_copy_in_the_same_process_keeps_its_key(duplicate: Any) -> None:
    assert duplicate(REQUESTS["a chat"]).options.api_key == KEY


def test_another_key_makes_another_request() -> None:
    request: ChatRequest = REQUESTS["a chat"]
    other = request.with_api_key(lambda: "sk-rotating")

    assert request.options.api_key == KEY
    assert other.options.api_key != KEY
    assert other.messages == request.messages
    with pytest.raises(trio_llm.BadRequestError, match="api_key must be"):
        request.with_api_key(7)  # type: ignore[arg-type]
