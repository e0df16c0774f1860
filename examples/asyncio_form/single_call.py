"""One call."""

import asyncio

from trio_llm import acompletion


async def main() -> None:
    response = await acompletion(
        model="gpt-4", messages=[{"role": "user", "content": "Explain async programming."}], temperature=0.7
    )
    print(response.choices[0].message.content)


asyncio.run(main())
