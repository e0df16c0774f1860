"""Token counts, in OpenAI's meaning."""

from __future__ import annotations

import attrs

from .mapping import Record


@attrs.define(repr=False)
class PromptTokensDetails(Record):
    """What the prompt tokens consist of.

    Example:
        print(response.usage.prompt_tokens_details.cached_tokens)
    """

    cached_tokens: int | None = None
    """Read from a prompt cache; part of `prompt_tokens`."""
    cache_creation_tokens: int | None = None
    """Written to a prompt cache; part of `prompt_tokens`."""
    audio_tokens: int | None = None
    text_tokens: int | None = None
    image_tokens: int | None = None


@attrs.define(repr=False)
class CompletionTokensDetails(Record):
    """What the completion tokens consist of.

    Example:
        print(response.usage.completion_tokens_details.reasoning_tokens)
    """

    reasoning_tokens: int | None = None
    """Spent on thinking; part of `completion_tokens`."""
    audio_tokens: int | None = None
    text_tokens: int | None = None
    image_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None


@attrs.define(repr=False)
class Usage(Record):
    """Tokens of one call. Cached and reasoning tokens are counted inside, as OpenAI does, whatever the wire says.

    Example:
        usage = response.usage
        print(usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details.cached_tokens)
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None


def updated_usage(before: Usage | None, later: Usage) -> Usage:
    """Later counts of a stream. What they leave out is as before: some tell the prompt at the beginning alone."""
    if before is None:
        return later
    is_whole = bool(later.prompt_tokens) or not before.prompt_tokens
    if is_whole and not before.model_extra:
        return later
    extra = {**(before.model_extra or {}), **(later.model_extra or {})} or None
    if is_whole:
        return attrs.evolve(later, model_extra=extra)
    prompt = before.prompt_tokens
    total, details = prompt + later.completion_tokens, before.prompt_tokens_details
    return attrs.evolve(
        later, prompt_tokens=prompt, total_tokens=total, prompt_tokens_details=details, model_extra=extra
    )
