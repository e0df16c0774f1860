"""Requests of the Responses API, each one frozen value.

Source: OpenAI API reference, "Create a model response" and the operations on stored responses, 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypedDict, Unpack

import attrs

from ..as_read import AsRead
from ..errors import BadRequestError
from ..mapping import Record
from ..request import AnyRequest, CallOptions, ControlParams, checked_model, holds_items, split_arguments

if TYPE_CHECKING:
    from .response import DeleteResponseResult, InputItemList, ResponsesAPIResponse

InputItemLike: TypeAlias = Mapping[str, Any] | Record
"""An input item as a dictionary, or an item of an earlier response."""
ResponsesInput: TypeAlias = str | Iterable[InputItemLike]
"""A text, or items: messages, calls and their outputs, and whatever an earlier response consisted of."""


class ResponsesToollessParams(TypedDict, total=False):
    """OpenAI's parameters ("Create a model response", 2026-11), but the tools."""

    background: bool | None
    background_options: Mapping[str, Any] | None
    context_management: Sequence[Mapping[str, Any]] | None
    conversation: str | Mapping[str, Any] | None
    include: Sequence[str] | None
    instructions: str | None
    max_output_tokens: int | None
    max_tool_calls: int | None
    metadata: Mapping[str, Any] | None
    moderation: Mapping[str, Any] | None
    parallel_tool_calls: bool | None
    previous_response_id: str | None
    prompt: Mapping[str, Any] | None
    prompt_cache_key: str | None
    prompt_cache_options: Mapping[str, Any] | None
    prompt_cache_retention: str | None
    reasoning: Mapping[str, Any] | None
    safety_identifier: str | None
    service_tier: str | None
    store: bool | None
    stream_options: Mapping[str, Any] | None
    temperature: float | None
    text: Mapping[str, Any] | None
    text_format: Mapping[str, Any] | type[Any] | None
    tool_choice: str | Mapping[str, Any] | None
    top_logprobs: int | None
    top_p: float | None
    truncation: str | None
    user: str | None


class ResponsesModelParams(ResponsesToollessParams, total=False):
    """All of them."""

    tools: Sequence[Mapping[str, Any]] | None


class ResponsesParams(ResponsesModelParams, ControlParams, total=False):
    """Every keyword argument of a Responses call beside `input`, `model` and `stream`."""


RESPONSES_PARAMETERS = frozenset(ResponsesModelParams.__annotations__)


@attrs.frozen(init=False)
class ResponsesRequest(AnyRequest["ResponsesAPIResponse"]):
    """One Responses call as a value.

        outcomes = await client.fan_out([ResponsesRequest(text, "openai/gpt-4o") for text in texts])

    Raises:
        UnsupportedParamsError: for a parameter that does not exist; the message names the nearest.
        BadRequestError: for an input that is none.
    """

    operation: ClassVar[str] = "responses"

    model: str
    input: str | tuple[Mapping[str, Any], ...] | None
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self,
        input: ResponsesInput | None,
        model: str,
        *,
        stream: bool | None = False,
        **params: Unpack[ResponsesParams],
    ) -> None:
        parameters, options = split_arguments(params, RESPONSES_PARAMETERS)
        self.__attrs_init__(
            checked_model(model), None if input is None else plain_items(input), bool(stream), parameters, options
        )


def plain_items(given: ResponsesInput) -> str | tuple[Mapping[str, Any], ...]:
    """An input as a text or as JSON objects. Items of responses are dumped as they were read.

    Raises:
        BadRequestError: for what is neither.
    """
    if isinstance(given, str):
        return given
    if not holds_items(given):
        raise BadRequestError(f"input must be a text or a list of items, not {type(given).__name__}")
    return tuple([_plain_item(item, place) for place, item in enumerate(given)])


def _plain_item(item: object, place: int) -> Mapping[str, Any]:
    if isinstance(item, Mapping):
        content = item.get("content")
        if isinstance(content, list | tuple) and any(isinstance(part, Record) for part in content):
            return {**item, "content": [part.model_dump() if isinstance(part, Record) else part for part in content]}
        return item
    dump = getattr(item, "model_dump", None)  # our own records, and pydantic's
    if dump is None:
        raise BadRequestError(f"input[{place}] must be an item, not {type(item).__name__}")
    dumped: Mapping[str, Any] = dump() if isinstance(item, AsRead) else dump(exclude_none=True)
    return dumped


def _identifier(given: object) -> str:
    if not isinstance(given, str) or not given:
        raise BadRequestError(f"a response's id is a text, not {given!r:.60}")
    return given


