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


EXAMPLES = [(page, *found) for page in PAGES for found in PROGRAM.findall((DOCS / page).read_text())]


@pytest.mark.parametrize(("page", "program", "output"), EXAMPLES, ids=[page for page, *_ in EXAMPLES])
def test_a_program_prints_what_its_page_says(page: str, program: str, output: str) -> None:
    run = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)

    assert (run.stderr, run.stdout) == ("", output)


def test_every_page_has_a_program() -> None:
    assert {page for page, *_ in EXAMPLES} == set(PAGES)
