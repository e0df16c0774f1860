"""How each vendor says that a limit was reached.

Sources, 2026-11: OpenAI, "Rate limits" and "Error codes"; Anthropic, "Rate limits"; Gemini API, "Rate limits"; Amazon
Bedrock API reference, "ThrottlingException"; Cohere docs, "Errors".
"""

from __future__ import annotations

from .._actions import Failure
from .._limits import LimitState

_SHORT = {"requests": "RPM", "tokens": "TPM"}


def limited(family: str, model: str, state: LimitState, wait: float) -> Failure:
    """The refusal of a request for which there is no room; `wait` is the seconds until there is."""
    match family:
        case "openai":
            message = (
                f"Rate limit reached for {model} on {state.name} per min ({_SHORT[state.name]}): "
                f"Limit {state.limit}, Remaining {state.remaining}. Please try again in {wait:.3f}s."
            )
            return Failure(429, message, code="rate_limit_exceeded", retry_after=wait)
        case "anthropic":
            message = f"This request would exceed the rate limit of {state.limit} {state.name} per minute."
        case "gemini":
            message = f"You exceeded your current quota: limit {state.limit} {state.name} per minute, model {model}."
        case "bedrock" | "sagemaker":
            # AWS does not say when to come back.
            return Failure(429, f"Too many {state.name}, please wait before trying again.")
        case "cohere":
            message = f"You are past the per minute {state.name[:-1]} limit, please wait and try again later."
        case _:
            message = f"rate limit reached: {state.limit} {state.name} per minute"
    return Failure(429, message, retry_after=wait)
