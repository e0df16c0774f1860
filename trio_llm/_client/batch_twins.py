"""LiteLLM's batch functions for synchronous code, and rows for the default clients."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Unpack

from .._catalog.provider import Provider
from .._types.chat import ChatParams, ModelResponse
from .completion_batches import (
    Messages,
    ResponseOrError,
    abatch_completion,
    abatch_completion_models,
    abatch_completion_models_all_responses,
)
from .default import default_client, register_row
from .portal import SYNC_THREAD


def batch_completion(
    model: str, messages: Sequence[Messages], *, max_workers: int | None = None, **params: Unpack[ChatParams]
) -> list[ResponseOrError]:
    """Ask one model about many conversations at the same time: a response or an error for each, in their order.

    Example:
        responses = trio_llm.batch_completion("openai/gpt-4o", [first_messages, second_messages])
    """
    return SYNC_THREAD.call(partial(abatch_completion, model, messages, max_workers=max_workers, **params))


def batch_completion_models(
    models: str | Sequence[str], messages: Messages, **params: Unpack[ChatParams]
) -> ModelResponse:
    """`abatch_completion_models` for synchronous code.

    Example:
        response = trio_llm.batch_completion_models(["openai/gpt-4o", "claude-sonnet-4-5"], messages)
    """
    return SYNC_THREAD.call(partial(abatch_completion_models, models, messages, **params))


def batch_completion_models_all_responses(
    models: str | Sequence[str], messages: Messages, **params: Unpack[ChatParams]
) -> list[ModelResponse]:
    """`abatch_completion_models_all_responses` for synchronous code.

    Example:
        responses = trio_llm.batch_completion_models_all_responses(["openai/gpt-4o", "mistral/large"], messages)
    """
    return SYNC_THREAD.call(partial(abatch_completion_models_all_responses, models, messages, **params))


def register_provider(row: Provider) -> None:
    """Let the module functions know a provider of your own, or another row for one that they know.

    Called in a run of Trio or asyncio, it holds for that run, whose default client is told; elsewhere it holds for the
    synchronous functions. A `Client` takes such rows as `providers`.

        trio_llm.register_provider(row)  # a Provider, for the module's functions
        response = await trio_llm.acompletion("mine/some-model", messages)
    """
    try:
        register_row(row)
    except RuntimeError:  # there is no run here
        SYNC_THREAD.call(partial(_register, row))


async def _register(row: Provider) -> None:
    await default_client()
    register_row(row)
