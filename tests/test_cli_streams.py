"""The command line where stdin, stdout or stderr is closed, full, or in another encoding than one would think."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from command_line import Serve, piped

from trio_llm.__main__ import main
from trio_llm._cli.interrupts import interruptible
from trio_llm.testing import Simulator

ROOT = Path(__file__).parent.parent
MARK = b"\xef\xbb\xbf"
"""What editors of Windows write at the beginning of a file."""
pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")


def in_shell(line: str, prompts: Path) -> subprocess.CompletedProcess[str]:
    """A fan-out of `$1` as a shell starts it; the output of what it closes or sends elsewhere is empty."""
    ask = f'exec "$0" -m trio_llm fanout "$1" --model openai/any {line}'
    return subprocess.run(
        ["sh", "-c", ask, sys.executable, str(prompts)], cwd=ROOT, capture_output=True, text=True, timeout=30
    )


def answers(lines: str) -> set[str]:
    return {json.loads(line)["text"] for line in lines.splitlines()}


ALL = {"echo: red", "echo: green", "echo: blue"}


def test_outcomes_are_written_though_nothing_can_be_shown(serving: Serve, prompts: Path, tmp_path: Path) -> None:
    serving(Simulator())
    full, closed = tmp_path / "full.jsonl", tmp_path / "closed.jsonl"

    done = in_shell(f"--output {full} >/dev/full", prompts)
    assert (done.returncode, done.stderr) == (1, "trio-llm fanout: cannot write to stdout: No space left on device\n")
    assert in_shell(f"--output {closed} <&- >&- 2>&-", prompts).returncode == 0

    assert answers(full.read_text()) == answers(closed.read_text()) == ALL


def test_outcomes_that_have_no_room_on_stdout_are_a_failure(serving: Serve, prompts: Path) -> None:
    serving(Simulator())

    done = in_shell("--quiet --output - >/dev/full", prompts)
    assert done.returncode == 1
    assert done.stderr.endswith("cannot write to stdout: No space left on device; outcomes are lost\n")


def test_a_closed_stdout_is_no_place_for_outcomes(serving: Serve, prompts: Path) -> None:
    simulator = serving(Simulator())

    done = in_shell("--output - >&-", prompts)
    assert (done.returncode, done.stderr) == (2, "trio-llm fanout: cannot write to stdout: it is closed\n")
    assert not simulator.requests


def test_answers_go_to_stdout_though_stderr_is_full(serving: Serve, prompts: Path) -> None:
    serving(Simulator())

    assert answers(in_shell("--output - 2>/dev/full", prompts).stdout) == ALL


def test_half_a_line_is_taken_back_where_a_file_has_no_room(serving: Serve, prompts: Path, tmp_path: Path) -> None:
    serving(Simulator())
    output = tmp_path / "outcomes.jsonl"
    ask = f'ulimit -f 1; exec "$0" -m trio_llm fanout "$1" --model openai/any --quiet --output {output}'
    done = subprocess.run(
        ["bash", "-c", ask, sys.executable, str(prompts)], cwd=ROOT, capture_output=True, text=True, timeout=30
    )

    assert done.returncode == 1
    written = answers(output.read_text())
    assert written < ALL
    assert answers(done.stdout) == ALL - written


@pytest.mark.parametrize("command", [["models"], ["models", "--json"], ["models", "openai"]])
def test_a_list_that_has_no_room_is_one_line_of_complaint(command: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "trio_llm", *command],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )

    assert (done.returncode, done.stderr) == (1, "trio-llm models: cannot write to stdout: No space left on device\n")


@pytest.mark.parametrize(
    "lines", ["caf\u00e9\n".encode(), MARK + "caf\u00e9\r\n".encode(), MARK + '{"prompt": "caf\u00e9"}\n'.encode()]
)
def test_stdin_is_utf_8_like_every_file_whatever_the_locale_says(
    lines: bytes, serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = serving(Simulator())
    monkeypatch.setattr("sys.stdin", piped(lines))

    assert main(["fanout", "-", "--model", "openai/any"]) == 0
    assert [request.text for request in simulator.requests] == ["caf\u00e9"]


def test_stdin_that_is_no_text_is_refused_like_a_file(
    serving: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serving(Simulator())
    monkeypatch.setattr("sys.stdin", piped(b"caf\xe9\n"))

    assert main(["fanout", "-", "--model", "openai/any"]) == 2
    assert "cannot read stdin: it is not UTF-8 text (byte 3)" in capsys.readouterr().err
    assert not simulator.requests


def test_a_chat_takes_what_is_text_of_its_pipe(serving: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = serving(Simulator())
    monkeypatch.setattr("sys.stdin", piped(MARK + "gr\u00fcn".encode() + b" caf\xe9\n"))

    assert main(["chat", "openai/any"]) == 0
    assert [request.text for request in simulator.requests] == ["gr\u00fcn caf\ufffd"]


def test_a_quote_that_nothing_closes_takes_in_no_rows(
    serving: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serving(Simulator())
    table = tmp_path / "prompts.csv"
    table.write_text('prompt\nred\n"green\nblue\n')

    assert main(["fanout", str(table), "--model", "openai/any"]) == 2
    assert "prompts.csv, line 4: unexpected end of data" in capsys.readouterr().err
    assert not simulator.requests


def test_a_null_is_as_good_as_none(serving: Serve, tmp_path: Path) -> None:
    simulator = serving(Simulator())
    lines = tmp_path / "prompts.jsonl"
    lines.write_text('{"prompt": "red", "messages": null, "model": null, "timeout": null, "max_tokens": null}\n')

    assert main(["fanout", str(lines), "--model", "openai/any"]) == 0
    assert [request.text for request in simulator.requests] == ["red"]
    assert b"max_tokens" not in simulator.requests[0].body


def test_a_program_that_nohup_started_lives_on_without_its_terminal() -> None:
    async def stands() -> None:
        async with interruptible() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
            await trio.lowlevel.checkpoint()
        assert interruption.signal is None

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        trio.run(stands)
    finally:
        signal.signal(signal.SIGHUP, before)
