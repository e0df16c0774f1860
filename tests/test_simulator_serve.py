"""The simulated provider as a command: scripts from a file, faults, strictness, a log; and what a port answers."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from test_cli_process import PATIENCE, command, environment, started

import trio_llm
from trio_llm import exceptions
from trio_llm.testing import (
    AtByte,
    AtEvent,
    Cause,
    Disconnect,
    Failure,
    RawReply,
    Reply,
    Simulator,
    ToolUse,
    read_script,
    running_server,
)

HELLO = [{"role": "user", "content": "one two three"}]
SCRIPT: list[Any] = [
    {"failure": 429},
    {"reply": "Hello there"},
    {"reply": {"tool_calls": [{"name": "add", "arguments": {"a": 1}}], "latency": 0.5}},
    {"reply": {"text": "cut", "cut_at": {"event": 2}, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}},
    {"failure": {"status": 503, "retry_after": 2}},
    {"disconnect": {}},
    {"disconnect": "dns"},
    {"raw": {"body": "<html>", "content_type": "text/html", "status": 502, "stall_at": {"byte": 3}}},
    None,
]  # fmt: skip


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps(SCRIPT))

    assert read_script(path) == [
        Failure(429),
        Reply("Hello there"),
        Reply(tool_calls=[ToolUse("add", {"a": 1})], latency=0.5),
        Reply("cut", cut_at=AtEvent(2), usage=trio_llm.Usage(1, 2, 3)),
        Failure(503, retry_after=2),
        Disconnect(),
        Disconnect(cause=Cause.DNS),
        RawReply(b"<html>", content_type="text/html", status=502, stall_at=AtByte(3)),
        None,
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ("{}", "has to be a list of actions"),
        ('["x"]', "item 1: an object with one of reply, failure"),
        ('[null, {"replay": 1}]', "item 2: there is no action 'replay'"),
        ('[{"reply": []}]', "have to be an object"),
        ('[{"reply": {"txt": 1}}]', "'reply' has no field 'txt'"),
        ('[{"disconnect": "flood"}]', "FLOOD"),
        ('[{"reply": {"cut_at": {"event": 1}, "stall_at": {"event": 1}}}]', "either cut or stalls"),
    ],
)
def test_a_script_that_is_none_says_what_is_wrong(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "script.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=words):
        read_script(path)


@contextmanager
def served(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with started(command("serve", "--port", "0", *options), environment()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.stdout.readline().split("=")[1].split("/v1")[0], process


def interrupt(process: subprocess.Popen[str]) -> str:
    """What it wrote to stderr."""
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=PATIENCE)[1]


def test_the_command_follows_a_script_logs_and_refuses(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps([{"failure": {"status": 500, "message": "oops"}}, {"reply": "scripted"}]))
    with served("--script", str(path), "--strict", "--tokens-per-second", "1000", "--seed", "3") as (base_url, process):
        settings: dict[str, Any] = {"api_base": f"{base_url}/v1", "api_key": "sk-secret", "num_retries": 0}
        with pytest.raises(exceptions.InternalServerError, match="oops"):
            trio_llm.completion("openai/gpt-4", HELLO, **settings)
        answers = [trio_llm.completion("openai/gpt-4", HELLO, **settings) for _ in range(2)]
        with pytest.raises(exceptions.BadRequestError, match="Unknown parameter: 'foo'"):
            trio_llm.completion("openai/gpt-4", HELLO, extra_body={"foo": 1}, **settings)
        told = interrupt(process)

    assert [answer.choices[0].message.content for answer in answers] == ["scripted", "echo: one two three"]
    lines = told.splitlines()
    assert lines[0].startswith("POST /v1/chat/completions 500 finished ")
    assert lines[1].endswith(": openai.chat gpt-4 3+1 tokens")
    assert lines[3].startswith("POST /v1/chat/completions 400 ")
    assert "sk-secret" not in told


def test_any_wire_meets_the_faults_that_were_chosen() -> None:
    with served("--fault-rate", "1", "--fault", "503", "--quiet") as (base_url, process):
        for model, home in (("openai/m", f"{base_url}/v1"), ("anthropic/m", base_url), ("ollama/m", base_url)):
            with pytest.raises(exceptions.ServiceUnavailableError, match="overloaded"):
                trio_llm.completion(model, HELLO, api_base=home, api_key="k", num_retries=0)
        assert interrupt(process) == "served 3 requests\n"


@pytest.mark.parametrize("option", ["--script", "--description"])
def test_a_file_that_cannot_be_read_ends_the_command(option: str) -> None:
    done = subprocess.run(
        command("serve", "--port", "0", option, "/nowhere"),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert done.returncode == 2
    assert "cannot read the" in done.stderr


def get(url: str) -> Any:
    with urlopen(url) as reply:
        return json.loads(reply.read())


def post(url: str, **body: Any) -> Any:
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(request) as reply:
        return json.loads(reply.read())


def test_a_port_has_what_a_team_needs_in_place_of_a_provider() -> None:
    with running_server(Simulator()) as base_url:
        home = f"{base_url}/v1"
        assert get(f"{home}/models/gpt-4")["id"] == "gpt-4"
        assert get(f"{home}/models")["data"][0]["id"] == "simulated"
        several = post(f"{home}/completions", model="m", prompt=["a b", "c"], n=2, max_tokens=2)["choices"]
        assert [one["text"] for one in several] == ["echo: a ", "echo: a ", "echo: c", "echo: c"]
        assert [one["index"] for one in several] == [0, 1, 2, 3]
        echoed = post(f"{home}/completions", model="m", prompt="a", echo=True)["choices"]
        assert echoed[0]["text"] == "aecho: a"
        stopped = post(f"{home}/chat/completions", model="m", messages=HELLO, stop=["three"])["choices"][0]
        assert (stopped["message"]["content"], stopped["finish_reason"]) == ("echo: one two ", "stop")
        assert post(f"{home}/responses", model="m", input="x")["status"] == "completed"
        assert post(f"{home}/responses/input_tokens", model="m", input="x y")["input_tokens"] == 2
        assert post(f"{home}/messages/count_tokens", model="m", messages=HELLO)["input_tokens"] == 3
        (result,) = post(f"{home}/moderations", input="so much harassment and hate")["results"]
        assert [name for name, found in result["categories"].items() if found] == ["harassment", "hate"]
        assert len(result["categories"]) == len(result["category_scores"]) == 13
        parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        assert len(post(f"{home}/moderations", input=parts)["results"]) == 1
        assert len(post(f"{home}/completions", model="m", prompt=[1, 2])["choices"]) == 1
