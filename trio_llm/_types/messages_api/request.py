"""A request of the Messages API as one frozen value.

Source: Anthropic API reference, "Create a Message", 2026-11.
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
    from .reply import AnthropicMessagesResponse

AnthropicMessageLike: TypeAlias = Mapping[str, Any] | Record
"""A message as a dictionary with `role` and `content`, or the reply to an earlier call."""


class MessagesToollessParams(TypedDict, total=False):
    """Anthropic's parameters ("Create a Message", 2026-11), but the tools."""

    cache_control: Mapping[str, Any] | None
    container: str | Mapping[str, Any] | None
    context_management: Mapping[str, Any] | None
    inference_geo: str | None
    mcp_servers: Sequence[Mapping[str, Any]] | None
    metadata: Mapping[str, Any] | None
    output_config: Mapping[str, Any] | None
    service_tier: str | None
    stop_sequences: Sequence[str] | None
    system: str | Sequence[Mapping[str, Any]] | None
    temperature: float | None
    thinking: Mapping[str, Any] | None
    tool_choice: Mapping[str, Any] | None
    top_k: int | None
    top_p: float | None


class MessagesModelParams(MessagesToollessParams, total=False):
    """All of them."""

    tools: Sequence[Mapping[str, Any]] | None


class MessagesParams(MessagesModelParams, ControlParams, total=False):
    """Every keyword argument of a Messages call beside `max_tokens`, `messages`, `model` and `stream`."""


MESSAGES_PARAMETERS = frozenset(MessagesModelParams.__annotations__)
_SENT_BACK = ("role", "content")


@attrs.frozen(init=False)
class MessagesRequest(AnyRequest["AnthropicMessagesResponse"]):
    """One Messages call as a value.

        request = MessagesRequest(64, [{"role": "user", "content": "Hi"}], "claude-sonnet-4-5", system="Be brief.")
        message = await client.call(request)

    Raises:
        UnsupportedParamsError: for a parameter that does not exist; the message names the nearest.
        BadRequestError: for messages that are none.
    """

    operation: ClassVar[str] = "anthropic_messages"

    model: str
    messages: tuple[Mapping[str, Any], ...]
    max_tokens: int
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self,
        max_tokens: int,
        messages: Iterable[AnthropicMessageLike],
        model: str,
        *,
        stream: bool | None = False,
        **params: Unpack[MessagesParams],
    ) -> None:
        parameters, options = split_arguments(params, MESSAGES_PARAMETERS)
        self.__attrs_init__(
            checked_model(model), _plain_messages(messages), max_tokens, bool(stream), parameters, options
        )


def _plain_messages(given: Iterable[AnthropicMessageLike]) -> tuple[Mapping[str, Any], ...]:
    if not holds_items(given):
        raise BadRequestError(f"messages must be a list of messages, not {type(given).__name__}")
    messages = tuple(_plain_message(message, place) for place, message in enumerate(given))
    if not messages:
        raise BadRequestError("messages is empty: there is nothing to answer")
    return messages


def _plain_message(message: object, place: int) -> Mapping[str, Any]:
    if isinstance(message, AsRead):
        dumped = message.model_dump()
        return {name: dumped[name] for name in _SENT_BACK if name in dumped}
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise BadRequestError(f"messages[{place}] must be a message with a role, not {type(message).__name__}")
    content = message.get("content")
    if isinstance(content, list | tuple) and any(isinstance(block, Record) for block in content):
        return {**message, "content": [block.model_dump() if isinstance(block, Record) else block for block in content]}
    return message
