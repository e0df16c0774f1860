"""The cached share of conversations: when it collapses, and which message spoilt it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from virtual import client_of, in_virtual_time

from trio_llm import Usage
from trio_llm._runtime import trio
from trio_llm.observe import CachedShareCollapsed, CacheWatch
from trio_llm.testing import RawReply, Reply, Simulator, run_in_virtual_time
from trio_llm.types import PromptTokensDetails

MODEL = "openai/gpt-4o"


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def answers(*shares: float) -> Simulator:
    """Answers to prompts of 10,000 tokens, so much of which is from the cache."""
    usages = (Usage(10_000, 10, 10_010, PromptTokensDetails(int(10_000 * share))) for share in shares)
    return Simulator([Reply("Well", usage=usage) for usage in usages])


def as_openai(cached: int) -> dict[str, Any]:
    """What OpenAI answers to a prompt of 10,000 tokens: those from the cache are among them."""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Well"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10_000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": cached}}
    return {"id": "1", "object": "chat.completion", "choices": [choice], "usage": {**usage, "total_tokens": 10_010}}


def as_deepseek(cached: int) -> dict[str, Any]:
    """What DeepSeek does: it tells hits and misses."""
    usage = {"prompt_tokens": 10_000, "completion_tokens": 10, "total_tokens": 10_010}
    told = {"prompt_cache_hit_tokens": cached, "prompt_cache_miss_tokens": 10_000 - cached}
    return {**as_openai(0), "usage": {**usage, **told}}


def as_anthropic(cached: int) -> dict[str, Any]:
    """What Anthropic does: `input_tokens` are those that were neither read from the cache nor written to it."""
    usage = {"input_tokens": 9_900 - cached, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 100}
    content = [{"type": "text", "text": "Well"}]
    message = {"id": "1", "type": "message", "role": "assistant", "content": content, "stop_reason": "end_turn"}
    return {**message, "usage": {**usage, "output_tokens": 10}}


def as_gemini(cached: int) -> dict[str, Any]:
    """What Gemini does: it says nothing of the cache where nothing came from it."""
    candidate = {"content": {"role": "model", "parts": [{"text": "Well"}]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 10_000, "candidatesTokenCount": 10, "totalTokenCount": 10_010}
    told = {"cachedContentTokenCount": cached} if cached else {}
    return {"candidates": [candidate], "usageMetadata": {**usage, **told}}


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


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("openai/gpt-4o", as_openai),
        ("deepseek/deepseek-chat", as_deepseek),
        ("anthropic/claude-opus-4-5", as_anthropic),
        ("gemini/gemini-2.5-pro", as_gemini),
    ],
)
@in_virtual_time
async def test_the_shapes_in_which_providers_tell_what_was_cached(
    model: str, body: Callable[[int], dict[str, Any]]
) -> None:
    told: list[CachedShareCollapsed] = []
    simulator = Simulator([RawReply(json.dumps(body(cached)).encode()) for cached in (9_000, 0)])
    keys = {f"{name}_API_KEY": "k" for name in ("OPENAI", "DEEPSEEK", "ANTHROPIC", "GEMINI")}
    async with client_of(simulator, observers=[CacheWatch(told.append)], variables=keys) as client:
        await client.completion(model, [SYSTEM, FIRST])
        await client.completion(model, [said("system", "It is noon."), FIRST, ANSWER, SECOND])

    (event,) = told
    assert (event.before, event.now, event.what, event.place) == (0.9, 0, "message", 0)


@pytest.mark.parametrize("model", ["openai/gpt-4o", "anthropic/claude-opus-4-5", "gemini/gemini-2.5-pro"])
@in_virtual_time
async def test_streams_tell_it_too(model: str) -> None:
    told: list[CachedShareCollapsed] = []
    async with client_of(answers(0.9, 0), observers=[CacheWatch(told.append)]) as client:
        for messages in ([SYSTEM, FIRST], [SYSTEM, said("user", "A"), ANSWER, SECOND]):
            async with client.stream(model, messages) as stream:
                async for _ in stream:
                    pass

    assert [(event.before, event.now, event.place) for event in told] == [(0.9, 0, 1)]


@in_virtual_time
async def test_system_prompts_beside_the_messages_are_named() -> None:
    told: list[CachedShareCollapsed] = []
    async with client_of(answers(0.9, 0, 0.9, 0), observers=[CacheWatch(told.append)]) as client:
        for text, messages in (("Be brief.", [FIRST]), ("It is noon.", [FIRST, ANSWER, SECOND])):
            await client.anthropic_messages(64, messages, "anthropic/claude-opus-4-5", system=text)
        for text, messages in (("Be brief.", [FIRST]), ("It is noon.", [FIRST, ANSWER, SECOND])):
            await client.responses(messages, MODEL, instructions=text)

    for event in told:
        assert (event.what, event.earlier, event.message) == ("system", SYSTEM, said("system", "It is noon."))
    assert [event.activity.request.operation for event in told if event.activity.request] == [
        "anthropic_messages",
        "responses",
    ]


@in_virtual_time
async def test_a_message_that_is_changed_in_place_is_named() -> None:
    told: list[CachedShareCollapsed] = []
    conversation = [said("system", "Be brief."), FIRST]
    async with client_of(answers(0.9, 0), observers=[CacheWatch(told.append)]) as client:
        await client.completion(MODEL, conversation)
        conversation[0]["content"] = "It is noon."
        await client.completion(MODEL, conversation)

    (event,) = told
    assert (event.place, event.earlier, event.message) == (0, SYSTEM, conversation[0])


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
    [
        ((0.9, 0.8), []),
        ((0.05, 0.0), []),
        ((0.0, 0.9), []),
        ((0.9, 0.0), [said("user", "something else")]),
        # Another conversation of the same agent.
        ((0.9, 0.0), [SYSTEM, said("user", "something else")]),
    ],
)
@in_virtual_time
async def test_what_is_no_collapse_is_not_told(shares: tuple[float, float], other: list[Any]) -> None:
    told: list[CachedShareCollapsed] = []
    async with client_of(answers(*shares), observers=[CacheWatch(told.append)]) as client:
        await client.completion(MODEL, [SYSTEM, FIRST])
        await client.completion(MODEL, other or [SYSTEM, FIRST, ANSWER, SECOND])

    assert told == []


@in_virtual_time
async def test_conversations_of_one_agent_are_told_apart_by_what_was_said() -> None:
    told: list[CachedShareCollapsed] = []
    other = said("user", "something else")
    async with client_of(answers(0.9, 0.9, 0, 0.9), observers=[CacheWatch(told.append)]) as client:
        await client.completion(MODEL, [SYSTEM, FIRST])
        await client.completion(MODEL, [SYSTEM, other])
        await client.completion(MODEL, [SYSTEM, FIRST, said("assistant", "B"), SECOND])
        await client.completion(MODEL, [SYSTEM, other, ANSWER, SECOND])

    assert [(event.activity.id, event.what) for event in told] == [(3, "nothing")]


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
