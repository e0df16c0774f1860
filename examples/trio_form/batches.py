"""Many items in batches, with a pause between them; and what replaces that."""

import trio

from trio_llm import ChatRequest, Client


async def main() -> None:
    requests = [ChatRequest("gpt-4", [{"role": "user", "content": f"Question {number}"}]) for number in range(15)]
    async with Client() as client:
        # No batch waits for its slowest item, no result is lost to another's failure or to the deadline.
        outcomes = await client.fan_out(requests, limit=5, deadline=60)
    print(f"Processed {sum(outcome.status == 'ok' for outcome in outcomes)} items")


trio.run(main)
