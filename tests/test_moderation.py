"""Moderation through a client."""

from __future__ import annotations

import json

import pytest

from trio_llm import Client
from trio_llm.testing import Simulator

KEYS = {"OPENAI_API_KEY": "k", "MISTRAL_API_KEY": "k"}


@pytest.mark.anyio
async def test_texts_are_judged_in_their_order() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        response = await client.moderation(["kind words", "forbidden words"])

    assert [result.flagged for result in response.results] == [False, True]
    assert response.results[1].category_scores["violence"] > 0.5
    assert json.loads(simulator.requests[0].body) == {
        "model": "omni-moderation-latest",
        "input": ["kind words", "forbidden words"],
    }


@pytest.mark.anyio
async def test_a_model_of_another_vendor_goes_to_that_vendor() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        await client.moderation("kind words", model="mistral/mistral-moderation-latest")

    assert json.loads(simulator.requests[0].body)["model"] == "mistral-moderation-latest"
    assert simulator.requests[0].path == "/v1/moderations"
