"""Answers that are looked for, on both loops."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from virtual import in_virtual_time

from trio_llm import Client, Timeout

DONE = {"id": "p1", "status": "succeeded", "output": "Oban", "error": None}
RUNNING = {"id": "p1", "status": "processing", "output": None, "error": None}
HI = [{"role": "user", "content": "Hi"}]


class Provider:
    """Answers a prediction from a list; the last answer stays."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.paths: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(f"{request.method} {request.url.path}")
        return httpx.Response(200, json=self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


@in_virtual_time
async def test_a_prediction_is_looked_at_until_it_has_ended_on_both_loops() -> None:
    provider = Provider(RUNNING, RUNNING, DONE)
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http,
        Client(http_client=http, variables={"REPLICATE_API_TOKEN": "k"}) as client,
    ):
        response = await client.completion("replicate/a/b", HI)

    assert response.choices[0].message.content == "Oban"
    assert provider.paths == ["POST /v1/models/a/b/predictions", *["GET /v1/predictions/p1"] * 2]


@in_virtual_time
async def test_a_prediction_that_takes_too_long_is_stopped_on_both_loops() -> None:
    provider = Provider(RUNNING)
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(provider)) as http,
        Client(http_client=http, variables={"REPLICATE_API_TOKEN": "k"}) as client,
    ):
        with pytest.raises(Timeout):
            await client.completion("replicate/a/b", HI, timeout=20)

    assert provider.paths[-1] == "POST /v1/predictions/p1/cancel"
    assert len(provider.paths) < 12
