"""Azure: deployments, Responses, AI Foundry's models and Claude, with keys and with tokens of Entra's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from golden_requests import Recorder

from trio_llm import APIError, Client, RetryPolicy
from trio_llm.testing import Simulator

HELLO = [{"role": "user", "content": "Hello"}]
FOUNDRY = {"AZURE_AI_RESOURCE_NAME": "harbour", "AZURE_AI_API_KEY": "key"}
OPENAI = {"AZURE_RESOURCE_NAME": "harbour", "AZURE_API_KEY": "key"}
CLAUDE = "https://harbour.services.ai.azure.com/anthropic/v1/messages"
pytestmark = pytest.mark.anyio
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)


async def sent(
    variables: dict[str, str], method: str = "completion", **options: Any
) -> tuple[str, dict[str, str], Any]:
    """Address, headers and body of the one request that a call makes."""
    recorder = Recorder()
    async with Client(transport=recorder, variables=variables, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(APIError):
            await getattr(client, method)(**options)
    ((origin, request),) = recorder.sent
    assert isinstance(request.body, bytes)
    return f"{origin}{request.path}", dict(request.headers), json.loads(request.body)


@on_trio
@pytest.mark.parametrize(
    "base",
    [
        None,
        "https://harbour.services.ai.azure.com",
        "https://harbour.services.ai.azure.com/anthropic",
        "https://harbour.services.ai.azure.com/anthropic/v1/messages",
    ],
)
@pytest.mark.parametrize(("method", "more"), [("completion", {}), ("anthropic_messages", {"max_tokens": 9})])
async def test_claude_in_foundry_is_asked_as_anthropic_is(base: str | None, method: str, more: dict[str, Any]) -> None:
    variables = FOUNDRY if base is None else {**FOUNDRY, "AZURE_AI_API_BASE": base}
    url, headers, body = await sent(variables, method, model="azure_ai/claude-opus-9", messages=HELLO, **more)

    assert url == CLAUDE
    assert headers["x-api-key"] == "key"
    assert headers["anthropic-version"] == "2023-06-01"
    assert "api-key" not in headers
    assert body["model"] == "claude-opus-9"


@on_trio
@pytest.mark.parametrize("model", ["azure_ai/claude-opus-9", "azure_ai/harbour-9", "azure/gpt-9"])
async def test_a_token_of_entras_is_a_bearer_whatever_the_model(model: str) -> None:
    variables = {**FOUNDRY, **OPENAI}
    options: list[dict[str, Any]] = [
        {"api_key": lambda: "token"},
        {"azure_ad_token": "token"},
        {"azure_ad_token_provider": lambda: "token"},
    ]
    for given in options:
        _, headers, _ = await sent(variables, model=model, messages=HELLO, **given)
        assert headers["authorization"] == "Bearer token"
        assert headers.keys().isdisjoint({"api-key", "x-api-key"})


@on_trio
async def test_other_models_of_foundry_keep_their_own_path() -> None:
    url, headers, _ = await sent(FOUNDRY, model="azure_ai/harbour-9", messages=HELLO)

    assert url == "https://harbour.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview"
    assert headers["api-key"] == "key"


@on_trio
@pytest.mark.parametrize(
    ("version", "url"),
    [
        (None, "https://harbour.openai.azure.com/openai/v1/responses"),
        ("2025-03-01-preview", "https://harbour.openai.azure.com/openai/responses?api-version=2025-03-01-preview"),
    ],
)
async def test_responses_name_the_deployment_in_the_body(version: str | None, url: str) -> None:
    got, headers, body = await sent(OPENAI, "responses", model="azure/gpt-9", input="Hello", api_version=version)

    assert got == url
    assert headers["api-key"] == "key"
    assert body["model"] == "gpt-9"


async def test_claude_in_foundry_answers_responses_and_counts() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=FOUNDRY) as client:
        response = await client.responses(model="azure_ai/claude-opus-9", input="Hello")
        counted = await client.count_tokens("azure_ai/claude-opus-9", HELLO)

    assert response.output_text == "echo: Hello"
    assert counted.total_tokens == 1
    assert [request.path for request in simulator.requests] == [
        "/anthropic/v1/messages",
        "/anthropic/v1/messages/count_tokens",
    ]
