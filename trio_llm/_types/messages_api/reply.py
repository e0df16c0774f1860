"""The message that answers, and its events.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs

from ..as_read import AsRead, Nested, one_of, read_count, read_each, read_object
from ..costed import Costed
from ..receipt import Received
from ..shown import Shown
from ..usage import CompletionTokensDetails, PromptTokensDetails, Usage


@attrs.define
class ContentBlock(AsRead):
    """A block of a message. `type` says which; fields of other kinds are found by their names.

    Example:
        print([block.text for block in message.content if block.type == "text"])
    """

    type: str = ""
    text: str | None = None
    """Of `text`."""
    thinking: str | None = None
    """Of `thinking`."""
    signature: str | None = None
    """Of `thinking`: what proves it to the provider when it is sent back."""
    id: str | None = None
    """Of `tool_use`: what its result refers to."""
    name: str | None = None
    """Of `tool_use`."""
    input: dict[str, Any] | None = None
    """Of `tool_use`."""


@attrs.define
class AnthropicUsage(AsRead):
    """Tokens of one message. Those of the cache are counted beside `input_tokens`, as Anthropic does.

    Example:
        print(message.usage.input_tokens, message.usage.output_tokens)
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None

    nested: ClassVar[Nested] = dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), read_count
    )

    @property
    def chat_usage(self) -> Usage:
        """The same under the names of chat, where the cache is counted inside."""
        read, written = self.cache_read_input_tokens or 0, self.cache_creation_input_tokens or 0
        prompt = self.input_tokens + read + written
        details = PromptTokensDetails(cached_tokens=read, cache_creation_tokens=written)
        thought = (self.get("output_tokens_details") or {}).get("thinking_tokens")
        thinking = CompletionTokensDetails(thought) if isinstance(thought, int) else None
        total = prompt + self.output_tokens
        return Usage(prompt, self.output_tokens, total, details, thinking, model_extra=self.model_extra)


@attrs.define
class AnthropicMessagesResponse(Costed, Shown, Received, AsRead):
    """The message that answers. It can be appended to `messages` as it is.

    Example:
        message = await trio_llm.aanthropic_messages(max_tokens=64, messages=messages, model="claude-sonnet-4-5")
        print(message.content[0].text, message.stop_reason, message.usage.output_tokens)
    """

    id: str | None = None
    type: str = "message"
    role: str = "assistant"
    model: str | None = None
    content: list[ContentBlock] = attrs.Factory(list)
    stop_reason: str | None = None
    """`end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `pause_turn`, `refusal` or a newer word."""
    stop_sequence: str | None = None
    usage: AnthropicUsage | None = None

    nested: ClassVar[Nested] = {"content": read_each(read_object(ContentBlock)), "usage": read_object(AnthropicUsage)}

    @property
    def text(self) -> str:
        """The text of all its blocks, put together."""
        return "".join(block.text for block in self.content if block.type == "text" and block.text)


@attrs.define
class MessageEvent(AsRead):
    """One event. Those of kinds that have no class of their own are this one, `ping` for instance.

    Example:
        async for event in stream:
            print(event.type)
    """

    type: str = ""


@attrs.define
class MessageStartEvent(MessageEvent):
    """The message as it begins, without content.

    Example:
        if isinstance(event, MessageStartEvent):
            print(event.message.id, event.message.model)
    """

    message: AnthropicMessagesResponse = attrs.Factory(AnthropicMessagesResponse)

    nested: ClassVar[Nested] = {"message": read_object(AnthropicMessagesResponse)}

    @property
    def usage(self) -> AnthropicUsage | None:
        """The tokens so far."""
        return self.message.usage


@attrs.define
class ContentBlockStartEvent(MessageEvent):
    """A block as it begins.

    Example:
        if isinstance(event, ContentBlockStartEvent):
            print(event.index, event.content_block.type)
    """

    index: int = 0
    content_block: ContentBlock = attrs.Factory(ContentBlock)

    nested: ClassVar[Nested] = {"content_block": read_object(ContentBlock)}


@attrs.define
class BlockDelta(AsRead):
    """A fragment of a block: `text_delta`, `thinking_delta`, `signature_delta`, `input_json_delta`, or another.

    Example:
        if isinstance(event, ContentBlockDeltaEvent):
            print(event.delta.text or "", end="")
    """

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None


@attrs.define
class ContentBlockDeltaEvent(MessageEvent):
    """A fragment of the block at `index`.

    Example:
        async for event in stream:
            if isinstance(event, ContentBlockDeltaEvent):
                print(event.index, event.delta.text)
    """

    index: int = 0
    delta: BlockDelta = attrs.Factory(BlockDelta)

    nested: ClassVar[Nested] = {"delta": read_object(BlockDelta)}


@attrs.define
class ContentBlockStopEvent(MessageEvent):
    """The block at `index` is complete.

    Example:
        if isinstance(event, ContentBlockStopEvent):
            print("block", event.index, "is complete")
    """

    index: int = 0


@attrs.define
class MessageDeltaEvent(MessageEvent):
    """Why the message stops, and its tokens so far.

    Example:
        if isinstance(event, MessageDeltaEvent):
            print(event.delta["stop_reason"], event.usage)
    """

    delta: dict[str, Any] = attrs.Factory(dict)
    """`stop_reason` and `stop_sequence`."""
    usage: AnthropicUsage | None = None

    nested: ClassVar[Nested] = {"usage": read_object(AnthropicUsage)}


EVENTS: Final[Mapping[Any, type[MessageEvent]]] = {
    "message_start": MessageStartEvent,
    "content_block_start": ContentBlockStartEvent,
    "content_block_delta": ContentBlockDeltaEvent,
    "content_block_stop": ContentBlockStopEvent,
    "message_delta": MessageDeltaEvent,
}
"""Classes by `type`; what has none is a `MessageEvent`."""


def read_event(value: Mapping[str, Any]) -> MessageEvent:
    """The event that a JSON object is."""
    return one_of(EVENTS, value, MessageEvent).read(value)
