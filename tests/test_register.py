"""Rows of one's own, for a client, for a run, and for the synchronous functions."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

import trio_llm
from trio_llm import APIError, BadRequestError, Client, Provider
from trio_llm._dialects.openai import OPENAI
from trio_llm.testing import RawReply, Simulator, running_server
from trio_llm.types import ServerKind

MESSAGES = [{"role": "user", "content": "Hello"}]


@pytest.fixture(name="row")
def _row() -> Iterator[Provider]:
    with running_server(Simulator()) as base_url:
        yield Provider(
            name="home",
            base_url=f"{base_url}/v1",
            documentation="https://home.example",
            aliases=("house",),
            server=ServerKind.SELF_HOSTED,
        )


@pytest.mark.anyio
async def test_a_client_takes_rows_of_ones_own_beside_the_built_in_ones(row: Provider) -> None:
    async with Client(providers=[row]) as client:
        response = await client.completion("home/m", MESSAGES)
        with pytest.raises(trio_llm.AuthenticationError):
            await client.completion("gpt-4", MESSAGES)

    assert response.choices[0].message.content == "echo: Hello"


@pytest.mark.anyio
async def test_a_registered_row_is_known_to_the_default_client_of_its_run(row: Provider) -> None:
    with pytest.raises(BadRequestError, match="unknown provider 'home'"):
        await trio_llm.acompletion("home/m", MESSAGES)
    trio_llm.register_provider(row)

    for model in ("home/m", "house/m"):
        response = await trio_llm.acompletion(model, MESSAGES)
        assert response.choices[0].message.content == "echo: Hello"


def test_a_row_registered_outside_of_a_run_is_known_to_the_synchronous_functions(row: Provider) -> None:
    trio_llm.register_provider(row)

    assert trio_llm.completion("home/m", MESSAGES).choices[0].message.content == "echo: Hello"


@pytest.mark.anyio
async def test_a_wire_that_only_streams_takes_a_whole_reply_for_an_error() -> None:
    only_streams = attrs.evolve(OPENAI, name="only-streams", chat=None)
    row = Provider(
        name="home", base_url="http://localhost/v1", documentation="-", server=ServerKind.SELF_HOSTED, wire=only_streams
    )
    simulator = Simulator(RawReply(b'{"message": "no streams today"}'))
    async with Client(providers=[row], transport=simulator, variables={}) as client:
        with pytest.raises(APIError, match="no streams today"):
            await client.completion("home/m", MESSAGES, stream=True)
