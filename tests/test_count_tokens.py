"""Counts of tokens, by every provider that counts."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

import trio_llm
from trio_llm import APIResponseValidationError, BadRequestError, Client
from trio_llm._catalog import CATALOG, catalog_with
from trio_llm._dialects.gemini import VERTEX
from trio_llm.types import CountTokensRequest

KEYS = {
    **dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY"), "k"),
    **{"AWS_BEARER_TOKEN_BEDROCK": "k", "AWS_REGION": "us-east-1"},
}
MESSAGES: Any = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "hi"}]
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


async def count(model: str, reply: Any, rows: Any = (), **params: Any) -> tuple[Any, httpx.Request]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=reply)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Client(http_client=http, variables=KEYS, providers=rows) as client,
    ):
        return await client.count_tokens(model, MESSAGES, **params), seen[0]


@pytest.mark.anyio
async def test_openai_counts_what_a_response_would_be_asked() -> None:
    found, request = await count("gpt-4o", {"object": "response.input_tokens", "input_tokens": 7}, temperature=0.5)

    assert (found.total_tokens, found.request_model, found.model_used, found.tokenizer_type) == (
        7,
        "gpt-4o",
        "gpt-4o",
        "responses",
    )
    assert str(request.url) == "https://api.openai.com/v1/responses/input_tokens"
    assert json.loads(request.content) == {"model": "gpt-4o", "input": MESSAGES}


@pytest.mark.anyio
async def test_anthropic_counts_messages_and_tools_and_nothing_that_says_how_to_answer() -> None:
    found, request = await count(
        "anthropic/claude-x", {"input_tokens": 9}, max_tokens=5, temperature=0.5, stop="x", tools=[TOOL]
    )

    assert found.total_tokens == 9
    assert str(request.url) == "https://api.anthropic.com/v1/messages/count_tokens"
    assert request.headers["anthropic-version"]
    body = json.loads(request.content)
    assert set(body) == {"model", "system", "messages", "tools"}
    assert body["tools"][0]["name"] == "weather"


@pytest.mark.anyio
async def test_claude_counts_at_bedrocks_mantle_as_at_its_makers() -> None:
    found, request = await count("bedrock_mantle/anthropic.claude-x", {"input_tokens": 9})

    assert found.total_tokens == 9
    assert str(request.url) == "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages/count_tokens"
    assert (request.headers["x-api-key"], request.headers["anthropic-version"]) == ("k", "2023-06-01")
    assert "authorization" not in request.headers
    assert json.loads(request.content)["model"] == "anthropic.claude-x"


@pytest.mark.anyio
async def test_gemini_counts_a_whole_request() -> None:
    found, request = await count("gemini/gemini-2.5-flash", {"totalTokens": 4}, tools=[TOOL])

    assert found.total_tokens == 4
    assert request.url.path == "/v1beta/models/gemini-2.5-flash:countTokens"
    asked = json.loads(request.content)["generateContentRequest"]
    assert asked["model"] == "models/gemini-2.5-flash"
    assert asked["systemInstruction"]["parts"][0]["text"] == "Be short."
    assert asked["tools"]


@pytest.mark.anyio
async def test_vertex_counts_contents() -> None:
    row = trio_llm.Provider(
        name="like-vertex", base_url="https://v.test", documentation="x", wire=VERTEX, key_variables=("OPENAI_API_KEY",)
    )
    found, request = await count("like-vertex/gemini-x", {"totalTokens": 4}, catalog_with(row), temperature=0.5)

    assert found.total_tokens == 4
    assert request.url.path.endswith("gemini-x:countTokens")
    assert set(json.loads(request.content)) == {"contents", "systemInstruction", "generationConfig"}


@pytest.mark.anyio
async def test_an_empty_count_of_gemini_s_is_none() -> None:
    assert (await count("gemini/gemini-2.5-flash", {}))[0].total_tokens == 0


@pytest.mark.anyio
async def test_a_reply_without_a_count_is_an_error() -> None:
    with pytest.raises(APIResponseValidationError, match="input_tokens"):
        await count("gpt-5", {"object": "response.input_tokens"})


@pytest.mark.anyio
async def test_a_provider_that_does_not_count_says_so_before_a_byte_leaves() -> None:
    with pytest.raises(BadRequestError, match="mistral has no token count calls"):
        await count("mistral/mistral-small", {})


def test_the_request_is_a_value_and_the_functions_are_there() -> None:
    assert CountTokensRequest("gpt-5", MESSAGES).operation == "count_tokens"
    assert trio_llm.acount_tokens.__name__ == "acount_tokens"
    assert trio_llm.count_tokens.__name__ == "count_tokens"
    assert CATALOG["llamacpp"].service("count_tokens", "m").dialect.count_tokens is not None
