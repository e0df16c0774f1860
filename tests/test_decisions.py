"""Decisions: questions about an input, through a client and through the wire format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm import Client, adecisions, decisions
from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm._dialects.openai import OPENAI
from trio_llm.exceptions import BadRequestError, UnsupportedParamsError
from trio_llm.testing import Simulator
from trio_llm.types import DecisionRequest

KEYS = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}
REFUND = {"type": "predicate", "name": "refund", "instructions": "The customer asks for a refund."}
TEAM = {"type": "choice", "instructions": "Who answers?", "choices": [{"value": "sales"}, {"value": True}]}
ANGER = {"type": "score", "instructions": "How angry?", "levels": [{"label": "calm"}, {"label": "furious"}]}
QUESTIONS: list[dict[str, Any]] = [REFUND, TEAM, ANGER]
REPLY: dict[str, Any] = {
    "model": "gpt-6-luna-2026-09",
    "answers": [
        {"type": "predicate", "name": "refund", "probability": 0.93},
        {
            "type": "choice",
            "name": None,
            "choice": True,
            "confidence": 0.7,
            "probabilities": [{"value": "sales", "probability": 0.3}, {"value": True, "probability": 0.7}],
        },
        {"type": "refusal", "name": None},
    ],
    "usage": {
        "input_tokens": 40,
        "input_tokens_details": {"cached_tokens": 32, "cache_write_tokens": 0},
        "output_tokens": 3,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 43,
    },
}


def asked(**params: Any) -> WireCall[DecisionRequest]:
    return WireCall(DecisionRequest("openai/gpt-6-luna", "Twice!", QUESTIONS, **params), "gpt-6-luna")


def endpoint() -> Any:
    assert OPENAI.decisions is not None
    return OPENAI.decisions


@pytest.mark.anyio
async def test_every_question_gets_an_answer_of_its_type() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        decided = await client.decisions("openai/gpt-6-luna", "Twice!", QUESTIONS, prompt_cache_key="tickets")

    assert [answer.type for answer in decided.answers] == ["predicate", "choice", "score"]
    assert decided.answers[0].name == "refund"
    assert decided.answers[1].choice == "sales"
    assert decided.usage is not None
    sent = simulator.requests[0]
    assert sent.path == "/v1/decisions"
    assert json.loads(sent.body) == {
        "model": "gpt-6-luna",
        "input": "Twice!",
        "questions": QUESTIONS,
        "prompt_cache_key": "tickets",
    }


def test_a_choice_keeps_its_type_and_a_refusal_is_one_of_the_answers() -> None:
    decided = endpoint().decode(asked(), json.dumps(REPLY).encode())

    assert decided.answers[0].probability == 0.93
    assert decided.answers[1].choice is True
    assert [each.value for each in decided.answers[1].probabilities] == ["sales", True]
    assert (decided.answers[2].type, decided.answers[2].score) == ("refusal", None)
    assert (decided.usage.prompt_tokens, decided.usage.prompt_tokens_details.cached_tokens) == (40, 32)


@pytest.mark.parametrize("answers", [[], REPLY["answers"][:2]])
def test_fewer_answers_than_questions_are_no_decision(answers: list[Any]) -> None:
    with pytest.raises((ConversionError, ReplyIsError)):
        endpoint().decode(asked(), json.dumps({**REPLY, "answers": answers}).encode())


def test_an_error_in_place_of_the_answers_is_told_in_its_own_words() -> None:
    with pytest.raises(ReplyIsError, match="Too many questions"):
        endpoint().decode(asked(), b'{"error": {"message": "Too many questions"}}')


@pytest.mark.anyio
async def test_what_cannot_be_asked_is_refused_before_it_is_sent() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        with pytest.raises(BadRequestError, match="questions"):
            await client.decisions("openai/gpt-6-luna", "Twice!", [])
        with pytest.raises(BadRequestError, match="decision"):
            await client.decisions("anthropic/claude-opus-4-5", "Twice!", QUESTIONS)
        with pytest.raises(UnsupportedParamsError, match="prompt_cache_key"):
            await client.decisions("openai/m", "Twice!", QUESTIONS, prompt_cache_keys="a")  # type: ignore[call-arg]

    assert not simulator.requests


def test_the_functions_are_there_under_both_names() -> None:
    assert (adecisions.__name__, decisions.__name__) == ("adecisions", "decisions")
