"""At most five calls at a time."""

import trio

from trio_llm import ChatRequest, Client, Limits


async def main() -> None:
    requests = [ChatRequest("gpt-4", [{"role": "user", "content": f"What is {number}?"}]) for number in range(20)]
    async with Client(limits=Limits(max_in_flight=5)) as client:  # slots in fair order, for every call made with it
        outcomes = await client.fan_out(requests)
    print(f"Completed {sum(outcome.status == 'ok' for outcome in outcomes)} requests")


trio.run(main)
