"""An environment for each library: their dependencies exclude one another, and an import should cost only its own.

python environments.py [NAME ...]     installs what is missing; --renew installs anew
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = Path(__file__).resolve().parent / ".environments"

REQUIREMENTS: Final = {
    "trio_llm": ["-e", f"{ROOT}[httpx2,models,otel]", "opentelemetry-sdk", "uvloop", "pytest-benchmark"],
    "aiohttp": ["aiohttp", "uvloop"],
    "httpx": ["httpx", "trio"],
    "httpx2": ["httpx2", "trio"],
    "openai": ["openai[aiohttp]", "trio"],
    "anthropic": ["anthropic", "trio"],
    "litellm": ["litellm"],
    "any_llm": ["any-llm-sdk[openai]"],
}
"""The newest versions that can be installed; the results say which those were."""

_SHOWN: Final = (
    "trio-llm trio anyio attrs cattrs httptools orjson uvloop aiohttp httpx httpx2 openai anthropic litellm any-llm-sdk"
)


def python(name: str) -> Path:
    """The interpreter of an environment."""
    return FOLDER / name / "bin" / "python"


def install(name: str, *, renew: bool = False) -> None:
    """Make an environment, unless it is there."""
    done = FOLDER / name / ".installed"
    if done.exists() and not renew:
        return
    print(f"installing {name} ...", file=sys.stderr, flush=True)
    venv.create(FOLDER / name, with_pip=True, clear=renew)
    command = [python(name), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS[name]]
    subprocess.run(command, check=True)
    done.touch()


def versions(name: str) -> dict[str, str]:
    """What matters of an environment: its packages with their versions."""
    code = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    found = json.loads(subprocess.run([python(name), "-c", code], check=True, capture_output=True).stdout)
    return {package: found[package] for package in _SHOWN.split() if package in found}


def main() -> None:
    """Install environments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(REQUIREMENTS)}; all by default")
    parser.add_argument("--renew", action="store_true", help="install the newest versions in place of what is there")
    arguments = parser.parse_args()
    for name in arguments.names or REQUIREMENTS:
        install(name, renew=arguments.renew)


if __name__ == "__main__":
    main()
