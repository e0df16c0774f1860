"""Replies of other operations than chats: what is none of what it should be, and odd ones that are."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from trio_llm import APIError, Client
from trio_llm.testing import RawReply, Simulator, run_in_virtual_time

KEYS = {f"{name}_API_KEY": "any" for name in ("OPENAI", "ANTHROPIC", "GEMINI", "COHERE")}
ASK: Any = [{"role": "user", "content": "Hi"}]
Ask = Callable[[Client], Awaitable[Any]]


def picture(client: Client) -> Awaitable[Any]:
    return client.image_generation("a lamp", "openai/any", num_retries=0)


def sound(client: Client) -> Awaitable[Any]:
    return client.speech("openai/any", "Hi", "alloy", num_retries=0)


def transcript(client: Client) -> Awaitable[Any]:
    return client.transcription("openai/any", ("a.mp3", b"abc"), num_retries=0)


def subtitles(client: Client) -> Awaitable[Any]:
    return client.transcription("openai/any", ("a.mp3", b"abc"), response_format="srt", num_retries=0)


def ranking(client: Client) -> Awaitable[Any]:
    return client.rerank("cohere/any", "q", ["a", "b"], num_retries=0)


def verdict(client: Client) -> Awaitable[Any]:
    return client.moderation("Hi", "openai/any", num_retries=0)


def verdicts(client: Client) -> Awaitable[Any]:
    return client.moderation(["Hi", "Ho"], "openai/any", num_retries=0)


def continuation(client: Client) -> Awaitable[Any]:
    return client.text_completion("openai/any", "Hi", num_retries=0)


def count(client: Client) -> Awaitable[Any]:
    return client.count_tokens("anthropic/any", ASK, num_retries=0)


def count_of_google(client: Client) -> Awaitable[Any]:
    return client.count_tokens("gemini/any", ASK, num_retries=0)


def answered(ask: Ask, body: Any, content_type: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def asked() -> Any:
        simulator = Simulator(lambda _: RawReply(raw, content_type=content_type))
        async with Client(transport=simulator, variables=KEYS) as client:
            return await ask(client)

    return run_in_virtual_time(asked)


NONE: list[tuple[Ask, Any, str, str]] = [
    (picture, {"data": [{}]}, "no answer", "application/json"),
    (picture, {"data": [None]}, "no answer", "application/json"),
    (picture, {"data": [{"url": None}]}, "no answer", "application/json"),
    (picture, {"data": [{"revised_prompt": "a lamp"}]}, "no answer", "application/json"),
    (sound, b"", "no answer", "audio/mpeg"),
    (sound, b"<html><title>out of lamps</title></html>", "out of lamps", "text/html"),
    (sound, b"<html><title>out of lamps</title></html>", "out of lamps", "audio/mpeg"),
    (sound, b"out of lamps", "out of lamps", "text/plain"),
    (sound, {"error": {"message": "out of lamps"}}, "out of lamps", "audio/mpeg"),
    (transcript, b"", "expected JSON", "text/plain"),
    (transcript, b"<html><title>out of lamps</title></html>", "out of lamps", "text/html"),
    (subtitles, b"<html><title>out of lamps</title></html>", "out of lamps", "text/html"),
    (ranking, {"results": [{}]}, "one of 2 documents, got None", "application/json"),
    (ranking, {"results": [{"index": 2, "relevance_score": 1}]}, "one of 2 documents, got 2", "application/json"),
    (ranking, {"results": [{"index": -1, "relevance_score": 1}]}, "one of 2 documents, got -1", "application/json"),
    (ranking, {"results": [{"index": 0}]}, "expected a score", "application/json"),
    (verdict, {"results": [{}]}, "no answer", "application/json"),
    (verdict, {"results": [{"flagged": None, "categories": {}}]}, "no answer", "application/json"),
    (verdicts, {"results": [{"flagged": False}]}, "no answer", "application/json"),
    (continuation, {"choices": [{"finish_reason": "stop"}]}, "no answer", "application/json"),
    (continuation, {"choices": [None]}, "no answer", "application/json"),
    (count, {"error": {"message": "out of lamps"}}, "out of lamps", "application/json"),
    (count_of_google, {"error": {"message": "out of lamps"}}, "out of lamps", "application/json"),
    (count, {"input_tokens": -1}, "a number of tokens", "application/json"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "body", "words", "content_type"), NONE)
def test_what_is_no_answer_is_an_error_in_every_operation(ask: Ask, body: Any, words: str, content_type: str) -> None:
    with pytest.raises(APIError) as caught:
        answered(ask, body, content_type)
    assert words in caught.value.message


def test_odd_replies_that_are_answers_are_kept() -> None:
    assert answered(picture, {"data": [None, "https://a/b.png"]}, "application/json").data[0].url == "https://a/b.png"
    assert answered(sound, b"ID3\x03", "application/octet-stream").content == b"ID3\x03"
    assert answered(sound, b"\xff\xfb", "text/plain").content == b"\xff\xfb"
    assert answered(transcript, b"hello there", "text/plain; charset=utf-8").text == "hello there"
    segments = [{"text": "hello"}, {"text": None}, {"text": " there"}]
    assert answered(transcript, {"segments": segments}, "application/json").text == "hello there"
    ranked = answered(ranking, {"results": [{"index": "1", "score": "0.5"}]}, "application/json")
    assert (ranked.results[0].index, ranked.results[0].relevance_score) == (1, 0.5)
    assert answered(verdict, {"results": [{"categories": {"hate": True}}]}, "application/json").results[0].flagged
    wrapped = {"code": 0, "data": {"choices": [{"text": "hi", "finish_reason": "stop"}]}}
    assert answered(continuation, wrapped, "application/json").choices[0].text == "hi"
    assert answered(count_of_google, {}, "application/json").total_tokens == 0
