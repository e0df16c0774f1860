"""What a stream has to know of the events of a message."""

from __future__ import annotations

from typing import Any, Final

from .._types.messages_api.folding import MessageFolding
from .._types.messages_api.reply import (
    AnthropicMessagesResponse,
    ContentBlockDeltaEvent,
    MessageEvent,
    MessageStartEvent,
)
from .stream import ChunkRules

_WAITING: Final = frozenset({"message_start", "ping"})


def _goes_on(event: MessageEvent) -> bool:
    if isinstance(event, ContentBlockDeltaEvent):
        return any(value for name, value in event.delta.items() if name != "type")
    return event.type not in _WAITING


def _always(_: Any) -> bool:
    return True


def _as_event(message: AnthropicMessagesResponse) -> MessageEvent:
    """A whole message as the only event of its stream."""
    return MessageStartEvent("message_start", message)


MESSAGES: Final = ChunkRules(MessageFolding, _goes_on, _always, unfold=_as_event)
