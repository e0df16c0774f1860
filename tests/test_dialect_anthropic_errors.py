"""Anthropic's error replies, those of the clouds that host it, and those of gateways in between."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._types.errors import APIError, RateLimitError, ServiceUnavailableError
from trio_llm._types.http import ReplyHead


@pytest.mark.parametrize(
    ("body", "message", "code", "kind"),
    [
        (
            {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-9"}, "request_id": "r"},
            "model: claude-9",
            "not_found_error",
            None,
        ),
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            "Overloaded",
            "overloaded_error",
            ServiceUnavailableError,
        ),
        (
            {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}},
            "Slow down",
            "rate_limit_error",
            RateLimitError,
        ),
        # The sentence is the only sign of it, and classes never follow from sentences.
        (
            {"error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}},
            "prompt is too long: 9 tokens > 8 maximum",
            "invalid_request_error",
            None,
        ),
        ({"error": {"code": "NoDeployment", "message": "No such"}}, "No such", "NoDeployment", None),
        ({"statusCode": 401, "message": "Access denied"}, "Access denied", "401", None),
        ([{"error": {"code": 404, "message": "Not here", "status": "NOT_FOUND"}}], "Not here", "NOT_FOUND", None),
        ({"error": "no luck", "code": "unlucky"}, "no luck", "unlucky", None),
        ({"detail": "Not Found"}, "Not Found", None, None),
        ("gone", "gone", None, None),
    ],
)  # fmt: skip
def test_the_provider_s_own_words_and_code_are_found(
    body: object, message: str, code: str | None, kind: type[APIError] | None
) -> None:
    detail = ANTHROPIC.decode_error(ReplyHead(400, {}), json.dumps(body).encode())
    assert (detail.message, detail.code, detail.kind) == (message, code, kind)
    assert detail.status is None


def test_a_body_that_is_no_json_is_quoted_in_part() -> None:
    page = b"<html><h1>502 Bad Gateway</h1>" + b"x" * 5_000
    message = ANTHROPIC.decode_error(ReplyHead(502, {}), page).message
    assert message.startswith("<html><h1>502 Bad Gateway</h1>")
    assert len(message) == 200


@pytest.mark.parametrize("body", [b"", b"  \n"])
def test_an_empty_body_is_said_to_be_empty(body: bytes) -> None:
    assert ANTHROPIC.decode_error(ReplyHead(503, {}), body).message == "status 503 without a body"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "type", "code", "detail"]), inner, max_size=4)
    ),
)


@given(body=st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_makes_it_raise_and_there_are_always_words(body: bytes) -> None:
    assert isinstance(ANTHROPIC.decode_error(ReplyHead(500, {}), body).message, str)
    assert ANTHROPIC.decode_error(ReplyHead(500, {}), body).message
