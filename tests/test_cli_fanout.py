"""`trio-llm fanout` in this process, against the simulator on a real port."""

from __future__ import annotations

import csv
import errno
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Serve, piped

from trio_llm import ChatRequest
from trio_llm.__main__ import main
from trio_llm._cli.calls import PromptCall
from trio_llm._cli.outcomes import OutcomeWriter
from trio_llm._cli.prompts import PromptLine
from trio_llm.testing import AtEvent, Failure, RecordedRequest, Reply, Simulator, ToolUse, running_server


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def body(request: RecordedRequest) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(request.body)
    return sent


def by_prompt(actions: dict[str, Any]) -> Callable[[RecordedRequest], Any]:
    return lambda request: actions.get(body(request)["messages"][-1]["content"])


def test_every_prompt_is_answered_and_shown(serving: Serve, prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    serving(Simulator())

    assert main(["fanout", str(prompts), "--model", "openai/any"]) == 0
    shown = capsys.readouterr().out
    assert "[3/3]" in shown
    assert all(f"echo: {colour}" in shown for colour in ("red", "green", "blue"))
    assert "3 calls: 3 ok, 0 failed, 0 cancelled, 0 not started" in shown
    assert "6 tokens" in shown
    assert "\x1b" not in shown


def test_whole_answers_are_shown_on_request_without_what_a_terminal_would_obey(
    serving: Serve, prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving(Simulator(Reply("one\n\ntwo\x1b]0;title\x07")))

    main(["fanout", str(prompts), "--model", "openai/any", "--show-text"])
    assert "\n#0 ok\none\n\ntwo]0;title\n" in capsys.readouterr().out


def test_each_outcome_is_a_line_of_json(serving: Serve, prompts: Path, tmp_path: Path) -> None:
    serving(Simulator(by_prompt({"green": Failure(401, "no such key")})))
    output = tmp_path / "outcomes.jsonl"

    assert main(["fanout", str(prompts), "--model", "openai/any", "--output", str(output)]) == 1
    red, green, blue = sorted(records(output), key=lambda record: record["index"])
    assert (red["status"], red["text"], red["partial"], red["error"]) == ("ok", "echo: red", None, None)
    assert red["usage"]["completion_tokens"] == 2
    assert red["response"]["choices"][0]["finish_reason"] == "stop"
    assert 0 <= red["timings"]["started"] <= red["timings"]["first_content"] <= red["timings"]["ended"]
    assert (green["status"], green["text"]) == ("failed", None)
    assert green["error"]["type"] == "AuthenticationError"
    assert green["error"]["status_code"] == 401
    assert "no such key" in green["error"]["message"]
    assert blue["index"] == 2


def test_outcomes_on_stdout_leave_everything_else_to_stderr(
    serving: Serve, prompts: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    serving(Simulator())

    assert main(["fanout", str(prompts), "--model", "openai/any", "--output", "-"]) == 0
    captured = capfdbinary.readouterr()
    assert {json.loads(line)["index"] for line in captured.out.splitlines()} == {0, 1, 2}
    assert b"3 calls: 3 ok" in captured.err


def test_a_broken_answer_keeps_what_had_arrived(serving: Serve, prompts: Path, tmp_path: Path) -> None:
    serving(Simulator(by_prompt({"red": Reply(["one ", "two ", "three"], gap=0.02, cut_at=AtEvent(3))})))
    output = tmp_path / "outcomes.jsonl"

    assert main(["fanout", str(prompts), "--model", "openai/any", "--output", str(output)]) == 1
    (broken,) = [record for record in records(output) if record["status"] == "failed"]
    assert broken["partial"].startswith("one")
    assert broken["text"] is None


def test_a_deadline_tells_what_was_cut_and_what_never_began(
    serving: Serve, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serving(Simulator(by_prompt({"green": Reply(["one "], stall_at=AtEvent(2))})))
    output = tmp_path / "outcomes.jsonl"
    arguments = ["--model", "openai/any", "--max-in-flight", "1", "--deadline", "0.5", "--output", str(output)]

    assert main(["fanout", str(prompts), *arguments]) == 1
    assert [(record["status"], record["partial"]) for record in records(output)] == [
        ("ok", None),
        ("cancelled", "one "),
        ("not_started", None),
    ]
    assert len(simulator.requests) == 2
    assert "3 calls: 1 ok, 0 failed, 1 cancelled, 1 not started" in capsys.readouterr().out


def test_outcomes_say_what_was_asked_and_why_the_answer_ended(serving: Serve, tmp_path: Path) -> None:
    serving(Simulator(by_prompt({"red": Reply("half an", finish_reason="length")})))
    source, output = tmp_path / "prompts.jsonl", tmp_path / "outcomes.jsonl"
    history = [{"role": "user", "content": "green"}]
    source.write_text("\n".join(map(json.dumps, [{"id": 7, "prompt": "red"}, {"messages": history}])))

    assert main(["fanout", str(source), "--model", "openai/any", "--output", str(output)]) == 0
    red, green = sorted(records(output), key=lambda record: record["index"])
    assert (red["id"], red["prompt"], red["messages"], red["finish_reason"]) == (7, "red", None, "length")
    assert (green["id"], green["prompt"], green["messages"], green["finish_reason"]) == (None, None, history, "stop")


def test_a_cut_answer_is_shown_as_cut(serving: Serve, prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    actions = {"red": Reply("half an", finish_reason="length"), "blue": Reply("no", finish_reason="content_filter")}
    serving(Simulator(by_prompt(actions)))

    main(["fanout", str(prompts), "--model", "openai/any", "--show-text"])
    shown = capsys.readouterr().out
    assert "#0 ok, cut" in shown
    assert "#2 ok, filtered" in shown
    assert "#1 ok\n" in shown
    assert (
        "3 calls: 3 ok, 0 failed, 0 cancelled, 0 not started; 1 of the answers cut; 1 of the answers filtered" in shown
    )


def test_an_answer_that_calls_tools_is_shown_as_calls(
    serving: Serve, prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving(Simulator(Reply(tool_calls=[ToolUse("look_up", {"word": "red"})])))

    main(["fanout", str(prompts), "--model", "openai/any"])
    assert 'calls look_up({"word": "red"})' in capsys.readouterr().out.replace('":"', '": "')


def test_an_output_that_is_there_is_replaced_on_request_alone(
    serving: Serve, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serving(Simulator())
    output = tmp_path / "outcomes.jsonl"
    output.write_text("paid for\n")
    arguments = ["fanout", str(prompts), "--model", "openai/any", "--output", str(output)]

    assert main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert output.read_text() == "paid for\n"
    assert simulator.requests == []
    assert main([*arguments, "--overwrite"]) == 0
    assert len(records(output)) == 3


def test_the_prompts_are_never_written_over(
    serving: Serve, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serving(Simulator())
    same = tmp_path / "same"
    same.symlink_to(prompts)
    before = prompts.read_text()

    assert main(["fanout", str(prompts), "--model", "openai/any", "--output", str(same), "--overwrite"]) == 2
    assert "the prompts are read from it" in capsys.readouterr().err
    assert prompts.read_text() == before
    assert simulator.requests == []


def test_what_is_no_regular_file_is_written_to_as_it_is(serving: Serve, prompts: Path) -> None:
    serving(Simulator())

    assert main(["fanout", str(prompts), "--model", "openai/any", "--output", "/dev/null"]) == 0


def test_two_models_are_each_asked_every_prompt_and_compared(
    serving: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving(Simulator())
    source, output = tmp_path / "prompts.jsonl", tmp_path / "outcomes.jsonl"
    source.write_text('{"prompt": "red"}\n{"prompt": "green", "model": "openai/own"}\n{"prompt": "blue"}\n')

    assert main(["fanout", str(source), "-m", "openai/one", "-m", "openai/two", "-o", str(output)]) == 0
    asked = [(record["prompt"], record["model"]) for record in sorted(records(output), key=lambda one: one["index"])]
    assert asked == [
        ("red", "openai/one"),
        ("red", "openai/two"),
        ("green", "openai/own"),
        ("blue", "openai/one"),
        ("blue", "openai/two"),
    ]
    shown = capsys.readouterr().out
    assert shown.count("openai/one: 2 calls: 2 ok") == 1
    assert "openai/own: 1 calls: 1 ok" in shown
    assert "model" in shown.splitlines()[6]


def test_a_quiet_fan_out_shows_nothing_where_a_file_has_the_answers(
    serving: Serve, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving(Simulator())
    output = tmp_path / "outcomes.jsonl"

    assert main(["fanout", str(prompts), "--model", "openai/any", "--quiet", "--output", str(output)]) == 0
    assert capsys.readouterr() == ("", "")
    assert len(records(output)) == 3


def test_a_quiet_fan_out_without_a_file_prints_the_answers_and_counts_failures(
    serving: Serve, prompts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving(Simulator(by_prompt({"green": Failure(401, "no such key")})))

    assert main(["fanout", str(prompts), "--model", "openai/any", "--quiet"]) == 1
    captured = capsys.readouterr()
    assert "\n#0 ok\necho: red\n" in captured.out
    assert "tokens/s" not in captured.out
    assert captured.err == "trio-llm fanout: 3 calls: 2 ok, 1 failed, 0 cancelled, 0 not started\n"


BATCH = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "openai/batch", "messages": [{"role": "user", "content": "red"}], "seed": 5},
}
READ = {
    "prompts.csv": 'id,prompt,seed\n007,"red, and\nround",5\n\n008,42,\n',
    "prompts.tsv": "prompt\tid\tseed\nred, and round\t007\t5\n42\t008\t\n",
    "prompts.json": '[\n  {"id": "007", "prompt": "red, and round", "seed": 5},\n  {"id": "008", "prompt": "42"}\n]',
    "prompts.JSONL": '{"id": "007", "prompt": "red, and\u2028round", "seed": 5}\r\n{"id": "008", "prompt": "42"}\r\n',
    "lines.json": '{"id": "007", "prompt": "red, and round", "seed": 5}\n{"id": "008", "prompt": "42"}\n',
}


@pytest.mark.parametrize("name", READ)
def test_tables_and_arrays_are_read(name: str, serving: Serve, tmp_path: Path) -> None:
    simulator = serving(Simulator())
    source, output = tmp_path / name, tmp_path / "outcomes.jsonl"
    source.write_text(READ[name])

    assert main(["fanout", str(source), "--model", "openai/any", "--output", str(output)]) == 0
    first, second = sorted(records(output), key=lambda record: record["index"])
    assert [first["id"], second["id"], second["prompt"]] == ["007", "008", "42"]
    assert first["prompt"].split() == ["red,", "and", "round"]
    assert sorted(body(request).get("seed", 0) for request in simulator.requests) == [0, 5]


def test_a_cell_may_be_as_long_as_a_document(serving: Serve, tmp_path: Path) -> None:
    simulator = serving(Simulator())
    source, limit = tmp_path / "prompts.csv", csv.field_size_limit()
    source.write_text(f"prompt\n{'a' * (limit + 1)}\n")

    assert main(["fanout", str(source), "--model", "openai/any"]) == 0
    assert len(body(simulator.requests[0])["messages"][-1]["content"]) == limit + 1
    assert csv.field_size_limit() == limit


def test_a_file_for_openais_batches_is_read(serving: Serve, tmp_path: Path) -> None:
    simulator = serving(Simulator())
    source, output = tmp_path / "batch.jsonl", tmp_path / "outcomes.jsonl"
    source.write_text(json.dumps(BATCH))

    assert main(["fanout", str(source), "--output", str(output)]) == 0
    (record,) = records(output)
    assert (record["id"], record["model"], record["text"]) == ("a", "openai/batch", "echo: red")
    assert body(simulator.requests[0])["seed"] == 5


@pytest.mark.parametrize(("form", "text"), [("csv", "prompt\nred\n"), ("json", '["red"]'), ("text", "prompt,red\n")])
def test_the_format_of_stdin_can_be_said(form: str, text: str, serving: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = serving(Simulator())
    monkeypatch.setattr("sys.stdin", piped(text))

    assert main(["fanout", "-", "--model", "openai/any", "--format", form]) == 0
    assert "red" in body(simulator.requests[0])["messages"][-1]["content"]


def test_an_array_on_stdin_is_found_out(serving: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = serving(Simulator())
    monkeypatch.setattr("sys.stdin", piped('["red", {"prompt": "green"}]'))

    assert main(["fanout", "-", "--model", "openai/any"]) == 0
    assert len(simulator.requests) == 2


REFUSED = {
    "a table under another name": ("prompts.txt", "id,prompt\n1,red\n", "--format csv"),
    "a table without prompts": ("prompts.csv", "id,question\n1,red\n", "it has 'id', 'question'"),
    "a table with a foreign column": ("prompts.csv", "prompt,temprature\nred,1\n", "did you mean 'temperature'"),
    "a table with a column twice": ("prompts.csv", "prompt,id,id\nred,1,2\n", "two columns named 'id'"),
    "a comma without quotes": ("prompts.csv", "prompt,id\nred, and round,1\n", "3 cells for 2 columns"),
    "a cell that is no number": ("prompts.csv", "prompt,timeout\nred,soon\n", "timeout must be a number"),
    "an object over several lines": ("prompts", '{\n"prompt": "red"\n}', "into an array"),
    "an array of numbers": ("prompts.json", "[1]", "item 1 is not a JSON object"),
    "a broken array": ("prompts.json", '["red"', "is not JSON"),
    "a batch of embeddings": ("b.jsonl", json.dumps({**BATCH, "url": "/v1/embeddings"}), "/v1/chat/completions"),
    "another vendor's batch": ("b.jsonl", '{"custom_id": "a", "params": {}}', "has 'custom_id', 'params'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_refused_with_a_hint(
    case: str, serving: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, text, message = REFUSED[case]
    simulator = serving(Simulator())
    source = tmp_path / name
    source.write_text(text)

    assert main(["fanout", str(source), "--model", "openai/any"]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert simulator.requests == []


def test_no_more_calls_run_at_once_than_allowed(serving: Serve, prompts: Path) -> None:
    simulator = serving(Simulator(Reply(latency=0.05)))

    main(["fanout", str(prompts), "--model", "openai/any", "--max-in-flight", "2"])
    assert simulator.statistics().peak == 2


def test_options_reach_every_call(serving: Serve, prompts: Path) -> None:
    simulator = serving(Simulator())
    options = ["--max-tokens", "7", "--temperature", "0", "--system", "Be brief."]

    main(["fanout", str(prompts), "--model", "openai/any", *options])
    for request in simulator.requests:
        assert body(request)["temperature"] == 0
        assert 7 in (body(request).get("max_tokens"), body(request).get("max_completion_tokens"))
        assert "Be brief." in str(body(request)["messages"][0])


def test_lines_of_json_have_parameters_of_their_own(serving: Serve, tmp_path: Path) -> None:
    simulator = serving(Simulator())
    source, output = tmp_path / "prompts.jsonl", tmp_path / "outcomes.jsonl"
    history = [{"role": "system", "content": "mine"}, {"role": "user", "content": "green"}]
    lines = [{"id": "a", "prompt": "red", "model": "openai/one", "seed": 5}, {"messages": history, "stream": False}]
    source.write_text("\n".join(map(json.dumps, lines)))
    arguments = ["--model", "openai/two", "--system", "theirs", "--output", str(output), "--max-in-flight", "1"]

    assert main(["fanout", str(source), *arguments]) == 0
    first, second = map(body, simulator.requests)
    assert (first["model"], first["seed"], second["model"]) == ("one", 5, "two")
    assert [message["content"] for message in first["messages"]] == ["theirs", "red"]
    assert [message["content"] for message in second["messages"]] == ["mine", "green"]
    assert [record["id"] for record in records(output)] == ["a", None]


def test_prompts_come_from_stdin(serving: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator = serving(Simulator())
    monkeypatch.setattr("sys.stdin", piped("red\ngreen\n"))

    assert main(["fanout", "-", "--model", "openai/any"]) == 0
    assert len(simulator.requests) == 2


def test_another_address_is_asked_without_the_key_of_the_environment(
    serving: Serve, prompts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = Simulator()
    with running_server(simulator) as base_url:
        assert main(["fanout", str(prompts), "--model", "mine", "--api-base", f"{base_url}/v1"]) == 0
    assert len(simulator.requests) == 3


BAD_INPUT = {
    "missing file": (None, "cannot read"),
    "nothing in it": ("\n# only this\n", "has no prompts"),
    "no text": (b"\xff\xfe\x00", "not UTF-8"),
    "unknown provider": ('{"prompt": "x", "model": "opneai/any"}', "did you mean 'openai'"),
    "no key": ('{"prompt": "x", "model": "mistral/any"}', "MISTRAL_API_KEY"),
    "no JSON": ('{"prompt": "x"}\n{"prompt": \n', "line 2 is not JSON"),
    "no object": ('{"prompt": "x"}\n[1]\n', "line 2 is not a JSON object"),
    "neither prompt nor messages": ('{"text": "x"}', 'needs either "prompt" or "messages"'),
    "both": ('{"prompt": "x", "messages": []}', 'needs either "prompt" or "messages"'),
    "no messages": ('{"messages": []}', "messages is empty"),
    "misspelt parameter": ('{"prompt": "x", "temprature": 1}', "did you mean 'temperature'"),
    "wrong type": ('{"prompt": "x", "timeout": "soon"}', "timeout must be a number"),
    "inexpressible": (
        '{"prompt": "x", "model": "anthropic/any", "api_key": "k", "logit_bias": {"1": 2}}',
        "logit_bias",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_told_in_one_line_before_anything_is_sent(
    content: str | bytes | None, message: str, serving: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serving(Simulator())
    source, output = tmp_path / "prompts", tmp_path / "outcomes.jsonl"
    if content is not None:
        source.write_bytes(content if isinstance(content, bytes) else content.encode())

    assert main(["fanout", str(source), "--model", "openai/any", "--output", str(output)]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1
    assert simulator.requests == []
    assert not output.exists()


def test_a_prompt_without_a_model_is_bad_input(prompts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fanout", str(prompts)]) == 2
    assert "line 2 has no model" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_bad_input(
    serving: Serve, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serving(Simulator())

    assert main(["fanout", str(prompts), "--model", "openai/any", "--output", str(tmp_path)]) == 2
    assert "cannot write" in capsys.readouterr().err
    assert simulator.requests == []


def test_outcomes_that_cannot_be_written_are_on_stdout_in_the_end(
    serving: Serve, prompts: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    serving(Simulator())

    assert main(["fanout", str(prompts), "--model", "openai/any", "--output", "/dev/full", "-q"]) == 1
    told = capfdbinary.readouterr()
    assert {json.loads(line)["text"] for line in told.out.splitlines()} == {"echo: red", "echo: green", "echo: blue"}
    assert b"/dev/full: No space left on device; the 3 outcomes that are not in it are on stdout" in told.err


class Narrow(io.RawIOBase):
    """A file that takes a few bytes at a time, and for a while none."""

    def __init__(self, refusals: int) -> None:
        self.taken = b""
        self._refusals = refusals

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        piece = bytes(data[:7])
        if len(self.taken) > 100 and self._refusals:
            self._refusals -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        self.taken += piece
        return len(piece)


def test_lines_wait_for_room_and_are_written_whole_and_once() -> None:
    request = ChatRequest("openai/any", [{"role": "user", "content": "Hi"}])
    file = Narrow(refusals=2)
    writer = OutcomeWriter(file)  # type: ignore[arg-type]
    for index in range(4):
        writer.ended(PromptCall(index, PromptLine(request=request, place="line 1")))

    assert [json.loads(line)["index"] for line in file.taken.splitlines()] == [0, 1, 2, 3]
    assert writer.waiting == []


@pytest.mark.parametrize("other", ["output", "prompts"])
def test_a_trace_is_never_written_over_the_outcomes_or_the_prompts(
    other: str, serving: Serve, prompts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    simulator = serving(Simulator())
    output, before = tmp_path / "outcomes.jsonl", prompts.read_text()
    trace = output if other == "output" else prompts
    arguments = ["fanout", str(prompts), "--model", "openai/any", "-o", str(output), "--trace", str(trace)]

    assert main([*arguments, "--overwrite"]) == 2
    assert str(trace) in capsys.readouterr().err
    assert prompts.read_text() == before
    assert simulator.requests == []


def test_a_trace_of_the_calls_is_written_and_replaces_nothing(serving: Serve, prompts: Path, tmp_path: Path) -> None:
    serving(Simulator())
    path = tmp_path / "calls.jsonl"

    assert main(["fanout", str(prompts), "--model", "openai/any", "--trace", str(path), "-q", "-o", "/dev/null"]) == 0
    told = [record["event"] for record in records(path)]
    assert [told.count(event) for event in ("Began", "CallStarted", "CallEnded", "GroupEnded")] == [1, 3, 3, 1]
    assert main(["trace", str(path)]) == 0
    assert main(["fanout", str(prompts), "--model", "openai/any", "--trace", str(path)]) == 2
