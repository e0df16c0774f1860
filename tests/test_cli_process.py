"""The command line as a process: signals, pipes and terminals."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from trio_llm.testing import AtEvent, Failure, RecordedRequest, Reply, Simulator, running_server

ROOT = Path(__file__).parent.parent
PATIENCE = 15.0
"""Seconds; far more than anything here takes."""
STALLED = Reply(["one ", "two "], stall_at=AtEvent(2))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trio_llm", *arguments]


def environment(base_url: str = "", **changes: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "TERM": "xterm",
        "OPENAI_BASE_URL": f"{base_url}/v1",
        "OPENAI_API_KEY": "sk-test",
        **changes,
    }


@contextmanager
def started(
    arguments: list[str], variables: Mapping[str, str], *, stderr: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """A process that is gone when the block ends."""
    with subprocess.Popen(
        arguments,
        cwd=ROOT,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class Terminal:
    """A pseudo-terminal with a process on it, and everything that the process has written."""

    def __init__(self, arguments: list[str], variables: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(self._ours, (24, 100))
        self.process = subprocess.Popen(
            arguments, cwd=ROOT, env=dict(variables), stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
        )
        os.close(theirs)
        self.output = ""
        self._seen = 0

    def read_until(self, text: str) -> None:
        """Read on until the text has come, after what was waited for before."""
        until = time.monotonic() + PATIENCE
        while (place := self.output.find(text, self._seen)) < 0:
            assert self._read(until), f"no {text!r} in {self.output!r}"
        self._seen = place + len(text)

    def write(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C, once the process waits: one that comes while readline gets ready is seen with the next key."""
        until = time.monotonic() + PATIENCE
        while (state := _state(self.process.pid)) not in {"S", None}:
            assert time.monotonic() < until, f"the process is in state {state}"
            os.sched_yield()
        self.process.send_signal(signal.SIGINT)

    def finish(self) -> int:
        """Read the rest and return the exit status."""
        until = time.monotonic() + PATIENCE
        while self._read(until):
            pass
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self._ours)

    def _read(self, until: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(0.0, until - time.monotonic()))
        try:
            data = os.read(self._ours, 65_536) if ready else b""
        except OSError:  # Linux's way to say that the other side has closed
            data = b""
        self.output += data.decode()
        return bool(data)


def _state(process: int) -> str | None:
    """What the kernel says a process does, "S" for waiting; None where it does not say so in a file."""
    file = Path(f"/proc/{process}/stat")
    return file.read_text().rpartition(")")[2].split()[0] if file.exists() else None


@contextmanager
def terminal(arguments: list[str], variables: Mapping[str, str]) -> Iterator[Terminal]:
    made = Terminal(arguments, variables)
    try:
        yield made
    finally:
        made.close()


def reply_to(request: RecordedRequest) -> Reply | None:
    """Prompts that begin with "stall" get half an answer, the others a whole one a little later."""
    prompt = json.loads(request.body)["messages"][-1]["content"]
    return STALLED if prompt.startswith("stall") else Reply(latency=0.4)


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """With two calls at a time: the first stalls, the second is answered, the third stalls, the fourth has to wait."""
    path = tmp_path / "prompts.txt"
    path.write_text("stall\nanswer\nstall again\nwait\n")
    return path


HANGUP = pytest.param(
    signal.SIGHUP, 129, marks=pytest.mark.skipif(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, reason="nohup")
)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), HANGUP])
def test_an_interrupted_fan_out_loses_no_outcome(number: int, status: int, prompts: Path, tmp_path: Path) -> None:
    output = tmp_path / "outcomes.jsonl"
    arguments = ["--model", "openai/any", "--max-in-flight", "2", "--output", str(output)]
    with (
        running_server(Simulator(reply_to)) as base_url,
        started(command("fanout", str(prompts), *arguments), environment(base_url)) as process,
    ):
        assert process.stdout is not None
        assert "#1 ok" in process.stdout.readline()
        process.send_signal(number)
        shown, told = process.communicate(timeout=PATIENCE)

    assert process.returncode == status
    assert told == ""
    outcomes = {record["index"]: record for record in map(json.loads, output.read_text().splitlines())}
    assert [outcomes[index]["status"] for index in range(4)] == ["cancelled", "ok", "cancelled", "not_started"]
    assert outcomes[0]["partial"] == "one "
    assert outcomes[1]["text"] == "echo: answer"
    assert "4 calls: 1 ok, 0 failed, 2 cancelled, 1 not started" in shown


