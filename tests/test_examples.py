"""Every program in examples/ runs, against the simulator on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from trio_llm.testing import Failure, RecordedRequest, Reply, RequestOutcome, Simulator, running_server

EXAMPLES = Path(__file__).parent.parent / "examples"
PROGRAMS = sorted(path for path in EXAMPLES.glob("*_form/*.py") if path.name != "fastapi_app.py")
EXPECTED = {
    "single_call": "echo: Explain async programming.",
    "concurrent_calls": "Response 4: echo: What is 4 + 4?",
    "several_models": "gemini-pro: echo: What is the capital of France?",
    "error_handling": "None",
    "own_retries": "echo: Hello",
    "streaming": "echo: Write a short poem",
    "several_streams": "tasks completed",
    "embeddings": "Machine learning is fascinating: ",
    "images": "An abstract painting: ",
    "limited_concurrency": "Completed 20 requests",
    "timeout": "Request timed out",
    "batches": "Processed 15 items",
    "beside_http": "echo: Summarize this: ",
}


def script() -> object:
    """A provider whose model names say how it behaves."""
    asked: Counter[str] = Counter()

    def act(request: RecordedRequest) -> Reply | Failure | None:
        asked[request.model] += 1
        again = asked[request.model] > 1
        acts: dict[str, Reply | Failure | None] = {
            "gpt-4-limited": None if again else Failure(429, "slow down", retry_after=0.01),
            "gpt-4-flaky": None if again else Failure(500, "try again"),
            "gpt-4-missing": Failure(404, "no such model"),
            "gpt-4-slow": Reply(latency=30),
            "gpt-4-endless": Reply(["word "] * 1000, gap=0.05),
        }
        return acts.get(request.model)

    return act


@pytest.fixture(name="simulator")
def _simulator() -> Simulator:
    return Simulator(script())  # type: ignore[arg-type]


@pytest.fixture(name="environment")
def _environment(simulator: Simulator) -> Iterator[dict[str, str]]:
    with running_server(simulator) as base_url:
        yield {
            **os.environ,
            "OPENAI_BASE_URL": f"{base_url}/v1",
            "ANTHROPIC_BASE_URL": base_url,
            "GEMINI_BASE_URL": f"{base_url}/v1beta",
            "OPENAI_API_KEY": "k",
            "ANTHROPIC_API_KEY": "k",
            "GEMINI_API_KEY": "k",
            "PAGES": f"{base_url}/v1/models {base_url}/v1/models",
            "PYTHONWARNINGS": "error::ResourceWarning:trio_llm",
        }


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_program_prints_what_it_should_and_nothing_to_complain_of(program: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, str(program)], env=environment, capture_output=True, text=True, timeout=30, check=False
    )

    assert done.stderr == ""
    assert done.returncode == 0
    assert EXPECTED[program.stem] in done.stdout


def test_both_forms_have_the_same_programs() -> None:
    names = [{path.name for path in (EXAMPLES / form).glob("*.py")} for form in ("asyncio_form", "trio_form")]

    assert names[0] == names[1]
    assert {path.stem for path in PROGRAMS} == set(EXPECTED)


SERVERS = {
    "asyncio_form": [sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--fd"],
    "trio_form": [sys.executable, "-m", "hypercorn", "--worker-class", "trio", "--bind"],
}


@contextmanager
def served(form: str, environment: dict[str, str]) -> Iterator[str]:
    """The FastAPI application of one form, on a listening socket made here."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        number, port = listener.fileno(), listener.getsockname()[1]
        bind = str(number) if form == "asyncio_form" else f"fd://{number}"
        command = [*SERVERS[form], bind, "fastapi_app:app"]
        process = subprocess.Popen(command, cwd=EXAMPLES / form, env=environment, pass_fds=[number])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize("form", SERVERS)
def test_the_fastapi_applications_answer(form: str, environment: dict[str, str]) -> None:
    async def ask(url: str) -> None:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            reply = await http.post(f"{url}/chat", json={"message": "Hello"})
            assert "echo: Hello" in reply.text
            if form == "asyncio_form":
                text = await http.post(f"{url}/stream", json={"message": "Hello"})
                assert text.text == "echo: Hello"

    with served(form, environment) as url:
        anyio.run(ask, url)


@pytest.mark.parametrize("form", SERVERS)
def test_the_fastapi_applications_stream_events_and_a_browser_that_leaves_stops_the_provider(
    form: str, environment: dict[str, str], simulator: Simulator
) -> None:
    def question(model: str) -> dict[str, object]:
        return {"message": "Hello", "model": model, "models": [model]}

    async def ask(url: str) -> None:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            reply = await http.post(f"{url}/events", json=question("gpt-4"))
            assert reply.headers["content-type"].startswith("text/event-stream")
            chunks = [json.loads(event.removeprefix("data: ")) for event in reply.text.split("\n\n")[:-2]]
            assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == "echo: Hello"
            assert reply.text.endswith("data: [DONE]\n\n")
            async with http.stream("POST", f"{url}/events", json=question("gpt-4-endless")) as streamed:
                assert "gpt-4-endless" in await anext(streamed.aiter_text())
        with anyio.fail_after(20):
            while simulator.statistics().active:  # noqa: ASYNC110 - it runs in a thread, and its client in a process
                await anyio.sleep(0.05)

    with served(form, environment) as url:
        anyio.run(ask, url)
    assert simulator.requests[-1].outcome is RequestOutcome.CLIENT_GONE
