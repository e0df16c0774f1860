"""At most five calls at a time."""

import asyncio

from trio_llm import acompletion


async def limited_completion(semaphore: asyncio.Semaphore, content: str) -> str | None:
    async with semaphore:
        response = await acompletion(model="gpt-4", messages=[{"role": "user", "content": content}])
    return response.choices[0].message.content


async def main() -> None:
    semaphore = asyncio.Semaphore(5)
    results = await asyncio.gather(*[limited_completion(semaphore, f"What is {number}?") for number in range(20)])
    print(f"Completed {len(results)} requests")


asyncio.run(main())