def test_a_fan_out_whose_reader_leaves_ends_quietly_and_keeps_its_outcomes(prompts: Path, tmp_path: Path) -> None:
    output = tmp_path / "outcomes.jsonl"
    arguments = ["--model", "openai/any", "--max-in-flight", "2", "--output", str(output)]
    with (
        running_server(Simulator(reply_to)) as base_url,
        started(command("fanout", str(prompts), *arguments), environment(base_url)) as process,
    ):
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        told = process.stderr.read()
        assert process.wait(PATIENCE) == 1

    assert told == ""
    assert len(output.read_text().splitlines()) == 4


def test_a_terminal_shows_every_running_call_and_then_the_table(prompts: Path) -> None:
    with (
        running_server(Simulator(reply_to)) as base_url,
        terminal(
            command("fanout", str(prompts), "--model", "openai/any", "--deadline", "1.5"), environment(base_url)
        ) as screen,
    ):
        assert screen.finish() == 1

    frames, _, table = screen.output.partition("outcome")
    assert "4 running, 0 waiting" in frames
    assert "waiting for the first token" in frames
    assert "2 running, 0 waiting, 2 ok" in frames
    assert "one" in frames
    assert frames.count("running, ") <= 20  # ten drawings a second, and no more
    assert "\x1b[32mok" in table
    assert "4 calls: 2 ok, 0 failed, 2 cancelled, 0 not started" in table


def test_no_color_is_honoured(prompts: Path) -> None:
    with (
        running_server(Simulator()) as base_url,
        terminal(
            command("fanout", str(prompts), "--model", "openai/any"), environment(base_url, NO_COLOR="1")
        ) as screen,
    ):
        assert screen.finish() == 0

    assert "\x1b[K" in screen.output
    assert "m" not in {part[:3].lstrip("0123456789;")[:1] for part in screen.output.split("\x1b[")[1:]}


def test_a_conversation_remembers_what_was_said() -> None:
    simulator = Simulator()
    with (
        running_server(simulator) as base_url,
        terminal(command("chat", "openai/any", "--system", "Be kind."), environment(base_url)) as screen,
    ):
        screen.read_until("> ")
        screen.write("hello\n")
        screen.read_until("echo: hello")
        screen.read_until("> ")
        screen.write("\n")
        screen.read_until("> ")
        screen.write("again\n")
        screen.read_until("echo: again")
        screen.read_until("> ")
        screen.write("\x04")
        assert screen.finish() == 0

    sent = json.loads(simulator.requests[-1].body)["messages"]
    assert [message["content"] for message in sent] == ["Be kind.", "hello", "echo: hello", "again"]


def test_ctrl_c_ends_an_answer_and_not_the_chat() -> None:
    simulator = Simulator([STALLED, Reply("fine")])
    with (
        running_server(simulator) as base_url,
        terminal(command("chat", "openai/any"), environment(base_url)) as screen,
    ):
        screen.read_until("> ")
        screen.interrupt()
        screen.read_until("Ctrl-D")
        screen.write("hello\n")
        screen.read_until("one")
        screen.interrupt()
        screen.read_until("> ")
        screen.write("go on\n")
        screen.read_until("fine")
        screen.read_until("> ")
        screen.write("\x04")
        assert screen.finish() == 0

    sent = json.loads(simulator.requests[-1].body)["messages"]
    assert [message["content"] for message in sent] == ["hello", "one ", "go on"]


