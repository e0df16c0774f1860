"""Hypothesis strategies for conversations, simulated replies, faults and the cutting of bytes.

    @given(messages=strategies.conversations(), reply=strategies.replies(), faults=strategies.fault_plans())
    def test_my_agent_survives(messages, reply, faults): ...

Needs the extra `testing`. Examples shrink to readable ones: short texts, one message, no fault.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from ._actions import AtByte, AtEvent, Delivery, Fault, Reply, ToolUse
from ._faults import COMMON_FAULTS, FaultPlan

Message = dict[str, Any]

_NO_MESSAGES: Sequence[Message] = ()
# Surrogates have no UTF-8 form, so no wire can carry them.
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_NAMES = st.from_regex(r"[a-z][a-z_]{0,11}", fullmatch=True)


def texts() -> st.SearchStrategy[str]:
    """Any text that a wire can carry, the empty one included."""
    return _TEXTS


def arguments() -> st.SearchStrategy[dict[str, Any]]:
    """Objects that a tool could be called with."""
    # Numbers that every JSON reader gets right, whatever it thinks of floats.
    values = st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
        max_leaves=6,
    )
    return st.dictionaries(_NAMES, values, max_size=4)


def tool_uses() -> st.SearchStrategy[ToolUse]:
    """Tool calls of a simulated model's."""
    return st.builds(ToolUse, _NAMES, arguments())


def replies(*, tools: bool = True) -> st.SearchStrategy[Reply]:
    """Complete answers: text, thinking and tool calls in any combination that has one of them."""
    answers = st.builds(
        Reply,
        st.one_of(_TEXTS.filter(bool), st.lists(_TEXTS.filter(bool), min_size=1, max_size=5)),
        reasoning=st.one_of(st.just(""), _TEXTS),
        tool_calls=st.lists(tool_uses(), max_size=3) if tools else st.just(()),
    )
    silent = st.builds(Reply, st.just(""), tool_calls=st.lists(tool_uses(), min_size=1, max_size=3))
    return answers | silent if tools else answers


def deliveries(*, complete: bool = True) -> st.SearchStrategy[Delivery]:
    """Ways for a reply to arrive: in time, late, in pieces; broken off or stalled only unless `complete`."""
    arriving = st.builds(
        Delivery,
        latency=st.sampled_from([0.0, 0.5, 20.0]),
        gap=st.sampled_from([0.0, 0.1, 5.0]),
        split=st.none() | st.integers(1, 64),
        keep_alives=st.integers(0, 3),
    )
    if complete:
        return arriving
    places = st.builds(AtEvent, st.integers(0, 8)) | st.builds(AtByte, st.integers(0, 400))
    number = st.integers(0, 8)
    broken = (
        st.builds(Delivery, cut_at=places)
        | st.builds(Delivery, stall_at=places)
        | st.builds(Delivery, garble_at=number)
        | st.builds(Delivery, error_at=number)
    )
    return arriving | broken


def faults() -> st.SearchStrategy[Fault]:
    """Everything that may happen to a call."""
    return st.sampled_from(COMMON_FAULTS) | deliveries(complete=False)


def fault_plans(*, calls: int = 6) -> st.SearchStrategy[FaultPlan]:
    """Plans for the first `calls` requests; later ones meet no fault."""
    return st.builds(FaultPlan, st.lists(st.none() | faults(), max_size=calls))


def conversations(*, tools: bool = True, turns: int = 3) -> st.SearchStrategy[list[Message]]:
    """Valid `messages`, in OpenAI's shape: perhaps a system message, then turns that end with the user's.

    With `tools`, some answers call tools, and each call is followed by its result.
    """
    said = _TEXTS.filter(str.strip)
    questions = said.map(lambda text: [{"role": "user", "content": text}])
    answers = said.map(lambda text: [{"role": "assistant", "content": text}])
    if tools:
        answers |= st.lists(tool_uses(), min_size=1, max_size=2).map(_tool_turn)
    turn = st.tuples(questions, answers).map(lambda pair: [*pair[0], *pair[1]])
    opening = st.just(_NO_MESSAGES) | said.map(lambda text: [{"role": "system", "content": text}])
    return st.tuples(opening, st.lists(turn, max_size=turns), questions).map(_numbered)


def _tool_turn(uses: Sequence[ToolUse]) -> list[Message]:
    calls = [
        {"type": "function", "function": {"name": use.name, "arguments": json.dumps(use.arguments)}} for use in uses
    ]
    results = [{"role": "tool", "content": f"result of {use.name}"} for use in uses]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results]


def _numbered(parts: tuple[Sequence[Message], Sequence[Sequence[Message]], Sequence[Message]]) -> list[Message]:
    """One list of messages; every tool call gets an id of its own, and its result the same one."""
    opening, turns, question = parts
    messages = [*opening, *(message for turn in turns for message in turn), *question]
    numbered: list[Message] = []
    waiting: list[str] = []
    for place, message in enumerate(messages):
        if "tool_calls" in message:
            calls = [{"id": f"call_{place}_{index}", **call} for index, call in enumerate(message["tool_calls"])]
            waiting = [call["id"] for call in calls]
            numbered.append({**message, "tool_calls": calls})
        elif message["role"] == "tool":
            numbered.append({**message, "tool_call_id": waiting.pop(0)})
        else:
            numbered.append(message)
    return numbered


def splits(data: bytes, *, pieces: int = 8) -> st.SearchStrategy[list[bytes]]:
    """The bytes cut into up to `pieces` pieces, at any places; joined they are `data` again."""
    cuts = st.lists(st.integers(0, len(data)), max_size=pieces - 1).map(sorted)
    return cuts.map(
        lambda places: [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    )
