"""Programs in the documentation run, and print what it says they print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PROGRAM = re.compile(r"```python\n((?:(?!```).)*)```\n\nIt prints:\n\n```text\n(.*?)```", re.DOTALL)


PAGES = ["credentials.md", "laboratory.md", "limits.md", "mcp.md", "money.md", "opentelemetry.md", "responses.md"]
PAGES += ["structured_output.md", "testing.md", "tools.md"]
PAGES += ["transport.md", "watching.md", "web_applications.md"]


@pytest.mark.parametrize("page", PAGES)
def test_a_program_prints_what_its_page_says(page: str) -> None:
    programs = PROGRAM.findall((DOCS / page).read_text())
    assert programs
    for program, output in programs:
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
        )
        assert (run.stderr, run.stdout) == ("", output)


# What stands on those pages is for both loops; other words of Trio's would have to be translated here.
BOTH_FORMS = ["mcp.md", "structured_output.md", "tools.md"]
IN_ASYNCIO = {
    "import trio\n": "import asyncio\n",
    "trio.run(main)": "asyncio.run(main())",
    "trio.sleep": "asyncio.sleep",
}


@pytest.mark.parametrize("page", BOTH_FORMS)
def test_a_program_prints_the_same_on_asyncio(page: str) -> None:
    for program, output in PROGRAM.findall((DOCS / page).read_text()):
        translated = program
        for words, others in IN_ASYNCIO.items():
            translated = translated.replace(words, others)
        assert not re.search(r"\btrio\.", translated)
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", translated], capture_output=True, text=True, check=False
        )
        assert (run.stderr, run.stdout) == ("", output)
