"""Observers that are ready to use: logs, lines of JSON, a display of progress, statistics."""

from __future__ import annotations

import io
import json
import logging
import math
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from rich.console import Console
from virtual import ask, client_of, in_virtual_time

import trio_llm
from trio_llm import APIError, Limits, ModelResponseStream
from trio_llm._runtime import trio
from trio_llm.observe import Figures, JSONLines, Log, Progress, Responder, Statistics
from trio_llm.testing import AtEvent, Failure, Reply, Simulator, ToolUse
from trio_llm.types import Delta, StreamingChoices

SECRET = "the-key-of-ann"
QUESTION = "what nobody shall read"


@attrs.define
class Lines:
    """A logger of its own, and what was written to it."""

    logger: logging.Logger
    stream: io.StringIO

    @classmethod
    def at(cls, level: int) -> Lines:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        logger = logging.Logger("calls", level)
        logger.addHandler(handler)
        return cls(logger, stream)

    @property
    def written(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@in_virtual_time
async def test_a_log_has_a_line_for_each_attempt_with_a_level_that_fits() -> None:
    lines = Lines.at(logging.INFO)
    script: list[Any] = [Failure(503), Failure(404), Reply("Well", latency=2), Failure(401)]
    async with client_of(Simulator(script), attempts=2, observers=[Log(lines.logger)]) as client:
        await client.call(ask("x", fallbacks=["anthropic/claude"]))
        with pytest.raises(APIError):
            await client.call(ask("x", num_retries=0))

    first, second = "openai/gpt-4o attempt", "anthropic/claude attempt"
    assert [re.sub(r" \w+ simulated-\d", "", line) for line in lines.written] == [
        f"WARNING #1 {first} 1: failed after 0 s: ServiceUnavailableError 503; again in 0.5 s",
        f"WARNING #1 {first} 2: failed after 0 s: NotFoundError 404; goes on with anthropic/claude",
        f"INFO #1 {second} 3: ok in 2 s, 1 + 1 tokens",
        f"ERROR #2 {first} 1: failed after 0 s: AuthenticationError 401; the call failed",
    ]


@in_virtual_time
async def test_a_log_says_why_a_call_was_cancelled_and_what_limits_refused_it() -> None:
    lines = Lines.at(logging.INFO)
    simulator = Simulator(Reply("ok", latency=5))
    limits = Limits(requests_per_minute=1)
    async with client_of(simulator, observers=[Log(lines.logger)], limits=limits) as client:
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(client.call, ask("x"))
                await trio.sleep(1)
                scope.cancel(reason="the user went home")
        with pytest.raises(APIError):
            await client.call(ask("x", timeout=3))

    cancelled, refused = lines.written
    assert cancelled == "INFO #1 openai/gpt-4o attempt 1: cancelled after 1 s: the user went home"
    assert refused.startswith("ERROR #2 openai/gpt-4o, not sent: failed: RateLimitError 429")


@in_virtual_time
async def test_a_log_says_that_a_deadline_of_the_programs_own_was_over() -> None:
    lines = Lines.at(logging.INFO)
    async with client_of(Simulator(Reply("ok", latency=5)), observers=[Log(lines.logger)]) as client:
        with trio.move_on_after(2):
            await client.call(ask("x"))

    assert lines.written == ["INFO #1 openai/gpt-4o attempt 1: cancelled after 2 s: deadline exceeded"]


KILLED = """
import os, sys
import trio_llm
from trio_llm.testing import Reply, Simulator, run_in_virtual_time

async def main():
    file = open(sys.argv[1], "w")
    async with trio_llm.Client(transport=Simulator(Reply("x")), observers=[trio_llm.observe.JSONLines(file)]) as client:
        await client.completion("openai/gpt-4o", [{"role": "user", "content": "x"}])
        os._exit(9)

run_in_virtual_time(main)
"""


def test_what_happened_is_in_the_file_of_a_program_that_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    process = subprocess.run([sys.executable, "-c", KILLED, path], check=False, capture_output=True)

    assert process.returncode == 9
    assert [json.loads(line)["event"] for line in path.read_text().splitlines()][-1] == "CallEnded"


@in_virtual_time
async def test_everything_between_departure_and_answer_is_debugging() -> None:
    lines = Lines.at(logging.DEBUG)
    limits = Limits(max_in_flight=1)
    async with client_of(Simulator(Reply(["a ", "b"])), observers=[Log(lines.logger)], limits=limits) as client:
        await client.fan_out([ask("x", stream=True), ask("y")])

    debugging = [line[9:].strip() for line in lines.written if line.startswith("DEBUG #")]
    assert debugging.count("begins: openai/gpt-4o") == 2
    assert debugging.count("waits: slot, 1 in flight, 0 ahead") == 1
    assert debugging.count("openai/gpt-4o attempt 1: sent") == 2
    assert sum("first content after" in line for line in debugging) == 1


@pytest.mark.parametrize("contents", [False, True])
@in_virtual_time
async def test_nothing_that_was_asked_or_answered_is_written_unless_somebody_wants_it(contents: bool) -> None:
    lines, file = Lines.at(logging.DEBUG), io.StringIO()
    script: list[Any] = [Failure(400, message=f"cannot say: {QUESTION}"), Reply([QUESTION, "!"]), Reply(QUESTION)]
    observers = [Log(lines.logger, contents=contents), JSONLines(file, contents=contents)]
    async with client_of(Simulator(script), observers=observers, variables={"OPENAI_API_KEY": SECRET}) as client:
        await client.fan_out([ask(QUESTION), ask(QUESTION, stream=True), ask(QUESTION)], limit=1)

    written = lines.stream.getvalue() + file.getvalue()
    assert SECRET not in written
    assert (QUESTION in lines.stream.getvalue(), QUESTION in file.getvalue()) == (contents, contents)
    if contents:
        records = [json.loads(line) for line in file.getvalue().splitlines()]
        ends = [record for record in records if record["event"] == "CallEnded" and record["end"] == "ok"]
        assert [end["response"]["choices"][0]["message"]["content"] for end in ends] == [QUESTION + "!", QUESTION]


@in_virtual_time
async def test_words_of_several_lines_are_written_on_one() -> None:
    lines = Lines.at(logging.INFO)
    said = Failure(400, message="cannot\nERROR forged\r\n  say")
    async with client_of(Simulator(said), observers=[Log(lines.logger, contents=True)]) as client:
        with pytest.raises(APIError):
            await client.call(ask("x"))

    assert len(lines.stream.getvalue().splitlines()) == 1
    assert "cannot ERROR forged say" in lines.stream.getvalue()


@in_virtual_time
async def test_lines_of_json_tell_what_happened_in_order() -> None:
    file = io.StringIO()
    script: list[Any] = [Failure(429, retry_after=3), Reply("Well", latency=1)]
    async with client_of(Simulator(script), attempts=2, observers=[JSONLines(file)]) as client:
        await client.race([ask("x", metadata={"user": "ann"})])

    began, *records = (json.loads(line) for line in file.getvalue().splitlines())
    assert began["version"] == 1
    assert [(record["event"], record["at"], record["id"]) for record in records] == [
        ("GroupStarted", 0, 1),
        ("CallStarted", 0, 2),
        ("AttemptSent", 0, 2),
        ("AttemptFailed", 0, 2),
        ("AttemptSent", 3, 2),
        ("CallEnded", 4, 2),
        ("ContestWon", 4, 1),
        ("GroupEnded", 4, 1),
    ]
    by_kind = {record["event"]: record for record in records}
    assert by_kind["CallStarted"]["labels"] == {"user": "ann"}
    assert (by_kind["CallStarted"]["parent"], by_kind["CallStarted"]["index"]) == (1, 0)
    assert by_kind["AttemptFailed"]["paused"] == 3
    assert by_kind["ContestWon"]["index"] == 0
    assert by_kind["CallEnded"]["completion_tokens"] == 1


@in_virtual_time
async def test_statistics_have_percentiles_of_waits_contents_and_speed() -> None:
    statistics = Statistics()
    script: list[Any] = [
        Reply(["a ", "b ", "c "], latency=2, gap=1),
        Failure(500),
        Reply("Well", latency=4),
        Failure(400),
    ]
    limits = Limits(max_in_flight=1)
    async with client_of(Simulator(script), attempts=2, observers=[statistics], limits=limits) as client:
        for request in (ask("x", stream=True), ask("y"), ask("z")):
            with suppress(APIError):
                await client.fan_out([request])

    calls = statistics.by_model["openai/gpt-4o"]
    assert (calls.calls, calls.ok, calls.failed, calls.cancelled) == (3, 2, 1, 0)
    assert (calls.attempts, calls.failed_attempts) == (4, 2)
    assert calls.wait.percentile(0) == 0
    assert calls.first_content.count == 1
    assert calls.first_content.percentile(50) == pytest.approx(3, rel=0.01)
    assert calls.total.largest == calls.total.percentile(100)
    assert calls.tokens_per_second.count == 2
    assert str(statistics).splitlines()[0].split()[:4] == ["model", "calls", "ok", "failed"]
    assert not statistics._first_content


@pytest.mark.parametrize("contents", [False, True])
@in_virtual_time
async def test_what_tools_got_and_gave_is_written_only_where_contents_are_wanted(contents: bool) -> None:
    def measure(word: str) -> int:
        """Measure a word."""
        return len(word) + 1_000_000

    file = io.StringIO()
    script = [Reply(tool_calls=[ToolUse("measure", {"word": "secret"})]), Reply("Done")]
    observers = [JSONLines(file, contents=contents)]
    async with client_of(Simulator(script), observers=observers) as client:
        await client.run_tools("openai/gpt-4o", [{"role": "user", "content": "Go."}], tools=[measure])

    told = [line for line in map(json.loads, file.getvalue().splitlines()) if "contents" in line]
    assert [line["contents"]["result"] for line in told] == (["1000006"] if contents else [])
    assert ("secret" in file.getvalue(), "1000006" in file.getvalue()) == (contents, contents)


class Answering(Responder):
    """Answers streams without asking anybody."""

    async def respond_streamed(self, request: Any, next: Any) -> AsyncIterator[Any]:  # noqa: ASYNC900 - as told
        yield ModelResponseStream(choices=[StreamingChoices(delta=Delta(content="Well"), finish_reason="stop")])


@in_virtual_time
async def test_statistics_keep_nothing_of_a_stream_that_was_never_sent() -> None:
    statistics = Statistics()
    async with client_of(Simulator(Reply("x")), observers=[statistics], responders=[Answering()]) as client:
        async for _ in await client.completion("openai/gpt-4o", [{"role": "user", "content": "x"}], stream=True):
            pass

    (calls,) = statistics.by_model.values()
    assert (calls.ok, calls.attempts, calls.first_content.count) == (1, 0, 1)
    assert not statistics._first_content


@given(st.lists(st.just(0.0) | st.floats(1e-9, 1e7), min_size=1, max_size=60), st.floats(0, 100))
@settings(max_examples=100)
def test_a_percentile_is_within_a_hundredth_of_the_number_that_it_stands_for(
    numbers: list[float], percent: float
) -> None:
    figures = Figures()
    for number in numbers:
        figures.add(number)
    exact = sorted(numbers)[max(1, math.ceil(len(numbers) * percent / 100)) - 1]

    assert figures.percentile(percent) == pytest.approx(exact, rel=0.0101)


def test_figures_of_nothing_have_no_percentile() -> None:
    figures = Figures()

    assert (figures.mean, figures.percentile(50), repr(figures)) == (None, None, "<no figures>")
    with pytest.raises(ValueError, match="from 0 to 100, not 101"):
        figures.percentile(101)


@in_virtual_time
async def test_a_thousand_calls_are_one_row_of_a_display_that_is_drawn_seldom() -> None:
    drawn, console = io.StringIO(), Console(file=io.StringIO(), width=120)
    console.file = drawn
    with Progress(total=1_000, console=console, clock=trio.current_time) as progress:
        simulator = Simulator(lambda request: Failure(400) if request.text == "7" else Reply("Well done", latency=1))
        async with client_of(simulator, observers=[progress]) as client:
            await client.fan_out([ask(str(number)) for number in range(1_000)], limit=100)
        assert not progress._open

    last = drawn.getvalue()
    assert "1000/1000" in last
    (row,) = [line for line in last.splitlines() if "openai/gpt-4o" in line]
    assert row.strip("│ ").split("│")[1:4] == [" 0       ", " 0       ", " 999 "]


@in_virtual_time
async def test_a_stream_that_broke_is_told_once() -> None:
    lines = Lines.at(logging.INFO)
    script = [Reply(["a ", "b ", "c "], cut_at=AtEvent(2)), Reply(["a ", "b "])]
    async with client_of(Simulator(script), attempts=2, observers=[Log(lines.logger)]) as client:
        async for _ in await client.call(ask("x", stream=True, on_break="restart")):
            pass

    assert [line.split(" ", 1)[0] for line in lines.written] == ["WARNING", "WARNING", "INFO"]


def test_observers_are_found_without_a_display_library() -> None:
    assert trio_llm.observe.Log.__module__ == "trio_llm.observe._log"
