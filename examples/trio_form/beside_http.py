"""Calls beside another HTTP client of the application's."""

import os

import httpx
import trio

from trio_llm import acompletion


async def fetch_and_analyze(session: httpx.AsyncClient, url: str) -> None:
    content = (await session.get(url)).text
    answer = await acompletion(
        model="gpt-4", messages=[{"role": "user", "content": f"Summarize this: {content[:500]}"}]
    )
    print(f"{url}: {answer.choices[0].message.content}")


async def main() -> None:
    urls = os.environ.get("PAGES", "https://example.com/article1 https://example.com/article2").split()
    async with httpx.AsyncClient() as session, trio.open_nursery() as nursery:
        for url in urls:
            nursery.start_soon(fetch_and_analyze, session, url)


trio.run(main)
