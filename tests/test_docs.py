"""Programs in the documentation run, and print what it says they print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import trio

import trio_llm
from trio_llm.testing import Simulator, running_server

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
LINK = re.compile(r"\]\(([^)\s]+)\)")


def test_the_readme_leads_to_every_page() -> None:
    linked = {link.partition("#")[0] for link in LINK.findall((ROOT / "README.md").read_text())}

    assert [page.name for page in DOCS.glob("*.md") if f"docs/{page.name}" not in linked] == []


EXCERPTS = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
AROUND = """
async def program(trio_llm, messages, texts, cheap, strong, request):
    async with trio_llm.Client() as client:
{excerpt}
"""


@pytest.mark.parametrize("excerpt", EXCERPTS)
def test_what_the_readme_shows_runs(excerpt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [{"role": "user", "content": "yes, hello"}]
    ask = trio_llm.ChatRequest("gpt-4", messages)
    with running_server(Simulator()) as base_url:
        for vendor in ("OPENAI", "ANTHROPIC", "GROQ"):
            monkeypatch.setenv(f"{vendor}_API_KEY", "any")
            monkeypatch.setenv(f"{vendor}_BASE_URL", base_url if vendor == "ANTHROPIC" else f"{base_url}/v1")
        names: dict[str, Any] = {"trio_llm": trio_llm, "messages": messages}
        if "run_in_virtual_time" in excerpt:  # a program by itself
            exec(compile(excerpt, "README.md", "exec"), names)
        else:
            exec(compile(AROUND.format(excerpt=indent(excerpt, " " * 8)), "README.md", "exec"), names)
            trio.run(names["program"], trio_llm, messages, ["one", "two"], ask, ask, ask)


def test_the_readme_has_programs() -> None:
    assert len(EXCERPTS) == 6


def heading_anchors(page: Path) -> set[str]:
    """What a link into a page may name, as GitHub writes it."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    # Programs have brackets and parentheses of their own.
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for link in LINK.findall(text):
        path, _, anchor = link.partition("#")
        if not link.startswith("http"):
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in heading_anchors(target), link


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
