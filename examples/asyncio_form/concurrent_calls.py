"""Several calls at once."""

import asyncio

from trio_llm import acompletion


async def main() -> None:
    calls = [
        acompletion(model="gpt-4", messages=[{"role": "user", "content": f"What is {number} + {number}?"}])
        for number in range(5)
    ]
    for number, response in enumerate(await asyncio.gather(*calls)):
        print(f"Response {number}: {response.choices[0].message.content}")


asyncio.run(main())
