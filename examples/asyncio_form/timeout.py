"""A limit on the whole operation; the provider stops as well."""

import asyncio

from trio_llm import acompletion


async def main() -> None:
    call = acompletion(
        model="gpt-4-slow", messages=[{"role": "user", "content": "Write a long story"}], max_tokens=1000
    )
    try:
        response = await asyncio.wait_for(call, timeout=0.2)
        print(response.choices[0].message.content)
    except TimeoutError:
        print("Request timed out")


asyncio.run(main())
