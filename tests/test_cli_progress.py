"""What is drawn of a fan-out on a terminal that is too small for it."""

from __future__ import annotations

import io

import trio

from trio_llm import BudgetExceededError, ChatRequest
from trio_llm._cli.calls import FanOut, PromptCall
from trio_llm._cli.outcomes import outcome_record
from trio_llm._cli.progress import Board
from trio_llm._cli.prompts import PromptLine
from trio_llm._cli.terminal import Screen, cells


def call(number: int) -> PromptCall:
    request = ChatRequest("openai/any", [{"role": "user", "content": "x"}], stream=True)
    return PromptCall(number, PromptLine("here", request), started=0.0, pieces=["many ", "words "] * 50, chunks=100)


def drawn(fan_out: FanOut) -> list[str]:
    written = io.StringIO()

    async def draw() -> None:
        await trio.lowlevel.checkpoint()
        fan_out.began = trio.current_time()
        Board(Screen(written, live=True, colours=False), fan_out).draw()

    trio.run(draw)
    return written.getvalue().removeprefix("\r").removesuffix("\x1b[J").replace("\x1b[K", "").splitlines()


def test_no_more_lines_are_drawn_than_fit() -> None:
    calls = [call(number) for number in range(100)]

    lines = drawn(FanOut(calls, running=calls))
    assert len(lines) == 23  # one of the 24 stays free for the cursor
    assert lines[-2].strip() == "… and 79 more"
    assert "100 running, 0 waiting" in lines[-1]


def test_no_line_is_drawn_that_would_wrap() -> None:
    calls = [call(number) for number in range(3)]

    assert all(cells(line) < 120 for line in drawn(FanOut(calls, running=calls)))


def test_a_call_that_thinks_says_so() -> None:
    thinking = call(0)
    thinking.pieces = []

    assert drawn(FanOut([thinking], running=[thinking]))[0].endswith("thinking")


def test_an_error_that_came_from_no_provider_is_recorded_too() -> None:
    refused = call(0)
    refused.status, refused.error = "failed", BudgetExceededError("the budget is spent")

    assert outcome_record(refused)["error"] == {"type": "BudgetExceededError", "message": "the budget is spent"}
