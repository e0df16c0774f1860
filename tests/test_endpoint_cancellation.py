"""Calls beside chat, cancelled at every step on both loops: no task, connection or slot is left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from trio_llm import Client, Limits, Provider, Quirks, RetryPolicy
from trio_llm.testing import Failure, RecordedRequest, Reply, Simulator, cancel_at_every_step

SMALL = Provider(
    name="small",
    base_url="https://small.example/v1",
    documentation="https://small.example",
    quirks=Quirks(most_inputs=2),
)


def act(request: RecordedRequest) -> Reply | Failure:
    return Failure(503, latency=0.01) if request.number == 1 else Reply(latency=0.01, gap=0.01)


@asynccontextmanager
async def opened() -> AsyncIterator[Client]:
    async with Client(
        transport=Simulator(act),
        variables={"SMALL_API_KEY": "k"},
        providers=[SMALL],
        limits=Limits(max_in_flight=2),
        retry=RetryPolicy(first_pause=0.01),
    ) as client:
        yield client


async def many_embeddings(client: Client) -> None:
    response = await client.embedding("small/m", ["a", "b", "c", "d", "e"])
    assert [item.index for item in response.data] == [0, 1, 2, 3, 4]


async def streamed_speech(client: Client) -> None:
    async with client.stream_speech("small/m", "Good day", "alloy") as sound:
        assert b"".join([block async for block in sound]) == b"ID3 Good day"


async def transcription(client: Client) -> None:
    stream = await client.transcription("small/m", b"RIFF", stream=True)
    assert [chunk async for chunk in stream]


async def text_completion(client: Client) -> None:
    stream = await client.text_completion("small/m", "Once", stream=True)
    assert [chunk async for chunk in stream]


async def call_again(client: Client) -> None:
    assert (await client.moderation("kind", "small/m")).results


@pytest.mark.parametrize(
    "scenario", [many_embeddings, streamed_speech, transcription, text_completion], ids=lambda one: one.__name__
)
def test_nothing_is_left(scenario: Callable[[Client], Awaitable[None]]) -> None:
    report = cancel_at_every_step(scenario, open_context=opened, after=call_again)

    assert min(report.steps.values()) >= 2