def _owner(model: str | None, options: CallOptions) -> str:
    """What stands for the model where only its provider is wanted: OpenAI, unless the caller says another."""
    return f"{options.custom_llm_provider or 'openai'}/" if model is None else checked_model(model)


@attrs.frozen(init=False)
class DeleteResponseRequest(AnyRequest["DeleteResponseResult"]):
    """Forget a stored response.

    Example:
        await client.call(DeleteResponseRequest("resp_123"))
    """

    operation: ClassVar[str] = "delete_response"

    model: str
    response_id: str
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, response_id: str, model: str | None = None, **params: Unpack[ControlParams]) -> None:
        parameters, options = split_arguments(params, frozenset())
        self.__attrs_init__(_owner(model, options), _identifier(response_id), parameters, options)


@attrs.frozen(init=False)
class CancelResponseRequest(AnyRequest["ResponsesAPIResponse"]):
    """Stop a response that is made in the background.

    Example:
        response = await client.call(CancelResponseRequest("resp_123"))
    """

    operation: ClassVar[str] = "cancel_response"

    model: str
    response_id: str
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, response_id: str, model: str | None = None, **params: Unpack[ControlParams]) -> None:
        parameters, options = split_arguments(params, frozenset())
        self.__attrs_init__(_owner(model, options), _identifier(response_id), parameters, options)


class GetResponseModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Get a model response", 2026-11)."""

    include: Sequence[str] | None
    include_obfuscation: bool | None
    starting_after: int | None


class GetResponseParams(GetResponseModelParams, ControlParams, total=False):
    """Every keyword argument of a look at a stored response beside `response_id`, `model` and `stream`."""


GET_RESPONSE_PARAMETERS = frozenset(GetResponseModelParams.__annotations__)


@attrs.frozen(init=False)
class GetResponseRequest(AnyRequest["ResponsesAPIResponse"]):
    """A look at a stored response, or its events again.

    Example:
        response = await client.call(GetResponseRequest("resp_123"))
    """

    operation: ClassVar[str] = "get_response"

    model: str
    response_id: str
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self,
        response_id: str,
        model: str | None = None,
        *,
        stream: bool | None = False,
        **params: Unpack[GetResponseParams],
    ) -> None:
        parameters, options = split_arguments(params, GET_RESPONSE_PARAMETERS)
        self.__attrs_init__(_owner(model, options), _identifier(response_id), bool(stream), parameters, options)


class InputItemsModelParams(TypedDict, total=False):
    """OpenAI's parameters ("List input items", 2026-11)."""

    after: str | None
    before: str | None
    include: Sequence[str] | None
    limit: int | None
    order: str | None


class InputItemsParams(InputItemsModelParams, ControlParams, total=False):
    """Every keyword argument of a list of input items beside `response_id` and `model`."""


INPUT_ITEMS_PARAMETERS = frozenset(InputItemsModelParams.__annotations__)


@attrs.frozen(init=False)
class InputItemsRequest(AnyRequest["InputItemList"]):
    """A page of what a stored response was made from.

    Example:
        page = await client.call(InputItemsRequest("resp_123", limit=20))
    """

    operation: ClassVar[str] = "list_input_items"

    model: str
    response_id: str
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, response_id: str, model: str | None = None, **params: Unpack[InputItemsParams]) -> None:
        parameters, options = split_arguments(params, INPUT_ITEMS_PARAMETERS)
        self.__attrs_init__(_owner(model, options), _identifier(response_id), parameters, options)


class CompactResponseModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Compact a response", 2026-11)."""

    instructions: str | None
    previous_response_id: str | None
    prompt_cache_key: str | None
    prompt_cache_options: Mapping[str, Any] | None
    prompt_cache_retention: str | None
    service_tier: str | None


class CompactResponseParams(CompactResponseModelParams, ControlParams, total=False):
    """Every keyword argument of a compaction beside `input` and `model`."""


COMPACT_RESPONSE_PARAMETERS = frozenset(CompactResponseModelParams.__annotations__)


@attrs.frozen(init=False)
class CompactResponseRequest(AnyRequest["ResponsesAPIResponse"]):
    """A conversation to be made shorter.

    Example:
        shorter = await client.call(CompactResponseRequest(history, "openai/gpt-5"))
    """

    operation: ClassVar[str] = "compact_response"

    model: str
    input: str | tuple[Mapping[str, Any], ...] | None
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, input: ResponsesInput | None, model: str, **params: Unpack[CompactResponseParams]) -> None:
        parameters, options = split_arguments(params, COMPACT_RESPONSE_PARAMETERS)
        self.__attrs_init__(checked_model(model), None if input is None else plain_items(input), parameters, options)
