"""Google's error replies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trio_llm._dialects.contract import ErrorDetail
from trio_llm._dialects.gemini import GEMINI
from trio_llm._dialects.gemini.errors import event_detail
from trio_llm._types.errors import AuthenticationError, InternalServerError
from trio_llm._types.http import ReplyHead

ERRORS = json.loads((Path(__file__).parent / "fixtures" / "gemini" / "errors.json").read_text())


def detail(body: bytes, status: int = 400) -> ErrorDetail:
    return GEMINI.decode_error(ReplyHead(status, {}), body)


def recorded(name: str) -> ErrorDetail:
    return detail(json.dumps(ERRORS[name]).encode())


def test_a_rate_limit_says_how_long_to_wait() -> None:
    assert recorded("limited") == ErrorDetail("Quota used up for this minute.", "RESOURCE_EXHAUSTED", retry_after=42.5)


def test_a_wrong_key_is_told_from_a_wrong_request_by_its_reason() -> None:
    assert recorded("wrong_key") == ErrorDetail("This key is unknown here.", "API_KEY_INVALID", AuthenticationError)


def test_the_first_error_of_a_list_counts() -> None:
    assert recorded("listed") == ErrorDetail("Try later.", "UNAVAILABLE")


def test_the_token_servers_errors_are_read_as_well() -> None:
    assert recorded("token_server") == ErrorDetail("The token has run out.", "invalid_grant")


@pytest.mark.parametrize(("word", "status"), [("UNAVAILABLE", 503), ("RESOURCE_EXHAUSTED", 429), ("CANCELLED", 499)])
def test_a_status_word_stands_in_for_the_number_where_there_is_none(word: str, status: int) -> None:
    detail = event_detail({"error": {"message": "m", "status": word}})

    assert (detail.status, detail.code, detail.kind) == (status, word, None)


def test_an_error_without_either_is_blamed_on_the_provider() -> None:
    assert event_detail({"error": {"message": "m"}}).kind is InternalServerError
