"""Whole replies with status 200 that are a provider's error, or nothing, are failures with the provider's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm import Client, ImageRequest, ResponsesRequest, SpeechRequest
from trio_llm._catalog.provider import Wire, load_dialect
from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm._types.chat import ChatRequest
from trio_llm._types.http import ReplyHead
from trio_llm._types.token_counts import CountTokensRequest
from trio_llm.exceptions import APIResponseValidationError, InternalServerError
from trio_llm.testing import RawReply, Simulator, run_in_virtual_time

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


EMBEDDERS = ["bedrock/amazon.titan-embed-text-v2:0", "cohere/e", "gemini/e", "huggingface/e", "ollama/e", "openai/e"]
TOLD = [
    {"message": "boom"},
    {"detail": "boom"},
    {"errors": [{"message": "boom"}]},
    {"code": 1, "msg": "boom", "success": False},
    {"base_resp": {"status_code": 1, "status_msg": "boom"}},
]
KEYS = dict.fromkeys(["COHERE_API_KEY", "GEMINI_API_KEY", "HF_TOKEN", "OPENAI_API_KEY", "AWS_ACCESS_KEY_ID"], "k")
KEYS |= {"AWS_SECRET_ACCESS_KEY": "k", "AWS_REGION": "us-east-1"}
GOOD = {"data": [{"embedding": [1.0], "index": 0}], "model": "e", "object": "list"}


async def embedded(model: str, reply: Any, num_retries: int | None = None) -> Any:
    replies = iter([reply, GOOD])
    simulator = Simulator(lambda _: RawReply(json.dumps(next(replies)).encode()))
    async with Client(transport=simulator, variables=KEYS) as client:
        return await client.embedding(model, ["a"], num_retries=num_retries)


@pytest.mark.parametrize("model", EMBEDDERS)
@pytest.mark.parametrize("told", TOLD)
def test_vectors_that_did_not_come_are_explained_by_the_provider(model: str, told: Any) -> None:
    with pytest.raises(InternalServerError, match="boom") as caught:
        run_in_virtual_time(embedded, model, told, 0)
    assert caught.value.reply_status == 200


def test_an_error_with_200_is_tried_again() -> None:
    told = {"success": False, "message": "boom"}
    assert run_in_virtual_time(embedded, "openai/e", told).data[0].embedding == [1.0]


@pytest.mark.parametrize("reply", [{"embeddings": {"weird": [1]}, "message": "done"}, {"vectors": 7}, [1]])
def test_what_may_be_an_answer_of_another_shape_is_not_paid_for_again(reply: Any) -> None:
    with pytest.raises(APIResponseValidationError):
        run_in_virtual_time(embedded, "cohere/e", reply)
