"""Chat chunks as the events of a streamed message, in the order in which Anthropic sends them.

A message consists of blocks, one after the other: thinking, text, uses of tools. A block is open from its first
fragment until one of another block comes, or the end. What the chat reply has beside them goes with the last block.

Source: Anthropic API reference, "Streaming Messages", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..._types.chat import Delta, ModelResponseStream, ToolCall
from ..._types.messages_api.reply import (
    AnthropicMessagesResponse,
    AnthropicUsage,
    BlockDelta,
    ContentBlock,
    ContentBlockDeltaEvent,
    ContentBlockStartEvent,
    ContentBlockStopEvent,
    MessageDeltaEvent,
    MessageEvent,
    MessageStartEvent,
)
from ..._types.usage import Usage
from .conversation import CHAT_FIELDS
from .events import joined

_STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


class MessageWriter:
    """The events of one message, from the chunks of a chat."""

    def __init__(self) -> None:
        self._begun = False
        self._number = -1
        """The open block's, or the last one's."""
        self._open: ContentBlock | None = None
        self._call: int | None = None
        """The number of the open call."""
        self._finish: str | None = None
        self._usage = AnthropicUsage()
        self._beside: dict[str, Any] = {}
        self._refused = False

    def write(self, chunk: ModelResponseStream) -> Iterator[MessageEvent]:
        """What a chunk amounts to."""
        if chunk.usage is not None:
            self._usage = as_message_usage(chunk.usage)
        yield from self._begin(chunk)
        for choice in chunk.choices:
            if choice.index == 0:
                yield from self._write_delta(choice.delta)
                self._finish = choice.finish_reason or self._finish

    def end(self) -> Iterator[MessageEvent]:
        """What comes when the chat is complete."""
        yield from self._begin(ModelResponseStream())
        if self._beside:
            if self._open is None:
                yield from self._open_block(ContentBlock("text", ""))
            yield self._delta(_beside(self._beside))
        yield from self._close()
        reason = "refusal" if self._refused else _STOP_REASONS.get(self._finish or "stop", "end_turn")
        told = {"stop_reason": reason, "stop_sequence": None}
        yield MessageDeltaEvent("message_delta", told, self._usage)
        yield MessageEvent("message_stop")

    def _begin(self, chunk: ModelResponseStream) -> Iterator[MessageEvent]:
        if not self._begun:
            self._begun = True
            message = AnthropicMessagesResponse(chunk.id, model=chunk.model, usage=AnthropicUsage())
            yield MessageStartEvent("message_start", message)

    def _write_delta(self, delta: Delta) -> Iterator[MessageEvent]:
        self._keep_beside(delta)
        if delta.reasoning_content:
            yield from self._turn_to("thinking", ContentBlock("thinking", thinking=""))
            yield self._delta(BlockDelta("thinking_delta", thinking=delta.reasoning_content))
        for block in delta.thinking_blocks or ():
            yield from self._write_thinking(block)
        for text in filter(None, (delta.content, delta.refusal)):
            self._refused = self._refused or text is delta.refusal
            yield from self._turn_to("text", ContentBlock("text", ""))
            yield self._delta(BlockDelta("text_delta", text))
        for call in delta.tool_calls or ():
            yield from self._write_call(call)

    def _keep_beside(self, delta: Delta) -> None:
        beside = dict(delta.model_extra or {})
        for name in ("provider_specific_fields", "images"):
            if (value := getattr(delta, name)) is not None:
                beside[name] = value
        for name, value in beside.items():
            self._beside[name] = joined(self._beside.get(name), value)

    def _write_thinking(self, block: dict[str, Any]) -> Iterator[MessageEvent]:
        """The proof of the thinking that is open; or thinking that nobody is to read."""
        if block.get("type") == "thinking" and block.get("signature"):
            yield from self._turn_to("thinking", ContentBlock("thinking", thinking=""))
            yield self._delta(BlockDelta("signature_delta", signature=block["signature"]))
            yield from self._close()
        elif block.get("type") == "redacted_thinking":
            yield from self._close()
            yield from self._open_block(ContentBlock.read(block))
            yield from self._close()

    def _write_call(self, call: ToolCall) -> Iterator[MessageEvent]:
        name = call.custom.name if call.custom is not None else call.function.name if call.function else None
        if self._open is None or self._call != call.index or self._open.type != "tool_use":
            yield from self._close()
            block = ContentBlock("tool_use", id=call.id, name=name, input={})
            fields = {**(call.model_extra or {})}
            if call.provider_specific_fields:
                fields["provider_specific_fields"] = call.provider_specific_fields
            if fields:
                block["call_fields"] = fields
            yield from self._open_block(block)
            self._call = call.index
        text = call.custom.input if call.custom is not None else call.function.arguments if call.function else ""
        if text:
            yield self._delta(BlockDelta("input_json_delta", partial_json=text))

    def _turn_to(self, kind: str, block: ContentBlock) -> Iterator[MessageEvent]:
        if self._open is None or self._open.type != kind:
            yield from self._close()
            yield from self._open_block(block)

    def _open_block(self, block: ContentBlock) -> Iterator[MessageEvent]:
        self._number += 1
        self._open = block
        yield ContentBlockStartEvent("content_block_start", self._number, block)

    def _delta(self, delta: BlockDelta) -> MessageEvent:
        return ContentBlockDeltaEvent("content_block_delta", self._number, delta)

    def _close(self) -> Iterator[MessageEvent]:
        if self._open is not None:
            self._open = None
            yield ContentBlockStopEvent("content_block_stop", self._number)


def _beside(fields: dict[str, Any]) -> BlockDelta:
    return BlockDelta("fields_delta", model_extra={CHAT_FIELDS: fields})


def as_message_usage(usage: Usage) -> AnthropicUsage:
    """Token counts as Anthropic has them: the cache beside the input."""
    details = usage.prompt_tokens_details
    read = details.cached_tokens or 0 if details is not None else 0
    written = details.cache_creation_tokens or 0 if details is not None else 0
    answer, beside = usage.completion_tokens_details, {**(usage.model_extra or {})}
    if answer is not None and answer.reasoning_tokens:
        beside["output_tokens_details"] = {"thinking_tokens": answer.reasoning_tokens}
    plain = usage.prompt_tokens - read - written
    return AnthropicUsage(plain, usage.completion_tokens, written, read, model_extra=beside or None)
