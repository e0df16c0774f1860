"""The operations of the Responses API: the functions that ask for them, and how the engine makes them."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack, cast, overload

from .._dialects.contract import Endpoint, StreamEndpoint
from .._dialects.quirks import Quirks
from .._types.request import ControlParams
from .operation import Bridge, Either, Operation, Receive, Streamed, Whole, method
from .stream import ChunkRules

if TYPE_CHECKING:
    from .._types.responses_api.events import ResponseEvent
    from .._types.responses_api.request import (
        CompactResponseParams,
        GetResponseParams,
        InputItemsParams,
        ResponsesInput,
        ResponsesParams,
    )
    from .._types.responses_api.response import DeleteResponseResult, InputItemList, ResponsesAPIResponse


@overload
def ask_responses(
    input: ResponsesInput | None, model: str, *, stream: Literal[False] | None = None, **params: Unpack[ResponsesParams]
) -> Whole[ResponsesAPIResponse]: ...
@overload
def ask_responses(
    input: ResponsesInput | None, model: str, *, stream: Literal[True], **params: Unpack[ResponsesParams]
) -> Streamed[ResponseEvent, ResponsesAPIResponse]: ...
@overload
def ask_responses(
    input: ResponsesInput | None, model: str, *, stream: bool | None, **params: Unpack[ResponsesParams]
) -> Either[ResponsesAPIResponse, ResponseEvent]: ...
def ask_responses(
    input: ResponsesInput | None, model: str, *, stream: bool | None = None, **params: Unpack[ResponsesParams]
) -> Any:
    """Ask a model by the Responses API, or by chat where its provider has no other.

    With `background` the provider goes on without a connection: it is asked from time to time, within `timeout`, until
    the response is complete. Whoever cancels the call cancels the response.

        response = await trio_llm.aresponses("Say hello.", "openai/gpt-4o")
        print(response.output_text)

    Args:
        input: a text, or items: messages, calls and their outputs, and whatever an earlier `output` consisted of. None
            where a `prompt` or an earlier response says it all.
        model: `"provider/name"`, or a bare name such as `"gpt-5"`.
        stream: return a stream of typed events, once the first content has arrived.
        params: OpenAI's parameters and the control parameters of `CallOptions`.

    Raises:
        UnsupportedParamsError: for a parameter that is unknown or that the provider cannot express; what needs a memory
            that the provider does not have is one.
        APIError: whatever else went wrong; the class says what. A response that failed is in `partial`.
    """
    from .._types.responses_api.request import ResponsesRequest

    return ResponsesRequest(input, model, stream=stream, **params)


@overload
def ask_get_responses(
    response_id: str,
    model: str | None = None,
    *,
    stream: Literal[False] | None = None,
    **params: Unpack[GetResponseParams],
) -> Whole[ResponsesAPIResponse]: ...
@overload
def ask_get_responses(
    response_id: str, model: str | None = None, *, stream: Literal[True], **params: Unpack[GetResponseParams]
) -> Streamed[ResponseEvent, ResponsesAPIResponse]: ...
def ask_get_responses(
    response_id: str, model: str | None = None, *, stream: bool | None = None, **params: Unpack[GetResponseParams]
) -> Any:
    """Look at a stored response, or read its events again, after the one numbered `starting_after` for instance.

        response = await trio_llm.aget_responses("resp_123")

    Args:
        response_id: the provider's id.
        model: whose memory it is in, as `"azure/name"`; `custom_llm_provider` does as well. OpenAI's without either.
        stream: return a stream of typed events; OpenAI keeps those of responses that were asked for in the background
            and streamed.
        params: OpenAI's parameters and the control parameters of `CallOptions`.

    Raises:
        APIError: whatever went wrong. A response that failed is in `partial`.
    """
    from .._types.responses_api.request import GetResponseRequest

    return GetResponseRequest(response_id, model, stream=stream, **params)


def ask_delete_responses(
    response_id: str, model: str | None = None, **params: Unpack[ControlParams]
) -> Whole[DeleteResponseResult]:
    """Have a provider forget a stored response; for `model` see `get_response`.

        await trio_llm.adelete_responses(response.id)

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.responses_api.request import DeleteResponseRequest

    return cast("Whole[DeleteResponseResult]", DeleteResponseRequest(response_id, model, **params))


