"""The benchmarks run: a few calls of ours and of the bare loop through the real server and client."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the server raises the limit of open files")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a running server."""
    command = [sys.executable, str(BENCHMARKS / "server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()


def measured(port: int, library: str, scenario: str, loop: str = "trio") -> dict[str, Any]:
    """What the client prints after a few calls."""
    command = [sys.executable, str(BENCHMARKS / "client.py"), library, scenario, "--loop", loop, "--port", str(port)]
    done = subprocess.run(
        [*command, "--calls", "6", "--in-flight", "3"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(
    ("library", "loop", "scenario"),
    [
        *[("raw", "trio", scenario) for scenario in ("call-10", "stream-10", "embedding-10", "fan-out-100")],
        *[("trio_llm", "trio", scenario) for scenario in ("call-10", "stream-10", "embedding-10", "fan-out-100")],
        ("trio_llm", "asyncio", "call-10"),
        ("trio_llm-httpx2", "trio", "call-10"),
    ],
)
def test_every_call_of_a_scenario_is_answered_rightly(port: int, library: str, loop: str, scenario: str) -> None:
    result = measured(port, library, scenario, loop)

    assert (result["calls"], result["wrong"], result["errors"], result["survives"]) == (6, 0, {}, True)
    assert result["cpu_us_per_call"] > 0


def test_a_pumped_stream_brings_all_its_chunks(port: int) -> None:
    result = measured(port, "trio_llm-pumped", "stream-10")

    assert (result["calls"], result["wrong"], result["errors"]) == (6, 0, {})
    assert result["first_p50_ms"] <= result["p50_ms"]


@pytest.mark.parametrize(
    "what", ["adaptive", "observed", "statistics", "spending", "log", "jsonlines", "trace", "otel"]
)
def test_calls_with_something_more_are_answered_rightly(port: int, what: str) -> None:
    result = measured(port, f"trio_llm-{what}", "call-10")

    assert (result["calls"], result["wrong"], result["errors"], result["survives"]) == (6, 0, {}, True)


def test_a_trace_tells_how_large_its_events_are(port: int) -> None:
    result = measured(port, "trio_llm-trace", "kept-20000")

    assert result["events"] > 3 * 6
    assert 50 < result["bytes_per_event"] < 200


@pytest.mark.parametrize("loop", ["trio", "asyncio"])
def test_calls_of_a_churn_are_cancelled_and_later_ones_answered(port: int, loop: str) -> None:
    result = measured(port, "trio_llm", "cancel-100", loop)

    assert (result["cancelled"], result["errors"], result["survives"]) == (6, {}, True)


@pytest.mark.parametrize(
    ("library", "package"),
    [("aiohttp", "aiohttp"), ("httpx", "httpx"), ("httpx2", "httpx2"), ("openai", "openai"), ("litellm", "litellm")],
)
def test_a_peer_that_is_installed_is_answered(port: int, library: str, package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")

    assert measured(port, library, "call-10", "asyncio")["wrong"] == 0


def test_results_become_tables_plots_and_verdicts(tmp_path: Path) -> None:
    code = """
import json, sys
from plots import bars, lines
from summary import medians, tables, verdicts
runs = json.loads(sys.stdin.read())
cells = medians(runs)
result = {"profile": "p", "date": "d", "revision": "r", "rounds": 2, "versions": {"raw": {"trio": "1"}}, "runs": runs}
result |= {"machine": {"cpu": "c", "cores": 2, "system": "s", "python": "3", "load": "0"}, "targets": verdicts(cells)}
print(tables(result), bars("call-10", cells), lines("call", cells))
"""
    numbers: dict[str, Any] = dict.fromkeys(
        ("calls_per_second", "p50_ms", "p99_ms", "peak_kb", "kb_per_call_in_flight"), 1.0
    )
    run: dict[str, Any] = {
        **numbers,
        "first_p50_ms": None,
        "import_cpu_seconds": 0.1,
        "wrong": 0,
        "errors": {},
        "survives": True,
    }
    runs = [
        {**run, "library": library, "loop": "trio", "scenario": scenario, "cpu_us_per_call": cost}
        for library, scenario, cost in [
            ("raw", "call-10", 50.0),
            ("trio_llm", "call-10", 100.0),
            ("trio_llm", "call-10", 120.0),
            ("trio_llm", "call-1000", 250.0),
        ]
    ]
    kept = {"library": "trio_llm-trace", "scenario": "kept-20000", "cpu_us_per_call": 100.0, "bytes_per_event": 141.0}
    runs.append({**run, "loop": "trio", **kept})
    runs.append({"library": "litellm", "loop": "asyncio", "scenario": "call-10", "failure": "did not finish"})
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(runs), cwd=BENCHMARKS, capture_output=True, text=True, check=True
    )

    assert "| call-10 on Trio: <= 2.5 x the raw loop | 2.20 | yes |" in done.stdout
    assert "| trace of 20,000 calls: < 200 bytes an event | 141.00 | yes |" in done.stdout
    assert "| call-1000 on trio: <= 1.8 x call-10 | 2.27 | **no** |" in done.stdout
    assert "| trio_llm | trio | 110 (100 to 120) |" in done.stdout
    assert "| litellm | asyncio | did not finish |" in done.stdout
    assert done.stdout.count("</svg>") == 2
