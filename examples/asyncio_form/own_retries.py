"""Retries written out by hand, as LiteLLM's guide has them; `with_retries` shows what replaces them."""

import asyncio

from trio_llm import ModelResponse, acompletion
from trio_llm.exceptions import APIError


async def completion_with_retry(model: str, content: str, max_retries: int = 3) -> ModelResponse:
    for attempt in range(max_retries):
        try:
            return await acompletion(
                model=model, messages=[{"role": "user", "content": content}], timeout=30.0, num_retries=0
            )
        except APIError as error:
            if attempt == max_retries - 1:
                raise
            print(f"Attempt {attempt + 1} failed: {error}")
            await asyncio.sleep(0.01 * 2**attempt)
    raise AssertionError("unreachable")


async def main() -> None:
    response = await completion_with_retry("gpt-4-flaky", "Hello")
    print(response.choices[0].message.content)


asyncio.run(main())
