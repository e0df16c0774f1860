"""The openai SDK, over its default client (httpx2) and over aiohttp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import openai

from ._base import CHAT_MODEL, EMBEDDING_MODEL, KEY, MESSAGES, RETRIES, TEXTS, Library
from ._openai_shape import count_numbers, count_texts


class _OpenAI:
    def __init__(self, client: openai.AsyncOpenAI) -> None:
        self._client = client

    async def call(self) -> str | None:
        """See `Library.call`."""
        response = await self._client.chat.completions.create(model=CHAT_MODEL, messages=MESSAGES)
        return response.choices[0].message.content

    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        stream = await self._client.chat.completions.create(
            model=CHAT_MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
        return await count_texts(stream, started)

    async def embed(self) -> int:
        """See `Library.embed`."""
        return count_numbers(await self._client.embeddings.create(model=EMBEDDING_MODEL, input=TEXTS))


@asynccontextmanager
async def _open(address: str, http_client: Any) -> AsyncIterator[Library]:
    async with openai.AsyncOpenAI(
        api_key=KEY, base_url=f"{address}/v1", max_retries=RETRIES, http_client=http_client
    ) as client:
        yield _OpenAI(client)


def open_default(address: str) -> Any:
    """The SDK as it comes."""
    return _open(address, None)


def open_aiohttp(address: str) -> Any:
    """The SDK over aiohttp, its extra for many calls at the same time."""
    return _open(address, openai.DefaultAioHttpClient())
