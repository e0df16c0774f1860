"""The two processes of a measurement: the server on one core, the client on another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).resolve().parent
TIME_LIMIT: Final = 90.0
"""Seconds for one client; a library that takes longer did not finish. Forty times as many under another program."""


@dataclass(frozen=True)
class Job:
    """One run of `client.py`."""

    library: str
    loop: str
    scenario: str
    python: Path
    """The interpreter of the library's environment."""
    tree: Path
    """Where `trio_llm` is imported from."""
    options: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    """A program that runs the client, and its options."""


def cores() -> tuple[int | None, int | None]:
    """The cores of client and server; None where processes cannot be pinned, or there is only one."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


@contextmanager
def server() -> Iterator[int]:
    """A running server. Gives its port."""
    command = [sys.executable, str(FOLDER / "server.py"), *_pinned(cores()[1])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()  # it stops when its input ends


def run_client(job: Job, port: int) -> dict[str, Any]:
    """Run a client. Gives what it measured, or what went wrong as `failure`."""
    named = {"library": job.library, "loop": job.loop, "scenario": job.scenario}
    try:
        done = run_command(job, port)
    except subprocess.TimeoutExpired:
        return {**named, "failure": f"did not finish in {TIME_LIMIT:g} s"}
    # Libraries print to stdout as well, before and after.
    found = [line for line in done.stdout.splitlines() if line.startswith('{"library": ')]
    if done.returncode or not found:
        return {**named, "failure": (done.stderr.strip().splitlines() or ["no output"])[-1][:300]}
    measured: dict[str, Any] = json.loads(found[0])
    return measured


def run_command(job: Job, port: int) -> subprocess.CompletedProcess[str]:
    """Run a client to its end.

    Raises:
        TimeoutExpired: after `TIME_LIMIT`.
    """
    command = [*job.prefix, str(job.python), str(FOLDER / "client.py"), job.library, job.scenario]
    command += ["--loop", job.loop, "--port", str(port), *_pinned(cores()[0]), *job.options]
    # One order of sets and dictionaries for all, as a lucky one costs less.
    environment = {**_plain_environment(), "PYTHONPATH": str(job.tree), "PYTHONHASHSEED": "0"}
    limit = TIME_LIMIT * (40 if job.prefix else 1)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit, check=False)


def _plain_environment() -> dict[str, str]:
    """The environment without what would send a library elsewhere, or change how it works."""
    endings = ("_API_KEY", "_API_BASE", "_BASE_URL", "_PROXY")
    return {name: value for name, value in os.environ.items() if not name.upper().endswith(endings)}


def _pinned(core: int | None) -> list[str]:
    return [] if core is None else ["--core", str(core)]
