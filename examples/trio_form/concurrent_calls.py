"""Several calls at once."""

import trio

from trio_llm import acompletion


async def ask(number: int, answers: dict[int, str | None]) -> None:
    question = [{"role": "user", "content": f"What is {number} + {number}?"}]
    response = await acompletion(model="gpt-4", messages=question)
    answers[number] = response.choices[0].message.content


async def main() -> None:
    answers: dict[int, str | None] = {}
    async with trio.open_nursery() as nursery:  # one failure cancels the rest; none outlives the block
        for number in range(5):
            nursery.start_soon(ask, number, answers)
    for number in sorted(answers):
        print(f"Response {number}: {answers[number]}")


trio.run(main)
