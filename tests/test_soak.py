"""The soak of the benchmarks runs, and finds what it looks for."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module, which is no part of the package."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("soak")


@pytest.mark.parametrize("loop", ["trio", "asyncio"])
def test_300_calls_to_a_misbehaving_provider_leave_nothing(loop: str) -> None:
    command = [sys.executable, str(BENCHMARKS / "soak.py"), "--loop", loop, "--calls", "300", "--rounds", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    outcomes = {name: int(count) for count, name in re.findall(r"(\d+) (\w+)(?:,|$)", done.stdout)}
    assert outcomes["answered"] > 100
    assert outcomes["cancelled"] > 20


def counted(soak: Any, **changes: list[int]) -> list[str]:
    """What the soak says of ten rounds in which only these numbers changed."""
    usual = {"memory": [100] * 11, "descriptors": [9] * 11, "tasks": [1] * 11, "slots": [0] * 11, **changes}
    rows = zip(*usual.values(), strict=True)
    return [*soak.growth([soak.Sample(number, *row) for number, row in enumerate(rows)])]


def test_a_steady_process_passes(soak: Any) -> None:
    assert counted(soak, descriptors=[9, 8, 9, 9, 7, 9, 9, 9, 9, 9, 9]) == []


def test_memory_may_grow_while_it_warms_up(soak: Any) -> None:
    assert counted(soak, memory=[50, 70, *[100] * 8, 110]) == []


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("memory", [100] * 10 + [111]),
        ("memory", [100, 100, 100, 100, 150, 100, 100, 100, 100, 100, 100]),
        ("descriptors", [9] * 10 + [10]),
        ("tasks", [1, 1, 2, *[1] * 8]),
        ("slots", [0] * 5 + [1] * 6),
    ],
)
def test_what_grows_is_named(soak: Any, what: str, values: list[int]) -> None:
    (complaint,) = counted(soak, **{what: values})

    assert what in complaint
