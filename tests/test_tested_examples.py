"""The suites of examples/tested pass as a user would run them, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SUITES = Path(__file__).parent.parent / "examples" / "tested"


@pytest.mark.parametrize("suite", sorted(path.name for path in SUITES.glob("test_*.py")))
def test_a_suite_to_copy_passes(suite: str) -> None:
    plain = ["-q", "-c", "/dev/null", "--rootdir", ".", "-p", "no:cacheprovider", "-W", "error::ResourceWarning"]
    run = subprocess.run([sys.executable, "-m", "pytest", *plain, suite], cwd=SUITES, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr
