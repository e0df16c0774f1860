"""Programs in the documentation run, and print what it says they print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
PROGRAM = re.compile(r"```python\n((?:(?!```).)*)```\n\nIt prints:\n\n```text\n(.*?)```", re.DOTALL)


PAGES = [
    "contributing.md",
    "credentials.md",
    "laboratory.md",
    "limits.md",
    "mcp.md",
    "money.md",
    "opentelemetry.md",
    "responses.md",
]
PAGES += ["contributing.md", "structured_output.md", "testing.md", "tools.md"]
PAGES += ["transport.md", "watching.md", "web_applications.md"]


EXAMPLES = [(page, *found) for page in PAGES for found in PROGRAM.findall((DOCS / page).read_text())]


@pytest.mark.parametrize(("page", "program", "output"), EXAMPLES, ids=[page for page, *_ in EXAMPLES])
def test_a_program_prints_what_its_page_says(page: str, program: str, output: str) -> None:
    run = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)

    assert (run.stderr, run.stdout) == ("", output)


def test_every_page_has_a_program() -> None:
    assert {page for page, *_ in EXAMPLES} == set(PAGES)


ROOT = DOCS.parent
DIFF = re.compile(r"\+\+\+ b/(\S+)\n(.*?)(?=^---|\Z)", re.DOTALL | re.MULTILINE)
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
DIFFS = {
    title: [found for block in re.findall(r"```diff\n(.*?)```", text, re.DOTALL) for found in DIFF.findall(block)]
    for title, text in SECTION.findall((DOCS / "contributing.md").read_text())
}


def test_the_diffs_that_show_how_to_add_something_are_in_the_tree() -> None:
    missing = [
        (file, line)
        for diffs in DIFFS.values()
        for file, lines in diffs
        for line in lines.splitlines()
        if line.startswith("+") and line[1:] not in (ROOT / file).read_text().splitlines()
    ]

    assert missing == []


def test_a_vendor_is_one_file_and_an_operation_six() -> None:
    files = {title: len({file for file, _ in diffs}) for title, diffs in DIFFS.items() if diffs}

    assert files == {
        "A new vendor": 1,
        "An operation": 6,
        "A wire format": 3,
        "An observer": 1,
        "A gate": 1,
        "A source of credentials": 4,
    }
