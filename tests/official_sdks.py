"""The vendors' own SDKs, and others', talk to the simulator on a port: `make sdks`.

Each script of `tests/sdks` runs in the environment that is named, which has the SDKs and not this package, against a
server of its own. It prints a line for each thing that it did; an exception ends it. A script that cannot import its
SDK is told as such. The exit status is the number of scripts that failed.

    python tests/official_sdks.py .venv-sdks/bin/python
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from trio_llm.testing import Action, Conditions, Failure, RecordedRequest, Reply, Simulator, Strictness, running_server

SCRIPTS = Path(__file__).parent / "sdks"
PATIENCE = 120.0
"""Seconds for one script; most need two."""
NO_SDK = 77
"""The status of a script whose SDK is not there."""


class Script:
    """Answers by what is asked: `fail 401` always fails so, `fail 500 once` at its first request only."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def __call__(self, record: RecordedRequest) -> Action | None:
        """What to do with a request."""
        words = record.text.split()
        if words[:1] != ["fail"]:
            return Reply("Heard.") if "transcription" in record.endpoint else None
        self._seen[record.text] += 1
        if words[-1] == "once" and self._seen[record.text] > 1:
            return Reply("at last")
        return Failure(int(words[1]), "as you asked", retry_after=0.01 if words[-1] == "once" else None)


def main(python: str) -> int:
    """Run every script, and say how each ended."""
    failed = 0
    for path in sorted(SCRIPTS.glob("*.py")):
        # Strict but for what SDKs send on their own.
        strict = Strictness(extra={"metadata", "encoding_format", "user", "stream_options"})
        with running_server(Simulator(Script(), conditions=Conditions(strict=strict))) as base_url:
            done = subprocess.run(
                [python, str(path), base_url], capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        word = {0: "passed", NO_SDK: "skipped: the SDK is not installed"}.get(done.returncode, "FAILED")
        print(f"{path.stem}: {word}: {', '.join(done.stdout.split(chr(10))[:-1])}", flush=True)
        if done.returncode not in (0, NO_SDK):
            failed += 1
            print(done.stderr[-3_000:], flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
