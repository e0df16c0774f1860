"""Records that dialects make: the same as those of the class itself, by a shorter way."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_llm._convert.making import maker
from trio_llm._types.chat import Delta, ModelResponse, ModelResponseStream, StreamingChoices, ToolCall
from trio_llm._types.usage import CompletionTokensDetails, Usage


@attrs.define
class Labelled:
    label: str
    _hidden: int = 0
    parts: list[str] = attrs.field(factory=list, kw_only=True)


KINDS: Any = st.sampled_from([Delta, ModelResponse, ModelResponseStream, StreamingChoices, ToolCall, Usage])


@given(KINDS, st.data())
def test_what_is_made_is_what_the_class_would_have_made(kind: Any, data: st.DataObject) -> None:
    given_fields = data.draw(st.sets(st.sampled_from([*kind.field_names, "model_extra"])))
    values = {name: data.draw(st.none() | st.text(max_size=3) | st.integers()) for name in given_fields}

    made = maker(kind)(**values)

    assert made == kind(**values)
    assert type(made) is kind
    assert made.receipt is None


def test_arguments_stand_where_the_class_has_them() -> None:
    assert maker(CompletionTokensDetails)(1, 2, text_tokens=3) == CompletionTokensDetails(1, 2, text_tokens=3)
    assert maker(Labelled)("a", 1, parts=["b"]) == Labelled("a", 1, parts=["b"])


def test_lists_are_made_anew_for_each() -> None:
    one, other = maker(Labelled)("a"), maker(Labelled)("a")

    assert one.parts == other.parts == []
    assert one.parts is not other.parts


def test_what_the_class_refuses_is_refused() -> None:
    make: Any = maker(Labelled)
    for arguments in ({}, {"label": "a", "colour": "red"}):
        with pytest.raises(TypeError):
            make(**arguments)
    with pytest.raises(TypeError):
        make("a", 1, ["b"])


def test_what_is_given_is_not_looked_at() -> None:
    assert maker(StreamingChoices)(delta={"content": "a"}).delta == {"content": "a"}  # type: ignore[arg-type, comparison-overlap]
