"""What the libraries with OpenAI's response objects have in common: reading them."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from typing import Any

from ._base import TextCounter


async def count_texts(stream: AsyncIterable[Any], started: Callable[[], None]) -> int:
    """Read a stream of chunks to its end."""
    counter = TextCounter(started)
    async for chunk in stream:
        if chunk.choices:
            counter.add(chunk.choices[0].delta.content)
    return counter.texts


def count_numbers(response: Any) -> int:
    """The numbers of an embedding response, whose items are objects or, of LiteLLM, dictionaries."""
    vectors = [item["embedding"] if isinstance(item, dict) else item.embedding for item in response.data]
    return sum(map(len, vectors))
