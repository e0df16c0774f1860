"""Retries written out by hand, as LiteLLM's guide has them; `with_retries` shows what replaces them."""

import trio

from trio_llm import Client, RetryPolicy


async def main() -> None:
    # One layer, inside one deadline, and only where trying again can help.
    async with Client(retry=RetryPolicy(attempts=3, first_pause=0.01)) as client:
        response = await client.completion("gpt-4-flaky", [{"role": "user", "content": "Hello"}], timeout=30)
        print(response.choices[0].message.content)


trio.run(main)
