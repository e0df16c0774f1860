"""What a description of an API allows, and what it does not, is sent to the simulator: `make descriptions`.

Schemathesis makes the requests, in an environment of its own. Looked for are replies with status 500 and more, and
replies that do not come. A provider that takes what it can and one that is strict are asked, for nine minutes.

    python tests/described_requests.py .venv-sdks/bin/schemathesis openapi.yaml
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from trio_llm.testing import Conditions, Simulator, Strictness, running_server

PATHS = r"^/(chat/completions|completions|embeddings|images|audio/(speech|transcriptions)|moderations|responses|models)"
"""What the simulator has of OpenAI's API; the rest is 404, which is no news."""
EXAMPLES = 10
SECONDS = 10.0
"""Without a reply."""
BUDGET = 540
"""Seconds for a provider; the two are asked at the same time. What is left of them, requests are drawn at random."""
PROVIDERS = {"lenient": Conditions(), "strict": Conditions(strict=Strictness())}


def main(schemathesis: str, description: str, *names: str) -> int:
    """Run schemathesis against the providers that are named, or all; the exit status is the worst."""
    with ThreadPoolExecutor() as executor:
        runs = [executor.submit(_run, schemathesis, description, name) for name in names or PROVIDERS]
        return max(run.result() for run in runs)


def _run(schemathesis: str, description: str, name: str) -> int:
    with (
        running_server(Simulator(keep_requests=100, conditions=PROVIDERS[name])) as base_url,
        TemporaryDirectory() as place,  # it keeps what it finds beside itself
    ):
        command = [
            *(str(Path(schemathesis).absolute()), "run", str(Path(description).resolve())),
            *("--url", f"{base_url}/v1", "--include-path-regex", PATHS),
            *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing", "--mode", "all"),
            *("--max-examples", str(EXAMPLES), "--request-timeout", str(SECONDS), "--max-time", str(BUDGET)),
            *("--seed", "1", "--no-color", "--warnings", "off"),
            *("--continue-on-failure", "--suppress-health-check", "all"),
        ]
        done = subprocess.run(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    print(
        f"{name}: {'passed' if done.returncode == 0 else 'FAILED'}\n{done.stdout.decode(errors='replace')}", flush=True
    )
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
