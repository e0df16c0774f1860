"""Texts that have to fit a terminal and do it no harm; rows that have to stand in line."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, strategies as st

from trio_llm._cli.table import aligned
from trio_llm._cli.terminal import Screen, cells, clip, clip_start, harmless, one_line

texts = st.text(st.characters(exclude_categories=["Cs"]))
printable = st.text(st.sampled_from("aé日🙂\u0301 "), max_size=30)


@given(text=printable, width=st.integers(0, 40))
def test_a_clipped_text_fits(text: str, width: int) -> None:
    assert cells(clip(text, width)) <= width
    assert cells(clip_start(text, width)) <= width


@given(text=printable)
def test_a_text_that_fits_is_left_alone(text: str) -> None:
    assert clip(text, cells(text)) == text


def test_a_clipped_text_keeps_the_end_that_was_asked_for() -> None:
    assert clip("one two three", 8) == "one two…"
    assert clip_start("one two three", 8) == "…o three"


@given(text=texts)
def test_no_control_character_is_left(text: str) -> None:
    controls = {*range(0x20), *range(0x7F, 0xA0)}

    assert controls.isdisjoint(map(ord, one_line(text)))
    assert (controls - {9, 10}).isdisjoint(map(ord, harmless(text)))


def test_lines_and_tabs_stay_in_a_whole_answer() -> None:
    assert harmless("a\n\tb\x1b[31mc\r") == "a\n\tb[31mc"


@given(rows=st.lists(st.tuples(printable, printable, printable), min_size=1))
def test_columns_stand_in_line(rows: list[tuple[str, ...]]) -> None:
    padded = aligned(rows, frozenset({1}))

    assert len({cells(row[0]) for row in padded}) == 1
    assert len({cells(row[1]) for row in padded}) == 1
    assert [row[2] for row in padded] == [row[2] for row in rows]


def test_numbers_stand_to_the_right() -> None:
    assert aligned([("1", "x"), ("10", "y")], frozenset({0})) == [[" 1", "x"], ["10", "y"]]


def test_a_file_has_neither_colours_nor_live_lines() -> None:
    screen = Screen.of(io.StringIO())

    assert not screen.live
    assert screen.style("text", "1") == "text"
    assert screen.size == (120, 24)


def test_characters_that_the_stream_lacks_do_not_stop_it() -> None:
    raw = io.BytesIO()
    screen = Screen.of(io.TextIOWrapper(raw, encoding="ascii"))

    screen.write("caf\u00e9")
    assert raw.getvalue() == b"caf?"


@pytest.mark.parametrize(("text", "width"), [("", 0), ("e\u0301", 1), ("日本", 4), ("\u200d", 0)])
def test_widths_are_those_of_a_terminal(text: str, width: int) -> None:
    assert cells(text) == width
