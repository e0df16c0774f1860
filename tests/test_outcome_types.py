"""Type checkers know what an outcome holds: mypy reads this file with the rest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, assert_type

import trio_llm
from trio_llm import (
    ChatRequest,
    Client,
    EmbeddingRequest,
    EmbeddingResponse,
    ModelResponse,
    Outcome,
    ResponsesAPIResponse,
    ResponsesRequest,
)

if TYPE_CHECKING:

    async def of_a_client(client: Client, chat: ChatRequest, vectors: EmbeddingRequest) -> None:
        """Every function of a client that gives outcomes."""
        assert_type(await client.fan_out([chat]), list[Outcome[ModelResponse]])
        assert_type(await client.fan_out(vectors for _ in range(3)), list[Outcome[EmbeddingResponse]])
        assert_type(await client.fan_out([partial(client.call, chat)]), list[Outcome[Any]])
        assert_type((await client.race([chat, chat])).response, ModelResponse | None)
        assert_type(await client.hedge(chat), Outcome[ModelResponse])
        assert_type((await client.cascade([chat])).others, tuple[Outcome[ModelResponse], ...])
        async with client.as_completed([ResponsesRequest("x", "gpt-5")]) as outcomes:
            async for outcome in outcomes:
                assert_type(outcome, Outcome[ResponsesAPIResponse])

    async def of_the_module(chat: ChatRequest) -> None:
        """The same as module functions."""
        assert_type(await trio_llm.fan_out([chat]), list[Outcome[ModelResponse]])
        assert_type(await trio_llm.race([chat]), Outcome[ModelResponse])
        async with trio_llm.as_completed([chat]) as outcomes:
            assert_type(await anext(outcomes), Outcome[ModelResponse])


def test_the_parameter_may_be_written_and_changes_nothing() -> None:
    assert Outcome[ModelResponse](0, ChatRequest("m", [{"role": "user"}])).status == "not_started"
