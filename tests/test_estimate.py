"""How many tokens a call is thought to cost."""

from __future__ import annotations

from collections import deque
from types import MappingProxyType, SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from trio_llm import (
    ChatRequest,
    EmbeddingRequest,
    Message,
    MessagesRequest,
    RerankRequest,
    ResponsesRequest,
    TextCompletionRequest,
)
from trio_llm._limits.buckets import RateCost
from trio_llm._limits.estimate import TOKENS_PER_ATTACHMENT, USUAL_ANSWER, estimate_cost
from trio_llm.testing import strategies

WORDS = "The quick brown fox jumps over the lazy dog. " * 10
"""100 tokens in the common tokenizers."""


def chat(content: object, **parameters: object) -> RateCost:
    return estimate_cost(ChatRequest("openai/any", [{"role": "user", "content": content}], **parameters))  # type: ignore[arg-type]


def test_english_text_has_four_letters_a_token() -> None:
    assert chat(WORDS).prompt == pytest.approx(110, rel=0.15)


def test_other_scripts_have_fewer_characters_a_token() -> None:
    assert chat("敏捷的棕色狐狸跳过了懒狗。" * 100).prompt > 900
    assert chat("敏捷的棕色狐狸跳过了懒狗" * 100).prompt < 1_300


def test_the_length_of_the_answer_is_what_the_request_allows() -> None:
    assert chat("Hi").answer == USUAL_ANSWER
    assert chat("Hi", max_tokens=7).answer == 7
    assert chat("Hi", max_completion_tokens=7, n=3).answer == 21


def test_tools_and_earlier_replies_are_part_of_the_prompt() -> None:
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"description": WORDS}}}
    reply = Message(role="assistant", content=WORDS)
    cost = estimate_cost(ChatRequest("openai/any", [{"role": "user", "content": "Hi"}, reply, reply], tools=[tool]))

    assert cost.prompt == pytest.approx(3 * 115, rel=0.2)


@pytest.mark.parametrize("data", ["data:image/png;base64,AAAA", "A" * 2_000_000, b"bytes"])
def test_an_attachment_costs_what_pictures_cost(data: object) -> None:
    cost = chat([{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": data}}])

    assert TOKENS_PER_ATTACHMENT <= cost.prompt < TOKENS_PER_ATTACHMENT + 50


def test_other_requests_count_what_they_ask_and_have_no_answer() -> None:
    embedding = estimate_cost(EmbeddingRequest("openai/any", [WORDS, WORDS]))
    assert embedding.prompt == pytest.approx(225, rel=0.1)
    assert embedding.answer == 0
    assert estimate_cost(EmbeddingRequest("openai/any", [[1, 2, 3]])).prompt == 4
    assert estimate_cost(RerankRequest("cohere/any", WORDS, [WORDS])).prompt == pytest.approx(225, rel=0.1)
    assert estimate_cost(TextCompletionRequest("openai/any", "Hi", max_tokens=9)) == RateCost(1, 1, 9)
    assert estimate_cost(object()) == RateCost(1, 1, 0)


def test_responses_and_messages_count_what_they_ask_and_what_they_may_answer() -> None:
    words = [{"role": "user", "content": WORDS}]
    plain = estimate_cost(ResponsesRequest(WORDS, "openai/any", max_output_tokens=9))
    instructed = estimate_cost(ResponsesRequest(words, "openai/any", instructions=WORDS))
    message = estimate_cost(MessagesRequest(64, words, "anthropic/any", system=WORDS))

    assert (plain.answer, instructed.answer, message.answer) == (9, USUAL_ANSWER, 64)
    assert instructed.prompt == pytest.approx(2 * plain.prompt, rel=0.1)
    assert message.prompt == pytest.approx(instructed.prompt, rel=0.1)


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ("", 0),
        ("abcd", 4),
        ("é", 2),
        (["ab", ("cd", "ef")], 6),
        (deque(["ab", "cd"]), 4),
        ({}, 0),
        ({"name": "ab"}, 6),
        ({10: "ab"}, 4),
        (MappingProxyType({"name": "ab", 10: "cd"}), 10),
        ([None, 7, 8.5], 8),
        (b"bytes", 4_000),
        ("data:", 4_000),
        ("A" * 1_000, 1_000),
        ("A" * 1_001, 4_000),
        ("A" * 1_001 + " b", 4_000),
        ("A" * 1_000 + " b", 1_002),
        ("é" * 1_001, 2_002),
        ("a " * 600, 1_200),
    ],
)
def test_a_token_for_four_bytes_of_all_that_is_asked_and_one_for_the_rest(asked: object, size: int) -> None:
    fill = 3 - size % 4  # one byte more would be a token more
    assert estimate_cost(SimpleNamespace(input=[asked, "x" * fill])).prompt == size // 4 + 1
    assert estimate_cost(SimpleNamespace(input=[asked, "x" * (fill + 1)])).prompt == size // 4 + 2


def test_an_answer_of_unknown_length_has_five_hundred_tokens_and_an_attachment_a_thousand() -> None:
    assert (USUAL_ANSWER, TOKENS_PER_ATTACHMENT) == (500, 1_000)
    assert chat("Hi", n=2).answer == 1_000
    assert chat("Hi", max_completion_tokens=None, max_tokens=4, n=None).answer == 4
    assert chat("Hi", max_completion_tokens=3, max_tokens=4).answer == 3


@given(messages=strategies.conversations())
def test_every_conversation_costs_something(messages: list[dict[str, object]]) -> None:
    assert estimate_cost(ChatRequest("openai/any", messages)).prompt >= 1


@given(text=st.text())
def test_longer_text_never_costs_less(text: str) -> None:
    assert chat(f"{text} and more").prompt >= chat(text).prompt
