"""Several streams at once."""

import trio

from trio_llm import Client

PROMPTS = ["Count to 5", "Name 3 colors", "Say hello in 3 languages"]


async def stream_task(client: Client, number: int, prompt: str) -> None:
    async with client.stream("gpt-4", [{"role": "user", "content": prompt}]) as stream:
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    print(f"Task {number} complete: {text[:50]}")


async def main() -> None:
    async with Client() as client, trio.open_nursery() as nursery:
        for number, prompt in enumerate(PROMPTS):
            nursery.start_soon(stream_task, client, number, prompt)
    print("All tasks completed")


trio.run(main)
