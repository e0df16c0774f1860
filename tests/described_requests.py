"""What a description of an API allows, and what it does not, is sent to the simulator: `make descriptions`.

Schemathesis makes the requests, in an environment of its own. Looked for are replies with status 500 and more, and
replies that do not come.

    python tests/described_requests.py .venv-sdks/bin/schemathesis openapi.yaml
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from trio_llm.testing import Conditions, Simulator, Strictness, running_server

PATHS = r"^/(chat/completions|completions|embeddings|images|audio/(speech|transcriptions)|moderations|responses|models)"
"""What the simulator has of OpenAI's API; the rest is 404, which is no news."""
EXAMPLES = 10
SECONDS = 10.0
"""Without a reply."""


def main(schemathesis: str, description: str) -> int:
    """Run schemathesis against a lenient and a strict provider; the exit status is the worse of both."""
    worst = 0
    for conditions in (Conditions(), Conditions(strict=Strictness())):
        with running_server(Simulator(keep_requests=100, conditions=conditions)) as base_url:
            command = [
                *(
                    str(Path(schemathesis).absolute()),
                    "run",
                    str(Path(description).resolve()),
                    "--url",
                    f"{base_url}/v1",
                    "--include-path-regex",
                    PATHS,
                ),
                *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing", "--mode", "all"),
                *("--max-examples", str(EXAMPLES), "--request-timeout", str(SECONDS), "--seed", "1", "--no-color"),
                *("--continue-on-failure", "--suppress-health-check", "all"),
            ]
            with TemporaryDirectory() as place:  # it keeps what it finds beside itself
                worst = max(worst, subprocess.run(command, cwd=place, check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
