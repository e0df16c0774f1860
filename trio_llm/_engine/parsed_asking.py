"""Chat calls whose `response_format` is a type: the answer is read into it, and asked for again where it does not fit.

Each repair is a request of its own inside the same call: it is paid, it is seen among the call's events, and the call's
deadline holds for all of them together. The response has the usage of all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from .._convert.answers import UnfitError, fit, read_answer
from .._dialects.schema import WRAPPED, is_object_type
from .._types.chat import ChatRequest, Choices, ModelResponse
from .._types.chat.parsed import ParsedResponse
from .._types.errors import AnswerValidationError, APIError
from .._types.request import changed
from .._types.usage_sum import summed

Ask = Callable[[ChatRequest], Awaitable[ModelResponse]]
_AGAIN: Final = "This answer does not fit the schema: {problem}\nAnswer again, with JSON that fits, and nothing else."


def parsed_answer(request: ChatRequest, ask: Ask) -> Awaitable[ParsedResponse[Any]] | None:
    """The call of a request that asks for a type; None for others.

    Raises:
        AnswerValidationError: if the last answer does not fit.
    """
    kind = request.parameters.get("response_format")
    if kind is None or isinstance(kind, Mapping):
        return None
    return _ask_until_it_fits(request, kind, ask)


async def _ask_until_it_fits(request: ChatRequest, kind: Any, ask: Ask) -> ParsedResponse[Any]:
    asked, spent, last, repairs_left = request, None, None, request.max_repairs
    while True:
        try:
            response = await ask(asked)
        except APIError as error:
            error.partial = error.partial or last
            raise
        last = response
        spent = response.usage = summed((spent, response.usage))
        try:
            return ParsedResponse.of(response, lambda choice: read_choice(choice, kind))
        except UnfitError as misfit:
            problem = str(misfit)
        _check_repairable(response, problem, repairs_left)
        repairs_left -= 1
        again = {"role": "user", "content": _AGAIN.format(problem=problem)}
        message = response.choices[0].message.model_dump(exclude_none=True)
        asked = changed(asked, messages=(*asked.messages, message, again))


def _check_repairable(response: ModelResponse, problem: str, repairs_left: int) -> None:
    """Raise `AnswerValidationError` for an answer that is not asked for again, or that asking again would not mend."""
    cut = any(choice.finish_reason == "length" for choice in response.choices)
    if not repairs_left or cut or len(response.choices) > 1 or response.choices[0].message.refusal:
        why = " (it was cut off at the limit of tokens: raise max_tokens)" if cut else ""
        message = f"the answer does not fit: {problem}{why}"
        raise unfit(message, response)


def parsed(response: ModelResponse, kind: Any) -> ParsedResponse[Any]:
    """A response with its answers as a type.

    Raises:
        AnswerValidationError: if one does not fit.
    """
    try:
        return ParsedResponse.of(response, lambda choice: read_choice(choice, kind))
    except UnfitError as misfit:
        problem = str(misfit)
    raise unfit(f"the answer does not fit: {problem}", response)


def unfit(message: str, response: ModelResponse) -> AnswerValidationError:
    """The error of an answer that does not fit."""
    provider, model = response.llm_provider or "", response.requested_model or response.model or ""
    error = AnswerValidationError(message, provider, model, None, response.request_id)
    error.partial, error.attempts = response, 1
    return error


def read_choice(choice: Choices, kind: Any) -> Any:
    """One answer as a type; None where the model calls tools in place of answering.

    Raises:
        UnfitError: if it does not fit.
    """
    message = choice.message
    if message.tool_calls:
        return None
    if message.refusal:
        raise UnfitError(f"the model refused: {message.refusal}")
    value = read_answer(message.content or "")
    return fit(unwrapped(value, kind), kind)


def unwrapped(value: Any, kind: Any) -> Any:
    """What stands in the object that an answer is put into which is none."""
    if is_object_type(kind) or not isinstance(value, dict) or set(value) != {WRAPPED}:
        return value
    return value[WRAPPED]