def ask_cancel_responses(
    response_id: str, model: str | None = None, **params: Unpack[ControlParams]
) -> Whole[ResponsesAPIResponse]:
    """Stop a response that is made in the background; for `model` see `get_response`.

        response = await trio_llm.acancel_responses(started.id)

    Returns:
        The response as it is. One that had ended before stays what it was.

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.responses_api.request import CancelResponseRequest

    return cast("Whole[ResponsesAPIResponse]", CancelResponseRequest(response_id, model, **params))


def ask_compact_responses(
    input: ResponsesInput | None, model: str, **params: Unpack[CompactResponseParams]
) -> Whole[ResponsesAPIResponse]:
    """Make a conversation shorter: `output` takes its place in the input of the next call.

        shorter = await trio_llm.acompact_responses(history, "openai/gpt-5")

    Args:
        input: the conversation, as for `responses`; None with `previous_response_id`.
        model: that is to go on with it.
        params: OpenAI's parameters and the control parameters of `CallOptions`.

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.responses_api.request import CompactResponseRequest

    return cast("Whole[ResponsesAPIResponse]", CompactResponseRequest(input, model, **params))


def ask_list_input_items(
    response_id: str, model: str | None = None, **params: Unpack[InputItemsParams]
) -> Whole[InputItemList]:
    """A page of the items that a stored response was made from; for `model` see `get_response`.

        page = await trio_llm.alist_input_items("resp_123", limit=20)

    Raises:
        APIError: whatever went wrong.
    """
    from .._types.responses_api.request import InputItemsRequest

    return cast("Whole[InputItemList]", InputItemsRequest(response_id, model, **params))


def _event_rules(request: Any) -> ChunkRules[Any, Any]:
    from .event_rules import rules_of

    return rules_of(request)


def _in_background(request: Any, _: Quirks, receive: Receive) -> Awaitable[Any] | None:
    if not request.parameters.get("background"):
        return None
    from .background import receive_in_background

    return receive_in_background(request, receive)


def _resumed(source: Any, opening: Any, request: Any, *ways: Any) -> Any:
    if not request.parameters.get("background"):
        return source
    from .resuming import ResumedSource

    return ResumedSource(source, opening, request, *ways)


def _over_chat(chat: Endpoint[Any, Any]) -> Endpoint[Any, Any]:
    from .._dialects.bridges.answers import responses_over

    return responses_over(chat)


def _over_streamed_chat(chat: StreamEndpoint[Any, Any]) -> StreamEndpoint[Any, Any]:
    from .._dialects.bridges.answers import streamed_responses_over

    return streamed_responses_over(chat)


RESPONSES_OPERATIONS: Final[Mapping[str, Operation]] = {
    "responses": Operation(
        "responses", "response", _event_rules, _in_background, _resumed, Bridge("chat", _over_chat, _over_streamed_chat)
    ),
    "get_response": Operation("get_response", "stored response", _event_rules),
    "delete_response": Operation("delete_response", "stored response"),
    "cancel_response": Operation("cancel_response", "background response"),
    "compact_response": Operation("compact_response", "compaction"),
    "list_input_items": Operation("list_input_items", "stored response"),
}


class ResponsesOperations:
    """The Responses API of whatever makes calls."""

    responses: Final = method(ask_responses)
    get_response: Final = method(ask_get_responses)
    delete_response: Final = method(ask_delete_responses)
    cancel_response: Final = method(ask_cancel_responses)
    compact_response: Final = method(ask_compact_responses)
    list_input_items: Final = method(ask_list_input_items)