def test_ctrl_c_throws_away_what_was_typed() -> None:
    simulator = Simulator()
    with (
        running_server(simulator) as base_url,
        terminal(command("chat", "openai/any"), environment(base_url)) as screen,
    ):
        screen.read_until("> ")
        screen.write("delete all")
        screen.read_until("delete all")
        screen.interrupt()
        screen.read_until("Ctrl-D")
        screen.read_until("> ")
        screen.write("hello\n")
        screen.read_until("echo: hello")
        screen.read_until("> ")
        screen.write("\x04")
        assert screen.finish() == 0

    assert [json.loads(request.body)["messages"][-1]["content"] for request in simulator.requests] == ["hello"]


def test_a_failed_answer_does_not_end_the_chat() -> None:
    simulator = Simulator([Failure(401, "who are you"), Reply("fine")])
    with (
        running_server(simulator) as base_url,
        terminal(command("chat", "openai/any"), environment(base_url)) as screen,
    ):
        screen.read_until("> ")
        screen.write("hello\n")
        screen.read_until("AuthenticationError")
        screen.read_until("> ")
        screen.write("again\n")
        screen.read_until("fine")
        screen.read_until("> ")
        screen.write("\x04")
        assert screen.finish() == 0


def test_a_terminal_shows_thinking_dimmed() -> None:
    simulator = Simulator(Reply("Four.", reasoning="Two and two."))
    with (
        running_server(simulator) as base_url,
        terminal(command("chat", "openai/any", "2 + 2?"), environment(base_url)) as screen,
    ):
        assert screen.finish() == 0

    assert "\x1b[2m" in screen.output
    assert screen.output.replace("\r", "").endswith("\n\nFour.\n")


def test_an_interrupted_question_exits_as_shells_expect() -> None:
    with (
        running_server(Simulator(STALLED)) as base_url,
        started(command("chat", "openai/any", "hello"), environment(base_url)) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.read(4) == "one "
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == ("\n", "")
        assert process.returncode == 130


def test_the_simulator_is_served_until_ctrl_c() -> None:
    with started(command("serve", "--port", "0", "--text", "Hello", "--quiet"), environment()) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        address = lines[1].split()[1].removeprefix("OPENAI_BASE_URL=").removesuffix("/v1")
        asked = subprocess.run(
            command("chat", "openai/any", "hi"),
            cwd=ROOT,
            env=environment(address),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE)

    assert asked.stdout == "Hello\n"
    assert [line.split("=")[0] for line in lines[1:]] == [
        f"export {name}_BASE_URL" for name in ("OPENAI", "ANTHROPIC", "GEMINI")
    ]
    assert told == "served 1 requests\n"
    assert process.returncode == 0


def test_a_provider_is_recorded_through_a_port_and_then_served_from_the_file(tmp_path: Path) -> None:
    cassette = tmp_path / "chat.jsonl"

    def asked(*options: str) -> str:
        with started(command("serve", "--port", "0", *options), environment()) as process:
            assert process.stdout is not None
            process.stdout.readline()
            address = process.stdout.readline().split()[-2 if "--replay" in options else -1]
            address = address.removeprefix("OPENAI_BASE_URL=").removesuffix("/v1")
            done = subprocess.run(
                command("chat", "openai/any", "hi"),
                cwd=ROOT,
                env=environment(address),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=True,
            )
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE)
            assert process.returncode == 0
        return done.stdout

    with running_server(Simulator(Reply("only once"))) as upstream:
        heard = asked("--record", str(cassette), "--upstream", upstream)
    assert heard == "only once\n"
    assert asked("--replay", str(cassette), "--speed", "recorded") == heard


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--replay", "nothing.jsonl"], "cannot replay nothing.jsonl"),
        (["--record", "x.jsonl"], "--record needs --upstream"),
    ],
)
def test_serve_says_what_it_cannot_play(options: list[str], told: str) -> None:
    done = subprocess.run(
        command("serve", "--port", "0", *options), env=environment(), capture_output=True, text=True, timeout=PATIENCE
    )

    assert done.returncode != 0
    assert told in done.stderr
