"""The vendors' own SDKs, and others', talk to the simulator on a port: `make sdks`.

Each script of `tests/sdks` runs in the environment that is named, which has the SDKs and not this package, against a
server of its own: alone, then through a port that records it, then with the cassette in place of the provider, at once
and in the time that was recorded. It prints a line for each thing that it did; an exception ends it. A script that
cannot import its SDK is told as such. The exit status is the number of scripts that failed.

    python tests/official_sdks.py .venv-sdks/bin/python
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory

import trio

from trio_llm.testing import (
    Action,
    Conditions,
    Failure,
    RecordedRequest,
    Reply,
    Simulator,
    Strictness,
    ToolUse,
    record,
    replay,
    serve,
    serve_recording,
)

SCRIPTS = Path(__file__).parent / "sdks"
PATIENCE = 120.0
"""Seconds for one script; most need two."""
KEY = "sk-proj-" + "0123456789abcdef" * 3
"""What every SDK is given; no cassette may have it."""
NO_SDK = 77
"""The status of a script whose SDK is not there."""


class Script:
    """Answers by what is asked: `fail 401` always fails so, `fail 500 once` at its first request only.

    `call 1` calls the tool `add` with that number.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def __call__(self, record: RecordedRequest) -> Action | None:
        """What to do with a request."""
        words = record.text.split()
        if words[:1] == ["call"]:
            return Reply(tool_calls=[ToolUse("add", {"a": int(words[1])})])
        if words[:1] != ["fail"]:
            return Reply("Heard.") if "transcription" in record.endpoint else None
        self._seen[record.text] += 1
        if words[-1] == "once" and self._seen[record.text] > 1:
            return Reply("at last")
        return Failure(int(words[1]), "as you asked", retry_after=0.01 if words[-1] == "once" else None)


async def run(python: str, path: Path) -> dict[str, CompletedProcess[bytes]]:
    """Run a script four times: alone, while it is recorded, and with each replay in place of the provider."""
    # Strict but for what SDKs send on their own.
    strict = Strictness(extra={"metadata", "encoding_format", "user", "stream_options"})
    with TemporaryDirectory() as place:
        tape = Path(place) / "tape.jsonl"
        ends: dict[str, CompletedProcess[bytes]] = {}

        async def hear(what: str, base_url: str) -> None:
            command = [python, str(path), base_url, KEY]
            with trio.fail_after(PATIENCE):
                ends[what] = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False)

        for what in ("passed", "recorded", "replayed at once", "replayed in time"):
            async with trio.open_nursery() as nursery:
                if what.startswith("replayed"):
                    player = replay(tape, speed=0 if what.endswith("once") else "recorded")
                    base_url = await nursery.start(serve, player)
                else:
                    simulator = Simulator(Script(), conditions=Conditions(strict=strict))
                    base_url = await nursery.start(serve, simulator)
                if what == "recorded":
                    base_url = await nursery.start(serve_recording, record(tape), base_url)
                await hear(what, base_url)
                nursery.cancel_scope.cancel()
            if ends[what].returncode:
                break
        else:
            assert KEY not in tape.read_text(), "a key is in the cassette"
    return ends


def main(python: str) -> int:
    """Run every script, and say how each ended."""
    failed = 0
    for path in sorted(SCRIPTS.glob("*.py")):
        ends = trio.run(run, python, path)
        last, done = [*ends.items()][-1]
        word = {0: ", ".join(ends), NO_SDK: "skipped: the SDK is not installed"}.get(done.returncode, f"FAILED, {last}")
        print(f"{path.stem}: {word}: {', '.join(ends['passed'].stdout.decode().splitlines())}", flush=True)
        if done.returncode not in (0, NO_SDK):
            failed += 1
            print(done.stderr[-3_000:].decode(errors="replace"), flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
