"""Whole replies with status 200 that are a provider's error, or nothing, are failures with the provider's words."""

from __future__ import annotations

from typing import Any

import pytest

from trio_llm import ImageRequest, ResponsesRequest, SpeechRequest
from trio_llm._catalog.provider import Wire, load_dialect
from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm._types.chat import ChatRequest
from trio_llm._types.http import ReplyHead
from trio_llm._types.token_counts import CountTokensRequest

ASK = [{"role": "user", "content": "Hi"}]
REQUESTS: dict[str, Any] = {
    "chat": ChatRequest("p/m", ASK),
    "count_tokens": CountTokensRequest("p/m", ASK),
    "images": ImageRequest("a cat", "p/m"),
    "responses": ResponsesRequest("Hi", "p/m"),
    "speech": SpeechRequest("p/m", "Hi", "v"),
}
HEAD = ReplyHead(200, {"content-type": "application/json"})


def decoded(wire: Wire, operation: str, body: bytes) -> Any:
    call = WireCall(REQUESTS[operation], "m")
    call.head = HEAD
    return getattr(load_dialect(wire), operation).decode(call, body)


@pytest.mark.parametrize(
    ("wire", "operation", "body"),
    [
        pytest.param(wire, operation, body, id=f"{wire.name}-{operation}-{body.decode()[:12]}")
        for wire in Wire
        for operation in ("speech", "images", "chat")
        if getattr(load_dialect(wire), operation) is not None
        for body in (b'{"error": {"message": "boom", "code": "x"}}', b'{"message": "boom"}', b'{"detail": "boom"}')
        if not (operation == "chat" and b'"error"' not in body)
        if not (wire.name == "REPLICATE" and b'"error"' not in body)
    ],
)
def test_an_error_with_200_is_told_in_the_providers_words(wire: Wire, operation: str, body: bytes) -> None:
    with pytest.raises(ReplyIsError) as caught:
        decoded(wire, operation, body)
    assert "boom" in caught.value.detail.message


@pytest.mark.parametrize("body", [b'{"code": 5, "msg": "boom"}', b'"boom"', b'{"data": null}', b"null"])
def test_json_in_place_of_a_sound_is_no_sound(body: bytes) -> None:
    with pytest.raises(ReplyIsError):
        decoded(Wire.OPENAI, "speech", body)


@pytest.mark.parametrize("body", [b'{"message": "boom"}', b'{"code": 5, "msg": "boom"}', b'{"data": []}'])
def test_only_a_count_counts_as_nothing(body: bytes) -> None:
    with pytest.raises(Exception, match="totalTokens|boom"):
        decoded(Wire.GEMINI, "count_tokens", body)
    assert decoded(Wire.GEMINI, "count_tokens", b"{}").total_tokens == 0
    assert decoded(Wire.GEMINI, "count_tokens", b'{"promptTokensDetails": []}').total_tokens == 0


def test_a_bare_message_is_a_gateways_error_to_ollama() -> None:
    with pytest.raises(ReplyIsError, match="boom"):
        decoded(Wire.OLLAMA, "chat", b'{"message": "boom"}')


def test_an_output_of_nothing_without_a_status_is_no_answer() -> None:
    with pytest.raises(ReplyIsError):
        decoded(Wire.RESPONSES, "responses", b'{"output": []}')


def test_a_long_json_may_hold_a_sound() -> None:
    body = b'{"audio": "' + b"UklG" * 300 + b'"}'
    assert decoded(Wire.OPENAI, "speech", body).content == body
