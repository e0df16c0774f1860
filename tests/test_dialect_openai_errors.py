"""Error replies in the shapes of OpenAI and its followers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.openai import OPENAI
from trio_llm._types.errors import APIError, ContentPolicyViolationError, ContextWindowExceededError
from trio_llm._types.http import ReplyHead

HEAD = ReplyHead(400, {})


@pytest.mark.parametrize(
    ("body", "message", "code", "kind"),
    [
        pytest.param(
            {
                "error": {
                    "message": "Bad key",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "invalid_api_key",
                }
            },
            "Bad key",
            "invalid_api_key",
            None,
            id="openai",
        ),
        pytest.param({"error": {"message": "Bad", "type": "bad", "code": None}}, "Bad", "bad", None, id="type alone"),
        pytest.param(
            {"error": {"message": "Too long", "code": "context_length_exceeded"}},
            "Too long",
            "context_length_exceeded",
            ContextWindowExceededError,
            id="context",
        ),
        pytest.param(
            {"error": {"code": 400, "message": "Too long", "type": "exceed_context_size_error", "n_ctx": 512}},
            "Too long",
            "400",
            ContextWindowExceededError,
            id="llama.cpp",
        ),
        pytest.param(
            {
                "error": {
                    "message": "No",
                    "code": "content_filter",
                    "innererror": {"code": "ResponsibleAIPolicyViolation"},
                }
            },
            "No",
            "content_filter",
            ContentPolicyViolationError,
            id="azure",
        ),
        pytest.param({"statusCode": 401, "message": "Access denied"}, "Access denied", None, None, id="azure gateway"),
        pytest.param(
            {"object": "error", "message": "Bad model", "type": "invalid_model", "code": "1500"},
            "Bad model",
            "1500",
            None,
            id="mistral",
        ),
        pytest.param(
            {"detail": [{"loc": ["body", "n"], "msg": "not an integer", "type": "int"}, {"msg": "nor even"}]},
            "not an integer; nor even",
            None,
            None,
            id="fastapi",
        ),
        pytest.param({"code": "invalid", "error": "No such model"}, "No such model", "invalid", None, id="xai"),
        pytest.param({"error": "plain words"}, "plain words", None, None, id="words"),
        pytest.param(
            {"success": False, "errors": [{"code": 7003, "message": "No route"}]},
            "No route",
            "7003",
            None,
            id="cloudflare",
        ),
        pytest.param(
            [{"error": {"code": 400, "message": "Bad", "status": "INVALID"}}], "Bad", "400", None, id="google"
        ),
        pytest.param({"Message": "Signature"}, "Signature", None, None, id="aws"),
        pytest.param({"error": {"message": "", "detail": "deep"}}, "deep", None, None, id="empty message"),
        pytest.param(
            {"error": {"code": True, "odd": 1}}, '{"error": {"code": true, "odd": 1}}', None, None, id="no words"
        ),
        pytest.param([], "[]", None, None, id="empty list"),
        pytest.param("just text", "just text", None, None, id="a string"),
    ],
)
def test_the_providers_own_sentence_and_code_are_found(
    body: Any, message: str, code: str | None, kind: type[APIError] | None
) -> None:
    detail = OPENAI.decode_error(HEAD, json.dumps(body).encode())

    assert (detail.message, detail.code, detail.kind) == (message, code, kind)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "no explanation, status 400"),
        (b"  \n", "no explanation, status 400"),
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"x" * 600, "x" * 500 + "…"),
        (b"\xff", "\ufffd"),
    ],
)
def test_a_body_that_makes_no_sense_is_quoted(body: bytes, message: str) -> None:
    assert OPENAI.decode_error(HEAD, body).message == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "errors", "message", "detail", "code", "type"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=20))
def test_no_body_makes_it_raise(body: bytes) -> None:
    assert OPENAI.decode_error(HEAD, body).message
