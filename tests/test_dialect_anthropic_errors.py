"""Anthropic's codes of errors."""

from __future__ import annotations

import json

import pytest

from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._types.errors import APIError, RateLimitError, ServiceUnavailableError
from trio_llm._types.http import ReplyHead


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("not_found_error", None),
        ("overloaded_error", ServiceUnavailableError),
        ("rate_limit_error", RateLimitError),
    ],
)
def test_overload_and_limits_mean_the_same_whatever_status_a_gateway_gave_them(
    code: str, kind: type[APIError] | None
) -> None:
    body = {"type": "error", "error": {"type": code, "message": "m"}, "request_id": "r"}
    detail = ANTHROPIC.decode_error(ReplyHead(400, {}), json.dumps(body).encode())

    assert (detail.message, detail.code, detail.kind, detail.status) == ("m", code, kind, None)
