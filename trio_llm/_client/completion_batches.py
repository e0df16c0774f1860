"""LiteLLM's batch functions, in terms of fan-outs and races on the default client.

Shapes: LiteLLM 1.109, `litellm.batch_completion.main`, and `Router.abatch_completion` and
`Router.abatch_completion_fastest_response`. A client of one's own has `fan_out` and `race`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, Unpack

from .._combinators.jobs import Outcome
from .._types.chat import ChatParams, ChatRequest, MessageLike, ModelResponse
from .._types.errors import AllFailedError, BadRequestError
from .._types.mapping import Record
from .default import default_client

Messages: TypeAlias = Iterable[MessageLike]
ResponseOrError: TypeAlias = ModelResponse | Exception
"""A response, or why there is none."""


async def abatch_completion(
    model: str | Sequence[str] | None = None,
    messages: Sequence[Any] = (),
    *,
    models: str | Sequence[str] | None = None,
    max_workers: int | None = None,
    **params: Unpack[ChatParams],
) -> list[Any]:
    """Ask one model, or several, about one conversation or many, all at the same time.

    `model="name"` takes a list of conversations and gives a response or an error for each. A list of models, as
    `models` of LiteLLM's router, gives the list of their answers to one conversation, or such a list for each of many.
    Errors stand in the places of the answers. `max_workers` calls run at the same time; None leaves that to the client.

        responses = await trio_llm.abatch_completion("openai/gpt-4o", [first_messages, second_messages])
    """
    wanted = models if models is not None else model
    client = await default_client()
    single = not isinstance(wanted, str) and _is_conversation(messages)
    names = [wanted] if isinstance(wanted, str) else _names(wanted or ())
    requests = _requests(names, [messages] if single else messages, params)
    answers = [*map(_answer, await client.fan_out(requests, limit=max_workers))]
    if isinstance(wanted, str) or single:
        return answers
    return [answers[start : start + len(names)] for start in range(0, len(answers), len(names))]


async def abatch_completion_models(
    models: str | Sequence[str], messages: Messages, **params: Unpack[ChatParams]
) -> ModelResponse:
    """Ask several models the same; the first response to come. The others' calls are ended and gone by then.

        response = await trio_llm.abatch_completion_models(["openai/gpt-4o", "claude-sonnet-4-5"], messages)

    Raises:
        AllFailedError: if none answered.
    """
    client = await default_client()
    winner = await client.race(_requests(_names(models), [messages], params))
    assert winner.response is not None  # it has won with it
    return winner.response


async def abatch_completion_fastest_response(
    model: str | Sequence[str], messages: Messages, **params: Unpack[ChatParams]
) -> ModelResponse:
    """The same as `abatch_completion_models`; models as a list, or as one text with commas between their names.

        response = await trio_llm.abatch_completion_fastest_response("openai/gpt-4o,claude-sonnet-4-5", messages)

    Raises:
        AllFailedError: if none answered.
    """
    return await abatch_completion_models(model, messages, **params)


async def abatch_completion_models_all_responses(
    models: str | Sequence[str], messages: Messages, **params: Unpack[ChatParams]
) -> list[ModelResponse]:
    """Ask several models the same; the responses of all that answered, in the order of the models.

        responses = await trio_llm.abatch_completion_models_all_responses(["openai/gpt-4o", "mistral/large"], messages)

    Raises:
        AllFailedError: if none answered.
    """
    client = await default_client()
    outcomes = await client.fan_out(_requests(_names(models), [messages], params))
    responses = [outcome.response for outcome in outcomes if outcome.response is not None]
    if not responses:
        reasons = "; ".join(str(outcome.error) for outcome in outcomes)
        raise AllFailedError(f"none of {len(outcomes)} models answered: {reasons}", tuple(outcomes))
    return responses


def _is_conversation(messages: Sequence[Any]) -> bool:
    return all(isinstance(message, Mapping | Record) for message in messages)


def _names(models: str | Sequence[str]) -> list[str]:
    names = models.split(",") if isinstance(models, str) else models
    if not names:
        raise BadRequestError("there is no model to ask: the list of models is empty")
    return [name.strip() for name in names]


def _requests(models: Sequence[str], conversations: Iterable[Messages], params: ChatParams) -> list[ChatRequest]:
    return [ChatRequest(model, conversation, **params) for conversation in conversations for model in models]


def _answer(outcome: Outcome[ModelResponse]) -> ResponseOrError:
    answer = outcome.response or outcome.error
    assert answer is not None  # nothing ends a fan-out before its calls have ended
    return answer
