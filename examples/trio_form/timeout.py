"""A limit on the whole operation; the provider stops as well."""

import trio

from trio_llm import acompletion


async def main() -> None:
    with trio.move_on_after(0.2) as scope:
        response = await acompletion(
            model="gpt-4-slow", messages=[{"role": "user", "content": "Write a long story"}], max_tokens=1000
        )
        print(response.choices[0].message.content)
    if scope.cancelled_caught:
        print("Request timed out")


trio.run(main)
