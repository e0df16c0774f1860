"""What `make mutants` changes, and that it draws the same mutants each time."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
from mutants import LISTED, PACKAGE, WINGS, Reach
from mutations import draw, mutants_of, mutated

SOURCE = '''"""A module with a 1 in its first line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    ONE = 1


def soonest(times: list[float], most: Literal[3] = 3) -> float:
    """The 2 of them."""
    if not times or len(times) > most:
        raise ValueError("none")
    return min(times[0] + 1, divmod(7, most)[1])
'''


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "times.py").write_text(SOURCE)
    return tmp_path


def test_every_kind_of_change_is_found_and_told_by_what_it_does(package: Path) -> None:
    told = [
        mutant.text.removeprefix("times.py soonest: ").partition(", in: ")[0]
        for mutant in mutants_of(package, "times.py")
    ]

    assert told == [
        "3 -> 4",
        "not times or len(times) > most -> not times and len(times) > most",
        "not times or len(times) > most -> not (not times or len(times) > most)",
        "not times -> times",
        "len(times) > most -> len(times) >= most",
        "left out: raise ValueError('none')",
        "min(times[0] + 1, divmod(7, most)[1]) -> max(times[0] + 1, divmod(7, most)[1])",
        "times[0] + 1 -> times[0] - 1",
        "0 -> 1",
        "1 -> 2",
        "divmod(7, most) -> divmod(most, 7)",
        "7 -> 8",
        "1 -> 2",
    ]


def test_a_mutant_differs_from_its_module_in_its_own_change_alone(package: Path) -> None:
    whole = ast.unparse(ast.parse(SOURCE))

    changed = {ast.unparse(mutated(mutant)) for mutant in mutants_of(package, "times.py")}

    assert len(changed) == 13
    assert whole not in changed
    assert whole.replace("> most", ">= most") in changed


def test_a_line_more_leaves_the_draw_as_it_was(package: Path) -> None:
    before = [mutant.text for mutant in draw(mutants_of(package, "times.py"), 5, "seed")]

    (package / "times.py").write_text(SOURCE.replace("def soonest", "FIRST = ()\n\n\ndef soonest"))

    assert [mutant.text for mutant in draw(mutants_of(package, "times.py"), 5, "seed")] == before


def test_another_seed_draws_others(package: Path) -> None:
    mutants = mutants_of(package, "times.py")

    assert draw(mutants, 5, "1") != draw(mutants, 5, "2")


def test_every_listed_survivor_is_a_change_that_can_be_made() -> None:
    paths = [file.relative_to(PACKAGE).as_posix() for wing in WINGS for file in (PACKAGE / wing).rglob("*.py")]
    texts = {mutant.text for path in paths for mutant in mutants_of(PACKAGE, path)}

    assert sorted(tomllib.loads(LISTED.read_text()).keys() - texts) == []


def test_what_attrs_writes_for_a_class_is_tried_by_tests_that_name_it() -> None:
    named, other = "tests/test_keys_in_errors.py::test_it", "tests/test_pace.py::test_it"
    reach = Reach({named: 0.1, other: 0.1}, {})
    field, _ = (
        mutant
        for mutant in mutants_of(PACKAGE, "_engine/exchange.py")
        if "False" in mutant.text and "secret:" in mutant.text
    )

    assert reach.of(field) == [named]
