"""Many items in batches, with a pause between them; and what replaces that."""

import asyncio

from trio_llm import ModelResponse, acompletion


async def process_batch(items: list[str], batch_size: int = 5) -> list[ModelResponse]:
    results: list[ModelResponse] = []
    for start in range(0, len(items), batch_size):
        print(f"Processing batch {start // batch_size + 1}")
        calls = [
            acompletion(model="gpt-4", messages=[{"role": "user", "content": item}])
            for item in items[start : start + batch_size]
        ]
        results += await asyncio.gather(*calls)
        if start + batch_size < len(items):
            await asyncio.sleep(0.05)
    return results


async def main() -> None:
    results = await process_batch([f"Question {number}" for number in range(15)])
    print(f"Processed {len(results)} items")


asyncio.run(main())
