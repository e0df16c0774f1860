"""The strategies draw what they promise."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import trio_llm.testing
from trio_llm import ChatRequest
from trio_llm._types.http import HTTPRequest
from trio_llm.testing import Delivery, Ending, FaultPlan, Reply, Simulator, strategies

few = settings(max_examples=12)


@few
@given(messages=strategies.conversations())
def test_a_conversation_answers_every_tool_call_once_and_in_order(messages: list[dict[str, Any]]) -> None:
    ChatRequest("some/model", messages)
    called = [call["id"] for message in messages for call in message.get("tool_calls", ())]
    answered = [message["tool_call_id"] for message in messages if message["role"] == "tool"]

    assert called == answered
    assert len(set(called)) == len(called)
    assert messages[-1]["role"] == "user"


@few
@given(messages=strategies.conversations(tools=False))
def test_a_conversation_without_tools_has_none(messages: list[dict[str, Any]]) -> None:
    assert {message["role"] for message in messages} <= {"system", "user", "assistant"}


@few
@given(reply=strategies.replies())
def test_a_reply_says_something(reply: Reply) -> None:
    assert reply.text or reply.tool_calls


@few
@given(reply=strategies.replies(tools=False))
def test_a_reply_without_tools_has_text(reply: Reply) -> None:
    assert reply.text
    assert not reply.tool_calls


@few
@given(arguments=strategies.arguments(), text=strategies.texts())
def test_arguments_and_texts_survive_json(arguments: dict[str, Any], text: str) -> None:
    assert json.loads(json.dumps(arguments)) == arguments
    assert text.encode().decode() == text


@few
@given(delivery=strategies.deliveries())
def test_a_complete_delivery_neither_breaks_nor_stalls(delivery: Delivery) -> None:
    request = HTTPRequest("POST", "/v1/chat/completions", (), b'{"stream": true}')

    assert Simulator(faults=FaultPlan([delivery])).respond(request).ending is Ending.COMPLETE


@few
@given(data=st.data(), whole=st.binary(max_size=50))
def test_splits_join_to_the_whole(data: st.DataObject, whole: bytes) -> None:
    pieces = data.draw(strategies.splits(whole))

    assert b"".join(pieces) == whole
    assert len(pieces) <= 8


def test_hypothesis_is_imported_only_when_a_strategy_is_wanted() -> None:
    code = "import sys, trio_llm.testing as t; t.Simulator; print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulater'"):
        trio_llm.testing.simulater  # type: ignore[attr-defined]  # noqa: B018
