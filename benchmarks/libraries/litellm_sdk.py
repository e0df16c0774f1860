"""LiteLLM's functions, with its list of prices from the package instead of the network."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # read while the package is imported

import litellm

from ._base import CHAT_MODEL, EMBEDDING_MODEL, KEY, MESSAGES, RETRIES, TEXTS, Library
from ._openai_shape import count_numbers, count_texts


class _LiteLLM:
    def __init__(self, address: str) -> None:
        self._options: dict[str, Any] = {"api_key": KEY, "api_base": f"{address}/v1", "max_retries": RETRIES}

    async def call(self) -> str | None:
        """See `Library.call`."""
        response = await litellm.acompletion(model=f"openai/{CHAT_MODEL}", messages=MESSAGES, **self._options)
        return response.choices[0].message.content

    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        stream = await litellm.acompletion(
            model=f"openai/{CHAT_MODEL}",
            messages=MESSAGES,
            stream=True,
            stream_options={"include_usage": True},
            **self._options,
        )
        return await count_texts(stream, started)

    async def embed(self) -> int:
        """See `Library.embed`."""
        response = await litellm.aembedding(model=f"openai/{EMBEDDING_MODEL}", input=TEXTS, **self._options)
        return count_numbers(response)


@asynccontextmanager
async def open_litellm(address: str) -> AsyncIterator[Library]:
    """The functions as they come; their clients are global."""
    litellm.suppress_debug_info = True  # it prints advice beside every error
    yield _LiteLLM(address)
