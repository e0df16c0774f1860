"""Every program of the guide runs and prints what the page says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

import trio_llm

PAGE = (Path(__file__).parent.parent / "docs" / "structured_concurrency.md").read_text()
BEGINNING, *_ = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PROGRAMS = re.findall(r"```python\n((?:(?!```).)*?)```\n\nIt prints:\n\n```text\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("program", "output"), PROGRAMS)
def test_a_program_prints_what_the_page_says(program: str, output: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(f"{BEGINNING}\n{program}", "structured_concurrency.md", "exec"), {"__name__": "__main__"})

    assert printed.getvalue() == output


def test_every_function_of_the_table_has_its_section_and_exists() -> None:
    named = re.findall(r"^\| `(?:client\.)?(\w+)\(", PAGE, re.MULTILINE)

    assert len(PROGRAMS) == len(named) + 2
    for name in named:
        assert f"`{name}`" in "".join(re.findall(r"^## .*$", PAGE, re.MULTILINE))
        assert hasattr(trio_llm, name) or hasattr(trio_llm.Client, name)
