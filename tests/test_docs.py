"""The programs in the guides run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)\)")
GUIDES = ["docs/testing.md"]


def blocks() -> list[Any]:
    found = [(guide, number, code) for guide in GUIDES for number, code in enumerate(read(guide))]
    return [pytest.param(code, id=f"{guide}-{number}") for guide, number, code in found]


def read(guide: str) -> list[str]:
    return BLOCK.findall((ROOT / guide).read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", blocks())
def test_a_block_runs(code: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(code, "guide", "exec"), names)
    for name, value in names.items():
        if name.startswith("test_"):
            value()


def test_every_relative_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    links = [(page, link) for page in pages for link in LINK.findall(page.read_text(encoding="utf-8"))]
    broken = [f"{page.name}: {link}" for page, link in links if "://" not in link and not (page.parent / link).exists()]

    assert links
    assert broken == []
