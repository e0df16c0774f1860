"""The anthropic SDK, which gets the same answers in Anthropic's shape."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anthropic

from ._base import KEY, MESSAGES, RETRIES, Library, TextCounter

_MODEL = "claude-sonnet-4-5"
_MOST_TOKENS = 400


class _Anthropic:
    def __init__(self, client: anthropic.AsyncAnthropic) -> None:
        self._client = client

    async def call(self) -> str | None:
        """See `Library.call`."""
        message = await self._client.messages.create(model=_MODEL, max_tokens=_MOST_TOKENS, messages=MESSAGES)
        block = message.content[0]
        return block.text if block.type == "text" else None

    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        counter = TextCounter(started)
        stream = await self._client.messages.create(
            model=_MODEL, max_tokens=_MOST_TOKENS, messages=MESSAGES, stream=True
        )
        async for event in stream:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                counter.add(event.delta.text)
        return counter.texts

    async def embed(self) -> int:
        """Anthropic has no embeddings."""
        raise NotImplementedError


@asynccontextmanager
async def open_anthropic(address: str) -> AsyncIterator[Library]:
    """The SDK as it comes."""
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=address, max_retries=RETRIES) as client:
        yield _Anthropic(client)
