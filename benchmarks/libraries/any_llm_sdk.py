"""any-llm, in its faster form: one object a provider, in place of one a call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from any_llm import AnyLLM

from ._base import CHAT_MODEL, EMBEDDING_MODEL, KEY, MESSAGES, RETRIES, TEXTS, Library
from ._openai_shape import count_numbers, count_texts


class _AnyLLM:
    def __init__(self, llm: AnyLLM) -> None:
        self._llm = llm

    async def call(self) -> str | None:
        """See `Library.call`."""
        response = await self._llm.acompletion(model=CHAT_MODEL, messages=MESSAGES)
        return response.choices[0].message.content

    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        stream = await self._llm.acompletion(
            model=CHAT_MODEL, messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
        return await count_texts(stream, started)

    async def embed(self) -> int:
        """See `Library.embed`."""
        return count_numbers(await self._llm.aembedding(EMBEDDING_MODEL, TEXTS))


@asynccontextmanager
async def open_any_llm(address: str) -> AsyncIterator[Library]:
    """The library as it comes."""
    yield _AnyLLM(AnyLLM.create("openai", api_key=KEY, api_base=f"{address}/v1", max_retries=RETRIES))
