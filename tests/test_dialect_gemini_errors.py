"""Google's error replies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.contract import ErrorDetail
from trio_llm._dialects.gemini import GEMINI, VERTEX
from trio_llm._types.errors import AuthenticationError
from trio_llm._types.http import ReplyHead

ERRORS = json.loads((Path(__file__).parent / "fixtures" / "gemini" / "errors.json").read_text())


def detail(body: bytes, status: int = 400) -> ErrorDetail:
    return GEMINI.decode_error(ReplyHead(status, {}), body)


def recorded(name: str) -> ErrorDetail:
    return detail(json.dumps(ERRORS[name]).encode())


def test_a_rate_limit_says_how_long_to_wait() -> None:
    assert recorded("limited") == ErrorDetail(
        "Quota used up for this minute.", "RESOURCE_EXHAUSTED", status=429, retry_after=42.5
    )


def test_a_wrong_key_is_told_from_a_wrong_request_by_its_reason() -> None:
    assert recorded("wrong_key") == ErrorDetail(
        "This key is unknown here.", "API_KEY_INVALID", AuthenticationError, status=400
    )


def test_the_first_error_of_a_list_counts() -> None:
    assert recorded("listed") == ErrorDetail("Try later.", "UNAVAILABLE", status=503)


def test_a_status_word_stands_in_for_message_and_number() -> None:
    assert recorded("wordless") == ErrorDetail("INTERNAL", "INTERNAL", status=500)


def test_the_number_of_an_error_needs_no_word() -> None:
    assert detail(b'{"error": {"code": 402, "message": "Pay."}}') == ErrorDetail("Pay.", status=402)


def test_the_token_servers_errors_are_read_as_well() -> None:
    assert recorded("token_server") == ErrorDetail("The token has run out.", "invalid_grant")


@pytest.mark.parametrize(("body", "message"), [(b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"), (b"", "502")])
def test_a_body_that_is_no_json_is_quoted(body: bytes, message: str) -> None:
    assert message in detail(body, 502).message


def test_a_delay_that_cannot_be_read_is_left_out() -> None:
    body = {"error": {"message": "m", "details": [{"retryDelay": {"seconds": 1}}, "odd"]}}

    assert detail(json.dumps(body).encode()) == ErrorDetail("m")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "status", "details", "reason", "retryDelay"]), values
        )
    ),
    max_leaves=8,
)


@given(json_values | st.fixed_dictionaries({"error": json_values}))
def test_no_body_is_too_odd_to_be_read(value: object) -> None:
    assert detail(json.dumps(value).encode(), 500).message


@given(st.binary(max_size=30))
def test_no_bytes_are_too_odd_to_be_read(body: bytes) -> None:
    assert VERTEX.decode_error(ReplyHead(500, {}), body).message
