"""Simulated replies, how they arrive, and what goes wrong."""

from __future__ import annotations

from hypothesis import strategies as st

from .._actions import AtByte, AtEvent, Delivery, Fault, Reply, ToolUse
from .._faults import COMMON_FAULTS, FaultPlan
from ._texts import NAMES, TEXTS, arguments


def tool_uses() -> st.SearchStrategy[ToolUse]:
    """Tool calls of a simulated model's."""
    return st.builds(ToolUse, NAMES, arguments())


def replies(*, tools: bool = True) -> st.SearchStrategy[Reply]:
    """Complete answers: text, thinking and tool calls in any combination that has one of them."""
    answers = st.builds(
        Reply,
        st.one_of(TEXTS.filter(bool), st.lists(TEXTS.filter(bool), min_size=1, max_size=5)),
        reasoning=st.one_of(st.just(""), TEXTS),
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
