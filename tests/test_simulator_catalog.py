"""The simulator answers every operation of every row of the catalogue, plain and streamed, by the row's own wire.

It is strict, so that this is also a test of the package's own requests.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any

import attrs
import pytest
import trio
from simulated_rows import MODELS, ONLY, ROWS, Everything

from trio_llm import Client, RetryPolicy
from trio_llm._catalog.provider import OPERATIONS, Provider, load_dialect
from trio_llm.testing import Conditions, Reply, Simulator, Strictness

HELLO = [{"role": "user", "content": "one two"}]
FILE = ("sound.mp3", b"ID3 sound")
PNG = ("picture.png", b"\x89PNG\r\n\x1a\n picture")
QUESTIONS = [{"type": "predicate", "instructions": "Is it good?"}]
Asking = Callable[[Client, str], Awaitable[Any]]


async def streamed_speech(client: Client, model: str) -> list[bytes]:
    async with client.stream_speech(model, "one two", "alloy") as stream:
        return [piece async for piece in stream]


ASKED: Mapping[str, Asking] = {
    "chat": lambda client, model: client.completion(model, HELLO),
    "chat_stream": lambda client, model: client.completion(model, HELLO, stream=True),
    "embeddings": lambda client, model: client.embedding(model, ["one two"]),
    "images": lambda client, model: client.image_generation("a cat", model),
    "images_stream": lambda client, model: client.image_generation("a cat", model, stream=True),
    "image_edit": lambda client, model: client.image_edit(PNG, "a hat", model),
    "image_edit_stream": lambda client, model: client.image_edit(PNG, "a hat", model, stream=True),
    "image_variation": lambda client, model: client.image_variation(PNG, model),
    "transcription": lambda client, model: client.transcription(model, FILE),
    "transcription_stream": lambda client, model: client.transcription(model, FILE, stream=True),
    "speech": lambda client, model: client.speech(model, "one two", "alloy"),
    "speech_stream": lambda client, model: streamed_speech(client, model),
    "text_completion": lambda client, model: client.text_completion(model, "one two"),
    "text_completion_stream": lambda client, model: client.text_completion(model, "one two", stream=True),
    "moderation": lambda client, model: client.moderation("one two", model),
    "rerank": lambda client, model: client.rerank(model, "one", ["one two", "three"]),
    "responses": lambda client, model: client.responses("one two", model),
    "responses_stream": lambda client, model: client.responses("one two", model, stream=True),
    "messages": lambda client, model: client.anthropic_messages(64, HELLO, model),
    "messages_stream": lambda client, model: client.anthropic_messages(64, HELLO, model, stream=True),
    "count_tokens": lambda client, model: client.count_tokens(model, HELLO),
    "decisions": lambda client, model: client.decisions(model, "one two", QUESTIONS),
}
# Stored responses are asked for by id and by provider; the model's name only leads to the provider.
STORED: Mapping[str, Callable[[Client, str], Awaitable[Any]]] = {
    "get_response": lambda client, row: client.get_response("resp_7", custom_llm_provider=row),
    "get_response_stream": lambda client, row: client.get_response("resp_7", custom_llm_provider=row, stream=True),
    "delete_response": lambda client, row: client.delete_response("resp_7", custom_llm_provider=row),
    "cancel_response": lambda client, row: client.cancel_response("resp_7", custom_llm_provider=row),
    "list_input_items": lambda client, row: client.list_input_items("resp_7", custom_llm_provider=row),
    "compact_response": lambda client, row: client.compact_response("one two", f"{row}/some-model"),
}


@attrs.frozen
class Pair:
    """One operation of one row, by one wire."""

    row: str
    operation: str
    wire: str


def pairs_of(row: Provider) -> Iterator[Pair]:
    """Everything that the catalogue says a row offers, whatever the model."""
    for operation in OPERATIONS:
        wires = {row.dialects.get(operation, row.wire)}
        wires |= {departure.dialects[operation] for _, departure in row.families if operation in departure.dialects}
        for wire in wires:
            dialect = load_dialect(wire)
            for name in (operation, f"{operation}_stream"):
                if getattr(dialect, name, None) is not None:
                    yield Pair(row.name, name, dialect.name)


def asked(row: Provider) -> Iterator[tuple[Pair, str]]:
    """What is asked of a row here: each of its models for all that the model's wires have."""
    for model in MODELS.get(row.name, ()) if row.name in ONLY else (*MODELS.get(row.name, ()), "some-model"):
        for operation in sorted(OPERATIONS):
            dialect = row.service(operation, model).dialect
            for name in (operation, f"{operation}_stream"):
                if getattr(dialect, name, None) is not None:
                    yield Pair(row.name, name, dialect.name), model


async def all_of(stream: AsyncIterator[Any]) -> list[Any]:
    return [chunk async for chunk in stream]


async def ask_one(client: Client, pair: Pair, model: str) -> list[Any]:
    """What one operation gives, in chunks where it is streamed."""
    asking = STORED.get(pair.operation) or ASKED[pair.operation]
    answer = await asking(client, pair.row if pair.operation in STORED else f"{pair.row}/{model}")
    if isinstance(answer, list):
        return answer
    return await all_of(answer) if pair.operation.endswith("_stream") else [answer]


async def ask_all(row: Provider) -> list[str]:
    """What went wrong with a row."""
    wrong: list[str] = []
    simulator = Simulator(lambda _: Reply(), conditions=Conditions(strict=Strictness()))
    async with Client(transport=simulator, variables=Everything(row), retry=RetryPolicy(attempts=1)) as client:
        for pair, model in asked(row):
            before = len(simulator.requests)
            try:
                chunks = await ask_one(client, pair, model)
            except Exception as error:  # noqa: BLE001  # all that goes wrong with a row is told at once
                wrong.append(f"{pair} of {model}: {type(error).__name__} {error}"[:300])
                continue
            if not chunks or not all(request.endpoint for request in simulator.requests[before:]):
                wrong.append(f"{pair} of {model}: nothing came")
    return wrong


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_everything_that_a_row_offers_is_simulated(row: Provider) -> None:
    assert trio.run(ask_all, row, clock=trio.testing.MockClock(autojump_threshold=0)) == []


def test_nothing_of_the_catalogue_is_left_out() -> None:
    offered = {pair for row in ROWS for pair in pairs_of(row)}

    assert offered - {pair for row in ROWS for pair, _ in asked(row)} == set()
