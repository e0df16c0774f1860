"""trio_llm: over its own transport and over httpx2; streams pulled by the reader or pumped by a task."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import trio_llm

from ._base import CHAT_MODEL, EMBEDDING_MODEL, KEY, MESSAGES, RETRIES, TEXTS, Library, TextCounter

_MODEL = f"openai/{CHAT_MODEL}"
_RETRY = trio_llm.RetryPolicy(attempts=1 + RETRIES, first_pause=0.02)


class _Native:
    def __init__(self, client: trio_llm.Client, address: str) -> None:
        self._client = client
        self._options: dict[str, Any] = {"api_key": KEY, "api_base": f"{address}/v1"}

    async def call(self) -> str | None:
        """See `Library.call`."""
        response = await self._client.completion(_MODEL, MESSAGES, **self._options)
        return response.choices[0].message.content

    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        counter = TextCounter(started)
        stream = await self._client.completion(_MODEL, MESSAGES, stream=True, **self._options)
        async for chunk in stream:
            if chunk.choices:
                counter.add(chunk.choices[0].delta.content)
        return counter.texts

    async def embed(self) -> int:
        """See `Library.embed`."""
        response = await self._client.embedding(f"openai/{EMBEDDING_MODEL}", TEXTS, **self._options)
        return sum(len(item.embedding) for item in response.data)

    async def fan_out(self, calls: int, in_flight: int) -> list[str | None]:
        """See `FanOut.fan_out`."""
        requests = (trio_llm.ChatRequest(_MODEL, MESSAGES, **self._options) for _ in range(calls))
        outcomes = await self._client.fan_out(requests, limit=in_flight)
        return [outcome.response and outcome.response.choices[0].message.content for outcome in outcomes]


class _Pumped(_Native):
    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        counter = TextCounter(started)
        async with self._client.stream(_MODEL, MESSAGES, **self._options) as stream:
            async for chunk in stream:
                if chunk.choices:
                    counter.add(chunk.choices[0].delta.content)
        return counter.texts


class _Idle:
    """An observer that takes every event and does nothing."""

    @property
    def wants(self) -> tuple[type[Any], ...]:
        """See `Observer.wants`."""
        return (trio_llm.observe.Event,)

    def observe(self, event: object) -> None:
        """See `Observer.observe`."""


def _client(http_client: object = None, **seams: Any) -> trio_llm.Client:
    limits = trio_llm.Limits(max_in_flight=20_000)
    return trio_llm.Client(http_client=http_client, retry=_RETRY, limits=limits, **seams)


@asynccontextmanager
async def open_native(address: str) -> AsyncIterator[Library]:
    """The library as it comes."""
    async with _client() as client:
        yield _Native(client, address)


@asynccontextmanager
async def open_pumped(address: str) -> AsyncIterator[Library]:
    """The library as it comes, with `async with client.stream(...)`."""
    async with _client() as client:
        yield _Pumped(client, address)


@asynccontextmanager
async def open_adapted(address: str) -> AsyncIterator[Library]:
    """The library over a client of httpx2."""
    import httpx2

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=1_000)
    async with httpx2.AsyncClient(limits=limits) as http_client, _client(http_client) as client:
        yield _Native(client, address)


@asynccontextmanager
async def open_adaptive(address: str) -> AsyncIterator[Library]:
    """With limits that are learnt."""
    limits = trio_llm.Limits(max_in_flight=20_000, adaptive=True)
    async with trio_llm.Client(retry=_RETRY, limits=limits) as client:
        yield _Native(client, address)


@asynccontextmanager
async def open_observed(address: str) -> AsyncIterator[Library]:
    """With an observer that does nothing."""
    async with _client(observers=[_Idle()]) as client:
        yield _Native(client, address)


@asynccontextmanager
async def open_counted(address: str) -> AsyncIterator[Library]:
    """The library with statistics of its calls."""
    async with _client(observers=[trio_llm.observe.Statistics()]) as client:
        yield _Native(client, address)


@asynccontextmanager
async def open_paid(address: str) -> AsyncIterator[Library]:
    """The library with a purse around its calls."""
    async with _client() as client, trio_llm.spending(usd=1_000_000.0):
        yield _Native(client, address)


class _Traced(_Native):
    def __init__(self, client: trio_llm.Client, address: str, trace: trio_llm.observe.Trace) -> None:
        super().__init__(client, address)
        self._trace = trace

    def numbers(self) -> dict[str, float]:
        """See `Counting.numbers`."""
        return {"events": self._trace.count, "bytes_per_event": self._trace.size / max(self._trace.count, 1)}


@asynccontextmanager
async def open_traced(address: str) -> AsyncIterator[Library]:
    """The library with a trace of its calls."""
    trace = trio_llm.observe.Trace()
    async with _client(observers=[trace]) as client:
        yield _Traced(client, address, trace)


@asynccontextmanager
async def open_written(address: str) -> AsyncIterator[Library]:
    """The library with every event as a line of JSON, in a file that keeps nothing."""
    with open(os.devnull, "w") as file:  # noqa: ASYNC230 - it keeps nothing, so it never waits
        async with _client(observers=[trio_llm.observe.JSONLines(file)]) as client:
            yield _Native(client, address)


@asynccontextmanager
async def open_logged(address: str) -> AsyncIterator[Library]:
    """The library with a line of a log for each attempt, in a file that keeps nothing."""
    logger = logging.Logger("calls", logging.INFO)
    logger.addHandler(logging.FileHandler(os.devnull))
    async with _client(observers=[trio_llm.observe.Log(logger)]) as client:
        yield _Native(client, address)


@asynccontextmanager
async def open_telemetry(address: str) -> AsyncIterator[Library]:
    """The library with spans and metrics that an SDK takes and nobody gets."""
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    provider = TracerProvider()
    provider.add_span_processor(SpanProcessor())
    telemetry = trio_llm.otel.OpenTelemetry(provider, MeterProvider([InMemoryMetricReader()]))
    async with _client(observers=[telemetry]) as client:
        yield _Native(client, address)
