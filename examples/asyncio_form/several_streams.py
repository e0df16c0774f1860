"""Several streams at once."""

import asyncio

from trio_llm import acompletion

PROMPTS = ["Count to 5", "Name 3 colors", "Say hello in 3 languages"]


async def stream_task(number: int, prompt: str) -> str:
    stream = await acompletion(model="gpt-4", messages=[{"role": "user", "content": prompt}], stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    print(f"Task {number} complete: {text[:50]}")
    return text


async def main() -> None:
    texts = await asyncio.gather(*[stream_task(number, prompt) for number, prompt in enumerate(PROMPTS)])
    print(f"All {len(texts)} tasks completed")


asyncio.run(main())
