"""Traces: what ran when and what it waited for, drawn as a page, a picture, and for Perfetto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from browser import Page, browsing, executable
from virtual import ask, client_of, in_virtual_time

from trio_llm import ChatRequest, Limits, Usage
from trio_llm.__main__ import main
from trio_llm._engine.events import (
    Activity,
    AttemptSent,
    CallEnded,
    CallStarted,
    CallWaiting,
    FirstContent,
    GroupEnded,
    GroupStarted,
    StreamProgress,
)
from trio_llm._runtime import trio
from trio_llm.exceptions import RateLimitError
from trio_llm.observe import AttemptFailed, Trace
from trio_llm.observe._timeline import Bar, timeline_of
from trio_llm.testing import Failure, Reply, Simulator, ToolUse

needs_browser = pytest.mark.skipif(executable() is None, reason="there is no Chromium on this machine")


def bars_of(trace: Trace) -> dict[str, Bar]:
    return {bar.name: bar for bar in timeline_of(trace.records()).bars}


def states(bar: Bar) -> list[tuple[str, float, float]]:
    return [(one.kind, one.start, one.end) for one in bar.segments]


@in_virtual_time
async def test_a_bar_is_cut_where_the_state_of_its_call_changes() -> None:
    trace = Trace()
    script: list[Any] = [Failure(500, latency=1), Reply(["a ", "b "], latency=2, gap=1), Failure(429, retry_after=5)]
    limits = Limits(max_in_flight=1)
    async with client_of(
        Simulator([*script, Reply("ok", latency=1)]), attempts=2, observers=[trace], limits=limits
    ) as client:
        async for _ in await client.call(ask("x", stream=True)):
            pass
        await client.call(ask("y"))

    first, second = timeline_of(trace.records()).bars
    assert [(kind, end - start) for kind, start, end in states(first)][:3] == [
        ("asks", 1),
        ("pauses", 0.5),
        ("asks", 2),
    ]
    assert states(first)[-1][0] == "flows"
    assert [mark.kind for mark in first.marks if mark.kind != "chunk"] == ["failed"]
    assert [(kind, round(end - start, 3)) for kind, start, end in states(second)] == [("pauses", 5), ("asks", 1)]
    (pause,) = timeline_of(trace.records()).pauses
    assert (round(pause.end - pause.start, 3), pause.name) == (5, "openai/gpt-4o")


@in_virtual_time
async def test_waits_have_their_reason_and_losers_who_cancelled_them() -> None:
    trace = Trace()
    simulator = Simulator(lambda request: Reply("ok", latency=1 if request.text == "fast" else 9))
    async with client_of(simulator, observers=[trace], limits=Limits(max_in_flight=2)) as client:
        with client.group("agent", {"name": "planner"}):
            await client.race([ask("fast"), ask("slow"), ask("waits")])

    bars = timeline_of(trace.records()).bars
    assert [(bar.depth, bar.kind) for bar in bars] == [(0, "agent"), (1, "race"), (2, "call"), (2, "call"), (2, "call")]
    assert bars[0].name == "planner"
    assert bars[1].facts["winner"] == 0
    calls = {bar.state: bar for bar in bars if bar.kind == "call"}
    assert set(calls) == {"ok", "cancelled"}
    losers = [bar for bar in bars if bar.state == "cancelled"]
    assert {bar.segments[0].kind for bar in losers} == {"asks", "wait:slot"}
    assert {bar.facts["reason"] for bar in losers} == {"another call has won"}


@in_virtual_time
async def test_rounds_and_tools_stand_around_the_calls_that_they_make() -> None:
    trace = Trace()

    async def look_up(word: str) -> str:
        """Look a word up."""
        await trio.sleep(2)
        return word

    script = [Reply(tool_calls=[ToolUse("look_up", {"word": "one"})]), Reply("Done")]
    async with client_of(Simulator(script), observers=[trace]) as client:
        await client.run_tools("openai/gpt-4o", [{"role": "user", "content": "Go."}], tools=[look_up])

    bars = timeline_of(trace.records()).bars
    assert [(bar.depth, bar.kind, bar.name) for bar in bars] == [
        (0, "tools", "tools"),
        (1, "round", "round"),
        (2, "call", "openai/gpt-4o"),
        (2, "tool", "look_up"),
        (1, "round", "round"),
        (2, "call", "openai/gpt-4o"),
    ]
    tool = bars[3]
    assert (tool.end or 0) - tool.start == 2


def recorded(calls: int) -> Trace:
    """A trace as a fan-out of so many calls leaves it: each waits, asks, and has a stream of a few reads."""
    trace, usage = Trace(), Usage(120, 45, 165)
    group = Activity(1, "fan_out", 0.0)
    trace.observe(GroupStarted(group, 0.0))
    request = ChatRequest("openai/gpt-4o-mini", [{"role": "user", "content": "Hi"}], stream=True)
    for number in range(calls):
        at = number * 0.01
        call = Activity(number + 2, "call", 0.0, group, number, request)
        trace.observe(CallStarted(call, 0.0))
        trace.observe(CallWaiting(call, 0.0, "rate" if number % 3 else "slot", 8, (), number))
        trace.observe(AttemptSent(call, at + 0.1, 1, "openai", "gpt-4o-mini", "api.openai.com", 443))
        if number % 10 == 7:
            error = RateLimitError("slow down", code="rate_limit_exceeded", request_id=f"req_{number:032x}")
            trace.observe(AttemptFailed(call, at + 0.5, 1, error, None))
            facts: tuple[Any, Any, Any, Any] = ("failed", error, None, None)
        else:
            trace.observe(FirstContent(call, at + 0.6))
            for read in range(3):
                trace.observe(StreamProgress(call, at + 0.6 + read / 10, [object()] * 15))
            facts = ("ok", None, None, usage)
        trace.observe(CallEnded(call, at + 1, *facts, 1, "openai", "gpt-4o-mini", 200, {}, 412, 10_873))
    trace.observe(GroupEnded(group, calls * 0.01 + 1, "ok", None))
    return trace


def test_an_event_takes_fewer_than_200_bytes() -> None:
    trace = recorded(20_000)

    assert trace.count > 140_000
    assert trace.size / trace.count < 130
    assert max(map(len, bytes(trace._lines).splitlines())) < 300


def test_what_was_saved_is_read_again_and_a_last_line_that_was_cut_is_left_out(tmp_path: Path) -> None:
    trace, path = recorded(3), tmp_path / "calls.jsonl"
    trace.save(path)
    assert list(Trace.load(path).records()) == list(trace.records())

    path.write_bytes(path.read_bytes()[:-20])
    assert list(Trace.load(path).records()) == list(trace.records())[:-1]
    assert timeline_of(Trace.load(path).records()).bars[0].state == "open"


BEGUN = '{"event": "Began", "version": 1, "time": 1}\n{"event": "CallStarted", "at": 0, "id": 1}\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}\n",
        "not JSON\n",
        '{"event": "Began", "version": 99, "time": 1}\n',
        "[1]\n",
        BEGUN + '{"event": "CallWaiting", "at": 1, "id": 1}\n',
        BEGUN + '{"event": "CallEnded", "at": 1e999, "id": 1}\n',
        BEGUN + '{"event": "CallEnded", "at": 1, "id": Infinity}\n',
        BEGUN + '{"event": "CallStarted", "at": 1, "id": 2, "labels": [1]}\n',
        BEGUN + '{"event": "CallStarted", "at": 1, "id": 2, "parent": {}}\n',
        BEGUN + '{"event": "AttemptFailed", "at": 1, "id": 1, "paused": "long"}\n',
        BEGUN + '{"event": ["odd"], "at": 1, "id": 1}\n',
    ],
)
def test_what_is_no_trace_is_refused(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "file"
    path.write_text(text)

    assert main(["trace", str(path)]) == 2
    assert "trio-llm trace: " in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_the_command_draws_a_page_a_picture_and_for_perfetto(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "calls.jsonl"
    recorded(12).save(path)

    assert main(["trace", str(path)]) == 0
    assert main(["trace", str(path), "--format", "perfetto", "-o", str(tmp_path / "other")]) == 0
    assert capsys.readouterr().out.split() == [
        str(tmp_path / name) for name in ("calls.html", "calls.svg", "other.perfetto.json")
    ]
    assert main(["trace", str(path)]) == 2
    assert "is there already" in capsys.readouterr().err

    picture = ElementTree.fromstring((tmp_path / "calls.svg").read_text())
    titles = [element.text or "" for element in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 13
    assert any("failed RateLimitError 429 rate_limit_exceeded" in title for title in titles)

    events = json.loads((tmp_path / "other.perfetto.json").read_text())["traceEvents"]
    wholes = [event for event in events if event["ph"] == "X" and "args" in event]
    assert len(wholes) == 13
    assert all(event["dur"] >= 0 and isinstance(event["ts"], int) for event in events if event["ph"] == "X")
    # What shares a track does not overlap.
    by_track: dict[int, list[tuple[int, int]]] = {}
    for event in wholes:
        by_track.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
    for times in by_track.values():
        ends = sorted(times)
        assert all(before[1] <= after[0] for before, after in pairwise(ends))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser")) as page:
        yield page


def rows(page: Page) -> int:
    return int(page.value("document.body.dataset.rows"))


def span(page: Page) -> float:
    return float(page.value("document.body.dataset.to - document.body.dataset.from"))


def colour_at(page: Page, x: int, y: int) -> list[int]:
    found: list[int] = page.value(
        f"[...document.getElementById('canvas').getContext('2d').getImageData({x}, {y}, 1, 1).data]"
    )
    return found[:3]


@needs_browser
@pytest.mark.parametrize("calls", [10, 1_000, 20_000])
def test_the_page_shows_zooms_searches_and_tells_facts_in_a_real_browser(
    page: Page, tmp_path: Path, calls: int
) -> None:
    path = tmp_path / "calls.html"
    path.write_text(recorded(calls).as_html("<b>calls</b> & </script>"))
    page.errors.clear()
    page.is_dark(False)
    page.open(path)

    assert page.value("document.title") == "<b>calls</b> & </script>"
    assert page.value("document.getElementById('counts').textContent").startswith(f"{calls + 1} rows")
    assert (rows(page) == calls + 1) is (calls == 10)
    assert float(page.value("document.body.dataset.drawn")) < 100
    whole, top = span(page), int(page.value("document.getElementById('canvas').getBoundingClientRect().top"))

    # The first call: it waited for a slot, and its stream was the last part of it.
    page.mouse("mouseMoved", 500, top + 24 + 27)
    told = page.value("document.getElementById('facts').textContent")
    assert "call 2: 0: openai/gpt-4o-mini" in told
    assert "wait:slot" in told
    assert "completion_tokens: 45" in told
    assert "3 reads with chunks" in told

    # Zoom with the wheel around the mouse, by the button, and back to the whole.
    page.mouse("mouseWheel", 600, top + 200, deltaX=0, deltaY=-400, modifiers=2)
    near = span(page)
    assert near < whole / 2
    page.value("document.getElementById('in').click()")
    page.settle()
    assert span(page) == pytest.approx(near / 2)
    page.value("document.getElementById('fit').click()")
    page.settle()
    assert span(page) == whole

    # Search finds failures by their code, whatever is on the screen.
    page.value("document.getElementById('search').focus()")
    page.write("rate_limit_exceeded")
    failures = calls // 10
    assert page.value("document.getElementById('shown').textContent") == f"{failures} of {calls + 1}"
    page.value("document.getElementById('search').value = ''; search()")
    page.settle()

    # All rows at once.
    page.value("document.getElementById('rows').click()")
    page.settle()
    assert rows(page) == calls + 1
    assert float(page.value("document.body.dataset.drawn")) < 2_000

    light = colour_at(page, 5, 5)
    page.is_dark(True)
    assert sum(colour_at(page, 5, 5)) < 150
    assert sum(light) > 600
    assert page.errors == []


@needs_browser
def test_waits_are_coloured_by_their_reason(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "calls.html"
    path.write_text(recorded(10).as_html())
    page.open(path)

    def colour(row: int) -> list[int]:
        return colour_at(page, 240, 24 + 18 * row + 9)

    assert colour(1) == colour(4) == [0xE0, 0xB0, 0x40]
    assert colour(2) == colour(3) == [0xD9, 0x80, 0x32]


def test_a_trace_of_nothing_shows_itself() -> None:
    trace = Trace()

    for picture in (trace.as_html(), trace.as_svg(), trace.as_perfetto(), trace._repr_html_()):
        assert picture
    assert trace._repr_markdown_().splitlines()[-1] == "|  | 0 | 0 |"
    assert trace.__rich__() is not None


@in_virtual_time
async def test_pictures_of_a_trace_with_long_contents_are_short() -> None:
    trace = Trace(contents=True)
    async with client_of(Simulator(Reply("answer " * 50_000)), observers=[trace]) as client:
        await client.call(ask("word " * 100_000))

    assert trace.size > 800_000
    assert len(trace.as_html()) < 100_000
    assert len(trace.as_svg()) + len(trace.as_perfetto()) < 50_000
    assert "word word" in trace.as_html()


def test_a_wait_for_something_new_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(BEGUN + '{"event": "CallWaiting", "at": 1, "id": 1, "reason": "a queue of the future"}\n')
    trace = Trace.load(path)

    assert trace.as_html()
    assert trace.as_svg()
    assert trace.as_perfetto()


def test_a_trace_of_another_version_says_which() -> None:
    with pytest.raises(ValueError, match="the trace has version 9; this program reads 1"):
        timeline_of([{"event": "Began", "version": 9, "time": 0.0}])


@in_virtual_time
async def test_labels_that_json_has_not_are_written_as_text() -> None:
    within: list[Any] = []
    within.append(within)
    labels: list[dict[Any, Any]] = [
        {"a": float("nan")},
        {"a": [float("inf")]},
        {(1, 2): 3},
        {"a": within},
        {"a": object()},
    ]
    trace = Trace()
    async with client_of(Simulator(), observers=[trace]) as client:
        for label in labels:
            with client.group("job", label):
                await client.call(ask("x"))

    found = [record["labels"] for record in trace.records() if record.get("labels")]
    assert found[:3] == [{"a": "nan"}, {"a": ["inf"]}, {"(1, 2)": 3}]
    assert len(found) == len(labels)
    for text in (json.dumps(found), trace.as_perfetto()):
        assert "NaN" not in text
        assert "Infinity" not in text
