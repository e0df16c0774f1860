"""A call's way out: the request as a value, as JSON, as HTTP; and the arithmetic of the limits."""

from __future__ import annotations

from itertools import count
from typing import Any

from shapes import ANTHROPIC_CALL, MESSAGES, OPENAI_CALL

from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.openai import OPENAI
from trio_llm._limits.buckets import Bucket, RateCost
from trio_llm._transport.h1 import encode_request
from trio_llm._types.chat import ChatRequest
from trio_llm._types.http import HTTPRequest, Origin


def bench_request(benchmark: Any) -> None:
    """Keyword arguments to a `ChatRequest`."""
    made = benchmark(ChatRequest, "openai/gpt-4o-mini", MESSAGES, temperature=0.5, max_tokens=64, api_key="key")

    assert made.parameters == {"temperature": 0.5, "max_tokens": 64}


def bench_openai_encode(benchmark: Any) -> None:
    """A request to JSON in OpenAI's shape."""
    assert OPENAI.chat is not None

    assert benchmark(OPENAI.chat.encode, OPENAI_CALL).body.startswith(b'{"model":')


def bench_anthropic_encode(benchmark: Any) -> None:
    """A request to JSON in Anthropic's shape."""
    assert ANTHROPIC.chat is not None

    assert b'"max_tokens"' in benchmark(ANTHROPIC.chat.encode, ANTHROPIC_CALL).body


def bench_http(benchmark: Any) -> None:
    """A request to the bytes on the wire."""
    headers = (("user-agent", "benchmark"), ("accept", "*/*"), ("authorization", "Bearer key"))
    request = HTTPRequest("POST", "/v1/chat/completions", headers, b"x" * 100)
    origin = Origin("http", "127.0.0.1", 1_234)

    assert b"".join(benchmark(lambda: list(encode_request(origin, request)))).endswith(b"x" * 100)


def bench_buckets(benchmark: Any) -> None:
    """What one call costs where both requests and tokens are limited: ask, take, settle."""
    buckets = (Bucket("requests", 60_000, 0.0), Bucket("tokens", 10_000_000, 0.0))
    ticks, cost = count(), RateCost(1, 100, 100)

    def enter_and_leave() -> float:
        now = next(ticks) / 100
        wait = max([bucket.wait(now, cost.of(bucket.kind)) for bucket in buckets])
        for bucket in buckets:
            bucket.take(now, cost.of(bucket.kind))
        buckets[1].give(now, 50)
        return wait

    assert benchmark(enter_and_leave) == 0
