"""One question to several models."""

import asyncio

from trio_llm import acompletion

MODELS = ["gpt-4", "claude-3-5-sonnet-20241022", "gemini-pro"]


async def main() -> None:
    question = [{"role": "user", "content": "What is the capital of France?"}]
    responses = await asyncio.gather(*[acompletion(model=model, messages=question) for model in MODELS])
    for model, response in zip(MODELS, responses, strict=True):
        print(f"{model}: {response.choices[0].message.content}")


asyncio.run(main())
