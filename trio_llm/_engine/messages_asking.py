"""Anthropic's Messages API: the function that asks by it, and how the engine does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack, overload

from .._dialects.contract import Endpoint, StreamEndpoint
from .operation import Bridge, Either, Operation, Streamed, Whole, method
from .stream import ChunkRules

if TYPE_CHECKING:
    from .._types.messages_api.reply import AnthropicMessagesResponse, MessageEvent
    from .._types.messages_api.request import AnthropicMessageLike, MessagesParams


@overload
def ask_anthropic_messages(
    max_tokens: int,
    messages: Iterable[AnthropicMessageLike],
    model: str,
    *,
    stream: Literal[False] | None = None,
    **params: Unpack[MessagesParams],
) -> Whole[AnthropicMessagesResponse]: ...
@overload
def ask_anthropic_messages(
    max_tokens: int,
    messages: Iterable[AnthropicMessageLike],
    model: str,
    *,
    stream: Literal[True],
    **params: Unpack[MessagesParams],
) -> Streamed[MessageEvent, AnthropicMessagesResponse]: ...
@overload
def ask_anthropic_messages(
    max_tokens: int,
    messages: Iterable[AnthropicMessageLike],
    model: str,
    *,
    stream: bool | None,
    **params: Unpack[MessagesParams],
) -> Either[AnthropicMessagesResponse, MessageEvent]: ...
def ask_anthropic_messages(
    max_tokens: int,
    messages: Iterable[AnthropicMessageLike],
    model: str,
    *,
    stream: bool | None = None,
    **params: Unpack[MessagesParams],
) -> Any:
    """Ask any model with chats in the shape of Anthropic's Messages API, and have its answer in that shape.

        message = await trio_llm.aanthropic_messages(max_tokens=64, messages=messages, model="claude-sonnet-4-5")
        print(message.content[0].text)

    Args:
        max_tokens: what the answer may have at most.
        messages: dictionaries in Anthropic's shape, or the replies to earlier calls.
        model: `"provider/name"`, or a bare name such as `"claude-sonnet-5"`.
        stream: return a stream of typed events, once the first content has arrived.
        params: Anthropic's parameters and the control parameters of `CallOptions`.

    Raises:
        UnsupportedParamsError: for a parameter that is unknown or that the provider cannot express.
        APIError: whatever else went wrong; the class says what.
    """
    from .._types.messages_api.request import MessagesRequest

    return MessagesRequest(max_tokens, messages, model, stream=stream, **params)


def _rules(_: object) -> ChunkRules[Any, Any]:
    from .message_rules import MESSAGES

    return MESSAGES


def _over_chat(chat: Endpoint[Any, Any]) -> Endpoint[Any, Any]:
    from .._dialects.bridges.messages import messages_over

    return messages_over(chat)


def _over_streamed_chat(chat: StreamEndpoint[Any, Any]) -> StreamEndpoint[Any, Any]:
    from .._dialects.bridges.messages import streamed_messages_over

    return streamed_messages_over(chat)


MESSAGES_OPERATIONS: Final[Mapping[str, Operation]] = {
    "anthropic_messages": Operation(
        "messages", "message", _rules, bridge=Bridge("chat", _over_chat, _over_streamed_chat)
    ),
}


class MessagesOperations:
    """The Messages API of whatever makes calls."""

    anthropic_messages: Final = method(ask_anthropic_messages)
