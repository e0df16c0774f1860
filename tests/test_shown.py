"""How responses, outcomes, statistics and traces show themselves in notebooks and terminals."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console
from virtual import ask, client_of, in_virtual_time

from trio_llm import ImageResponse, Message, ModelResponse, Outcome, TextCompletionResponse
from trio_llm.observe import Statistics, Trace
from trio_llm.testing import Failure, Reply, Simulator, ToolUse
from trio_llm.types import Choices, ImageObject, Timings

EVIL = "**Well** <img src=x onerror=alert(1)> & <script>alert(2)</script>"


def in_terminal(thing: Any) -> str:
    console = Console(file=io.StringIO(), width=140)
    with console.capture() as capture:
        console.print(thing)
    return capture.get()


def tags(html: str) -> set[str]:
    return {element.tag for element in ElementTree.fromstring(f"<all>{html}</all>").iter()} - {"all"}


def response_of(text: str) -> ModelResponse:
    return ModelResponse(model="gpt-4o", choices=[Choices("stop", 0, Message(text))])


def test_a_response_shows_its_text_and_what_is_known_of_it_without_running_any_of_it() -> None:
    response = response_of(EVIL)

    assert tags(response._repr_html_()) == {"div", "small"}
    assert "**Well** &lt;img" in response._repr_html_()
    assert "gpt-4o, stop" in response._repr_html_()
    assert "<img" not in response._repr_markdown_()
    assert "<script" not in response._repr_markdown_()
    assert response._repr_markdown_().startswith("**Well** &lt;img")
    assert in_terminal(response).startswith("Well ")


@in_virtual_time
async def test_calls_of_tools_tokens_and_seconds_are_shown_too() -> None:
    simulator = Simulator(Reply("Wait.", tool_calls=[ToolUse("look_up", {"word": "one"})], latency=2))
    async with client_of(simulator) as client:
        response = await client.call(ask("x"))

    shown = response._repr_markdown_()
    assert 'look_up({"word"' in shown
    assert "tool_calls" in shown
    assert "tokens, 2 s" in shown


def test_other_responses_show_their_text_or_their_picture() -> None:
    text = TextCompletionResponse.model_validate(
        {"model": "m", "choices": [{"text": "Once", "finish_reason": "length"}]}
    )
    picture = ImageResponse(data=[ImageObject(b64_json="QUJD"), ImageObject(url='https://x/"><script>')])

    assert "Once" in text._repr_markdown_()
    assert tags(picture._repr_html_().replace('max-width:100%">', 'max-width:100%"/>')) == {"img"}
    assert "data:image/png;base64,QUJD" in picture._repr_html_()


def test_an_outcome_is_a_row_with_its_answer_or_its_error() -> None:
    good = Outcome(3, ask("x"), "ok", response_of(EVIL), attempts=2)
    bad: Outcome[Any] = Outcome(4, ask("x"), "failed", error=ValueError("no | pipe"))
    timed: Outcome[Any] = Outcome(5, ask("x"), "ok", "done", timings=Timings(started=0.5, ended=3.0))
    running: Outcome[Any] = Outcome(6, ask("x"), timings=Timings(started=0.5))

    assert tags(good._repr_html_()) == {"table", "thead", "tbody", "tr", "th", "td"}
    assert "<script" not in good._repr_html_() + good._repr_markdown_()
    assert bad._repr_markdown_().splitlines()[-1] == "| 4 | failed | openai/gpt-4o | 0 |  | no \\| pipe |"
    assert "no | pipe" in in_terminal(bad)
    assert "| 5 | ok | openai/gpt-4o | 0 | 2.5 |" in timed._repr_markdown_()
    assert "| 6 | not_started | openai/gpt-4o | 0 |  |" in running._repr_markdown_()


@in_virtual_time
async def test_statistics_and_traces_are_tables_and_a_trace_is_a_page_in_a_notebook() -> None:
    statistics, trace = Statistics(), Trace()
    simulator = Simulator(lambda request: Failure(400) if request.text == "bad" else Reply("ok"))
    async with client_of(simulator, observers=[statistics, trace]) as client:
        await client.fan_out([ask("good"), ask("bad")])

    assert "openai/gpt-4o" in statistics._repr_html_()
    assert statistics._repr_markdown_().splitlines()[2].startswith("| openai/gpt-4o | 2 | 1 | 1 |")
    assert "openai/gpt-4o" in in_terminal(statistics)
    assert "1 ok, 1 failed" in trace._repr_markdown_() or "1 failed, 1 ok" in trace._repr_markdown_()
    assert "records" in in_terminal(trace)
    assert tags(trace._repr_html_()) == {"iframe"}


@pytest.mark.parametrize("name", ["_repr_png_", "_repr_svg_", "_ipython_canary_method_should_not_exist_"])
def test_a_response_has_no_other_way_of_showing_itself(name: str) -> None:
    with pytest.raises(AttributeError):
        getattr(response_of("x"), name)
