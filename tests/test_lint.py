"""The linter for async code sees through the engine's own import of Trio."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE_IMPORT = "from ._runtime import trio\n"


@pytest.mark.parametrize(
    ("rule", "body"),
    [
        ("ASYNC100", "async def wait() -> None:\n    with trio.move_on_after(1):\n        print()\n"),
        ("ASYNC102", "async def wait() -> None:\n    try:\n        pass\n    finally:\n        await trio.sleep(1)\n"),
        ("ASYNC103", "try:\n    pass\nexcept trio.Cancelled:\n    pass\n"),
        ("ASYNC105", "async def wait() -> None:\n    trio.sleep(1)\n"),
        ("ASYNC110", "async def wait() -> None:\n    while True:\n        await trio.sleep(1)\n"),
        ("ASYNC900", "async def items():\n    await trio.lowlevel.checkpoint()\n    yield 1\n"),
        ("ASYNC910", "async def wait(ready: bool) -> None:\n    if not ready:\n        await trio.sleep(1)\n"),
        (
            "ASYNC912",
            "async def wait(a: int) -> None:\n    with trio.fail_after(1):\n        if a:\n            await x()\n",
        ),
    ],
)
def test_a_mistake_in_the_engine_is_reported(tmp_path: Path, rule: str, body: str) -> None:
    module = tmp_path / "engine.py"
    module.write_text(ENGINE_IMPORT + body)
    command = [sys.executable, "-m", "flake8", "--config", str(ROOT / "setup.cfg"), str(module)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert f" {rule} " in done.stdout


def test_a_stream_made_with_as_safe_channel_is_allowed(tmp_path: Path) -> None:
    module = tmp_path / "engine.py"
    module.write_text(
        f"{ENGINE_IMPORT}@trio.as_safe_channel\n"
        "async def items():\n    await trio.lowlevel.checkpoint()\n    yield 1\n    await trio.lowlevel.checkpoint()\n"
    )
    command = [sys.executable, "-m", "flake8", "--config", str(ROOT / "setup.cfg"), str(module)]

    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout == ""
