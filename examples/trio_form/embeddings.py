"""Embeddings of several texts."""

import trio

from trio_llm import aembedding

TEXTS = ["The quick brown fox", "jumps over the lazy dog", "Machine learning is fascinating"]


async def main() -> None:
    response = await aembedding(model="text-embedding-ada-002", input=TEXTS)  # one call takes them all
    for text, item in zip(TEXTS, response.data, strict=True):
        print(f"{text}: {len(item.embedding)} dimensions")


trio.run(main)
