"""Calls beside another HTTP client of the application's."""

import asyncio
import os

import aiohttp

from trio_llm import acompletion


async def fetch_and_analyze(session: aiohttp.ClientSession, url: str) -> str | None:
    async with session.get(url) as response:
        content = await response.text()
    answer = await acompletion(
        model="gpt-4", messages=[{"role": "user", "content": f"Summarize this: {content[:500]}"}]
    )
    return answer.choices[0].message.content


async def main() -> None:
    urls = os.environ.get("PAGES", "https://example.com/article1 https://example.com/article2").split()
    async with aiohttp.ClientSession() as session:
        summaries = await asyncio.gather(*[fetch_and_analyze(session, url) for url in urls])
    for url, summary in zip(urls, summaries, strict=True):
        print(f"{url}: {summary}")


asyncio.run(main())
