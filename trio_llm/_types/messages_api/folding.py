"""Events of a stream put together into the message that a whole reply would have been."""

from __future__ import annotations

import json
from typing import Any, Final

import attrs

from .reply import (
    AnthropicMessagesResponse,
    AnthropicUsage,
    BlockDelta,
    ContentBlock,
    ContentBlockDeltaEvent,
    ContentBlockStartEvent,
    MessageDeltaEvent,
    MessageEvent,
    MessageStartEvent,
)

_FRAGMENTS: Final = ("text", "thinking", "signature")


class MessageFolding:
    """The `Folding` of a message. Fields of a block that come in fragments are put together, others listed."""

    def __init__(self) -> None:
        self._message = AnthropicMessagesResponse()
        self._blocks: dict[int, _OpenBlock] = {}
        self._end: dict[str, Any] = {}
        self._usage: AnthropicUsage | None = None

    def add(self, event: MessageEvent) -> None:
        """Take the next event."""
        if isinstance(event, MessageStartEvent):
            self._message, self._usage = event.message, event.message.usage
        elif isinstance(event, ContentBlockStartEvent):
            self._blocks[event.index] = _OpenBlock(event.content_block)
        elif isinstance(event, ContentBlockDeltaEvent):
            if event.index not in self._blocks:
                self._blocks[event.index] = _OpenBlock(ContentBlock(event.delta.type.removesuffix("_delta")))
            self._blocks[event.index].add(event.delta)
        elif isinstance(event, MessageDeltaEvent):
            self._end |= event.delta
            self._usage = _later(self._usage, event.usage)

    def response(self) -> AnthropicMessagesResponse:
        """The message so far. The events stay as they are."""
        content = [self._blocks[place].close() for place in sorted(self._blocks)]
        message = attrs.evolve(self._message, content=content or self._message.content, usage=self._usage)
        for name, value in self._end.items():
            message[name] = value
        return message


def _later(held: AnthropicUsage | None, told: AnthropicUsage | None) -> AnthropicUsage | None:
    """The counts of an end beside those of the beginning that it does not repeat."""
    if held is None or told is None:
        return told or held
    return AnthropicUsage.read({**held.model_dump(), **told.model_dump(exclude_none=True)})


class _OpenBlock:
    """One block being put together."""

    def __init__(self, block: ContentBlock) -> None:
        self._block = block
        self._pieces: dict[str, list[str]] = {}
        self._json: list[str] = []
        self._citations: list[Any] = []
        self._beside: dict[str, Any] = {}

    def add(self, delta: BlockDelta) -> None:
        for name in _FRAGMENTS:
            if (piece := getattr(delta, name)) is not None:
                self._pieces.setdefault(name, []).append(piece)
        if delta.partial_json is not None:
            self._json.append(delta.partial_json)
        for name, more in (delta.model_extra or {}).items():
            if name != "citation" and more is not None:
                self._beside[name] = _grown(self._beside.get(name, self._block.get(name)), more)
        if (citation := delta.get("citation")) is not None:
            self._citations.append(citation)

    def close(self) -> ContentBlock:
        block = attrs.evolve(self._block)
        for name, pieces in self._pieces.items():
            pieces[:] = ["".join(pieces)]
            block[name] = (getattr(self._block, name) or "") + pieces[0] if name != "signature" else pieces[0]
        if self._json:
            self._json[:] = ["".join(self._json)]
            block.input = _object(self._json[0], block.input)
        for name, value in self._beside.items():
            block[name] = value
        if self._citations:
            block["citations"] = [*(self._block.get("citations") or ()), *self._citations]
        return block


def _grown(held: Any, more: Any) -> Any:
    """A field after a delta: text and lists grow, anything else is told anew."""
    if type(held) is type(more) and isinstance(more, str | list):
        return held + more
    return more


def _object(text: str, begun: dict[str, Any] | None) -> dict[str, Any] | None:
    """The input so far; one that is not whole yet, or never will be, is kept as text under a name of its own."""
    if not text:
        return begun
    try:
        value = json.loads(text)
    except ValueError:
        return {"partial_json": text}
    return value if isinstance(value, dict) else {"partial_json": text}
