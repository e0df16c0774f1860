"""Records that go back as they came: whatever stands in a field, the field has its type and the dump has the value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._types.as_read import AsRead
from trio_llm._types.responses_api.events import EVENTS, read_event
from trio_llm._types.responses_api.folding import EventFolding

ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
KINDS = sorted(EVENTS)
NAMES = ("output_index", "item_id", "item", "response", "part", "delta", "text", "content_index", "summary_index")


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), ODD)), max_size=4))
def test_events_with_anything_in_their_fields_are_folded_and_dumped_as_they_were_read(
    drawn: list[tuple[str, dict[str, Any]]],
) -> None:
    folding = EventFolding()
    for kind, fields in drawn:
        value = {"type": kind, **fields}
        event = read_event(value)
        folding.add(event)
        assert event.model_dump() == value
        assert list(event.model_dump()) == list(value)
        assert well_typed(event)
    folding.response().model_dump_json()


def well_typed(record: AsRead) -> bool:
    """Whether every field that has to be a text, a number or a record is one, here and in the records inside."""
    for name, shape in record.shapes.items():
        value = getattr(record, name)
        if value is not None and not shape.fits(value):
            return False
        if isinstance(value, AsRead) and not well_typed(value):
            return False
    return True


@pytest.mark.parametrize("odd", [[None], {"a": 1}, "one", 1.5], ids=repr)
def test_an_odd_number_stands_beside_its_field(odd: Any) -> None:
    event: Any = read_event({"type": "response.output_text.delta", "output_index": odd, "delta": "Hi"})

    assert (event.output_index, event.delta) == (0, "Hi")
    assert event.model_extra == {"output_index": odd}
    dumped: Mapping[str, Any] = event.model_dump()
    assert dumped["output_index"] == odd
