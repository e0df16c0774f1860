"""Texts, names and objects: what everything else is made of."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

# Surrogates have no UTF-8 form, so no wire can carry them.
TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
NAMES: Final = st.builds(str.__add__, st.sampled_from(_LETTERS), st.text(_LETTERS + "_", max_size=11))
"""Of tools and of fields: what every provider takes for one."""


def texts() -> st.SearchStrategy[str]:
    """Any text that a wire can carry, the empty one included.

    Example:
        @given(text=strategies.texts())
        def test_my_prompt_template_takes_any_text(text): ...
    """
    return TEXTS


def said() -> st.SearchStrategy[str]:
    """A text that says something: not empty, and no mere white space.

    Example:
        @given(question=strategies.said())
        def test_my_bot_answers(question): ...
    """
    return TEXTS.filter(str.strip)


def arguments() -> st.SearchStrategy[dict[str, Any]]:
    """Objects that a tool could be called with.

    Example:
        @given(arguments=strategies.arguments())
        def test_my_tool_runner_takes_anything(arguments): ...
    """
    # Numbers that every JSON reader gets right, whatever it thinks of floats.
    values = st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=6,
    )
    return st.dictionaries(NAMES, values, max_size=4)
