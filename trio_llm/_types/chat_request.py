"""The chat request: OpenAI's parameters as one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypedDict, Unpack, cast

import attrs

from .._errors import BadRequestError
from ._mapping import Record
from ._request import CallOptions, ControlParams, split_arguments

MessageLike: TypeAlias = Mapping[str, Any] | Record
"""A message as a dictionary, or the `message` of an earlier response."""


class ChatModelParams(TypedDict, total=False):
    """OpenAI's parameters of a chat call ("Create chat completion", 2026-11), and LiteLLM's `thinking`."""

    temperature: float | None
    top_p: float | None
    n: int | None
    stop: str | Sequence[str] | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | None
    logprobs: bool | None
    top_logprobs: int | None
    user: str | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stream_options: Mapping[str, Any] | None
    tools: Sequence[Mapping[str, Any]] | None
    tool_choice: str | Mapping[str, Any] | None
    parallel_tool_calls: bool | None
    functions: Sequence[Mapping[str, Any]] | None
    function_call: str | Mapping[str, Any] | None
    response_format: Mapping[str, Any] | type[Any] | None
    reasoning_effort: str | Mapping[str, Any] | None
    thinking: Mapping[str, Any] | None
    verbosity: str | None
    service_tier: str | None
    store: bool | None
    metadata: Mapping[str, Any] | None
    safety_identifier: str | None
    prompt_cache_key: str | None
    prompt_cache_retention: str | None
    modalities: Sequence[str] | None
    audio: Mapping[str, Any] | None
    prediction: Mapping[str, Any] | None
    web_search_options: Mapping[str, Any] | None


class ChatParams(ChatModelParams, ControlParams, total=False):
    """Every keyword argument of a chat call beside `model`, `messages` and `stream`."""


CHAT_PARAMETERS = frozenset(ChatModelParams.__annotations__)
_RESPONSE_ONLY = ("annotations", "images", "provider_specific_fields", "reasoning_content", "thinking_blocks")
"""Fields of a reply's message that OpenAI's request schema does not have; dialects that want them read them first."""
REPLY_FIELDS: frozenset[str] = frozenset(_RESPONSE_ONLY)


@attrs.frozen(init=False)
class ChatRequest:
    """One chat call as a value: for `fan_out`, `race` and their siblings, and for the engine itself.

    Takes the keyword arguments of `completion`. Arguments that are None count as not given.

    Raises:
        UnsupportedParamsError: for a parameter that does not exist; the message names the nearest.
        BadRequestError: for messages that are none.
    """

    model: str
    messages: tuple[Mapping[str, Any], ...]
    stream: bool
    parameters: ChatModelParams
    """The model's parameters that were given; read only."""
    options: CallOptions

    def __init__(
        self,
        model: str,
        messages: Iterable[MessageLike],
        *,
        stream: bool | None = False,
        **params: Unpack[ChatParams],
    ) -> None:
        parameters, options = split_arguments(params, CHAT_PARAMETERS)
        given = cast("ChatModelParams", parameters)
        self.__attrs_init__(model, _plain_messages(messages), bool(stream), given, options)


def _plain_messages(messages: Iterable[MessageLike]) -> tuple[Mapping[str, Any], ...]:
    if isinstance(messages, str | bytes | Mapping):
        raise BadRequestError(f"messages must be a list of messages, not {type(messages).__name__}")
    plain = tuple(message if type(message) is dict else _plain_message(message) for message in messages)
    if not plain:
        raise BadRequestError("messages is empty: there is nothing to answer")
    for number, message in enumerate(plain):
        if not isinstance(message.get("role"), str):
            raise BadRequestError(f"messages[{number}] has no role")
    return plain


def _plain_message(message: object) -> Mapping[str, Any]:
    if isinstance(message, Mapping):
        return message
    dump = getattr(message, "model_dump", None)  # our own messages, and pydantic's
    if dump is None:
        raise BadRequestError(f"a message must be a mapping, not {type(message).__name__}")
    plain: dict[str, Any] = dump(exclude_none=True)
    return plain
