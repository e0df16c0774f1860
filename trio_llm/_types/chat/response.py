"""Chat responses and chunks in OpenAI's shape.

Source: OpenAI API reference, "The chat completion object" and "The chat completion chunk object", 2026-11.
Names are LiteLLM's.
"""

from __future__ import annotations

from typing import Any

import attrs

from ..costed import Costed
from ..mapping import ANSWER, Record
from ..receipt import Received
from ..shown import Shown
from ..usage import Usage


@attrs.define(repr=False)
class FunctionCall(Record):
    """A function's name and its arguments as JSON text; in chunks both are fragments.

    Example:
        function = response.choices[0].message.tool_calls[0].function
        print(function.name, json.loads(function.arguments))
    """

    name: str | None = attrs.field(default=None, metadata=ANSWER)
    arguments: str = attrs.field(default="", metadata=ANSWER)


@attrs.define(repr=False)
class CustomCall(Record):
    """A custom tool's name and its input as free text."""

    name: str | None = attrs.field(default=None, metadata=ANSWER)
    input: str = attrs.field(default="", metadata=ANSWER)


@attrs.define(repr=False)
class ToolCall(Record):
    """One tool call of the model's; in chunks a fragment of the call numbered `index`.

    Example:
        for call in response.choices[0].message.tool_calls or ():
            print(call.id, call.function.name, call.function.arguments)
    """

    id: str | None = None
    type: str = "function"
    function: FunctionCall | None = attrs.field(default=None, metadata=ANSWER)
    custom: CustomCall | None = attrs.field(default=None, metadata=ANSWER)
    index: int | None = attrs.field(default=None, metadata=ANSWER)
    provider_specific_fields: dict[str, Any] | None = None
    """What the provider wants back with the call, such as Gemini's `thought_signature`."""


@attrs.define(repr=False)
class URLCitation(Record):
    """A web source of the characters from `start_index` to `end_index` of the text."""

    url: str | None = None
    title: str | None = None
    start_index: int | None = None
    end_index: int | None = None


@attrs.define(repr=False)
class Annotation(Record):
    """A citation; `type` says which of the other fields is set."""

    type: str = "url_citation"
    url_citation: URLCitation | None = None


@attrs.define(repr=False)
class ChatAudio(Record):
    """Spoken output: base64 data and its transcript."""

    id: str | None = None
    data: str | None = None
    expires_at: int | None = None
    transcript: str | None = None


@attrs.define(repr=False)
class TokenLogprob(Record):
    """A token's log probability and its rivals'."""

    token: str = ""
    logprob: float = 0.0
    bytes: list[int] | None = None
    top_logprobs: list[TokenLogprob] = attrs.Factory(list)


@attrs.define(repr=False)
class ChoiceLogprobs(Record):
    """Log probabilities of the tokens of the text and of the refusal.

    Example:
        for token in response.choices[0].logprobs.content:
            print(token.token, token.logprob)
    """

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


@attrs.define(repr=False)
class Message(Record):
    """The model's message. It can be appended to `messages` as it is.

    Example:
        messages.append(response.choices[0].message)
        messages.append({"role": "user", "content": "And why?"})
    """

    content: str | None = attrs.field(default=None, metadata=ANSWER)
    role: str = "assistant"
    tool_calls: list[ToolCall] | None = attrs.field(default=None, metadata=ANSWER)
    function_call: FunctionCall | None = attrs.field(default=None, metadata=ANSWER)
    refusal: str | None = None
    reasoning_content: str | None = None
    """The model's thinking as text, where the provider shows it."""
    thinking_blocks: list[dict[str, Any]] | None = None
    """Anthropic's thinking and redacted_thinking blocks with their signatures; sent back unchanged."""
    annotations: list[Annotation] | None = None
    audio: ChatAudio | None = None
    images: list[dict[str, Any]] | None = None
    """Generated images as `{"type": "image_url", "image_url": {"url": "data:..."}}`."""
    provider_specific_fields: dict[str, Any] | None = None
    """Content that has no place in OpenAI's shape, under the provider's own names."""


@attrs.define(repr=False)
class Choices(Record):
    """One answer. `finish_reason` is one of stop, length, tool_calls, content_filter.

    Example:
        choice = response.choices[0]
        print(choice.finish_reason, choice.message.content)
    """

    finish_reason: str | None = None
    index: int = attrs.field(default=0, metadata=ANSWER)
    message: Message = attrs.field(factory=Message, metadata=ANSWER)
    logprobs: ChoiceLogprobs | None = None


@attrs.define(repr=False)
class ModelResponse(Costed, Shown, Received, Record):
    """The reply to a chat call.

    Example:
        response = await trio_llm.acompletion("openai/gpt-4o", messages)
        print(response.choices[0].message.content, response["usage"]["total_tokens"])
    """

    id: str | None = None
    created: int | None = None
    """Seconds since 1970."""
    model: str | None = None
    object: str = "chat.completion"
    choices: list[Choices] = attrs.field(factory=list, metadata=ANSWER)
    usage: Usage | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None


@attrs.define(repr=False)
class Delta(Record):
    """A fragment of the model's message; fields that say nothing new are None.

    Example:
        async for chunk in stream:
            delta = chunk.choices[0].delta
            print(delta.content or delta.reasoning_content or "", end="")
    """

    content: str | None = attrs.field(default=None, metadata=ANSWER)
    role: str | None = None
    tool_calls: list[ToolCall] | None = attrs.field(default=None, metadata=ANSWER)
    function_call: FunctionCall | None = attrs.field(default=None, metadata=ANSWER)
    refusal: str | None = None
    reasoning_content: str | None = None
    thinking_blocks: list[dict[str, Any]] | None = None
    annotations: list[Annotation] | None = None
    audio: ChatAudio | None = None
    images: list[dict[str, Any]] | None = None
    provider_specific_fields: dict[str, Any] | None = None


@attrs.define(repr=False)
class StreamingChoices(Record):
    """A fragment of one answer.

    Example:
        choice = chunk.choices[0]
        print(choice.delta.content, choice.finish_reason)
    """

    finish_reason: str | None = None
    index: int = attrs.field(default=0, metadata=ANSWER)
    delta: Delta = attrs.field(factory=Delta, metadata=ANSWER)
    logprobs: ChoiceLogprobs | None = None


@attrs.define(repr=False)
class ModelResponseStream(Record):
    """One chunk of a streamed chat reply.

    Example:
        async for chunk in await trio_llm.acompletion("openai/gpt-4o", messages, stream=True):
            print(chunk.choices[0].delta.content or "", end="")
    """

    id: str | None = None
    created: int | None = None
    model: str | None = None
    object: str = "chat.completion.chunk"
    choices: list[StreamingChoices] = attrs.field(factory=list, metadata=ANSWER)
    usage: Usage | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None


@attrs.define(repr=False)
class Seam(ModelResponseStream):
    """A chunk that shows where a broken stream was asked for again; see `on_break`. It has no content of its own.

    After a `restart` the answer begins anew: what came before this chunk is not part of it. After a `continue` it goes
    on. `stream.response` has the answer without what was given up.

        async for chunk in await client.completion(model, messages, stream=True, on_break="continue"):
            if isinstance(chunk, Seam):
                print("the stream broke here and goes on")
    """

    choices: list[StreamingChoices] = attrs.Factory(lambda: [StreamingChoices()])
    """One empty fragment, for readers that count on `choices[0]`."""
    kind: str = "restart"
    """`restart` or `continue`."""
    cause: str = ""
    """What broke the stream."""
    partial: ModelResponse | None = None
    """What had arrived, usage included: it was paid for."""
