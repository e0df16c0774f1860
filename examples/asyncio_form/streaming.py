"""A stream of chunks."""

import asyncio

from trio_llm import acompletion


async def main() -> None:
    stream = await acompletion(model="gpt-4", messages=[{"role": "user", "content": "Write a short poem"}], stream=True)
    async for chunk in stream:
        if chunk.choices[0].delta.content:
            print(chunk.choices[0].delta.content, end="", flush=True)
    usage = stream.response.usage
    print(f"\n{usage.total_tokens if usage else 0} tokens")


asyncio.run(main())
