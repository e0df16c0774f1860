"""One question to several models."""

import trio

from trio_llm import ChatRequest, Client

MODELS = ["gpt-4", "claude-3-5-sonnet-20241022", "gemini-pro"]


async def main() -> None:
    question = [{"role": "user", "content": "What is the capital of France?"}]
    async with Client() as client:
        # One outcome for each model, in order, whatever becomes of the others.
        for outcome in await client.fan_out([ChatRequest(model, question) for model in MODELS], deadline=30):
            answer = outcome.response.choices[0].message.content if outcome.status == "ok" else outcome.error
            print(f"{outcome.request.model}: {answer}")


trio.run(main)
