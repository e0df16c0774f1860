"""JSON text is the same with orjson and with the standard library; what has no JSON form is an error, never null."""

from __future__ import annotations

import json
import math
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._convert import json as _json
from trio_llm._dialects.contract import json_request
from trio_llm._types.errors import BadRequestError

INTEGERS = st.integers(-(1 << 63), (1 << 64) - 1)
VALUES = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3).map(MappingProxyType)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def plain(value: Any) -> Any:
    if isinstance(value, dict | MappingProxyType):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(params=["orjson", "standard library"], autouse=True, scope="module")
def _library(request: pytest.FixtureRequest) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "orjson":
            patch.setattr(_json, "orjson", None)
        yield


@given(VALUES)
def test_what_is_written_is_read_back_and_any_mapping_is_an_object(value: Any) -> None:
    text = _json.dumps(value)

    assert json.loads(text) == _json.loads(text) == plain(value)


@given(st.integers(1 << 64, 1 << 900), st.sampled_from([1, -1]))
def test_whole_numbers_past_64_bits_are_written_exactly_and_read_as_well_as_floats_can(size: int, sign: int) -> None:
    text = _json.dumps(sign * size)

    assert text == str(sign * size).encode()
    assert _json.loads(text) == pytest.approx(sign * size)


@given(st.sampled_from([math.nan, math.inf, -math.inf]), st.booleans())
def test_a_number_that_is_not_finite_is_an_error_wherever_it_is(number: float, mapped: bool) -> None:
    held: Any = [1.5, (number,)]
    body = {"ok": None, "nested": MappingProxyType({"a": held}) if mapped else {"a": held}}

    with pytest.raises(ValueError, match=r"JSON"):
        _json.dumps(body)
    with pytest.raises(BadRequestError, match="cannot be written as JSON"):
        json_request("/", body)


def test_null_and_the_word_null_are_no_error() -> None:
    assert json.loads(_json.dumps({"stop": None, "text": "null", "n": [1.0, 10**30]})) == {
        "stop": None,
        "text": "null",
        "n": [1.0, 10**30],
    }


def test_what_has_no_json_form_is_named() -> None:
    with pytest.raises(BadRequestError, match=r"cannot be written as JSON: .*complex"):
        json_request("/", {"temperature": [1j]})


def test_numbers_that_some_servers_send_are_read() -> None:
    assert _json.loads("[Infinity]") == [math.inf]


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}"])
def test_what_is_no_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        _json.loads(text)


NESTS = {"lists": ("[", "]"), "objects": ('{"a":', "}"), "both": ('[{"b":2,"a":[', "]}]")}


@pytest.mark.parametrize("nest", NESTS)
def test_nesting_is_read_up_to_a_limit_and_an_error_past_it(nest: str) -> None:
    opening, closing = NESTS[nest]
    levels = opening.count("[") + opening.count("{")
    most = _json.MOST_NESTED // levels

    assert _json.loads(opening * most + "1" + closing * most)
    assert _json.loads(("[" + "[]," * 5_000 + '"[[[["]').encode())
    for depth in (most + 1, 2 * most, 5 * most, 100_000):
        for text in (opening * depth + "1" + closing * depth, opening * depth):
            with pytest.raises(ValueError, match="nested|unexpected end|Expecting value"):
                _json.loads(text.encode())


def test_nesting_without_end_is_an_error_when_it_is_written() -> None:
    endless: Any = 1.0
    for _ in range(100_000):
        endless = [endless]

    with pytest.raises(ValueError, match="nested"):
        _json.dumps(endless)
    with pytest.raises(BadRequestError, match="nested"):
        json_request("/", {"extra": endless})
    while isinstance(endless, list):  # so that no C code frees it by recursion
        endless = endless.pop()


BRACKETS = st.booleans() | st.text("[]{}", max_size=9)


@given(st.recursive(BRACKETS, lambda inner: st.lists(inner, max_size=4), max_leaves=60))
def test_brackets_in_texts_and_wide_values_are_not_taken_for_nesting(value: Any) -> None:
    text = json.dumps([value] * 50)

    assert _json.loads(text) == json.loads(text)
