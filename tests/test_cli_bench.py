"""`trio-llm bench` in this process, against providers on this machine."""

from __future__ import annotations

import json

import pytest

from trio_llm.__main__ import main
from trio_llm.testing import Failure, Reply, Simulator, running_server


@pytest.mark.parametrize("loop", ["trio", "asyncio"])
def test_without_a_model_a_simulated_one_is_called(loop: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--calls", "20", "--max-in-flight", "4", "--stream", "--json", "--loop", loop]) == 0
    figures = json.loads(capsys.readouterr().out)

    assert (figures["calls"], figures["ok"], figures["attempts"]) == (20, 20, 20)
    assert figures["completion_tokens"] > 0
    assert 0 < figures["first_content"]["p50"] <= figures["total"]["p99"] <= figures["seconds"]


def test_every_call_goes_to_the_model_that_is_named_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    simulator = Simulator(Reply("fine"))
    with running_server(simulator) as base_url:
        asked = ["--calls", "7", "--prompt", "Well?", "--system", "Be brief.", "--api-base", f"{base_url}/v1"]
        assert main(["bench", "openai/named", *asked]) == 0

    assert [(request.model, request.text) for request in simulator.requests] == [("named", "Well?")] * 7
    assert capsys.readouterr().out.startswith("7 calls in ")


def test_a_failed_call_is_counted_and_the_first_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    simulator = Simulator([Failure(400, "not like this"), Reply("fine")])
    with running_server(simulator) as base_url:
        assert main(["bench", "mine", "--calls", "2", "--api-base", f"{base_url}/v1"]) == 1

    out = capsys.readouterr().out
    assert "1 failed" in out
    assert "not like this" in out


def test_a_model_that_nobody_knows_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "nobody/knows"]) == 2
    assert "unknown provider 'nobody'" in capsys.readouterr().err
