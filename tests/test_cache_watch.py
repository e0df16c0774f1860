"""The cached share of conversations: when it collapses, and which message spoilt it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from virtual import client_of, in_virtual_time

from trio_llm import Usage
from trio_llm._runtime import trio
from trio_llm.observe import CachedShareCollapsed, CacheWatch
from trio_llm.testing import Reply, Simulator, run_in_virtual_time
from trio_llm.types import PromptTokensDetails

MODEL = "openai/gpt-4o"


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def answers(*shares: float) -> Simulator:
    """Answers to prompts of 10,000 tokens, so much of which is from the cache."""
    usages = (Usage(10_000, 10, 10_010, PromptTokensDetails(int(10_000 * share))) for share in shares)
    return Simulator([Reply("Well", usage=usage) for usage in usages])


SYSTEM, FIRST, ANSWER, SECOND = (
    said("system", "Be brief."),
    said("user", "a"),
    said("assistant", "b"),
    said("user", "c"),
)


@pytest.mark.parametrize(
    ("later", "what", "place"),
    [
        ([said("system", "It is noon."), FIRST, ANSWER, SECOND], "message", 0),
        ([SYSTEM, said("user", "A"), ANSWER, SECOND], "message", 1),
        ([SYSTEM], "message", 1),
        ([SYSTEM, FIRST, ANSWER, SECOND], "nothing", None),
    ],
)
@in_virtual_time
async def test_the_message_that_changed_is_named(later: list[Any], what: str, place: int | None) -> None:
    told: list[CachedShareCollapsed] = []
    async with client_of(answers(0.8, 0.9, 0.1), observers=[CacheWatch(told.append)]) as client:
        await client.completion(MODEL, [SYSTEM, FIRST])
        await client.completion(MODEL, [SYSTEM, FIRST, ANSWER])
        await trio.sleep(7)
        await client.completion(MODEL, later)

    (event,) = told
    assert (event.before, event.now, event.what, event.place, event.seconds) == (0.9, 0.1, what, place, 7)
    if place is not None:
        assert event.earlier == [SYSTEM, FIRST, ANSWER][place]
        assert event.message == (later[place] if place < len(later) else None)


@in_virtual_time
async def test_tools_that_changed_are_named_too() -> None:
    told: list[CachedShareCollapsed] = []
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    async with client_of(answers(0.9, 0), observers=[CacheWatch(told.append)]) as client:
        await client.completion(MODEL, [SYSTEM, FIRST])
        await client.completion(MODEL, [SYSTEM, FIRST, ANSWER, SECOND], tools=[tool])

    assert [event.what for event in told] == ["tools"]


@pytest.mark.parametrize(
    ("shares", "other"),
    [((0.9, 0.8), []), ((0.05, 0.0), []), ((0.0, 0.9), []), ((0.9, 0.0), [said("user", "something else")])],
)
@in_virtual_time
async def test_what_is_no_collapse_is_not_told(shares: tuple[float, float], other: list[Any]) -> None:
    told: list[CachedShareCollapsed] = []
    async with client_of(answers(*shares), observers=[CacheWatch(told.append)]) as client:
        await client.completion(MODEL, [SYSTEM, FIRST])
        await client.completion(MODEL, other or [SYSTEM, FIRST, ANSWER, SECOND])

    assert told == []


@in_virtual_time
async def test_a_label_tells_conversations_apart() -> None:
    told: list[CachedShareCollapsed] = []
    async with client_of(answers(0.9, 0, 0), observers=[CacheWatch(told.append)]) as client:
        await client.completion(MODEL, [SYSTEM, FIRST], metadata={"conversation": "one"})
        await client.completion(MODEL, [SYSTEM, FIRST], metadata={"conversation": "two"})
        await client.completion(MODEL, [said("system", "!")], metadata={"conversation": "one"})

    assert [event.activity.id for event in told] == [3]


def test_the_warning_names_the_place_and_no_contents(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        async with client_of(answers(0.9, 0), observers=[CacheWatch()]) as client:
            await client.completion(MODEL, [SYSTEM, FIRST])
            await client.completion(MODEL, [said("system", "Secret."), FIRST, ANSWER])

    with caplog.at_level(logging.WARNING, "trio_llm"):
        run_in_virtual_time(run)

    assert caplog.messages == [
        "gpt-4o: 90% of the prompt came from the cache, and now 0%: message 0 (system) has changed"
    ]
