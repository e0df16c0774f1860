"""What the provider of a state machine does next: answers of every kind, calls of the tools it is offered, trouble.

All of it stands in one table, so that one number tells up to three moods. Hypothesis makes a failure smaller by leaving
out a few of the choices that it made. A step of a machine is three choices by itself, and only a step of five choices
in all, or fewer, is left out as a whole. So whatever a step draws should be one choice or two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final, Literal, TypeAlias

import attrs
from hypothesis import strategies as st

from .._actions import Action, AtEvent, Disconnect, Failure, RawReply, Reply, ToolUse
from .._answering import draw_call
from .._prompt import OfferedTool

Slip: TypeAlias = Literal["none", "fields", "json", "name"]
LATENCIES: Final = st.sampled_from([0.0, 0.5, 20.0])
"""Seconds."""


_MADE_UP: Final = tuple(
    OfferedTool(name, {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]})
    for name, field in (("weather", "city"), ("search", "query"))
)


@attrs.frozen
class CallTools:
    """The model calls tools that the request offers, with arguments that fit unless it slips."""

    picks: Sequence[int] = (0,)
    """Which of those on offer, by number, counted round."""
    seed: int = 0
    """What draws the arguments."""
    slip: Slip = "none"
    """What is wrong with the last call: its fields do not fit, it is no JSON, or there is no such tool."""
    text: str = ""
    """What it says beside."""
    repeats_ids: bool = False
    """Whether the ids are those of every other turn."""
    finish_reason: str | None = None

    def reply(self, offered: Sequence[OfferedTool]) -> Reply:
        """The answer to a request with these tools; where there are none, it makes some up."""
        offered = offered or _MADE_UP
        random = Random(self.seed)
        calls = [draw_call(offered[pick % len(offered)], random) for pick in self.picks]
        calls[-1] = _slipped(calls[-1], self.slip)
        if self.repeats_ids:
            calls = [attrs.evolve(call, id=f"call_{place}") for place, call in enumerate(calls)]
        return Reply(self.text, tool_calls=calls, finish_reason=self.finish_reason)


def _slipped(call: ToolUse, slip: Slip) -> ToolUse:
    if slip == "fields":
        return attrs.evolve(call, arguments={"unheard_of": 1})
    if slip == "json":
        return attrs.evolve(call, arguments='{"cut o')
    return attrs.evolve(call, name="unheard_of") if slip == "name" else call


Mood: TypeAlias = Action | CallTools

_LASTING: Final[tuple[Mood, ...]] = (
    Failure(400, "that is no question"),
    Reply(""),
    Failure(401, "no such key"),
    Reply("cut sho", finish_reason="length"),
    Reply("", finish_reason="length"),
    Failure(400, "that is no question, after a while", latency=5.0),
    Failure(429, "you have no money left", code="insufficient_quota"),
    RawReply(b"<html>Welcome</html>", content_type="text/html"),
    Reply("I had better not", finish_reason="content_filter"),
)
"""Trouble that reaches the program."""
_PASSING: Final[tuple[Mood, ...]] = (
    Failure(429, "slow down", retry_after=1.0),
    Failure(500, "it broke"),
    Failure(503, "overloaded"),
    Disconnect(),
    Failure(500, "it broke after a while", latency=5.0),
    Failure(429, "come back later", retry_after=20.0),
    Reply("cut off", cut_at=AtEvent(2)),
    Reply("silent from here on", stall_at=AtEvent(3)),
    Reply("it breaks in the middle", error_at=3),
    Reply("it is garbled in the middle", garble_at=3),
)
"""Trouble that another try may cure, or patience."""
_ANSWERS: Final[tuple[Mood, ...]] = (
    Reply(),
    Reply("yes"),
    Reply("slow", latency=20.0),
    Reply("very slow", latency=45.0),
    Reply("slow in every word", latency=1.0, gap=2.0),
    Reply(["né", "e ", "😀", "né"], split=1),
    Reply(" with space around \n", keep_alives=2),
    Reply(["so on "] * 60),
    Reply("known after thinking", reasoning="let me think"),
    Reply('{"a": [1, null]}'),
    Reply(tool_calls=[ToolUse("weather", {"city": "Paris"})], text="let me see"),
    Reply(tool_calls=[ToolUse("weather", {}), ToolUse("search", {"q": None})], text=""),
)
"""The last ones call tools, whether they are offered or not."""
_CALLS: Final[tuple[Mood, ...]] = (
    CallTools(),
    CallTools(slip="fields"),
    CallTools(slip="json"),
    CallTools(slip="name"),
    CallTools(finish_reason="stop"),
    CallTools(finish_reason="length"),
    CallTools(text="let me see"),
    CallTools(repeats_ids=True),
    CallTools((1,), seed=1),
    CallTools((1,), seed=2, finish_reason="length"),
    CallTools((1,), seed=3, repeats_ids=True),
    CallTools((0, 1)),
    CallTools((0, 0), seed=4),
    CallTools((0, 0), seed=5, repeats_ids=True),
    CallTools((1, 0), seed=6, text="both"),
    CallTools((0, 1, 2), seed=7),
    CallTools((0, 1, 2), seed=8, slip="json"),
    CallTools((1, 1), seed=9),
    CallTools((2,), seed=10),
    CallTools((1,), seed=11, finish_reason="stop"),
    CallTools((0, 1), seed=12, finish_reason="stop", text="both"),
    CallTools((0, 0, 1), seed=13, repeats_ids=True),
    CallTools((1,), seed=14, slip="fields"),
    CallTools((0, 1), seed=15, slip="name"),
)
_SIZE: Final = 64
_TABLE: Final[tuple[Mood, ...]] = tuple(
    mood for kind in (_ANSWERS, _LASTING, _CALLS, _PASSING, _LASTING, _ANSWERS) for mood in kind
)[:_SIZE]
"""What is simple comes first. Trouble that lasts stands twice, because it does most."""


@st.composite
def moods(draw: st.DrawFn) -> list[Mood]:
    """What the provider does with one to three requests."""
    return [*_moods(draw(st.integers(0, (1 << 24) - 1)))]


# A mood is a byte, and its highest bit says whether it is there. Hypothesis makes a number smaller by taking its lowest
# eight bits, its highest eight, or leaving the highest bit out: the first mood alone, the last alone, all but the last.
def _moods(number: int) -> Iterator[Mood]:
    yield _TABLE[number % _SIZE]
    for rest in (number >> 8, number >> 16):
        if rest & 0x80:
            yield _TABLE[rest % _SIZE]
