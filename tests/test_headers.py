"""Header fields of callers: what HTTP cannot carry and what the transport says itself is refused, values unseen."""

from __future__ import annotations

from typing import Any

import h11
import pytest
from hypothesis import given, strategies as st

from trio_llm import Client
from trio_llm._types.errors import BadRequestError
from trio_llm._types.headers import check_field, checked_headers, with_extra
from trio_llm.testing import Simulator, run_in_virtual_time

CHARACTERS = st.characters(max_codepoint=0x17F)


def is_allowed(name: str, value: str) -> bool:
    try:
        check_field(name, value)
    except ValueError:
        return False
    return True


def is_sent_by_h11(name: str, value: str) -> bool:
    try:
        fields = [(b"host", b"a"), (name.encode("latin-1"), value.encode("latin-1"))]
        h11.Request(method="GET", target="/", headers=fields)
    except (h11.LocalProtocolError, UnicodeEncodeError):
        return False
    return True


@given(name=st.text(CHARACTERS, max_size=4), value=st.text("ab\t \r\n\0\x7f\xe9\u20ac", max_size=4))
def test_what_is_allowed_passes_h11_as_well(name: str, value: str) -> None:
    assert not is_allowed(name, value) or is_sent_by_h11(name, value)


@given(name=st.text("abcXYZ019!#$%&'*+.^_`|~-", min_size=1), value=st.text('ab;=,"\xe9').map(str.strip))
def test_tokens_with_visible_values_are_allowed(name: str, value: str) -> None:
    assert is_allowed(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-key", "SECRET\r\nx-evil: 1"),
        ("x-key", "SECRET\0"),
        ("x-key", " SECRET"),
        ("x-key", "SECRET\n"),
        ("x-key", "SECRET \u20ac"),
        ("x-key", "SECRET\x7f"),
        ("x key", "SECRET"),
        ("", "SECRET"),
        ("x-key", b"SECRET"),
        ("x-key", None),
        (1, "SECRET"),
        ("Host", "SECRET"),
        ("content-length", "SECRET"),
        ("Transfer-Encoding", "SECRET"),
        ("accept-encoding", "SECRET"),
        ("Connection", "SECRET"),
    ],
)
def test_a_field_that_is_refused_is_named_without_its_value(name: Any, value: Any) -> None:
    with pytest.raises(BadRequestError) as caught:
        checked_headers({name: value})
    assert repr(name) in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_names_are_in_lower_case() -> None:
    assert checked_headers({"X-Mine": "A", "user-agent": ""}) == {"x-mine": "A", "user-agent": ""}


def test_a_callers_field_replaces_ours_and_a_list_of_features_is_joined() -> None:
    ours = (("user-agent", "trio-llm"), ("anthropic-beta", "a,b"))

    assert with_extra(ours, {"anthropic-beta": "c", "user-agent": "mine", "x": "y"}) == (
        ("user-agent", "mine"),
        ("anthropic-beta", "a,b,c"),
        ("x", "y"),
    )
    assert with_extra((), {"anthropic-beta": "c"}) == (("anthropic-beta", "c"),)


def test_a_call_with_such_a_field_is_refused_before_it_is_sent() -> None:
    simulator = Simulator()

    async def call() -> None:
        async with Client(transport=simulator, variables={"OPENAI_API_KEY": "k"}) as client:
            await client.completion("gpt-4", [{"role": "user", "content": "x"}], extra_headers={"host": "evil.example"})

    with pytest.raises(BadRequestError, match=r"openai/gpt-4: .*'host'"):
        run_in_virtual_time(call)
    assert simulator.requests == []
