"""A stream of chunks."""

import trio

from trio_llm import Client


async def main() -> None:
    async with (
        Client() as client,
        client.stream("gpt-4", [{"role": "user", "content": "Write a short poem"}]) as stream,
    ):
        async for chunk in stream:  # read ahead by a task of the block; leaving it stops the provider
            print(chunk.choices[0].delta.content or "", end="", flush=True)
    usage = stream.response.usage
    print(f"\n{usage.total_tokens if usage else 0} tokens")


trio.run(main)
