"""Embeddings of several texts."""

import asyncio

from trio_llm import aembedding

TEXTS = ["The quick brown fox", "jumps over the lazy dog", "Machine learning is fascinating"]


async def main() -> None:
    responses = await asyncio.gather(*[aembedding(model="text-embedding-ada-002", input=[text]) for text in TEXTS])
    for text, response in zip(TEXTS, responses, strict=True):
        print(f"{text}: {len(response.data[0].embedding)} dimensions")


asyncio.run(main())
