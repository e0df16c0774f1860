"""Errors by their class: LiteLLM's names, with the provider's words and its wish for a pause."""

import trio

from trio_llm import acompletion
from trio_llm.exceptions import APIError, RateLimitError


async def robust_completion(model: str, content: str) -> str | None:
    try:
        response = await acompletion(model=model, messages=[{"role": "user", "content": content}], num_retries=0)
    except RateLimitError as error:
        print(f"Rate limit hit for {model}, trying again")
        await trio.sleep(error.retry_after or 0.1)
        return await robust_completion(model, content)
    except APIError as error:
        print(f"API error for {model}: {error}")
        return None
    return response.choices[0].message.content


async def main() -> None:
    print(await robust_completion("gpt-4", "Hello"))
    print(await robust_completion("gpt-4-limited", "Hello"))
    print(await robust_completion("gpt-4-missing", "Hello"))


trio.run(main)
